"""Tickets, the record of everything that happened to them, and the deadlines that hang on them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from actions.tables.base import Base, Json, Tenant, community_reference, named, reference


class TicketStatus(StrEnum):
    """Where a ticket stands; the allowed changes are one table in `actions.transitions`."""

    OPEN = "open"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"
    CANCELLED = "cancelled"


class Severity(StrEnum):
    """How much is at stake: an everyday matter, a major one (domain.md C10), or danger going on now."""

    NORMAL = "normal"
    MAJOR = "major"
    ALARM = "alarm"


class Responsible(StrEnum):
    """Who answers for what is broken: inside the home, the public part, a utility, the developer (domain.md B19)."""

    INDOOR = "indoor"
    PUBLIC = "public"
    UTILITY = "utility"
    DEVELOPER = "developer"


class ActorKind(StrEnum):
    """Who did something."""

    RESIDENT = "resident"
    BOT = "bot"
    STAFF = "staff"
    SYSTEM = "system"


class DeadlineKind(StrEnum):
    """What is due; one ticket may carry several."""

    REPLY = "reply"
    FIRST_CONTACT = "first_contact"
    PROMISE = "promise"
    ACKNOWLEDGE = "acknowledge"
    DISPATCH = "dispatch"
    ACCEPT = "accept"
    ON_SITE = "on_site"
    COMPLETION = "completion"
    CALL_BACK = "call_back"
    PAUSE = "pause"


class DeadlineState(StrEnum):
    """What became of a deadline. A breached one stays breached even when it is met later."""

    RUNNING = "running"
    PAUSED = "paused"
    MET = "met"
    MET_LATE = "met_late"
    REPLACED = "replaced"
    CANCELLED = "cancelled"


class Ticket(Tenant, Base):
    """One request that a person must see to (工单).

    `policy` is the deadline policy frozen when the ticket was opened, so that editing the rules never moves a running
    clock. `awaiting_reply_since` is the moment of the earliest request that no person has answered yet. The staff
    member complained about (`about_staff_id`) never handles or closes it (domain.md C9). `responsible` is who answers
    for the matter (B19): as the rules have it, until somebody knows better. `reference` is the number of an authority
    and `outside_due_at` its limit (C11); `group_id` is the first ticket of a group complaint (C10). A pause stands
    until `paused_until`; `hold_count` put-offs were used, `holds_agreed` more were agreed to.
    """

    __tablename__ = "tickets"
    __table_args__ = (
        community_reference(),
        reference("conversations", "conversation_id"),
        reference("residents", "resident_id"),
        reference("rooms", "room_id"),
        reference("departments", "department_id"),
        reference("staff", "assignee_id"),
        reference("staff", "about_staff_id"),
        UniqueConstraint("community_id", "number"),
        Index(None, "community_id", "status", "opened_at"),
        Index(None, "community_id", "conversation_id"),
        Index(None, "community_id", "room_id"),
        Index(None, "community_id", "resident_id"),
        Index(None, "community_id", "kind", "category", "opened_at"),
        Index(
            "ix_tickets_group",
            "community_id",
            "group_id",
            sqlite_where=text("group_id IS NOT NULL"),
            postgresql_where=text("group_id IS NOT NULL"),
        ),
    )

    number: Mapped[str]
    kind: Mapped[str]
    category: Mapped[str | None]
    severity: Mapped[Severity] = mapped_column(named(Severity))
    responsible: Mapped[Responsible] = mapped_column(named(Responsible), default=Responsible.PUBLIC)
    status: Mapped[TicketStatus] = mapped_column(named(TicketStatus))
    version: Mapped[int] = mapped_column(default=0)
    conversation_id: Mapped[int | None]
    resident_id: Mapped[int | None]
    room_id: Mapped[int | None]
    place: Mapped[str] = mapped_column(default="")
    summary: Mapped[str]
    phone: Mapped[str | None]
    visit_from: Mapped[datetime | None]
    visit_until: Mapped[datetime | None]
    department_id: Mapped[int | None]
    assignee_id: Mapped[int | None]
    about_staff_id: Mapped[int | None]
    opened_at: Mapped[datetime]
    awaiting_reply_since: Mapped[datetime | None]
    reply_due_at: Mapped[datetime | None]
    first_replied_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    reopened_count: Mapped[int] = mapped_column(default=0)
    hold_count: Mapped[int] = mapped_column(default=0)
    holds_agreed: Mapped[int] = mapped_column(default=0)
    pause_count: Mapped[int] = mapped_column(default=0)
    paused_seconds: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]
    reference: Mapped[str] = mapped_column(default="")
    outside_due_at: Mapped[datetime | None]
    merged_into_id: Mapped[int | None]
    group_id: Mapped[int | None]
    breached: Mapped[bool] = mapped_column(default=False)
    rating: Mapped[int | None]
    policy: Mapped[dict[str, Any]]


class TicketNumber(Base):
    """The last number given for one prefix in one community, so that numbers have no gaps and no doubles."""

    __tablename__ = "ticket_numbers"
    __table_args__ = (community_reference(),)

    community_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    prefix: Mapped[str] = mapped_column(primary_key=True)
    last: Mapped[int]


class TicketEvent(Tenant, Base):
    """One thing that happened to a ticket: what, when, by whom and why; never changed afterwards.

    `kind` is `subject:action`, such as `ticket:opened`, `ticket:replied`, `deadline:reminded`, `deadline:breached`.
    """

    __tablename__ = "ticket_events"
    __table_args__ = (
        community_reference(),
        reference("tickets", "ticket_id"),
        reference("messages", "message_id"),
        Index(None, "community_id", "ticket_id", "id"),
    )

    ticket_id: Mapped[int]
    at: Mapped[datetime]
    kind: Mapped[str]
    actor: Mapped[ActorKind] = mapped_column(named(ActorKind))
    actor_id: Mapped[int | None]
    reason: Mapped[str] = mapped_column(default="")
    detail: Mapped[dict[str, Any]] = mapped_column(Json, default=dict)
    message_id: Mapped[int | None]


class TicketLink(Tenant, Base):
    """A tie between two tickets: `how` says whether they were linked, merged or split (`linked`, `merged`, `split`)."""

    __tablename__ = "ticket_links"
    __table_args__ = (
        community_reference(),
        reference("tickets", "ticket_id"),
        reference("tickets", "other_id"),
        UniqueConstraint("community_id", "ticket_id", "other_id", "how"),
        Index(None, "community_id", "other_id"),
    )

    ticket_id: Mapped[int]
    other_id: Mapped[int]
    how: Mapped[str]
    created_at: Mapped[datetime]


class Deadline(Tenant, Base):
    """Something that is due on a ticket.

    `stage` counts the steps of the frozen ladder already taken, `next_check_at` is when the next one falls, or None
    when none is left. A met or replaced deadline has no next check. `words` is what a person promised the resident, or
    why the clock is paused.
    """

    __tablename__ = "deadlines"
    __table_args__ = (
        community_reference(),
        reference("tickets", "ticket_id"),
        Index(
            "ix_deadlines_due",
            "next_check_at",
            sqlite_where=text("next_check_at IS NOT NULL"),
            postgresql_where=text("next_check_at IS NOT NULL"),
        ),
        Index(None, "community_id", "ticket_id"),
    )

    ticket_id: Mapped[int]
    kind: Mapped[DeadlineKind] = mapped_column(named(DeadlineKind))
    state: Mapped[DeadlineState] = mapped_column(named(DeadlineState))
    started_at: Mapped[datetime]
    due_at: Mapped[datetime]
    stage: Mapped[int] = mapped_column(default=0)
    next_check_at: Mapped[datetime | None]
    ladder: Mapped[list[Any]]
    words: Mapped[str] = mapped_column(default="")
    paused_at: Mapped[datetime | None]
    breached_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    deferrals: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None]
