"""A throw-away virus scanner: ClamAV's daemon with one signature of our own, on a free port and a socket."""

import getpass
import shutil
import tempfile
from pathlib import Path

from tests.support.processes import Process, answers, free_port, needs, wait_until

# No virus: the text that all scanners agree to find. In two parts, so that no scanner finds it in this file.
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SIGNATURES = f"Test.Eicar:0:*:{EICAR.hex()}\n"
CONFIG = """
DatabaseDirectory {base}/signatures
LocalSocket {base}/clamd.sock
TCPAddr 127.0.0.1
TCPSocket {port}
LogFile {base}/clamd.log
User {user}
Foreground yes
StreamMaxLength 1M
MaxThreads 2
"""


class ClamAV:
    """`with ClamAV() as scanner:` gives a running one; `scanner.url` and `scanner.socket_url` are its CLAMAV_URL."""

    def __init__(self) -> None:
        program = needs("clamd")
        self.base = Path(tempfile.mkdtemp(prefix="clamav-", dir="/tmp"))
        self.port = free_port()
        (self.base / "signatures").mkdir()
        (self.base / "signatures/test.ndb").write_text(SIGNATURES)
        config = CONFIG.format(base=self.base, port=self.port, user=getpass.getuser())
        (self.base / "clamd.conf").write_text(config)
        self.process = Process([program, "-c", f"{self.base}/clamd.conf"], log=self.base / "out.log")

    def __enter__(self) -> "ClamAV":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self.base, ignore_errors=True)

    @property
    def url(self) -> str:
        return f"clamav://127.0.0.1:{self.port}"

    @property
    def socket_url(self) -> str:
        return f"clamav://{self.base}/clamd.sock"

    def start(self) -> None:
        self.process.start()
        wait_until(lambda: answers(self.port) or not self.process.is_running, "ClamAV starts")
        assert self.process.is_running, self.log()

    def stop(self) -> None:
        self.process.end()

    def log(self) -> str:
        return self.process.output()
