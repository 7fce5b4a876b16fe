"""The messages of one conversation, as a resident or a staff member is shown them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.tables import Attachment, Author, Direction, Message, Staff
from actions.views.shown import QuickReply, ShownFile, ShownMessage, Why

PAGE = 200
"""How many messages a page shows at once; older ones are asked for."""

_TRACE_WORDS = 8


def messages(
    session: Session,
    community_id: int,
    conversation_id: int,
    *,
    for_staff: bool,
    after_seq: int = 0,
    before_seq: int | None = None,
) -> tuple[tuple[ShownMessage, ...], bool]:
    """The newest messages after one place and before another, in order, and whether older ones were left out.

    Notes, names of staff and the reasons of the bot are for staff only.
    """
    query = select(Message).where(
        Message.community_id == community_id, Message.conversation_id == conversation_id, Message.seq > after_seq
    )
    if before_seq is not None:
        query = query.where(Message.seq < before_seq)
    if not for_staff:
        query = query.where(Message.direction != Direction.NOTE)
    rows = session.execute(query.order_by(Message.seq.desc()).limit(PAGE + 1)).scalars().all()
    shown = rows[:PAGE][::-1]
    files = files_of(session, community_id, [row.id for row in shown])
    names = staff_names(session, community_id, {row.staff_id for row in shown}) if for_staff else {}
    whys = _whys(shown) if for_staff else {}
    return tuple(_message(row, files, names, whys, for_staff=for_staff) for row in shown), len(rows) > PAGE


def files_of(session: Session, community_id: int, message_ids: Sequence[int]) -> Mapping[int, tuple[ShownFile, ...]]:
    """The files of some messages, by message."""
    found: dict[int, tuple[ShownFile, ...]] = defaultdict(tuple)
    if not message_ids:
        return found
    rows = session.execute(
        select(Attachment)
        .where(
            Attachment.community_id == community_id,
            Attachment.message_id.in_(message_ids),
            # What a messenger still holds is shown when it is here.
            Attachment.sha256 != "",
        )
        .order_by(Attachment.id)
    ).scalars()
    for row in rows:
        found[row.message_id] += (ShownFile(row.id, row.name, row.size, row.kind),)
    return found


def staff_names(session: Session, community_id: int, staff_ids: Iterable[int | None]) -> Mapping[int, str]:
    """The names of some members, by id."""
    wanted = [staff_id for staff_id in set(staff_ids) if staff_id is not None]
    if not wanted:
        return {}
    rows = session.execute(select(Staff.id, Staff.name).where(Staff.community_id == community_id, Staff.id.in_(wanted)))
    return dict(rows.all())


def _message(
    row: Message,
    files: Mapping[int, tuple[ShownFile, ...]],
    names: Mapping[int, str],
    whys: Mapping[int, Why],
    *,
    for_staff: bool,
) -> ShownMessage:
    understood = (row.understanding or {}) if for_staff else {}
    return ShownMessage(
        id=row.id,
        seq=row.seq,
        direction=row.direction,
        author=row.author,
        author_name=names.get(row.staff_id, "") if row.staff_id is not None else "",
        text=row.text,
        sent_at=row.sent_at,
        files=files.get(row.id, ()),
        buttons=_buttons(row.buttons),
        client_id=_client_id(row),
        why=whys.get(row.id),
        staff_id=row.staff_id if for_staff else None,
        reply_id=row.reply_id if for_staff else None,
        edit_of=row.edit_of,
        kind=row.kind,
        quote=row.quote,
        origin=row.origin,
        decision=(row.decision or {}) if for_staff else {},
        label=".".join(str(part) for part in (understood.get("intent"), understood.get("category")) if part),
    )


def _buttons(stored: Sequence[Any] | None) -> tuple[QuickReply, ...]:
    if not stored:
        return ()
    return tuple(
        QuickReply(str(button["label"]), str(button.get("says") or button["label"]))
        for button in stored
        if isinstance(button, Mapping) and button.get("label")
    )


def _client_id(row: Message) -> str:
    # The key is channel:address:id, and only the web chat's page knows its messages by their ids.
    key = row.idempotency_key or ""
    return key.rsplit(":", 1)[1] if row.direction is Direction.IN and key.startswith("web:") else ""


def _whys(rows: Sequence[Message]) -> Mapping[int, Why]:
    """For each message of the bot: what it had understood of the message before it, and what it then decided."""
    found: dict[int, Why] = {}
    understood: Mapping[str, Any] = {}
    for row in rows:
        if row.direction is Direction.IN:
            understood = row.understanding or {}
        elif row.author is Author.BOT:
            found[row.id] = _why(understood, row)
    return found


def _why(understood: Mapping[str, Any], row: Message) -> Why:
    decision = row.decision or {}
    confidence = understood.get("confidence")
    trace = understood.get("trace") or ()
    return Why(
        intent=_text(understood.get("intent")),
        category=_text(understood.get("category")),
        emergency=_text(understood.get("emergency")),
        confidence=float(confidence) if isinstance(confidence, int | float) else None,
        unsure=bool(understood.get("unsure")),
        words=tuple(_word(item) for item in trace[:_TRACE_WORDS]),
        reply_id=row.reply_id,
        steps=tuple(f"{name}: {_plain(value)}" for name, value in sorted(decision.items())),
    )


def _text(value: object) -> str | None:
    return str(value) if value else None


def _word(item: object) -> str:
    # An entry of the trace is a word, or a word with its weight.
    return str(item[0]) if isinstance(item, Sequence) and not isinstance(item, str) and item else str(item)


def _plain(value: object) -> str:
    if isinstance(value, Mapping):
        return " · ".join(f"{name} {_plain(inner)}" for name, inner in value.items())
    if isinstance(value, list | tuple):
        return " · ".join(_plain(inner) for inner in value)
    return str(value)
