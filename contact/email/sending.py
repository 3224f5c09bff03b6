"""Whether mail can be sent at all: each attempt is a check; after a failed one the server is tried by itself.  (E-II.2)"""

import logging
import smtplib
from datetime import datetime

from django.conf import settings
from django.core.mail import get_connection
from django.core.mail.backends.base import BaseEmailBackend
from django.db.models import OuterRef, Subquery

from contact.email import watch
from contact.email.failures import sending_cause_of
from contact.models import SendingCheck
from directory.models import Desk

logger = logging.getLogger(__name__)


def note_attempt(desk: Desk, failure: OSError | None, *, at: datetime) -> bool:
    """Keep what an attempt to send says of the mail server; return whether it failed as a whole.

    A refusal of one recipient or one mail is a good check: the server answers.
    """
    cause = sending_cause_of(failure) if failure is not None else None
    error = (str(failure) or type(failure).__name__)[:500] if cause else ""
    watch.note_sending(SendingCheck(desk=desk, at=at, cause=cause or "", error=error), at=at)
    return cause is not None


def suspects() -> list[int]:
    """Return the desks whose last attempt to send failed as a whole, by id."""
    last = SendingCheck.objects.filter(desk=OuterRef("pk")).order_by("-at", "-pk").values("error")[:1]
    desks = Desk.objects.annotate(last=Subquery(last)).exclude(last="").exclude(last=None)
    return list(desks.order_by("pk").values_list("pk", flat=True))


def try_server(desk: Desk, *, at: datetime) -> bool:
    """Try the mail server without sending anything: connection, TLS, login, our address; return whether it is good."""
    connection = get_connection(**settings.CLIENT_MAIL)
    try:
        connection.open()
        _offer_sender(connection, desk.address)
    except OSError as failure:
        logger.warning("Sending from %s: %s", desk.code, failure)
        return not note_attempt(desk, failure, at=at)
    finally:
        connection.close()
    return not note_attempt(desk, None, at=at)


def _offer_sender(connection: BaseEmailBackend, address: str) -> None:
    """Ask an SMTP server whether it takes mail from us. Raises SMTPSenderRefused."""
    line = getattr(connection, "connection", None)
    if isinstance(line, smtplib.SMTP):
        line.ehlo_or_helo_if_needed()
        code, words = line.mail(address)
        if code != 250:
            raise smtplib.SMTPSenderRefused(code, words, address)
        line.rset()
