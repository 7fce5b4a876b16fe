"""Proves of a whole run that nobody was late without the right people knowing before (domain.md C4, C9)."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from actions.clocks import ANSWERS, EVENT_KINDS
from actions.ladder import Act, thaw_plan
from actions.tables import Alert, Deadline, DeadlineKind, Staff, Ticket, TicketEvent

_TOLD_OF = frozenset({Act.REMIND, Act.ESCALATE})


@dataclass(frozen=True, slots=True)
class SilentStep:
    """A step of a ladder that reached nobody in time: not `taken`, or taken and seen by nobody."""

    act: Act
    at: datetime
    taken: bool


@dataclass(frozen=True, slots=True)
class Overdue:
    """A due moment that was missed, and what of its ladder nobody had seen when it was: empty if all was delivered."""

    ticket_id: int
    number: str
    kind: DeadlineKind
    due_at: datetime
    assignee: str
    silent: tuple[SilentStep, ...]


def overdue(session: Session, community_id: int) -> tuple[Overdue, ...]:
    """Every due moment that was missed of which a resident knew: answers, and what a person promised."""
    rows = session.execute(
        select(Deadline, Ticket.number, Staff.name)
        .join(Ticket, (Ticket.community_id == Deadline.community_id) & (Ticket.id == Deadline.ticket_id))
        .outerjoin(Staff, (Staff.community_id == Ticket.community_id) & (Staff.id == Ticket.assignee_id))
        .where(
            Deadline.community_id == community_id,
            Deadline.breached_at.is_not(None),
            or_(Deadline.kind.in_(sorted(ANSWERS)), Deadline.words != ""),
        )
        .order_by(Deadline.due_at, Deadline.id)
    ).all()
    found = []
    for start in range(0, len(rows), 200):
        part = rows[start : start + 200]
        tickets = sorted({row.ticket_id for row, _, _ in part})
        events, alerts = _steps(session, community_id, tickets), _alerts(session, community_id, tickets)
        found += [
            Overdue(row.ticket_id, number, row.kind, row.due_at, name or "", tuple(_silent(row, events, alerts)))
            for row, number, name in part
        ]
    return tuple(found)


def fingerprint(session: Session, community_id: int) -> str:
    """A hash of all that happened to all tickets, by its moments and people and not by ids: equal for equal runs."""
    people = session.execute(select(Staff.id, Staff.login).where(Staff.community_id == community_id))
    names = {staff_id: name for staff_id, name in people}  # noqa: C416 - a row is no pair to the type checker
    numbers: dict[int, str] = {}
    told: dict[str, list[Any]] = {}
    for ticket in session.execute(
        select(Ticket).where(Ticket.community_id == community_id).order_by(Ticket.id)
    ).scalars():
        numbers[ticket.id] = ticket.number
        assignee = names.get(ticket.assignee_id or 0)
        told[ticket.number] = [[ticket.kind, ticket.category, ticket.status.value, ticket.severity.value, assignee]]
    for event in session.execute(
        select(TicketEvent).where(TicketEvent.community_id == community_id).order_by(TicketEvent.id)
    ).scalars():
        actor = names.get(event.actor_id or 0, event.actor.value)
        told[numbers[event.ticket_id]].append([event.kind, event.at.isoformat(), actor])
    for row in session.execute(
        select(Deadline).where(Deadline.community_id == community_id).order_by(Deadline.id)
    ).scalars():
        moments = [moment.isoformat() if moment else "" for moment in (row.due_at, row.breached_at, row.ended_at)]
        told[numbers[row.ticket_id]].append([row.kind.value, row.state.value, row.stage, *moments])
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _steps(session: Session, community_id: int, ticket_ids: Sequence[int]) -> dict[tuple[int, int], datetime]:
    """When each step of a deadline was taken, by deadline and step."""
    rows = session.execute(
        select(TicketEvent.detail, TicketEvent.at).where(
            TicketEvent.community_id == community_id,
            TicketEvent.ticket_id.in_(ticket_ids),
            TicketEvent.kind.in_(EVENT_KINDS.values()),
        )
    )
    return {(int(detail["deadline"]), detail["step"]): at for detail, at in rows if "step" in detail}


def _alerts(session: Session, community_id: int, ticket_ids: Sequence[int]) -> dict[int, list[Alert]]:
    found: dict[int, list[Alert]] = defaultdict(list)
    for alert in session.execute(
        select(Alert).where(Alert.community_id == community_id, Alert.ticket_id.in_(ticket_ids)).order_by(Alert.id)
    ).scalars():
        found[alert.ticket_id].append(alert)
    return found


def _silent(
    row: Deadline, events: dict[tuple[int, int], datetime], alerts: dict[int, list[Alert]]
) -> Iterator[SilentStep]:
    """The steps before the due moment that were not taken by then, or of which nobody had seen an alert by then."""
    for number, step in enumerate(thaw_plan(row.ladder)):
        if step.act not in _TOLD_OF or step.at >= row.due_at:
            continue
        if row.ended_at is not None and step.at > row.ended_at:
            continue
        taken_at = events.get((row.id, number))
        if taken_at is None or taken_at > row.due_at:
            yield SilentStep(step.act, step.at, taken=False)
        elif not _seen(alerts[row.ticket_id], taken_at, row.due_at):
            yield SilentStep(step.act, step.at, taken=True)


def _seen(alerts: Sequence[Alert], taken_at: datetime, due_at: datetime) -> bool:
    """Whether anybody whom a step was meant for, or to whom it was passed on, has seen it by the due moment."""
    own = {alert.id for alert in alerts if alert.created_at == taken_at}
    own |= {alert.passed_from_id for alert in alerts if alert.id in own and alert.passed_from_id is not None}
    return any(
        alert.seen_at is not None and alert.seen_at <= due_at
        for alert in alerts
        if alert.id in own or alert.passed_from_id in own
    )
