"""Why a mailbox or a mail server failed, told apart: the cases by table, and what real servers and sockets answer."""

import errno
import imaplib
import smtplib
import socket
import ssl
from smtplib import SMTP
from threading import Thread

import pytest
import requests
from imapclient.exceptions import LoginError
from requests.exceptions import HTTPError

from contact.email import imap, maildir
from contact.email.failures import cause_of, sending_cause_of
from contact.email.mailbox import MailboxError, open_mailbox
from tests.support.certificates import self_signed
from tests.support.dovecot import Dovecot
from tests.support.office import riga
from tests.support.processes import free_port

NOON = riga("2025-11-10 12:00")


def http_error(status):
    response = requests.Response()
    response.status_code = status
    return HTTPError(f"{status} refused", response=response)


def within(inner, outer):
    """Return `outer` as if raised while `inner` was handled."""
    outer.__context__ = inner
    return outer


def came_from(inner):
    """Return the MailboxError that a mailbox makes of a failure."""
    try:
        raise MailboxError(str(inner)) from inner
    except MailboxError as made:
        return made


class TestCauses:
    """E-II.2: failures are told apart: name, connection, TLS, login, room, sending refused, folder, protocol."""

    @pytest.mark.parametrize(
        ("failure", "cause"),
        [
            (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "name"),
            (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), "name"),
            (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "connect"),
            (ConnectionResetError(errno.ECONNRESET, "reset"), "connect"),
            (TimeoutError("timed out"), "connect"),
            (OSError(errno.EHOSTUNREACH, "No route to host"), "connect"),
            (OSError(errno.ENETUNREACH, "Network is unreachable"), "connect"),
            (ssl.SSLCertVerificationError(1, "certificate verify failed"), "tls"),
            (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "tls"),
            (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), "connect"),
            (imaplib.IMAP4.abort("socket error: EOF"), "connect"),
            (within(imaplib.IMAP4.abort("socket error: EOF"), LoginError("socket error: EOF")), "connect"),
            (LoginError("login failed: [AUTHENTICATIONFAILED] Authentication failed."), "login"),
            (LoginError("login failed: Logon failure: unknown user name or bad password."), "login"),
            (LoginError("login failed: [UNAVAILABLE] Temporary authentication failure."), "protocol"),
            (LoginError("login failed: [PRIVACYREQUIRED] Plaintext authentication disallowed"), "tls"),
            (imaplib.IMAP4.error("append failed: [OVERQUOTA] Quota exceeded (mailbox for user is full)"), "quota"),
            (imaplib.IMAP4.error("select failed: [NONEXISTENT] Unknown Mailbox: Nowhere"), "folder"),
            (imaplib.IMAP4.error("select failed: Mailbox doesn't exist: Nowhere"), "folder"),
            (imaplib.IMAP4.error("SEARCH command error: BAD [b'nonsense']"), "protocol"),
            (OSError(errno.ENOSPC, "No space left on device"), "quota"),
            (OSError(errno.EDQUOT, "Disk quota exceeded"), "quota"),
            (PermissionError(errno.EACCES, "Permission denied"), "folder"),
            (NotADirectoryError(errno.ENOTDIR, "Not a directory"), "folder"),
            (http_error(401), "login"),
            (http_error(507), "quota"),
            (http_error(503), "protocol"),
            (ValueError("nonsense"), "other"),
            (OSError(errno.EIO, "Input/output error"), "other"),
        ],
    )
    def test_each_failure_has_its_cause_and_keeps_it_inside_a_mailbox_error(self, failure, cause):
        assert cause_of(failure) == cause
        assert cause_of(came_from(failure)) == cause

    def test_a_cause_that_the_mailbox_names_itself_stands(self):
        assert cause_of(MailboxError("the token was refused", "login")) == "login"

    def test_the_same_failure_may_have_many_links(self):
        inner = socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        assert cause_of(came_from(within(inner, requests.ConnectionError("Max retries exceeded")))) == "name"

    def test_a_chain_that_bites_its_own_tail_ends(self):
        one, other = ValueError("one"), ValueError("other")
        one.__context__, other.__context__ = other, one
        assert cause_of(one) == "other"


