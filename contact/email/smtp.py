"""The way to a mail server: Django's, that also says what the server said of each recipient and of the size."""

import smtplib
from collections.abc import Sequence
from email.generator import BytesGenerator
from io import BytesIO

from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends import smtp
from django.core.mail.message import sanitize_address

from contact.email import tokens


class Mail(EmailMultiAlternatives):
    """A mail that goes to `goes_to`: its own To and Cc, or those of them that have yet to get it."""

    goes_to: Sequence[str] = ()

    def recipients(self) -> list[str]:
        return list(self.goes_to)


class EmailBackend(smtp.EmailBackend):
    """`refused` holds the recipients of the last mail that the server did not take while it took others.

    A mail larger than the server's SIZE is refused before it is sent, as the server itself would.
    """

    refused: dict[str, tuple[int, bytes]]

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        self.open()
        assert self.connection is not None
        for mail in email_messages:
            self._carry(mail, self.connection)
        return len(email_messages)

    def _carry(self, mail: EmailMessage, connection: smtplib.SMTP) -> None:
        sender = sanitize_address(mail.from_email, "utf-8")
        recipients = {sanitize_address(one, "utf-8"): one for one in mail.recipients()}
        raw = as_sent(mail)
        connection.ehlo_or_helo_if_needed()
        most = int(connection.esmtp_features.get("size") or 0)
        if most and len(raw) > most:
            words = f"5.3.4 {len(raw)} bytes, the server takes {most}"
            raise smtplib.SMTPSenderRefused(552, words.encode(), sender)
        mark = mail.extra_headers.get(tokens.HEADER)
        options = [f"ENVID={mark}", "RET=HDRS"] if mark and connection.has_extn("dsn") else []
        refused = connection.sendmail(sender, list(recipients), raw, mail_options=options)
        self.refused = {recipients[one]: answer for one, answer in refused.items()}


def as_sent(mail: EmailMessage) -> bytes:
    """Return the bytes of a mail as they go over the line; a "From " at a line's beginning is left alone."""
    written = BytesIO()
    BytesGenerator(written, mangle_from_=False).flatten(mail.message(), linesep="\r\n")
    return written.getvalue()
