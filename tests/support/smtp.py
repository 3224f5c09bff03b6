"""A mail server in a process of its own: each accepted mail is a file before the server says so.

Recipients `refuse-…@` are refused for good (550), `later-…@` for now (451). Run as a program it is the server.
"""

import asyncio
import json
import os
import sys
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

DSN = ("ENVID=", "RET=")
sys.path[:0] = [str(Path(__file__).resolve().parents[2])]


class SmtpServer:
    """`with SmtpServer(folder) as server:` gives a running server; `server.url` is its EMAIL_URL."""

    def __init__(self, folder: Path) -> None:
        from tests.support.processes import Process, free_port

        self.folder, self.port = folder, free_port()
        folder.mkdir(parents=True, exist_ok=True)
        self.process = Process([sys.executable, __file__, str(folder), str(self.port)], log=folder / "server.log")

    def __enter__(self) -> "SmtpServer":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def start(self) -> None:
        from tests.support.processes import answers, wait_until

        self.process.start()
        wait_until(lambda: answers(self.port) or not self.process.is_running, "the SMTP server starts")
        assert self.process.is_running, self.process.output()

    def stop(self) -> None:
        self.process.end()

    def behave(self, **how: float | bool | str) -> None:
        """From now on: `before=S` waits S seconds before it keeps a mail, `after=S` after that and before it says so,
        `drop=True` keeps the mail and breaks the line instead of saying so, `refuse=True` refuses all recipients, or
        the one named, `refuse_sender=True` whatever we send, `dsn=True` offers delivery reports, `size=N` takes mails
        of N bytes."""
        part = self.folder / "how.part"
        part.write_text(json.dumps(how))
        part.replace(self.folder / "how.json")

    def mails(self) -> list[EmailMessage]:
        """Return the accepted mails in order; each has `envelope_from` and `envelope_to`."""
        found = []
        for path in sorted(self.folder.glob("*.eml")):
            envelope = json.loads(path.with_suffix(".json").read_text())
            mail = message_from_bytes(path.read_bytes(), policy=policy.default)
            mail.envelope_from, mail.envelope_to = envelope["from"], envelope["to"]
            mail.envelope_options = envelope["options"]
            found.append(mail)
        return found


class Handler:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 (aiosmtpd's name)
        if self.how().get("refuse_sender"):
            return "550 5.7.1 Sender is blocked"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802 (aiosmtpd's name)
        session.host_name = hostname
        how = self.how()
        server.data_size_limit = int(how.get("size", server.data_size_limit))
        offered = [one for one in responses if not one.startswith("250-SIZE")]
        return [offered[0], f"250-SIZE {server.data_size_limit}", *["250-DSN"] * bool(how.get("dsn")), *offered[1:]]

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 (aiosmtpd's name)
        if address.startswith("refuse-") or self.how().get("refuse") in (True, address):
            return "550 5.1.1 No such mailbox"
        if address.startswith("later-"):
            return "451 4.3.0 Try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 (aiosmtpd's name)
        how = self.how()
        await asyncio.sleep(how.get("before", 0))
        self.keep(envelope)
        await asyncio.sleep(how.get("after", 0))
        if how.get("drop"):
            server.transport.abort()
        return "250 OK"

    def keep(self, envelope) -> None:
        number = len(list(self.folder.glob("*.eml"))) + 1
        options = [one for one in envelope.mail_options if one.startswith(DSN)]
        facts = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "options": options}
        durable(self.folder / f"{number:05}.json", json.dumps(facts).encode())
        durable(self.folder / f"{number:05}.eml", envelope.original_content)

    def how(self) -> dict[str, float]:
        file = self.folder / "how.json"
        return json.loads(file.read_text()) if file.exists() else {}


def durable(path: Path, content: bytes) -> None:
    part = path.with_suffix(path.suffix + ".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.rename(path)


def serve(folder: str, port: str) -> None:
    from aiosmtpd.smtp import SMTP

    class Server(SMTP):
        """aiosmtpd's server, which knows no delivery reports, taught to take what asks for one."""

        def _getparams(self, params):
            return super()._getparams([one for one in params if not one.startswith(DSN)])

    async def run() -> None:
        handler = Handler(Path(folder))
        listening = await asyncio.get_running_loop().create_server(
            lambda: Server(handler, enable_SMTPUTF8=True, hostname="mail.example.test"), "127.0.0.1", int(port)
        )
        await listening.serve_forever()

    asyncio.run(run())


if __name__ == "__main__":
    serve(*sys.argv[1:])
