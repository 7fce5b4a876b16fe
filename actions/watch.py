"""Keeps the clock: takes what is due, one step at a time, the same late as in time (domain.md C4, C9)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import TypeVar

from sqlalchemy import and_, select, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from actions import clocks
from actions.actors import SYSTEM
from actions.deadlines import due_within
from actions.errors import ActionError
from actions.ladder import Act, Planned
from actions.owed import Clock, frozen_rules
from actions.pausing import go_on
from actions.tables import Conversation, Deadline, DeadlineKind, DeadlineState, Direction, Message, Ticket, TicketStatus
from actions.transitions import RUNNING, record_clock

Tell = Callable[[Session, Ticket, str, Mapping[str, object], datetime], None]

# The scripts that give a new time: before the old one is broken, and afterwards, where the desk was asleep; their facts
# are the ticket's number and the new due moment.
DELAYED = "ticket.delayed"
LATE = "ticket.late"
WORDED = "deadline:worded"
# What was said of these to the resident, if a person promised it.
_PROMISED = frozenset({DeadlineKind.ON_SITE, DeadlineKind.COMPLETION})
_DEFERRED_FOR = timedelta(hours=1)
_LOOKED_AT = 16
Row = TypeVar("Row", Conversation, Ticket)


class PoisonedError(ActionError):
    """A deadline could not be enforced; `deadline_id` is to be deferred, and the loop goes on."""

    def __init__(self, deadline_id: int, error: Exception) -> None:
        super().__init__(f"deadline {deadline_id}: {type(error).__name__}: {error}")
        self.deadline_id = deadline_id


def enforce_one(session: Session, tell: Tell, now: datetime) -> bool:
    """Take the next step of the most overdue deadline; False when nothing is due or others are at it.

    Called late it does the same as in time, step by step in the order in which they fell due. `tell` says a script to
    the resident of the ticket. Raises PoisonedError, to be answered by rolling back and calling `defer`.
    """
    claimed = _claim(session, now)
    if claimed is None:
        return False
    deadline, ticket = claimed
    with _Blaming(deadline.id):
        if not _still_counts(deadline, ticket):
            clocks.end(session, ticket, (deadline.kind,), state=DeadlineState.CANCELLED, now=now)
            return True
        step = clocks.take_step(session, ticket, deadline, now)
        if step is not None and step.act is Act.TELL:
            _give_new_time(session, ticket, deadline, step, tell, now)
        if step is not None and step.act is Act.RESUME:
            go_on(session, ticket, SYSTEM, now=now)
        session.flush()
    return True


def defer(session: Session, deadline_id: int, error: str, now: datetime) -> None:
    """Put a poisoned deadline off by an hour and keep the reason; the audit reports it until it is mended."""
    session.execute(
        update(Deadline)
        .where(Deadline.id == deadline_id, Deadline.state == DeadlineState.RUNNING)
        .values(next_check_at=now + _DEFERRED_FOR, deferrals=Deadline.deferrals + 1, last_error=error[:500])
        .execution_options(synchronize_session=False)
    )


def next_moment(session: Session) -> datetime | None:
    """When the next step of any deadline falls due, or None when none is running."""
    return session.execute(
        select(Deadline.next_check_at)
        .where(Deadline.next_check_at.is_not(None))
        .order_by(Deadline.next_check_at)
        .limit(1)
    ).scalar_one_or_none()


def _claim(session: Session, now: datetime) -> tuple[Deadline, Ticket] | None:
    """The most overdue deadline whose ticket and conversation nobody else holds, both locked.

    The conversation is locked before the ticket, as a turn does: two that wait for each other would both be thrown out.
    """
    candidates = session.execute(
        select(Deadline.community_id, Deadline.id, Deadline.ticket_id, Ticket.conversation_id)
        .join(Ticket, (Ticket.community_id == Deadline.community_id) & (Ticket.id == Deadline.ticket_id))
        .where(Deadline.next_check_at <= now)
        .order_by(Deadline.next_check_at, Deadline.id)
        .limit(_LOOKED_AT)
    ).all()
    for community_id, deadline_id, ticket_id, conversation_id in candidates:
        if conversation_id is not None and _lock(session, Conversation, community_id, conversation_id) is None:
            continue
        ticket = _lock(session, Ticket, community_id, ticket_id)
        if ticket is None:
            continue
        deadline = _due(session, community_id, deadline_id, now)
        if deadline is not None:
            return deadline, ticket
    return None


def _lock(session: Session, table: type[Row], community_id: int, row_id: int) -> Row | None:
    return session.execute(
        select(table)
        .where(table.community_id == community_id, table.id == row_id)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def _due(session: Session, community_id: int, deadline_id: int, now: datetime) -> Deadline | None:
    """The deadline as it stands under the lock; None when somebody else has just moved it on."""
    return session.execute(
        select(Deadline)
        .where(Deadline.community_id == community_id, Deadline.id == deadline_id, Deadline.next_check_at <= now)
        .execution_options(populate_existing=True)
    ).scalar_one_or_none()


def _still_counts(deadline: Deadline, ticket: Ticket) -> bool:
    if deadline.kind is DeadlineKind.CALL_BACK:
        return ticket.status is TicketStatus.RESOLVED
    if ticket.status not in RUNNING:
        return False
    return deadline.kind is not DeadlineKind.REPLY or ticket.awaiting_reply_since is not None


def _give_new_time(
    session: Session, ticket: Ticket, deadline: Deadline, step: Planned, tell: Tell, now: datetime
) -> None:
    """Tell the resident before the time is broken, and name a new one, which is a deadline of its own (domain.md C4).

    Only of what the resident was told: a time that the desk set itself without a word needs none. Nor is a new time
    named where a later one has been given already.
    """
    if ticket.conversation_id is None or (deadline.kind in _PROMISED and not deadline.words):
        return
    given = clocks.running(session, ticket, (DeadlineKind.PROMISE,))
    if any(other.id != deadline.id and other.due_at > max(deadline.due_at, now) for other in given):
        return
    rules, night = frozen_rules(ticket)
    allowed = min(rules.limits.late_word, 2 * (deadline.due_at - deadline.started_at))
    due_at = due_within(max(now, deadline.due_at), allowed, night, severity=ticket.severity)
    clocks.start(session, ticket, Clock(DeadlineKind.PROMISE, now, due_at, ladder=step.then), now)
    reply_id = LATE if ticket.breached or now > deadline.due_at else DELAYED
    tell(session, ticket, reply_id, {"ticket": ticket.number, "due": due_at}, now)
    detail = {"deadline": str(deadline.id), "due": due_at.isoformat(), "script": reply_id}
    if (message_id := _last_said(session, ticket, reply_id)) is not None:
        detail["message"] = str(message_id)
    record_clock(session, ticket, WORDED, detail, now)


def _last_said(session: Session, ticket: Ticket, reply_id: str) -> int | None:
    """The message that was just written; what became of it on its way is in the outbox."""
    return session.execute(
        select(Message.id)
        .where(
            and_(Message.community_id == ticket.community_id, Message.conversation_id == ticket.conversation_id),
            Message.direction == Direction.OUT,
            Message.reply_id == reply_id,
        )
        .order_by(Message.seq.desc())
        .limit(1)
    ).scalar_one_or_none()


class _Blaming:
    """Says which deadline an error belongs to; what the store retries, and what is no error, passes as it is."""

    __slots__ = ("_deadline_id",)

    def __init__(self, deadline_id: int) -> None:
        self._deadline_id = deadline_id

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        collided = isinstance(error, DBAPIError) and not isinstance(error, IntegrityError | DataError)
        if isinstance(error, Exception) and not collided:
            raise PoisonedError(self._deadline_id, error) from error
