"""Files of a letter that is not sent yet: a browser does not give them back, so the form names them by signed tokens."""

from dataclasses import dataclass

from django.core import signing

from tickets import files
from tickets.actions.receiving import File
from tickets.models import Attachment, DraftFile

SALT = "tickets.kept"


@dataclass(frozen=True)
class Kept:
    """A stored file, and the token by which a form names it."""

    token: str
    name: str
    content_type: str
    size: int
    sha256: str

    def file(self) -> File:
        return File(self.name, self.content_type, files.path_of(self.sha256).read_bytes())


def keep(file: File) -> Kept:
    return _kept(files.store(file.content), file.name, file.content_type, len(file.content))


def kept_of(attachment: Attachment | DraftFile) -> Kept:
    """Return a file of a letter that was taken back, or of a draft, to go along with the next letter."""
    return _kept(attachment.sha256, attachment.name, attachment.content_type, attachment.size)


def kept_by(token: str) -> Kept:
    """Return what a token names. Raises signing.BadSignature for one that is not ours."""
    sha256, name, content_type, size = signing.loads(token, salt=SALT)
    return Kept(token, name, content_type, size, sha256)


def _kept(sha256: str, name: str, content_type: str, size: int) -> Kept:
    return Kept(signing.dumps([sha256, name, content_type, size], salt=SALT), name, content_type, size, sha256)
