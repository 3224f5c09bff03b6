"""The demonstration office, as an embedded start loads it."""

import pytest


@pytest.mark.django_db
def test_the_demonstration_has_looked_into_its_mailbox_all_week(settings):
    """E-II.1a: its page begins without a gap."""
    from django.utils import timezone

    from contact.demo import office
    from contact.email.pages import GAPS_OF, LONGEST_SILENCE
    from contact.queries import gaps_between

    now = timezone.now()
    desk = office.load(at=now)
    assert gaps_between(desk, after=now - GAPS_OF, longest=LONGEST_SILENCE) == []