class TestSendingCauses:
    """E-II.2: sending refused as a whole is an outage; a recipient or a mail refused is not."""

    @pytest.mark.parametrize(
        ("failure", "cause"),
        [
            (ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused"), "connect"),
            (smtplib.SMTPServerDisconnected("Connection unexpectedly closed"), "connect"),
            (smtplib.SMTPAuthenticationError(535, b"5.7.8 bad credentials"), "login"),
            (smtplib.SMTPAuthenticationError(454, b"4.7.0 Temporary authentication failure"), "refused"),
            (smtplib.SMTPNotSupportedError("STARTTLS extension not supported by server."), "tls"),
            (smtplib.SMTPNotSupportedError("SMTP AUTH extension not supported by server."), "login"),
            (smtplib.SMTPConnectError(554, b"5.7.1 you are blocked"), "refused"),
            (smtplib.SMTPHeloError(501, b"bad name"), "refused"),
            (smtplib.SMTPSenderRefused(550, b"5.7.1 sender blocked", "emus@desk.example"), "refused"),
            (smtplib.SMTPSenderRefused(451, b"4.3.0 try later", "emus@desk.example"), "refused"),
            (smtplib.SMTPSenderRefused(530, b"5.7.0 Authentication required", "emus@desk.example"), "login"),
            (smtplib.SMTPSenderRefused(552, b"5.2.2 mailbox full", "emus@desk.example"), "quota"),
            (smtplib.SMTPRecipientsRefused({"a@b.example": (550, b"5.1.1 no such user")}), None),
            (smtplib.SMTPRecipientsRefused({"a@b.example": (451, b"4.7.1 greylisted")}), None),
            (smtplib.SMTPRecipientsRefused({"a@b.example": (554, b"5.7.1 Relay access denied")}), "refused"),
            (
                smtplib.SMTPRecipientsRefused(
                    {"a@b.example": (554, b"5.7.1 Relay access denied"), "c@d.example": (550, b"5.1.1 no such user")}
                ),
                None,
            ),
            (smtplib.SMTPRecipientsRefused({}), None),
            (smtplib.SMTPDataError(552, b"5.3.4 message too big"), None),
            (smtplib.SMTPDataError(554, b"5.7.1 looks like spam"), None),
            (smtplib.SMTPDataError(550, b"5.7.60 Client does not have permissions to send as this sender"), "refused"),
            (smtplib.SMTPDataError(421, b"4.7.0 closing"), "refused"),
            (ValueError("header with a line break"), None),
        ],
    )
    def test_each_failure_has_its_cause_or_none(self, failure, cause):
        assert sending_cause_of(failure) == cause


@pytest.mark.servers
class TestRealMailboxes:
    """E-II.2: the same by real servers and sockets."""

    def cause_at(self, url):
        with pytest.raises(MailboxError) as failed, imap.opened(url) as mailbox:
            mailbox.file(b"Subject: x\r\n\r\n" + b"x" * 40_000, NOON)
        return cause_of(failed.value)

    def test_a_name_that_does_not_resolve(self):
        assert self.cause_at("imap://user:secret@no-such-host.invalid/INBOX") == "name"

    def test_a_closed_port(self):
        assert self.cause_at(f"imap://user:secret@127.0.0.1:{free_port()}/INBOX") == "connect"

    def test_a_server_that_accepts_and_says_nothing(self, monkeypatch):
        monkeypatch.setattr(imap, "TIMEOUT", 0.3)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            assert self.cause_at(f"imap://user:secret@127.0.0.1:{silent.getsockname()[1]}/INBOX") == "connect"

    def test_a_server_that_goes_silent_at_the_login(self, dovecot, monkeypatch):
        monkeypatch.setattr(imap, "TIMEOUT", 0.3)
        with socket.create_server(("127.0.0.1", 0)) as greets:

            def greet():
                line, _ = greets.accept()
                line.sendall(b"* OK ready\r\n")
                held.append(line)

            held = []
            Thread(target=greet, daemon=True).start()
            assert self.cause_at(f"imap://user:secret@127.0.0.1:{greets.getsockname()[1]}/INBOX") == "connect"

    def test_a_certificate_that_nobody_vouches_for(self):
        with Dovecot(tls=True) as server:
            assert self.cause_at(server.tls_url) == "tls"

    def test_a_server_that_speaks_no_tls(self, dovecot):
        assert self.cause_at(dovecot.url.replace("imap://", "imaps://")) == "tls"

    def test_a_refused_login(self, dovecot):
        assert self.cause_at(dovecot.url.replace(":secret@", ":wrong@")) == "login"

    def test_a_folder_that_does_not_exist(self, dovecot):
        assert self.cause_at(dovecot.url.replace("/INBOX", "/Nowhere")) == "folder"

    def test_a_server_that_goes_in_the_middle(self, dovecot):
        with pytest.raises(MailboxError) as failed, imap.opened(dovecot.url) as mailbox:
            dovecot.stop()
            mailbox.read(1)
        assert cause_of(failed.value) == "connect"

    def test_a_mailbox_without_room(self):
        with Dovecot(quota="20k") as server:
            assert self.cause_at(server.url) == "quota"

    def test_a_full_mailbox_says_so_before_anything_is_refused(self):
        with Dovecot(quota="20k") as server:
            with imap.opened(server.url) as mailbox:
                assert mailbox.is_full() is False
            server.append(b"Subject: x\r\n\r\n" + b"x" * 20_400)
            with imap.opened(server.url) as mailbox:
                assert mailbox.is_full() is True

    def test_a_server_that_counts_no_room_is_never_full(self, dovecot):
        with imap.opened(dovecot.url) as mailbox:
            assert mailbox.is_full() is False

    def test_a_maildir_that_is_no_folder(self, tmp_path):
        (tmp_path / "file").write_text("")
        with pytest.raises(MailboxError) as failed, maildir.opened(f"maildir://{tmp_path}/file"):
            pass
        assert cause_of(failed.value) == "folder"

    @pytest.mark.django_db
    def test_a_desk_without_a_mailbox(self, desk, settings):
        settings.MAILBOX_URLS = {}
        with pytest.raises(MailboxError) as failed, open_mailbox(desk):
            pass
        assert cause_of(failed.value) == "settings"


@pytest.mark.servers
class TestRealMailServers:
    """E-II.2: and for sending, by a real mail server."""

    def test_a_refused_recipient_is_none(self, smtp):
        with SMTP("127.0.0.1", smtp.port) as line, pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
            line.sendmail("emus@desk.example", ["refuse-a@b.example"], b"Subject: x\r\n\r\nx")
        assert sending_cause_of(refused.value) is None

    def test_a_refused_sender(self, smtp):
        smtp.behave(refuse_sender=True)
        with SMTP("127.0.0.1", smtp.port) as line, pytest.raises(smtplib.SMTPSenderRefused) as refused:
            line.sendmail("emus@desk.example", ["a@b.example"], b"Subject: x\r\n\r\nx")
        assert sending_cause_of(refused.value) == "refused"

    def test_a_login_where_none_is_offered(self, smtp):
        with SMTP("127.0.0.1", smtp.port) as line, pytest.raises(OSError) as refused:
            line.login("user", "secret")
        assert sending_cause_of(refused.value) == "login"

    def test_starttls_where_none_is_offered(self, smtp):
        with SMTP("127.0.0.1", smtp.port) as line, pytest.raises(OSError) as refused:
            line.starttls()
        assert sending_cause_of(refused.value) == "tls"

    def test_a_certificate_that_nobody_vouches_for(self, tmp_path):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self_signed(tmp_path / "own.pem"))
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def shake():
                with listening.accept()[0] as line, pytest.raises(OSError):
                    context.wrap_socket(line, server_side=True)

            shaking = Thread(target=shake, daemon=True)
            shaking.start()
            with pytest.raises(OSError) as failed:
                smtplib.SMTP_SSL("127.0.0.1", listening.getsockname()[1], context=ssl.create_default_context())
            shaking.join()
        assert sending_cause_of(failed.value) == "tls"
