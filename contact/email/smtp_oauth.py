"""Mail to clients over a server that takes a token of Microsoft Entra ID instead of a password.  (XOAUTH2)

`EMAIL_URL=smtp+xoauth2://user:secret@smtp.office365.com:587?tenant=...&client_id=...`; STARTTLS always.
"""

import smtplib
from typing import Any
from urllib.parse import unquote, urlsplit

from contact.email import oauth, smtp
from contact.email.mailbox import MailboxError


class EmailBackend(smtp.EmailBackend):
    def __init__(self, *, url: str, **more: Any) -> None:
        parts = urlsplit(url)
        super().__init__(
            host=parts.hostname or "", port=parts.port or 587, username="", password="", use_tls=True, **more
        )
        self._url, self._user = parts, unquote(parts.username or "")

    def open(self) -> bool | None:
        is_new = super().open()
        if is_new:
            try:
                self._sign_in()
            except OSError:
                self.close()
                raise
        return is_new

    def _sign_in(self) -> None:
        assert self.connection is not None
        try:
            application = oauth.application_in(self._url, oauth.OUTLOOK)
            words = oauth.sasl(self._user, oauth.token_for(application))
        except MailboxError as failure:
            # Nothing was handed over: to the sender it is a server that cannot be reached.
            raise ConnectionError(str(failure)) from failure
        try:
            self.connection.ehlo_or_helo_if_needed()
            code, said = self.connection.auth("XOAUTH2", lambda challenge=None: words if challenge is None else "")
            if code != 235:  # smtplib takes 503 for "signed in already"
                raise smtplib.SMTPAuthenticationError(code, said)
        except OSError:
            oauth.forget_token(application)
            raise
