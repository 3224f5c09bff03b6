"""Who must know of what: a pure function of what the policy says and the people of the desk."""

import pytest

from directory.models import Role
from escalation.rules import Told, recipients
from sla.shipped import POLICIES

PEOPLE = {
    "administrator": [1, 2],
    "expert": [3, 7],
    "deputy_director": [4],
    "director": [5],
    "manager": [6],
    "data_protection_officer": [8],
}
NEAR, BROKEN = ["administrator"], ["administrator", "deputy_director"]


def without(*roles):
    return {role: held for role, held in PEOPLE.items() if role not in roles}


class TestRecipients:
    """E-II.1, E-II.5: who is told stands in the policy; the deputy director learns at once of what went wrong."""

    def test_the_roles_of_the_policy_are_told_in_their_order(self):
        assert recipients(Told(NEAR), PEOPLE) == [1, 2]
        assert recipients(Told(BROKEN), PEOPLE) == [1, 2, 4]
        assert recipients(Told(["director", "data_protection_officer"]), PEOPLE) == [5, 8]

    def test_a_policy_that_tells_nobody_tells_nobody(self):
        assert recipients(Told([]), PEOPLE) == []

    def test_a_ticket_s_owner_stands_for_the_administrators(self):
        assert recipients(Told(NEAR, owner=2), PEOPLE) == [2]
        assert recipients(Told(BROKEN, owner=2), PEOPLE) == [2, 4]

    def test_an_owner_who_has_left_the_desk_is_not_the_only_one_told(self):
        assert recipients(Told(NEAR, owner=99), PEOPLE) == [1, 2]

    def test_a_ticket_s_expert_stands_for_the_experts(self):
        assert recipients(Told(["expert", *BROKEN], owner=2, expert=7), PEOPLE) == [7, 2, 4]

    def test_an_expert_who_has_left_the_desk_is_not_the_only_one_told(self):
        assert recipients(Told(["expert"], expert=99), PEOPLE) == [1, 2]

    def test_without_an_expert_asked_it_is_the_administrators_matter_not_every_expert_s(self):
        assert recipients(Told(["expert"]), PEOPLE) == [1, 2]

    def test_owner_and_expert_are_told_only_where_their_role_is(self):
        assert recipients(Told(["deputy_director"], owner=2, expert=7), PEOPLE) == [4]

    def test_nobody_is_told_twice(self):
        assert recipients(Told(BROKEN), {**PEOPLE, "deputy_director": [1]}) == [1, 2]
        assert recipients(Told(BROKEN, owner=4), PEOPLE) == [4]


class TestVacantRoles:
    """E-II: where nobody holds a role the next one up is told; never nobody while anybody is there."""

    def test_without_a_deputy_the_director_is_told(self):
        assert recipients(Told(BROKEN), without("deputy_director")) == [1, 2, 5]

    def test_without_administrators_the_deputy_is_warned(self):
        assert recipients(Told(NEAR), without("administrator")) == [4]

    def test_without_a_data_protection_officer_the_deputy_is_told(self):
        assert recipients(Told(["data_protection_officer"]), without("data_protection_officer")) == [4]

    def test_a_role_that_nobody_holds_any_more_is_vacant(self):
        assert recipients(Told(NEAR), {**PEOPLE, "administrator": []}) == [4]

    def test_at_the_top_stands_the_manager(self):
        assert recipients(Told(BROKEN), {"manager": [6]}) == [6]

    def test_an_empty_desk_tells_nobody_and_does_not_fail(self):
        assert recipients(Told(BROKEN), {Role.Name.EXPERT: [3]}) == []


class TestShippedPolicies:
    """E-II: every deadline that ships tells somebody of its breach, and of each warning."""

    @pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: f"{policy['kind']}{policy.get('variant', '')}")
    def test_each_tells_roles_that_exist(self, policy):
        for told in (policy["tell_breach"], *(step["tell"] for step in policy.get("warnings", ()))):
            assert told
            assert set(told) <= set(Role.Name.values)
            assert recipients(Told(told), PEOPLE) != []

    def test_the_guidelines_breaches_reach_the_deputy_director(self):
        guidelines = [policy for policy in POLICIES if policy["paragraph"].startswith("E ")]
        assert guidelines
        assert all("deputy_director" in policy["tell_breach"] for policy in guidelines)
