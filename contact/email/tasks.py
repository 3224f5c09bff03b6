from celery import shared_task
from django.utils import timezone

from contact.email import inbound, marks, outbound, reconciliation, sending
from directory.models import Desk


@shared_task(name="contact.email.check_inboxes")
def check_inboxes() -> None:
    for pk in Desk.objects.order_by("pk").values_list("pk", flat=True):
        check_inbox.apply_async([pk], expires=20)


@shared_task(name="contact.email.check_inbox")
def check_inbox(desk_pk: int) -> None:
    inbound.check_inbox(Desk.objects.select_related("calendar").get(pk=desk_pk), at=timezone.now())


@shared_task(name="contact.email.try_sending")
def try_sending() -> None:
    for pk in sending.suspects():
        try_server.apply_async([pk], expires=20)


@shared_task(name="contact.email.try_server")
def try_server(desk_pk: int) -> None:
    sending.try_server(Desk.objects.get(pk=desk_pk), at=timezone.now())


@shared_task(name="contact.email.deliver")
def deliver(message_pk: int) -> None:
    outbound.deliver(message_pk, at=timezone.now())


@shared_task(name="contact.email.deliver_due")
def deliver_due() -> None:
    for message_pk in outbound.due(at=timezone.now()):
        outbound.deliver(message_pk, at=timezone.now())


@shared_task(name="contact.email.recover")
def recover() -> None:
    outbound.recover(at=timezone.now())


@shared_task(name="contact.email.file_copies")
def file_copies() -> None:
    outbound.file_copies(at=timezone.now())


@shared_task(name="contact.email.write_marks")
def write_marks() -> None:
    marks.write_marks()


@shared_task(name="contact.email.link_received")
def link_received(desk_pk: int) -> None:
    inbound.link_received(Desk.objects.get(pk=desk_pk), at=timezone.now())


@shared_task(name="contact.email.compare")
def compare() -> None:
    reconciliation.compare_asked(at=timezone.now())


@shared_task(name="contact.email.compare_nightly")
def compare_nightly() -> None:
    reconciliation.ask_nightly(at=timezone.now())
    reconciliation.compare_asked(at=timezone.now())
