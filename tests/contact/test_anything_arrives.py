"""Whatever bytes arrive: each is on a ticket, or waits as unprocessed mail with its reason."""

import random
from collections import Counter
from datetime import timedelta
from pathlib import Path

from django.conf import settings

from contact.models import ReceivedMail
from tests.support.office import riga

MAILS = sorted((Path(__file__).resolve().parents[2] / "contact/demo/mails").glob("*.eml"))
NINE = riga("2025-11-19 09:00")


def odd_mails() -> list[bytes]:
    chance = random.Random(4)
    soup = [chance.randbytes(chance.randrange(0, 400)) for _ in range(1000)]
    cut = [raw[: chance.randrange(1, len(raw))] for raw in (path.read_bytes() for path in MAILS) for _ in range(8)]
    return [*soup, *cut]


class TestAnythingArrives:
    """E-II.1a: nothing that was received is lost, or skipped because it could not be read."""

    def test_a_thousand_odd_mails_are_each_a_ticket_or_unprocessed_with_a_reason(self, desk):
        from contact.email import inbound, maildir

        root = Path(settings.MAILBOX_URLS[""].removeprefix("maildir://"))
        mails = odd_mails()
        for number, raw in enumerate(mails):
            maildir.drop(root, raw, NINE + timedelta(milliseconds=number))
        check = inbound.check_inbox(desk, at=NINE + timedelta(minutes=5))
        states = Counter(ReceivedMail.objects.values_list("state", flat=True))
        assert (check.error, check.fetched, sum(states.values())) == ("", len(mails), len(mails))
        assert set(states) <= {"linked", "duplicate", "unprocessed"}
        assert states["linked"] > 20
        assert not ReceivedMail.objects.filter(state="unprocessed", reason__in=["", "failed"]).exists()
