"""Tickets: opened with their number, rules and clocks, and shown as cards (domain.md B2, B3, C1)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from actions import clocks
from actions.actors import Actor
from actions.calendar import Calendar
from actions.cards import TicketCard, card, open_cards
from actions.errors import FieldError
from actions.groups import note_group
from actions.ids import new_id
from actions.owed import STOPPED, Clock, owe_answer, owe_matter, owe_work
from actions.policy import Policy, TicketPolicy
from actions.responsibility import note_responsible
from actions.statements import dialect_of, table
from actions.tables import DeadlineKind, Department, Responsible, Severity, Ticket, TicketNumber, TicketStatus
from actions.transitions import record

__all__ = ["FIRST_NUMBER", "NewTicket", "TicketCard", "card", "check_visit", "open_cards", "open_ticket"]

FIRST_NUMBER = 1001
_FALLBACK_DEPARTMENT = "service"

_DEPARTMENT, _NUMBER = table(Department), table(TicketNumber)
# The two engines have the same words for it, but SQLAlchemy has a class for each.
_COUNT = {
    name: insert(_NUMBER)
    .on_conflict_do_update(index_elements=[_NUMBER.c.community_id, _NUMBER.c.prefix], set_={"last": _NUMBER.c.last + 1})
    .returning(_NUMBER.c.last)
    for name, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}
_DEPARTMENTS = select(_DEPARTMENT.c.code, _DEPARTMENT.c.id).where(
    _DEPARTMENT.c.community_id == bindparam("this_community"),
    or_(_DEPARTMENT.c.code == bindparam("this_code"), _DEPARTMENT.c.code == _FALLBACK_DEPARTMENT),
)


@dataclass(frozen=True, slots=True)
class NewTicket:
    """What a ticket is opened with.

    `received_at` is when the request reached the desk: its clock starts there. `about_staff_id` is the member
    complained about; `reference` is the number of a complaint that came through an authority (domain.md C11);
    `limit_at` brings the answer forward: the authority's limit, or the visit that is wished for, as `answer_by` does,
    by when an answer was due before this was a ticket of its own; `responsible` is who answers for the matter where it
    is not whom the rules name; `reason` says why it is a major matter.
    """

    community_id: int
    kind: str
    category: str | None
    severity: Severity
    summary: str
    received_at: datetime
    conversation_id: int | None = None
    resident_id: int | None = None
    room_id: int | None = None
    place: str = ""
    phone: str | None = None
    visit_from: datetime | None = None
    visit_until: datetime | None = None
    about_staff_id: int | None = None
    reference: str = ""
    limit_at: datetime | None = None
    answer_by: datetime | None = None
    responsible: Responsible | None = None
    reason: str = ""


def open_ticket(
    session: Session, actor: Actor, new: NewTicket, policy: Policy, calendar: Calendar, now: datetime
) -> TicketCard:
    """Open a ticket: its number, its frozen rules, its clocks, and for an alarm the alerts at once (domain.md B5).

    Raises FieldError for a kind that opens no tickets, an empty summary, or a visit that ends before it begins.
    """
    if not new.summary.strip():
        raise FieldError("summary", "is empty; say what it is about")
    check_visit(new.visit_from, new.visit_until)
    severity = Severity.MAJOR if new.reference and new.severity is Severity.NORMAL else new.severity
    rules = policy.for_ticket(new.kind, new.category, severity)
    ticket = _row(session, new, rules, policy, calendar, now)
    # What is owed stands on the ticket before it is stored, so that it is stored once.
    owed = _owed(ticket, new, rules, calendar, now)
    session.add(ticket)
    detail = {"reference": new.reference} if new.reference else {}
    record(session, ticket, actor, "ticket:opened", reason=new.reason, detail=detail, now=now)
    clocks.start_all(session, ticket, rules, owed, now)
    if new.responsible is not None and new.responsible is not rules.responsible:
        note_responsible(session, ticket, actor, new.responsible, now=now)
    note_group(session, ticket, policy.major, now)
    return card(session, new.community_id, ticket.id, now)


def check_visit(visit_from: datetime | None, visit_until: datetime | None) -> None:
    """Raise FieldError when a visit ends before it begins."""
    if visit_from is not None and visit_until is not None and visit_until < visit_from:
        raise FieldError("visit_until", "lies before the beginning of the visit; name a later time")


def _row(
    session: Session, new: NewTicket, rules: TicketPolicy, policy: Policy, calendar: Calendar, now: datetime
) -> Ticket:
    return Ticket(
        community_id=new.community_id,
        id=new_id(session, now),
        number=f"{rules.prefix}-{_next_number(session, new.community_id, rules.prefix)}",
        kind=new.kind,
        category=new.category,
        severity=rules.severity,
        responsible=rules.responsible,
        status=TicketStatus.OPEN,
        conversation_id=new.conversation_id,
        resident_id=new.resident_id,
        room_id=new.room_id,
        place=new.place,
        summary=new.summary.strip(),
        phone=new.phone,
        visit_from=new.visit_from,
        visit_until=new.visit_until,
        about_staff_id=new.about_staff_id,
        reference=new.reference,
        outside_due_at=new.limit_at if new.reference else None,
        department_id=_department(session, new.community_id, rules.department),
        opened_at=now,
        breached=False,
        version=0,
        policy={
            **rules.frozen(),
            "department_name": policy.names.departments[rules.department],
            "night": calendar.night.frozen(),
            **({"calendar": calendar.frozen(now)} if rules.desk_hours else {}),
        },
    )


def _next_number(session: Session, community_id: int, prefix: str) -> int:
    """The next number of a prefix; the row stays locked until the transaction ends, so none is lost or given twice."""
    row = {"community_id": community_id, "prefix": prefix, "last": FIRST_NUMBER}
    number: int = session.execute(_COUNT[dialect_of(session)], row).scalar_one()
    return number


def _department(session: Session, community_id: int, code: str) -> int | None:
    """The department of a code, or the service desk where the community has no such department."""
    found = session.execute(_DEPARTMENTS, {"this_community": community_id, "this_code": code})
    by_code: dict[str, int] = {row.code: row.id for row in found}
    return by_code.get(code) or by_code.get(_FALLBACK_DEPARTMENT)


def _owed(ticket: Ticket, new: NewTicket, rules: TicketPolicy, calendar: Calendar, now: datetime) -> list[Clock]:
    # The alarm first: its alerts lead the list, whatever else is told.
    owed: list[Clock] = []
    if ticket.severity is Severity.ALARM:
        owed.append(Clock(DeadlineKind.ACKNOWLEDGE, now, now + rules.times[DeadlineKind.ACKNOWLEDGE]))
    limit_at = min((limit for limit in (new.limit_at, new.answer_by) if limit is not None), default=None)
    owed += owe_answer(ticket, rules, calendar.night, min(new.received_at, now), limit_at=limit_at)
    owed += owe_work(ticket, rules, calendar.night, DeadlineKind.DISPATCH, now)
    return owed + owe_matter(ticket, rules, calendar.night, calendar, STOPPED, now)
