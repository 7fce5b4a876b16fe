"""The table of transitions: total, and every refusal says what is allowed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actions.errors import TransitionError
from actions.tables import TicketStatus
from actions.transitions import RUNNING, TRANSITIONS, Verb, allowed, next_status


@given(st.sampled_from(TicketStatus), st.sampled_from(Verb))
def test_each_pair_is_either_in_the_table_or_refused_by_name(status: TicketStatus, verb: Verb) -> None:
    if verb in allowed(status):
        assert next_status(status, verb) is TRANSITIONS[status, verb]
        return
    with pytest.raises(TransitionError) as caught:
        next_status(status, verb)
    assert f"that is {status} does not allow {verb}" in str(caught.value)
    assert all(other in str(caught.value) for other in allowed(status))


def test_a_cancelled_ticket_allows_nothing() -> None:
    assert allowed(TicketStatus.CANCELLED) == ()


def test_a_closed_ticket_can_be_reopened() -> None:
    assert next_status(TicketStatus.CLOSED, Verb.REOPEN) is TicketStatus.OPEN


@pytest.mark.parametrize("status", sorted(RUNNING))
def test_every_running_state_can_be_resolved_cancelled_assigned_and_put_off(status: TicketStatus) -> None:
    assert {Verb.RESOLVE, Verb.CANCEL, Verb.ASSIGN, Verb.HOLD, Verb.REPLY, Verb.URGE} <= set(allowed(status))


@pytest.mark.parametrize("verb", [Verb.RESOLVE, Verb.CANCEL, Verb.URGE, Verb.HOLD])
def test_what_is_done_is_not_done_again(verb: Verb) -> None:
    assert verb not in allowed(TicketStatus.RESOLVED)
    assert verb not in allowed(TicketStatus.CLOSED)
