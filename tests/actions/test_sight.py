"""Who may see what of a home, written out once more role by role."""

import pytest

from actions.contacts import Home
from actions.sight import SIGHT, Sight, bills_seen, payers_seen, sees
from actions.tables import BindingRole

OWN, T, F, A = BindingRole.OWNER, BindingRole.TENANT, BindingRole.FAMILY, BindingRole.AGENT
# In the rows who looks, in the columns whose bill it is.
EXPECTED = {
    OWN: {OWN: True, F: True, T: True, A: True},
    F: {OWN: True, F: True, T: True, A: False},
    T: {OWN: False, F: False, T: True, A: False},
    A: {OWN: False, F: False, T: False, A: True},
}


def test_every_role_is_thought_of() -> None:
    assert set(SIGHT) == set(EXPECTED) == set(BindingRole)


@pytest.mark.parametrize("role", BindingRole)
@pytest.mark.parametrize("payer", BindingRole)
def test_a_bill_is_seen_by_the_roles_of_the_table_and_by_nobody_else(role: BindingRole, payer: BindingRole) -> None:
    assert (payer in payers_seen(role)) is EXPECTED[role][payer]


def test_what_is_not_in_the_table_is_seen_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("actions.sight.SIGHT", {})
    assert not any(sees(role, sight) for role in BindingRole for sight in Sight)
    assert bills_seen([_home(1, OWN)]) == {}


def _home(room_id: int, role: BindingRole) -> Home:
    return Home(room_id, "3栋", None, "1502", role)


def test_several_roles_at_one_home_add_up() -> None:
    assert bills_seen([_home(1, T), _home(1, A), _home(2, T)]) == {1: frozenset({T, A}), 2: frozenset({T})}
    assert bills_seen([]) == {}
