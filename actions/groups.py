"""Many homes with one matter: a group complaint, which the manager leads (domain.md C10)."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.alerts import raise_alerts
from actions.major import MajorRules
from actions.names import AlertKind, Responsible
from actions.tables import Role, Ticket, TicketStatus
from actions.transitions import record_clock

_KINDS = frozenset({"complaint", "repair"})
_UNLIKE = "other"


def note_group(session: Session, ticket: Ticket, responsible: Responsible, rules: MajorRules, now: datetime) -> None:
    """Record on a new ticket that many homes report the same, and tell the manager when the number is reached.

    One matter is one category of complaint, or of repair outside the homes: a fault inside a home is its own.
    """
    inside = ticket.kind == "repair" and responsible is Responsible.INDOOR
    if ticket.kind not in _KINDS or ticket.category in {None, _UNLIKE} or inside:
        return
    rows = session.execute(
        select(Ticket.id, Ticket.room_id, Ticket.conversation_id).where(
            Ticket.community_id == ticket.community_id,
            Ticket.opened_at > now - rules.within,
            Ticket.kind == ticket.kind,
            Ticket.category == ticket.category,
            Ticket.status != TicketStatus.CANCELLED,
        )
    ).all()
    before = {_home(*row) for row in rows if row[0] != ticket.id}
    homes = before | {_home(ticket.id, ticket.room_id, ticket.conversation_id)}
    if len(homes) < rules.homes:
        return
    detail = {"homes": len(homes), "tickets": [str(row[0]) for row in rows]}
    record_clock(session, ticket, "ticket:grouped", detail, now)
    if len(before) < rules.homes:
        raise_alerts(session, ticket, (Role.MANAGER,), AlertKind.GROUP, now)


def _home(ticket_id: int, room_id: int | None, conversation_id: int | None) -> tuple[str, int]:
    if room_id is not None:
        return ("room", room_id)
    return ("conversation", conversation_id) if conversation_id is not None else ("ticket", ticket_id)
