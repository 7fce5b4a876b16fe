"""Keeps the clock: takes what is due, one step at a time, the same late as in time (domain.md C4, C9)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import TypeVar

from sqlalchemy import select, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from actions import clocks
from actions.deadlines import due_within
from actions.errors import ActionError
from actions.ladder import Act
from actions.tables import Conversation, Deadline, DeadlineKind, DeadlineState, Ticket, TicketEvent
from actions.transitions import RUNNING, record_clock

Tell = Callable[[Session, Ticket, str, Mapping[str, object], datetime], None]

# The script that says that the answer is late; its facts are the ticket's number and the new due moment.
LATE = "ticket.late"
_TOLD = "deadline:told"
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
        if step is not None and step.act is Act.BREACH:
            _tell_once(session, ticket, deadline, tell, now)
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
    if ticket.status not in RUNNING:
        return False
    return deadline.kind is not DeadlineKind.REPLY or ticket.awaiting_reply_since is not None


def _tell_once(session: Session, ticket: Ticket, deadline: Deadline, tell: Tell, now: datetime) -> None:
    """Apologise to the resident once per request, and name a new time, which is a deadline of its own."""
    late = deadline.kind in {DeadlineKind.REPLY, DeadlineKind.PROMISE}
    if not late or ticket.conversation_id is None or _was_told(session, deadline):
        return
    rules, night = clocks.frozen_rules(ticket)
    due_at = due_within(now, rules.late_word, night, severity=ticket.severity)
    clocks.end(session, ticket, (DeadlineKind.PROMISE,), state=DeadlineState.REPLACED, due_by=now, now=now)
    clocks.start(session, ticket, DeadlineKind.PROMISE, started_at=now, due_at=due_at, now=now)
    record_clock(session, ticket, _TOLD, {"deadline": str(deadline.id), "due": due_at.isoformat()}, now)
    tell(session, ticket, LATE, {"ticket": ticket.number, "due": due_at}, now)


def _was_told(session: Session, deadline: Deadline) -> bool:
    """Whether the resident has heard an apology since this clock started; the apology's own clock starts with it."""
    query = select(TicketEvent.id).where(
        TicketEvent.community_id == deadline.community_id,
        TicketEvent.ticket_id == deadline.ticket_id,
        TicketEvent.kind == _TOLD,
        TicketEvent.at >= deadline.started_at,
    )
    return session.execute(query.limit(1)).scalar_one_or_none() is not None


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
