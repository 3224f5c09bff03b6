import pytest

from tests.suites import samples
from tests.suites.measure import all_suites, figures

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def suites():
    return all_suites()


AIM, FLOOR = 0.95, 0.94  # the floor is what was reached; nobody has looked at what is amiss in the held-out half


@pytest.mark.timeout(900)  # the first run fetches a few megabytes
class TestPublishedMail:
    """S-24.2: mails of the world, by the expectations of those who published them."""

    def test_nine_in_ten_of_the_half_never_tuned_on_are_read_as_expected(self, suites, record_property):
        lines, share = figures(suites)
        lines.append(f"the aim for the half held out is {AIM:.0%}: {'reached' if share >= AIM else 'not reached yet'}")
        record_property("figures", "\n".join(lines))
        assert share >= FLOOR, "\n".join(lines)

    def test_each_suite_is_there_with_both_halves(self, suites):
        for name, suite in suites.items():
            halves = {sample.is_held_out for sample in suite.samples}
            assert halves == {True, False}, name
        assert sum(len(suite.samples) for suite in suites.values()) >= 420

    def test_no_published_mail_harms_the_parser(self, suites):
        mails = [raw for suite in suites.values() for raw in suite.mails]
        assert len(mails) > 320
        assert [words for raw in mails if (words := samples.unsound(raw))] == []
