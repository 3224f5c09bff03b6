from celery import shared_task
from django.utils import timezone

from escalation import actions, outages


@shared_task(name="escalation.sweep")
def sweep() -> None:
    actions.sweep(at=timezone.now())


@shared_task(name="escalation.mail_notices")
def mail_notices() -> None:
    actions.mail_notices(at=timezone.now())
    outages.mail_tna(at=timezone.now())
