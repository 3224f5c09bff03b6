"""IMAP and SMTP signed in by a token of Microsoft Entra ID: a real Dovecot and a real SMTP server take it."""

import asyncio
import base64
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from django.core.mail import EmailMessage, get_connection

from contact.email.imap import opened
from contact.email.mailbox import MailboxError
from contact.email.oauth import sasl
from tests.support.dovecot import Dovecot
from tests.support.graph import CLIENT, SECRET, TENANT
from tests.support.letters import mail
from tests.support.processes import free_port
from tests.support.tls import make_certificate

pytestmark = pytest.mark.servers

OAUTH = """
auth_mechanisms = plain login xoauth2 oauthbearer
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {base}/oauth2.conf
}
"""
INTROSPECTION = """
introspection_mode = get
introspection_url = http://127.0.0.1:{port}/?token=
username_attribute = username
active_attribute = active
active_value = true
"""


@pytest.fixture
def introspection(graph_server):
    """Tell Dovecot whether a token is the last that was given out; yield the port."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):  # noqa: N802
            (token,) = parse_qs(urlsplit(self.path).query)["token"]
            is_good = token == f"token-{len(graph_server.tokens)}"
            body = json.dumps({"active": "true" if is_good else "false", "username": Dovecot.user}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    yield server.server_port
    server.shutdown()
    server.server_close()


@pytest.fixture
def token_dovecot(introspection):
    server = Dovecot(more=OAUTH)
    (server.base / "oauth2.conf").write_text(INTROSPECTION.format(port=introspection))
    with server:
        yield server
        print(server.log())


@pytest.fixture
def query(graph_server):
    return f"tenant={TENANT}&client_id={CLIENT}&authority={quote(graph_server.base)}"


def url_of(server, query: str, secret: str = SECRET) -> str:
    who = f"{quote(server.user, safe='')}:{quote(secret, safe='')}"
    return f"imap+xoauth2://{who}@127.0.0.1:{server.port}/INBOX?{query}"


class TestImap:
    """E-II.1a: a mailbox that takes tokens only is read like any other."""

    def test_a_mail_is_read_with_a_token(self, token_dovecot, graph_server, query):
        uid = token_dovecot.append(mail())
        with opened(url_of(token_dovecot, query)) as mailbox:
            assert mailbox.all_uids() == [uid]
        (asked,) = graph_server.tokens
        assert asked["scope"] == "https://outlook.office365.com/.default"

    def test_a_token_that_is_no_longer_taken_is_replaced_at_the_next_check(self, token_dovecot, graph_server, query):
        with opened(url_of(token_dovecot, query)):
            pass
        graph_server.tokens.append({})  # what we have is not the last any more
        with pytest.raises(MailboxError, match="(?i)auth"), opened(url_of(token_dovecot, query)):
            pass
        with opened(url_of(token_dovecot, query)) as mailbox:
            assert mailbox.all_uids() == []

    def test_a_wrong_secret_is_a_mailbox_error_that_says_so(self, token_dovecot, query):
        with (
            pytest.raises(MailboxError, match="Invalid client secret"),
            opened(url_of(token_dovecot, query, secret="wrong")),
        ):
            pass


class Box:
    """Keeps what an SMTP server was given."""

    def __init__(self):
        self.mails, self.answers = [], []

    async def auth_XOAUTH2(self, server, args):  # noqa: N802 (aiosmtpd's name)
        self.answers.append(base64.b64decode(args[1]))
        is_good = self.answers[-1] == self.expected
        return AuthResult(success=is_good, handled=False)

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.mails.append((session.authenticated, envelope.mail_from))
        return "250 OK"


@pytest.fixture
def smtp_box(tmp_path, monkeypatch):
    """Run an SMTP server with STARTTLS that takes XOAUTH2 only."""
    pem, box, port = make_certificate(tmp_path / "smtp.pem"), Box(), free_port()
    monkeypatch.setenv("SSL_CERT_FILE", str(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    loop = asyncio.new_event_loop()

    def made():
        return SMTP(box, tls_context=context, require_starttls=True, auth_required=True, loop=loop)

    # In a thread of its own: a browser of another test may have a loop running in this one.
    threading.Thread(target=loop.run_forever, daemon=True).start()
    serving = asyncio.run_coroutine_threadsafe(loop.create_server(made, "127.0.0.1", port), loop)
    listening = serving.result(10)
    box.port = port
    yield box
    loop.call_soon_threadsafe(listening.close)
    loop.call_soon_threadsafe(loop.stop)


class TestSmtp:
    """E-I.6: a reply leaves from the desk's address where the server takes tokens only."""

    def connection(self, box, query, secret=SECRET):
        who = f"emus%40desk.example:{quote(secret, safe='')}"
        url = f"smtp+xoauth2://{who}@127.0.0.1:{box.port}?{query}"
        return get_connection("contact.email.smtp_oauth.EmailBackend", url=url, timeout=10)

    def test_a_mail_is_handed_over_after_signing_in(self, smtp_box, query):
        smtp_box.expected = sasl("emus@desk.example", "token-1").encode()
        letter = EmailMessage("Re", "Labdien!", "emus@desk.example", ["client@x.example"])
        letter.connection = self.connection(smtp_box, query)
        assert letter.send() == 1
        assert smtp_box.mails == [(True, "emus@desk.example")]

    def test_a_refused_token_is_a_failure_before_anything_was_handed_over(self, smtp_box, query):
        smtp_box.expected = b"another"
        connection = self.connection(smtp_box, query)
        with pytest.raises(OSError, match="535"):
            connection.open()
        assert (connection.connection, smtp_box.mails) == (None, [])

    def test_without_a_token_nothing_was_handed_over_either(self, smtp_box, query):
        connection = self.connection(smtp_box, query, secret="wrong")
        with pytest.raises(ConnectionError, match="Invalid client secret"):
            connection.open()
        assert connection.connection is None


class TestSettings:
    def test_the_address_of_such_a_server_is_taken(self, monkeypatch):
        from helpdesk.settings import mail_settings

        url = "smtp+xoauth2://emus%40desk.example:s@smtp.office365.com:587?tenant=t&client_id=c"
        monkeypatch.setenv("SOME_URL", url)
        found = mail_settings("SOME_URL", "")
        assert found == {"backend": "contact.email.smtp_oauth.EmailBackend", "url": url, "timeout": 30}
