"""Tickets as the desk speaks of them: who is in charge, what is owed and when (domain.md B3, C1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import Session

from actions.clocks import ANSWERS
from actions.errors import NotFoundError
from actions.statements import table
from actions.tables import Deadline, DeadlineKind, DeadlineState, Department, Severity, Staff, Ticket, TicketStatus

_SHOWN_AFTER_RESOLUTION = timedelta(days=7)
_TICKET, _DEADLINE, _DEPARTMENT, _STAFF = table(Ticket), table(Deadline), table(Department), table(Staff)
# Taken late is taken.
_TAKEN = (DeadlineState.MET, DeadlineState.MET_LATE)
_SHOWN = (
    "id",
    "number",
    "kind",
    "category",
    "severity",
    "status",
    "summary",
    "place",
    "reply_due_at",
    "opened_at",
    "version",
    "first_replied_at",
    "awaiting_reply_since",
)


def _cards_where(*conditions: Any) -> Select[Any]:
    """Tickets of a community as `_card` takes them, newest first: a row for each answer that is owed, or one alone."""
    return (
        select(
            *(_TICKET.c[name] for name in _SHOWN),
            # The whole frozen policy is large; only the department's name at that time is wanted from it.
            func.coalesce(
                func.nullif(_DEPARTMENT.c.name, ""), _TICKET.c.policy["department_name"].as_string(), ""
            ).label("department_name"),
            _STAFF.c.name.label("assignee_name"),
            _DEADLINE.c.kind.label("owed"),
            _DEADLINE.c.due_at.label("owed_at"),
        )
        .select_from(_TICKET)
        .outerjoin(
            _DEPARTMENT,
            and_(_DEPARTMENT.c.community_id == _TICKET.c.community_id, _DEPARTMENT.c.id == _TICKET.c.department_id),
        )
        .outerjoin(_STAFF, and_(_STAFF.c.community_id == _TICKET.c.community_id, _STAFF.c.id == _TICKET.c.assignee_id))
        .outerjoin(
            _DEADLINE,
            and_(
                _DEADLINE.c.community_id == _TICKET.c.community_id,
                _DEADLINE.c.ticket_id == _TICKET.c.id,
                _DEADLINE.c.state == DeadlineState.RUNNING,
                or_(*(_DEADLINE.c.kind == kind for kind in sorted(ANSWERS))),
            ),
        )
        .where(_TICKET.c.community_id == bindparam("this_community"), *conditions)
        .order_by(_TICKET.c.id.desc(), _DEADLINE.c.due_at)
    )


_CARD = _cards_where(_TICKET.c.id == bindparam("this_ticket"))
_OPEN_CARDS = _cards_where(
    # A resident who writes from another address finds their own tickets there.
    or_(
        _TICKET.c.conversation_id == bindparam("this_conversation"),
        _TICKET.c.resident_id == bindparam("this_resident"),
    ),
    _TICKET.c.status != TicketStatus.CLOSED,
    _TICKET.c.status != TicketStatus.CANCELLED,
    or_(
        _TICKET.c.status != TicketStatus.RESOLVED,
        _TICKET.c.resolved_at.is_(None),
        _TICKET.c.resolved_at > bindparam("resolved_since"),
    ),
)


@dataclass(frozen=True, slots=True)
class TicketCard:
    """A ticket as the desk speaks of it.

    `reply_due_at` is set while an answer is owed, `promise_due_at` while the resident was promised a word, `replied`
    says that a person has answered and nothing is owed, `overdue` that the resident should have heard from a person
    already.
    """

    id: int
    number: str
    kind: str
    category: str | None
    severity: Severity
    status: TicketStatus
    summary: str
    place: str
    department_name: str
    assignee_name: str | None
    reply_due_at: datetime | None
    first_contact_due_at: datetime | None
    promise_due_at: datetime | None
    opened_at: datetime
    overdue: bool
    version: int
    replied: bool


def card(session: Session, community_id: int, ticket_id: int, now: datetime) -> TicketCard:
    """A ticket of the community as a card. Raises NotFoundError when there is none."""
    found = _cards(session, _CARD, {"this_community": community_id, "this_ticket": ticket_id}, now)
    if not found:
        raise NotFoundError(f"ticket {ticket_id} is not there")
    return found[0]


def open_cards(
    session: Session, community_id: int, conversation_id: int, now: datetime, *, resident_id: int | None = None
) -> tuple[TicketCard, ...]:
    """The tickets of a conversation, and of its resident, of which one may still speak, newest first.

    Closed and cancelled ones are left out, resolved ones are kept for seven days.
    """
    key = {"this_community": community_id, "this_conversation": conversation_id, "this_resident": resident_id}
    return _cards(session, _OPEN_CARDS, {**key, "resolved_since": now - _SHOWN_AFTER_RESOLUTION}, now)


def alarm_is_taken(session: Session, community_id: int, ticket_id: int) -> bool:
    """Whether somebody on duty has acknowledged an alarm: its clock has been met (domain.md A11, B5)."""
    clock = (_DEADLINE.c.community_id == community_id, _DEADLINE.c.ticket_id == ticket_id)
    taken = (_DEADLINE.c.kind == DeadlineKind.ACKNOWLEDGE, _DEADLINE.c.state.in_(_TAKEN))
    return session.execute(select(_DEADLINE.c.id).where(*clock, *taken).limit(1)).first() is not None


def _cards(session: Session, query: Select[Any], values: Mapping[str, object], now: datetime) -> tuple[TicketCard, ...]:
    rows = session.execute(query, values)
    return tuple(_card(list(of_ticket), now) for _, of_ticket in groupby(rows, key=attrgetter("id")))


def _card(rows: list[Row[Any]], now: datetime) -> TicketCard:
    ticket = rows[0]
    due = _due((row for row in rows if row.owed is not None), now)
    owed = [*due.values(), *([ticket.reply_due_at] if ticket.reply_due_at is not None else [])]
    return TicketCard(
        id=ticket.id,
        number=ticket.number,
        kind=ticket.kind,
        category=ticket.category,
        severity=ticket.severity,
        status=ticket.status,
        summary=ticket.summary,
        place=ticket.place,
        department_name=ticket.department_name,
        assignee_name=ticket.assignee_name,
        reply_due_at=ticket.reply_due_at,
        first_contact_due_at=due.get(DeadlineKind.FIRST_CONTACT),
        promise_due_at=due.get(DeadlineKind.PROMISE),
        opened_at=ticket.opened_at,
        overdue=any(moment < now for moment in owed),
        version=ticket.version,
        replied=ticket.first_replied_at is not None and ticket.awaiting_reply_since is None,
    )


def _due(rows: Iterable[Row[Any]], now: datetime) -> dict[DeadlineKind, datetime]:
    """When each kind of answer is due: of several promises the next one, and the last when all are broken."""
    due: dict[DeadlineKind, datetime] = {}
    for row in rows:
        if due.get(row.owed, now) <= now:
            due[row.owed] = row.owed_at
    return due
