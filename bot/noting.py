"""What follows from what a resident tells: an authority's number, who is complained about, by when an answer helps."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from actions.accused import name_accused, named_in
from actions.actors import BOT
from actions.outside import note_outside, number_of
from actions.policy import Policy
from actions.store import Session
from actions.tickets import TicketCard
from actions.transitions import RUNNING
from actions.turns import Turn

# Of a complaint about how somebody behaved, who is named is who it is about; in others a name may be a witness.
_CONDUCT = ("complaint", "service_attitude")
_MORNING = 9
_LEAST_TIME_TO_ANSWER = timedelta(minutes=30)


def note_told(
    session: Session, turn: Turn, card: TicketCard, policy: Policy, summary: str, now: datetime
) -> TicketCard:
    """Put on record what the messages of a turn tell of a ticket (domain.md C9, C11); the card as it is then."""
    if card.status not in RUNNING:
        return card
    text = "\n".join((summary, *(message.text for message in turn.messages)))
    number = policy.major.reference(text)
    if number and not number_of(session, turn.community_id, card.id):
        card = note_outside(session, BOT, turn.community_id, card.id, reference=number, now=now)
    if (card.kind, card.category) == _CONDUCT and (member := named_in(session, turn.community_id, text)) is not None:
        card = name_accused(session, BOT, turn.community_id, card.id, staff_id=member, now=now)
    return card


def visit_limit(visit_from: datetime | None, zone: ZoneInfo, now: datetime) -> datetime | None:
    """Whoever wants somebody at three o'clock is answered before three, for a whole day before its morning."""
    if visit_from is None:
        return None
    local = visit_from.astimezone(zone)
    limit = local.replace(hour=_MORNING) if local.hour < _MORNING else local
    return limit if limit > now + _LEAST_TIME_TO_ANSWER else None
