"""Notices as a mail to staff, over the notice setting: it does not depend on the mailbox for clients."""

from datetime import datetime

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from escalation import words
from escalation.models import Notice, TnaContact


def connect() -> BaseEmailBackend:
    """Return an open connection to the mail server for notices. Raises OSError if it cannot be reached."""
    connection: BaseEmailBackend = get_connection(**settings.NOTICE_MAIL)
    connection.open()
    return connection


def send(notices: list[Notice], connection: BaseEmailBackend, *, at: datetime) -> None:
    """Mail one person's notices, all in one mail. Raises OSError if the mail server does not take it."""
    # The office's language, whoever's request or worker this runs in.
    with translation.override(settings.LANGUAGE_CODE):
        subject = _digest_subject(len(notices)) if len(notices) > 1 else words.title(notices[0].alert)
        parts = [_text(notice, at) for notice in notices]
        acknowledge = _("Acknowledge: %(link)s") % {"link": settings.BASE_URL + reverse("notices")}
        mail = EmailMessage(
            subject=subject,
            body="\n\n".join([*parts, acknowledge]),
            from_email=settings.NOTICE_FROM,
            to=[notices[0].recipient.user.email],
            headers={"Auto-Submitted": "auto-generated"},
            connection=connection,
        )
        mail.send()


def _digest_subject(number: int) -> str:
    return ngettext("%(number)d notice", "%(number)d notices", number) % {"number": number}


def _text(notice: Notice, at: datetime) -> str:
    alert = notice.alert
    lines = [words.title(alert), words.detail(alert, at)]
    if alert.ticket is not None:
        lines += [
            _("Subject: %(subject)s") % {"subject": alert.ticket.subject},
            _("Client: %(client)s") % {"client": alert.ticket.client},
        ]
    open_it = _("Open the outage: %(link)s") if alert.outage is not None else _("Open the ticket: %(link)s")
    open_it = _("Open the tickets: %(link)s") if alert.hand_over is not None else open_it
    return "\n".join([*lines, open_it % {"link": settings.BASE_URL + words.path_of(alert)}])


def send_to_tna(contact: TnaContact, connection: BaseEmailBackend, *, at: datetime) -> None:
    """Tell TNA's IT support of an outage or of its end. Raises OSError if the mail server does not take it."""
    with translation.override(settings.LANGUAGE_CODE):
        mail = EmailMessage(
            subject=words.outage_title(contact.outage, has_ended=contact.about == TnaContact.About.ENDED),
            body=words.letter_to_tna(contact.outage, at),
            from_email=settings.NOTICE_FROM,
            to=[contact.whom],
            connection=connection,
        )
        mail.send()
