from celery import shared_task
from django.utils import timezone

from tickets.actions import checking, pausing


@shared_task(name="tickets.resume_due")
def resume_due() -> None:
    pausing.resume_due(at=timezone.now())


@shared_task(name="tickets.scan_files")
def scan_files() -> None:
    checking.scan_files(at=timezone.now())
