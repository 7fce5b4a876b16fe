"""The numbers of a stretch of time, for a manager's report: volumes, answers, what was late, who was told."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from actions.names import AlertKind
from actions.tables import ActorKind, Alert, Staff, Ticket, TicketEvent, TicketStatus

_REPLIED = ("ticket:replied", "ticket:held", "ticket:resolved")


@dataclass(frozen=True, slots=True)
class RunNumbers:
    """What happened to the tickets of a community; `waits` until the first answer, longest last.

    `told` counts alerts by kind, `answered_by` tickets by member, `most_alone` and `most_bundled` how many one person
    got within one hour, one by one and put together.
    """

    by_kind: Mapping[str, int]
    opened: tuple[datetime, ...]
    waits: tuple[timedelta, ...]
    told: Mapping[AlertKind, int]
    passed_on: int
    worded: int
    most_alone: int
    most_bundled: int
    answered_by: Mapping[str, int]
    passed_over: Mapping[str, int]
    holds: int
    pauses: int
    paused_seconds: int
    reopened: int
    resolved: int


def run_numbers(session: Session, community_id: int) -> RunNumbers:
    """Sum up everything that a community's tickets have seen so far."""
    tickets = session.execute(
        select(
            Ticket.kind, Ticket.opened_at, Ticket.first_replied_at, Ticket.hold_count, Ticket.pause_count,
            Ticket.paused_seconds, Ticket.reopened_count, Ticket.status,
        )
        .where(Ticket.community_id == community_id)
        .order_by(Ticket.id)
    ).all()  # fmt: skip
    alone, bundled = _most_in_an_hour(session, community_id)
    told = session.execute(
        select(Alert.kind, func.count()).where(Alert.community_id == community_id).group_by(Alert.kind)
    )
    done = (TicketStatus.RESOLVED, TicketStatus.CLOSED)
    return RunNumbers(
        by_kind=Counter(row.kind for row in tickets),
        opened=tuple(row.opened_at for row in tickets),
        waits=tuple(sorted(row.first_replied_at - row.opened_at for row in tickets if row.first_replied_at)),
        told={AlertKind(kind): count for kind, count in told},
        passed_on=_events(session, community_id, "alert:passed_on"),
        worded=_events(session, community_id, "deadline:worded"),
        most_alone=alone,
        most_bundled=bundled,
        answered_by=_answered_by(session, community_id),
        passed_over=_passed_over(session, community_id),
        holds=sum(row.hold_count for row in tickets),
        pauses=sum(row.pause_count for row in tickets),
        paused_seconds=sum(row.paused_seconds for row in tickets),
        reopened=sum(row.reopened_count for row in tickets),
        resolved=sum(row.status in done for row in tickets),
    )


def _events(session: Session, community_id: int, kind: str) -> int:
    return session.execute(
        select(func.count()).where(TicketEvent.community_id == community_id, TicketEvent.kind == kind)
    ).scalar_one()


def _answered_by(session: Session, community_id: int) -> dict[str, int]:
    rows = session.execute(
        select(Staff.name, func.count(TicketEvent.ticket_id.distinct()))
        .join(TicketEvent, (TicketEvent.community_id == Staff.community_id) & (TicketEvent.actor_id == Staff.id))
        .where(
            Staff.community_id == community_id,
            TicketEvent.actor == ActorKind.STAFF,
            TicketEvent.kind.in_(_REPLIED),
        )
        .group_by(Staff.name)
    )
    return {name: count for name, count in rows}  # noqa: C416 - a row is no pair to the type checker


def _passed_over(session: Session, community_id: int) -> dict[str, int]:
    """How often somebody's unseen alert went to the next person."""
    people = session.execute(select(Staff.id, Staff.name).where(Staff.community_id == community_id))
    names = {staff_id: name for staff_id, name in people}  # noqa: C416 - a row is no pair to the type checker
    details = session.execute(
        select(TicketEvent.detail).where(
            TicketEvent.community_id == community_id, TicketEvent.kind == "alert:passed_on"
        )
    ).scalars()
    counted = Counter(names.get(int(detail["from"] or 0), "") for detail in details)
    return {name: count for name, count in counted.items() if name}


def _most_in_an_hour(session: Session, community_id: int) -> tuple[int, int]:
    """The most alerts that one person got in an hour of the clock, and the most bundles of them."""
    rows = session.execute(
        select(Alert.staff_id, Alert.created_at, Alert.bundle_id, Alert.id).where(
            Alert.community_id == community_id, Alert.staff_id.is_not(None)
        )
    )
    alone: Counter[tuple[int | None, datetime]] = Counter()
    bundles: dict[tuple[int | None, datetime], set[int]] = {}
    for staff_id, created_at, bundle_id, alert_id in rows:
        key = (staff_id, created_at.replace(minute=0, second=0, microsecond=0))
        alone[key] += 1
        bundles.setdefault(key, set()).add(bundle_id or alert_id)
    return max(alone.values(), default=0), max((len(ids) for ids in bundles.values()), default=0)
