"""Refusals that a person can act on. Each has a stable code; its words are made when they are shown."""

from typing import ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A rule of the business says no. `code` is stable; `words` say what to do; `data` fills them."""

    code: ClassVar[str] = "refused"
    words: ClassVar[str | Promise] = _("This cannot be done.")
    status: ClassVar[int] = 409

    def __init__(self, **data: object) -> None:
        super().__init__(self.code)
        self.data = data

    def __str__(self) -> str:
        return str(self.words) % self.data
