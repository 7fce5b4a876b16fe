"""Notices as they are written: checked, published, corrected, withdrawn, and how many residents heard them (D1, D7)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Boolean, and_, insert, literal_column, select, update
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.actors import Actor
from actions.errors import ConflictError, FieldError, NotFoundError, TransitionError
from actions.estate import NewNotice, building_ids
from actions.fingerprints import fingerprint, refuse_stale
from actions.ids import new_id
from actions.notices import NoticeCard, card_of
from actions.records import write_record
from actions.tables import AuditEntry, Direction, Message, Notice, Staff

LONGEST_TITLE = 60
LONGEST_BODY = 1_000
_LONGEST_TIME = timedelta(days=366)
_PAST_SHOWN = timedelta(days=90)
_MOST_SHOWN = 200
_MOST_TOLD = 20_000
_PUBLISHED, _CHANGED, _WITHDRAWN = "notice:published", "notice:changed", "notice:withdrawn"


class Standing(StrEnum):
    """Where a notice stands: told now, not yet in force, over, or taken back."""

    ACTIVE = "active"
    COMING = "coming"
    PAST = "past"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class BulletinEntry:
    """A notice with its standing, who wrote it, and in how many conversations it was told."""

    notice: NoticeCard
    standing: Standing
    by: str
    told: int
    withdrawn_at: datetime | None
    mark: str


def bulletin(session: Session, staff: StaffIdentity, now: datetime) -> tuple[BulletinEntry, ...]:
    """The notices in force, to come, and of the last months, the newest first. Raises NotAllowedError."""
    require(staff, Permission.CONTENT_EDIT)
    rows = session.execute(
        select(Notice)
        .where(Notice.community_id == staff.community_id, Notice.ends_at > now - _PAST_SHOWN)
        .order_by(Notice.starts_at.desc(), Notice.id.desc())
        .limit(_MOST_SHOWN)
    ).scalars()
    notices = list(rows)
    writers = _writers(session, staff.community_id, [row.id for row in notices])
    told = _told(session, staff.community_id, notices)
    return tuple(_entry(row, writers.get(row.id, ""), told.get(row.id, 0), now) for row in notices)


def notice_entry(session: Session, staff: StaffIdentity, notice_id: int, now: datetime) -> BulletinEntry:
    """One notice. Raises NotAllowedError, or NotFoundError for another community's."""
    require(staff, Permission.CONTENT_EDIT)
    row = _found(session, staff, notice_id)
    by = _writers(session, staff.community_id, [row.id]).get(row.id, "")
    return _entry(row, by, _told(session, staff.community_id, [row]).get(row.id, 0), now)


def publish(session: Session, staff: StaffIdentity, new: NewNotice, labels: Collection[str], now: datetime) -> int:
    """Write a notice; residents are told of it from `published_at` on. Returns its id.

    `labels` are those that a notice may explain. Raises NotAllowedError, FieldError.
    """
    require(staff, Permission.CONTENT_EDIT)
    _check(session, staff.community_id, new, labels, now)
    notice_id = new_id(session, now)
    row = {"community_id": staff.community_id, "id": notice_id, "published_at": max(new.published_at, now)}
    session.execute(insert(Notice), _values(new) | row)
    _record(session, staff, _PUBLISHED, notice_id, new.title, now)
    return notice_id


def correct(
    session: Session,
    staff: StaffIdentity,
    notice_id: int,
    new: NewNotice,
    labels: Collection[str],
    *,
    mark: str,
    now: datetime,
) -> None:
    """Correct a notice that is not over; who was told of it is not told again.

    Raises NotAllowedError, NotFoundError, FieldError, TransitionError for one that is over or withdrawn, and
    ConflictError when somebody changed it since the page showed it as `mark`.
    """
    require(staff, Permission.CONTENT_EDIT)
    row = _locked(session, staff, notice_id)
    refuse_stale(mark, _mark(row))
    if row.withdrawn_at is not None or row.ends_at <= now:
        raise TransitionError("the notice is over; write a new one")
    _check(session, staff.community_id, new, labels, now)
    before = {"title": row.title, "body": row.body, "ends_at": row.ends_at.isoformat()}
    # What was told at an earlier time stays published from then on.
    published_at = row.published_at if row.published_at <= now else max(new.published_at, now)
    key = (Notice.community_id == staff.community_id, Notice.id == notice_id)
    session.execute(update(Notice).where(*key).values(_values(new) | {"published_at": published_at}))
    _record(session, staff, _CHANGED, notice_id, new.title, now, before=before)


def withdraw(session: Session, staff: StaffIdentity, notice_id: int, now: datetime) -> None:
    """Take a notice back: nobody is told of it from now on.

    Raises NotAllowedError, NotFoundError, ConflictError when somebody did it before.
    """
    require(staff, Permission.CONTENT_EDIT)
    row = _locked(session, staff, notice_id)
    if row.withdrawn_at is not None:
        raise ConflictError("the notice is withdrawn already")
    row.withdrawn_at = now
    _record(session, staff, _WITHDRAWN, notice_id, row.title, now)


