"""Many homes with one matter: a group complaint, which the manager leads, with one wording for all (domain.md C10)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from actions.actors import Actor
from actions.alerts import raise_alerts
from actions.errors import NotAllowedError, NotFoundError
from actions.major import MajorRules
from actions.names import AlertKind
from actions.roster import roles_of
from actions.tables import ActorKind, Responsible, Role, Ticket, TicketStatus
from actions.transitions import RUNNING, record_clock

_KINDS = frozenset({"complaint", "repair"})
_UNLIKE = "other"
_MOST_GROUPED = 400

# Answers one home: the session, the ticket's id, and the words.
AnswerOne = Callable[[Session, int, str], object]


@dataclass(frozen=True, slots=True)
class GroupMember:
    """One home's ticket in a group complaint."""

    id: int
    number: str
    place: str
    status: TicketStatus
    awaiting: bool


@dataclass(frozen=True, slots=True)
class GroupCard:
    """A group complaint: `lead_id` is its first ticket."""

    lead_id: int
    kind: str
    category: str | None
    members: tuple[GroupMember, ...]

    @property
    def awaiting(self) -> int:
        """How many homes still wait for an answer."""
        return sum(member.awaiting for member in self.members)


def note_group(session: Session, ticket: Ticket, rules: MajorRules, now: datetime) -> None:
    """Record on a new ticket that many homes report the same, and tell the manager when the number is reached.

    One matter is one category of complaint, or of repair outside the homes: a fault inside a home is its own. From the
    number on all of them are one group, whose lead is the earliest.
    """
    inside = ticket.kind == "repair" and ticket.responsible is Responsible.INDOOR
    if ticket.kind not in _KINDS or ticket.category in {None, _UNLIKE} or inside:
        return
    rows = session.execute(
        select(Ticket.id, Ticket.room_id, Ticket.conversation_id, Ticket.group_id)
        .where(
            Ticket.community_id == ticket.community_id,
            Ticket.opened_at > now - rules.within,
            Ticket.kind == ticket.kind,
            Ticket.category == ticket.category,
            Ticket.status != TicketStatus.CANCELLED,
        )
        .order_by(Ticket.id)
        .limit(_MOST_GROUPED)
    ).all()
    before = {_home(*row[:3]) for row in rows if row[0] != ticket.id}
    homes = before | {_home(ticket.id, ticket.room_id, ticket.conversation_id)}
    if len(homes) < rules.homes:
        return
    lead_id = next((row.group_id for row in rows if row.group_id is not None), rows[0].id if rows else ticket.id)
    _join(session, ticket, [row.id for row in rows if row.group_id is None], lead_id)
    detail = {"homes": len(homes), "lead": str(lead_id), "tickets": [str(row[0]) for row in rows]}
    record_clock(session, ticket, "ticket:grouped", detail, now)
    if len(before) < rules.homes:
        raise_alerts(session, ticket, (Role.MANAGER,), AlertKind.GROUP, now)


def group_of(session: Session, community_id: int, ticket_id: int) -> GroupCard | None:
    """The group complaint to which a ticket belongs, or None. Raises NotFoundError when there is no such ticket."""
    key = (Ticket.community_id == community_id, Ticket.id == ticket_id)
    found = session.execute(select(Ticket.group_id, Ticket.kind, Ticket.category).where(*key)).one_or_none()
    if found is None:
        raise NotFoundError(f"ticket {ticket_id} is not there")
    if found.group_id is None:
        return None
    rows = session.execute(
        select(Ticket.id, Ticket.number, Ticket.place, Ticket.status, Ticket.awaiting_reply_since)
        .where(Ticket.community_id == community_id, Ticket.group_id == found.group_id)
        .order_by(Ticket.id)
    )
    members = tuple(
        GroupMember(row.id, row.number, row.place, row.status, row.awaiting_reply_since is not None) for row in rows
    )
    return GroupCard(found.group_id, found.kind, found.category, members)


def answer_group(
    session: Session,
    actor: Actor,
    community_id: int,
    lead_id: int,
    *,
    text: str,
    answer: AnswerOne,
    limit: int = 20,
) -> int:
    """Answer so many homes of a group that wait, all in the same words; how many are then left to answer.

    `answer` says the words to one home and records them, as for a single ticket; it is called in the order of the
    tickets. Raises NotAllowedError for all but a manager: they lead a group complaint.
    """
    if (
        actor.kind is not ActorKind.STAFF
        or actor.id is None
        or Role.MANAGER not in roles_of(session, community_id, actor.id)
    ):
        raise NotAllowedError("a group complaint is answered by the manager, in one wording")
    waiting = (
        Ticket.community_id == community_id,
        Ticket.group_id == lead_id,
        Ticket.status.in_(RUNNING),
        Ticket.awaiting_reply_since.is_not(None),
    )
    chosen = session.execute(select(Ticket.id).where(*waiting).order_by(Ticket.id).limit(limit)).scalars().all()
    for ticket_id in chosen:
        answer(session, ticket_id, text)
    session.flush()
    return session.execute(select(func.count()).where(*waiting)).scalar_one()


def _join(session: Session, ticket: Ticket, ticket_ids: list[int], lead_id: int) -> None:
    session.flush()
    session.execute(
        update(Ticket)
        .where(Ticket.community_id == ticket.community_id, Ticket.id.in_({*ticket_ids, ticket.id}))
        .values(group_id=lead_id)
        .execution_options(synchronize_session=False)
    )
    session.refresh(ticket, ["group_id"])


def _home(ticket_id: int, room_id: int | None, conversation_id: int | None) -> tuple[str, int]:
    if room_id is not None:
        return ("room", room_id)
    return ("conversation", conversation_id) if conversation_id is not None else ("ticket", ticket_id)
