"""An absent person's notices reach whoever stands in as well."""

from datetime import date

import pytest

from directory.actions import enter_absence
from directory.actions.absences import AbsenceFacts
from escalation.actions import sweep
from escalation.models import Notice
from tests.support.facts import SECOND
from tests.support.office import riga

pytestmark = pytest.mark.django_db

MONDAY = riga("2025-11-10 09:00")
MARK_DUE = riga("2025-11-10 10:00")


class TestStandIns:
    """E-III.4, E-II.4b: in the deputy's absence the person whom the director named is told."""

    def away(self, person, stand_in, on=date(2025, 11, 10)):
        enter_absence(person, AbsenceFacts(on, on, "vacation", stand_in.pk), by=None, at=MONDAY)

    def told(self):
        return set(Notice.objects.filter(alert__trigger="breach").values_list("recipient", flat=True))

    def test_whoever_stands_in_is_told_as_well(self, cast, receive):
        self.away(cast.raimonds, cast.santa)
        receive(MONDAY)
        sweep(at=MARK_DUE + SECOND)
        assert self.told() == {cast.ilze.pk, cast.raimonds.pk, cast.santa.pk}

    def test_through_a_chain(self, cast, receive):
        self.away(cast.raimonds, cast.santa)
        self.away(cast.santa, cast.gunta)
        receive(MONDAY)
        sweep(at=MARK_DUE + SECOND)
        assert self.told() == {cast.ilze.pk, cast.raimonds.pk, cast.gunta.pk}

    def test_not_on_another_day(self, cast, receive):
        self.away(cast.raimonds, cast.santa, on=date(2025, 11, 11))
        receive(MONDAY)
        sweep(at=MARK_DUE + SECOND)
        assert self.told() == {cast.ilze.pk, cast.raimonds.pk}

    def test_one_who_is_told_anyway_is_told_once(self, cast, receive):
        self.away(cast.raimonds, cast.ilze)
        receive(MONDAY)
        sweep(at=MARK_DUE + SECOND)
        assert Notice.objects.filter(alert__trigger="breach", recipient=cast.ilze).count() == 1
