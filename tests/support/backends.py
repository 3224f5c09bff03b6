"""Mail backends that fail in the ways a mail server does, for settings.CLIENT_MAIL and NOTICE_MAIL."""

import smtplib

from django.core.mail.backends.base import BaseEmailBackend


class Unreachable(BaseEmailBackend):
    """Nobody answers: nothing was handed over."""

    def open(self):
        raise ConnectionRefusedError(111, "Connection refused")

    def send_messages(self, email_messages):
        self.open()


class Hanging(BaseEmailBackend):
    """Nobody answers, and it takes a while to know."""

    def open(self):
        raise TimeoutError("timed out")

    def send_messages(self, email_messages):
        self.open()


class _Refusing(BaseEmailBackend):
    code, words = 550, b"5.1.1 no such user"

    def send_messages(self, email_messages):
        raise smtplib.SMTPRecipientsRefused(dict.fromkeys(email_messages[0].to, (self.code, self.words)))


class UnknownRecipient(_Refusing):
    """Refused for good."""


class Greylisting(_Refusing):
    """Refused for now."""

    code, words = 451, b"4.7.1 try again later"


class TooLarge(BaseEmailBackend):
    """The mail itself is refused for good, after its content."""

    def send_messages(self, email_messages):
        raise smtplib.SMTPDataError(552, b"5.3.4 message too big")


class Broken(BaseEmailBackend):
    """The line breaks while the mail is handed over: nobody can tell whether it left."""

    def send_messages(self, email_messages):
        raise smtplib.SMTPServerDisconnected("Connection unexpectedly closed")
