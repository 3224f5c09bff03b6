"""Pure rules about people: chains of stand-ins, the order that binds, phone numbers, folded words."""

from dataclasses import dataclass
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.folding import beginnings, fold, keys_of, words
from directory.orders import in_force
from directory.phones import NotAPhone, normalise, spaced
from directory.standins import Away, first_loop, who_is_asked, who_stands_in

MONDAY = date(2025, 11, 10)
DAY = timedelta(days=1)
A, B, C, D = 1, 2, 3, 4


def away(employee, stand_in=None, first_on=MONDAY, last_on=MONDAY):
    return Away(employee, first_on, last_on, stand_in)


class TestWhoStandsIn:
    """E-II.4b, E-III.4: an absence has a stand-in; a chain leads to somebody present, or to nobody, and never loops."""

    def test_who_is_present_acts_for_themselves(self):
        assert who_stands_in(A, MONDAY, [away(B, A)]) == A

    def test_both_ends_of_an_absence_are_included(self):
        absence = away(A, B, MONDAY, MONDAY + 2 * DAY)
        acting = [who_stands_in(A, MONDAY + number * DAY, [absence]) for number in range(-1, 4)]
        assert acting == [A, B, B, B, A]

    def test_a_chain_leads_to_the_first_who_is_present(self):
        assert who_stands_in(A, MONDAY, [away(A, B), away(B, C), away(C, D)]) == D

    def test_a_stand_in_who_is_away_on_another_day_counts(self):
        assert who_stands_in(A, MONDAY, [away(A, B), away(B, C, MONDAY + DAY, MONDAY + DAY)]) == B

    def test_a_chain_that_ends_with_nobody_named_is_nobody(self):
        assert who_stands_in(A, MONDAY, [away(A, B), away(B)]) is None

    def test_a_loop_is_nobody(self):
        assert who_stands_in(A, MONDAY, [away(A, B), away(B, C), away(C, A)]) is None
        assert who_stands_in(D, MONDAY, [away(D, A), away(A, B), away(B, A)]) is None

    @given(st.lists(st.tuples(st.integers(1, 6), st.one_of(st.none(), st.integers(1, 6))), max_size=8))
    def test_whatever_is_entered_the_answer_is_somebody_present_or_nobody(self, pairs):
        absences = [away(employee, stand_in) for employee, stand_in in pairs]
        for employee in range(1, 7):
            acting = who_stands_in(employee, MONDAY, absences)
            assert acting is None or acting not in {one.employee for one in absences}


class TestFirstLoop:
    """A loop is refused when it is saved, with the day on which it would close."""

    def test_it_names_the_first_day_on_which_the_chain_leads_back(self):
        new = away(A, B, MONDAY, MONDAY + 4 * DAY)
        others = [away(B, C, MONDAY + DAY, MONDAY + 4 * DAY), away(C, A, MONDAY + 2 * DAY, MONDAY + 3 * DAY)]
        assert first_loop(new, others) == MONDAY + 2 * DAY

    def test_two_who_are_away_on_different_days_may_name_each_other(self):
        assert first_loop(away(A, B), [away(B, A, MONDAY + DAY, MONDAY + DAY)]) is None

    def test_a_loop_of_others_is_not_this_one_s(self):
        assert first_loop(away(A, B), [away(B, C), away(C, B)]) is None


class TestWhoIsAsked:
    """E-II.4b: the main employee; absent, the first present substitute; with all away, the main one's stand-in."""

    @pytest.mark.parametrize(
        ("absences", "expected"),
        [
            ([], A),
            ([away(A)], B),
            ([away(A, D)], B),
            ([away(A, D), away(B)], C),
            ([away(A, D), away(B), away(C)], D),
            ([away(A), away(B), away(C)], None),
        ],
    )
    def test_in_the_order_of_the_line(self, absences, expected):
        assert who_is_asked([A, B, C], MONDAY, absences) == expected

    def test_nobody_competent_is_nobody_asked(self):
        assert who_is_asked([], MONDAY, []) is None


@dataclass(frozen=True)
class Paper:
    valid_from: date
    valid_until: date | None = None


class TestOrderInForce:
    """E-II.4b: the order that came into force last binds, until its end date; an old one never comes back."""

    first, second = Paper(MONDAY), Paper(MONDAY + 7 * DAY, MONDAY + 9 * DAY)

    @pytest.mark.parametrize(
        ("day", "expected"), [(-1, None), (0, "first"), (6, "first"), (7, "second"), (9, "second"), (10, None)]
    )
    def test_on_each_side_of_every_edge(self, day, expected):
        bound = in_force([self.second, self.first], MONDAY + day * DAY)
        assert bound == (getattr(self, expected) if expected else None)


class TestPhones:
    """E-III: a number is the same however it is written; without a country it is Latvia's."""

    @pytest.mark.parametrize(
        "text", ["29123456", "+371 29 123 456", "00371 29123456", "(+371) 29-123-456", "2912 3456"]
    )
    def test_every_writing_is_one_number(self, text):
        assert normalise(text) == "+37129123456"

    def test_another_country_keeps_its_code(self):
        assert normalise("+44 20 7946 0958") == "+442079460958"

    @pytest.mark.parametrize("text", ["", "abc", "112", "1234567", "8 29123456"])
    def test_what_is_no_number_is_refused(self, text):
        with pytest.raises(NotAPhone):
            normalise(text)

    def test_people_read_it_with_spaces(self):
        assert spaced("+37129123456") == "+371 29 123 456"


class TestFolding:
    """E-II.1a: a client is found without diacritics, in any case, by the beginning of any word."""

    def test_diacritics_and_case_go(self):
        assert fold("ĀČĒĢĪĶĻŅŠŪŽ Žanis Ķimenītis") == "acegiklnsuz zanis kimenitis"

    def test_a_double_name_is_found_whole_and_by_its_parts(self):
        assert words("Sarmīte Liepkalna-Ūpe") == ["sarmite", "liepkalna-upe", "liepkalna", "upe"]

    def test_a_number_is_kept_with_and_without_the_country(self):
        assert keys_of("", "", [], ["+37129123456"]) == {"37129123456", "29123456"}

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("  Ķimen žan", ["kimen", "zan"]),
            ("+371 29 123", ["37129123"]),
            ("00371 29", ["37129"]),
            ("2912-34", ["291234"]),
            ("anna@ozola.ex", ["anna@ozola.ex", "ozola.ex", "anna", "ozola", "ex"]),
            ("%_*[", []),
            ("", []),
        ],
    )
    def test_a_query_is_beginnings_of_words_or_of_one_number(self, query, expected):
        assert beginnings(query) == expected

    @given(st.text(max_size=40))
    def test_no_sign_of_a_pattern_is_left_in_a_word(self, text):
        assert not any(sign in word for word in beginnings(text) for sign in "%*?[]\\")
