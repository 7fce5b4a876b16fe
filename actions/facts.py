"""The facts of a community as staff keep them: what stands here is told at once (domain.md A11, B1)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.actors import Actor
from actions.errors import ConflictError, FieldError
from actions.fact_book import FactBook
from actions.records import write_record
from actions.tables import AuditEntry, Community, Staff

_CHANGED = "fact:changed"


@dataclass(frozen=True, slots=True)
class FactChange:
    """A fact as the page showed it, and as it should be; an empty text stands for a fact that is not on record."""

    was: str
    value: str


@dataclass(frozen=True, slots=True)
class LastChange:
    """Who changed a fact last, and when."""

    by: str
    at: datetime


def facts_kept(session: Session, staff: StaffIdentity) -> Mapping[str, str]:
    """All facts on record. Raises NotAllowedError."""
    require(staff, Permission.CONTENT_EDIT)
    facts = session.execute(select(Community.facts).where(Community.id == staff.community_id)).scalar_one()
    return {name: str(value) for name, value in facts.items()}


def last_changes(session: Session, staff: StaffIdentity) -> Mapping[str, LastChange]:
    """Who changed which fact last, as far as it is on record. Raises NotAllowedError."""
    require(staff, Permission.CONTENT_EDIT)
    rows = session.execute(
        select(AuditEntry.detail, AuditEntry.at, Staff.name)
        .join(Staff, (Staff.community_id == AuditEntry.community_id) & (Staff.id == AuditEntry.actor_id))
        .where(AuditEntry.community_id == staff.community_id, AuditEntry.action == _CHANGED)
        .order_by(AuditEntry.at, AuditEntry.id)
    )
    return {key: LastChange(by, at) for detail, at, by in rows for key in detail}


def keep_facts(
    session: Session,
    staff: StaffIdentity,
    changes: Mapping[str, FactChange],
    book: FactBook,
    *,
    needed: Collection[str],
    now: datetime,
) -> tuple[str, ...]:
    """Keep what was changed; the keys of what is different now. A fact that replies need can be changed, not removed.

    Raises NotAllowedError, FieldError with the key of a value that has not its form, and ConflictError with the key as
    `current` when somebody changed the same fact since the page was read; nothing is changed then.
    """
    require(staff, Permission.CONTENT_EDIT)
    row = session.execute(
        select(Community)
        .where(Community.id == staff.community_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).scalar_one()
    facts = {name: str(value) for name, value in row.facts.items()}
    before: dict[str, object] = {}
    for key, change in changes.items():
        value, present = change.value.strip(), facts.get(key, "")
        if value in {change.was, present}:
            continue
        if key not in book.entries or (value and not book.entries[key].fits(value)):
            raise FieldError(key, "does not look like a fact of this form")
        if not value and key in needed:
            raise FieldError(key, "is stated by replies; it can be changed, not removed")
        if change.was != present:
            raise ConflictError(f"somebody else changed {key} since the page was read", current=key)
        before[key] = {"before": present, "after": value}
        facts[key] = value
    if before:
        row.facts = {name: value for name, value in facts.items() if value}
        actor, about = Actor.staff(staff.staff_id), ("community", staff.community_id)
        write_record(session, actor, staff.community_id, _CHANGED, about, detail=before, now=now)
    return tuple(before)
