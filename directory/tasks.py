from celery import shared_task
from django.utils import timezone

from directory.actions import importing


@shared_task(name="directory.work_import")
def work_import(pk: int) -> None:
    for _ in importing.work(pk, at=timezone.now()):
        pass


@shared_task(name="directory.resume_imports")
def resume_imports() -> None:
    for pk in importing.waiting(at=timezone.now()):
        work_import(pk)
