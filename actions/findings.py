"""What the audit can find, and how far it looks."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

# How long the loops may take before what they have not done is a finding.
GRACE = timedelta(minutes=5)
# How far back ended deadlines and events are looked at; what is running is always looked at.
LOOKED_BACK = timedelta(days=2)
# A clock that is set right may go back a little; the order of events is that of their ids.
CLOCK_SLACK = timedelta(minutes=5)


class FindingKind(StrEnum):
    """What the audit can find."""

    STEP_NOT_TAKEN = "step_not_taken"
    STEP_NOT_RECORDED = "step_not_recorded"
    BREACH_NOT_RECORDED = "breach_not_recorded"
    NOBODY_TOLD = "nobody_told"
    NO_DEADLINE = "no_deadline"
    DEADLINE_TOO_LONG = "deadline_too_long"
    DEADLINE_DAMAGED = "deadline_damaged"
    EVENTS_OUT_OF_ORDER = "events_out_of_order"
    MESSAGE_NOT_UNDERSTOOD = "message_not_understood"
    MESSAGE_NOT_ANSWERED = "message_not_answered"
    OUTBOX_STUCK = "outbox_stuck"
    PAUSE_WITHOUT_END = "pause_without_end"
    NOT_DELIVERED = "not_delivered"
    ALERT_NOT_PASSED_ON = "alert_not_passed_on"
    TOLD_WITHOUT_DELIVERY = "told_without_delivery"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be; `ticket_id` is None when it hangs on no ticket."""

    kind: FindingKind
    ticket_id: int | None
    message: str
