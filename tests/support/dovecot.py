"""A throw-away Dovecot: an IMAP server with one mailbox, on a free port of this machine."""

import getpass
import grp
import os
import shutil
import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import quote

from imapclient import IMAPClient

from tests.support.certificates import self_signed
from tests.support.processes import Process, answers, free_port, kill9_tree, needs, wait_until

CONFIG = """
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
mail_location = maildir:{base}/mail/%u/Maildir
mail_uid = {user}
mail_gid = {group}
first_valid_uid = 1
first_valid_gid = 1
{internal}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {base}/users
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={base}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  {folders}
}}
{more}
service imap-login {{
  chroot =
  inet_listener imap {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""
QUOTA = """
mail_plugins = quota
protocol imap {{
  mail_plugins = quota imap_quota
}}
plugin {{
  quota = maildir:User quota
  quota_rule = *:storage={quota}
  quota_grace = 0
}}
"""
TLS = """
ssl = yes
ssl_cert = <{base}/own.pem
ssl_key = <{base}/own.pem
service imap-login {{
  inet_listener imaps {{
    address = 127.0.0.1
    port = {port}
    ssl = yes
  }}
}}
"""
# What Dovecot needs to be run by anyone but root.
INTERNAL = "default_internal_user = {user}\ndefault_login_user = {user}\ndefault_internal_group = {group}"


@dataclass(frozen=True)
class Stored:
    """A mail as the server holds it."""

    uid: int
    flags: set[str]
    internaldate: datetime
    raw: bytes


class Dovecot:
    """`with Dovecot() as server:` gives a running server; `server.url` is its MAILBOX_URL.

    `quota` is the room of the mailbox ("20k"); with `tls` the server also answers at `server.tls_url`, with a
    certificate that it signed itself. `folders` are further lines of configuration for the namespace, `more` for the
    whole; {base} is its folder.
    """

    user, password = "support@example.test", "secret"

    def __init__(self, *, quota: str = "", tls: bool = False, folders: str = "", more: str = "") -> None:
        self._folders, self._more = folders, more
        program = needs("dovecot")
        # Below /tmp, not below pytest's folder: the user `mail` cannot enter that one.
        self.base = Path(tempfile.mkdtemp(prefix="dovecot-", dir="/tmp"))
        self.base.chmod(0o755)
        self.port = free_port()
        self.tls_port = free_port() if tls else 0
        self._write_files(QUOTA.format(quota=quota) if quota else "")
        self.process = Process([program, "-F", "-c", f"{self.base}/dovecot.conf"], log=self.base / "out.log")

    def __enter__(self) -> "Dovecot":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    @property
    def url(self) -> str:
        return f"imap://{quote(self.user, safe='')}:{self.password}@127.0.0.1:{self.port}/INBOX?sent=Sent"

    @property
    def tls_url(self) -> str:
        return f"imaps://{quote(self.user, safe='')}:{self.password}@127.0.0.1:{self.tls_port}/INBOX?sent=Sent"

    def start(self) -> None:
        self.process.start()
        wait_until(lambda: answers(self.port) or not self.process.is_running, "Dovecot starts")
        assert self.process.is_running, self.log()

    def stop(self) -> None:
        self.process.end()
        (self.base / "run/master.pid").unlink(missing_ok=True)

    def kill9(self) -> None:
        """Kill the server and every process of it, at once."""
        kill9_tree(self.process)
        (self.base / "run/master.pid").unlink(missing_ok=True)

    def log(self) -> str:
        log = self.base / "dovecot.log"
        return self.process.output() + (log.read_text() if log.exists() else "")

    def client(self) -> IMAPClient:
        """Return a logged-in client; use it in a `with` block."""
        client = IMAPClient("127.0.0.1", port=self.port, ssl=False, timeout=10)
        client.login(self.user, self.password)
        return client

    def append(self, raw: bytes, internaldate: datetime | None = None, folder: str = "INBOX") -> int:
        """Deliver a mail; return its UID. `internaldate` is when the server is to say it came."""
        with self.client() as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            client.append(folder, raw, msg_time=internaldate)
            client.select_folder(folder, readonly=True)
            return client.search()[-1]

    def messages(self, folder: str = "INBOX") -> list[Stored]:
        """Return what the folder holds, by UID; looking changes nothing."""
        with self.client() as client:
            if not client.folder_exists(folder):
                return []
            client.normalise_times = False  # aware instants
            client.select_folder(folder, readonly=True)
            uids = client.search()
            found = client.fetch(uids, ["FLAGS", "INTERNALDATE", "BODY.PEEK[]"]) if uids else {}
            return [
                Stored(uid, {flag.decode() for flag in one[b"FLAGS"]}, one[b"INTERNALDATE"], one[b"BODY[]"])
                for uid, one in sorted(found.items())
            ]

    def flags(self, message_id: str, folder: str = "INBOX") -> set[str]:
        """Return the flags of the mail with this Message-ID; fails if there is not exactly one."""
        with self.client() as client:
            client.select_folder(folder, readonly=True)
            (uid,) = client.search(["HEADER", "Message-ID", message_id])
            return {flag.decode() for flag in client.get_flags(uid)[uid]}

    def rebuild(self) -> None:
        """Make the server forget its UIDs, as a restored backup does: the UIDVALIDITY changes."""
        self.stop()
        for file in self.base.glob("mail/*/Maildir/dovecot*"):
            file.unlink()
        self.start()

    def _write_files(self, more: str) -> None:
        is_root = os.geteuid() == 0
        user = "mail" if is_root else getpass.getuser()
        group = "mail" if is_root else grp.getgrgid(os.getegid()).gr_name
        internal = "" if is_root else INTERNAL.format(user=user, group=group)
        within = self._more.replace("{base}", str(self.base))
        facts = {"user": user, "group": group, "internal": internal, "folders": self._folders, "more": within}
        if self.tls_port:
            self_signed(self.base / "own.pem")
            more += TLS.format(base=self.base, port=self.tls_port)
        (self.base / "dovecot.conf").write_text(CONFIG.format(base=self.base, port=self.port, **facts) + more)
        (self.base / "users").write_text(f"{self.user}:{{PLAIN}}{self.password}::::::\n")
        (self.base / "mail").mkdir()
        if is_root:
            shutil.chown(self.base / "mail", user, group)