def _check(session: Session, community_id: int, new: NewNotice, labels: Collection[str], now: datetime) -> None:
    if not 0 < len(new.title) <= LONGEST_TITLE or "\n" in new.title:
        raise FieldError("title", f"should be one line of at most {LONGEST_TITLE} characters")
    if not 0 < len(new.body) <= LONGEST_BODY:
        raise FieldError("body", f"should have at most {LONGEST_BODY} characters")
    if not set(new.explains) <= set(labels):
        raise FieldError("explains", "names a matter that is not known")
    if not set(new.buildings) <= building_ids(session, community_id).keys():
        raise FieldError("buildings", "names a building that is not there")
    if not new.starts_at < new.ends_at <= new.starts_at + _LONGEST_TIME:
        raise FieldError("ends_at", "should lie after the beginning, and within a year of it")
    if new.ends_at <= now:
        raise FieldError("ends_at", "is past; a notice that is over is told to nobody")
    if new.published_at >= new.ends_at:
        raise FieldError("published_at", "lies after the end; nobody would be told")


def _values(new: NewNotice) -> dict[str, object]:
    return {
        "title": new.title,
        "body": new.body,
        "explains": list(new.explains),
        "buildings": list(new.buildings),
        "starts_at": new.starts_at,
        "ends_at": new.ends_at,
    }


def _record(
    session: Session,
    staff: StaffIdentity,
    action: str,
    notice_id: int,
    title: str,
    now: datetime,
    *,
    before: dict[str, str] | None = None,
) -> None:
    detail: dict[str, object] = {"title": title} | ({"before": before} if before else {})
    about = ("notice", notice_id)
    write_record(session, Actor.staff(staff.staff_id), staff.community_id, action, about, detail=detail, now=now)


def _locked(session: Session, staff: StaffIdentity, notice_id: int) -> Notice:
    return _found(session, staff, notice_id, lock=True)


def _found(session: Session, staff: StaffIdentity, notice_id: int, *, lock: bool = False) -> Notice:
    query = select(Notice).where(Notice.community_id == staff.community_id, Notice.id == notice_id)
    query = query.execution_options(populate_existing=True)
    row = session.execute(query.with_for_update() if lock else query).scalar_one_or_none()
    if row is None:
        raise NotFoundError(f"notice {notice_id} is not there")
    return row


def _entry(row: Notice, by: str, told: int, now: datetime) -> BulletinEntry:
    return BulletinEntry(card_of(row), _standing(row, now), by, told, row.withdrawn_at, _mark(row))


def _standing(row: Notice, now: datetime) -> Standing:
    if row.withdrawn_at is not None:
        return Standing.WITHDRAWN
    if row.ends_at <= now:
        return Standing.PAST
    return Standing.ACTIVE if row.starts_at <= now and row.published_at <= now else Standing.COMING


def _told(session: Session, community_id: int, rows: Sequence[Notice]) -> Mapping[int, int]:
    """In how many conversations each notice was told: what the bot said stands in the messages, word for word."""
    explaining = [row for row in rows if row.explains]
    if not explaining:
        return {}
    # Written out, not bound, so that the database sees that the small index of these messages will do.
    said = literal_column("messages.reply_id = 'notice.explains'", Boolean)
    query = select(Message.conversation_id, Message.text, Message.stored_at).where(
        Message.community_id == community_id,
        said,
        Message.stored_at >= min(row.published_at for row in explaining),
        Message.direction == Direction.OUT,
    )
    heard: dict[int, set[int]] = {row.id: set() for row in explaining}
    for conversation_id, text, at in session.execute(query.limit(_MOST_TOLD)):
        for row in explaining:
            if row.title in text and row.published_at <= at < row.ends_at:
                heard[row.id].add(conversation_id)
    return {notice_id: len(talks) for notice_id, talks in heard.items()}


def _writers(session: Session, community_id: int, notice_ids: list[int]) -> dict[int | None, str]:
    rows = session.execute(
        select(AuditEntry.subject_id, Staff.name)
        .join(Staff, and_(Staff.community_id == AuditEntry.community_id, Staff.id == AuditEntry.actor_id))
        .where(
            AuditEntry.community_id == community_id,
            AuditEntry.action == _PUBLISHED,
            AuditEntry.subject_id.in_(notice_ids),
        )
    )
    return dict(rows.all())


def _mark(row: Notice) -> str:
    moments = (row.published_at.isoformat(), row.starts_at.isoformat(), row.ends_at.isoformat(), row.withdrawn_at)
    return fingerprint(row.title, row.body, row.explains, row.buildings, moments)
