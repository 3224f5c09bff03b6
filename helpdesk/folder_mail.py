"""A mail backend that writes each mail into a folder as an .eml file: the embedded default."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone


class EmailBackend(BaseEmailBackend):
    """Write each mail as `<instant>-<random>.eml`; a file appears whole or not at all."""

    def __init__(self, path: str, **options: Any) -> None:
        super().__init__(**options)
        self.folder = Path(path)

    def open(self) -> bool:
        self.folder.mkdir(parents=True, exist_ok=True)
        return True

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.open()
        for mail in email_messages:
            name = f"{timezone.now():%Y%m%dT%H%M%S%f}-{uuid4().hex[:8]}"
            part = self.folder / f".{name}.part"
            part.write_bytes(mail.message().as_bytes())
            part.rename(self.folder / f"{name}.eml")
        return len(email_messages)
