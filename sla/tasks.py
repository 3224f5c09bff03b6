from celery import shared_task
from django.utils import timezone

from sla import settings


@shared_task(name="sla.recalculate")
def recalculate(pk: int) -> None:
    for _ in settings.recalculate(pk, at=timezone.now()):
        pass


@shared_task(name="sla.resume_recalculations")
def resume_recalculations() -> None:
    for pk in settings.unfinished():
        recalculate(pk)
