"""Fills a database with conversations of the past: what a community has written in years."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from actions.ids import IdMaker
from actions.tables import Author, Direction, MessageKind, TurnOwner
from bench.databases import Databases, Row

# The length of one conversation; with more messages there are more conversations.
_EACH = 300
_EPOCH = datetime(2024, 1, 1, tzinfo=UTC)
_APART = timedelta(seconds=12)
_TEXTS = (
    "厨房水龙头一直滴水，明天上午有人在家，麻烦派师傅来看一下",
    "您好，已经为您登记，师傅会在约定的时间之前与您联系，感谢您的耐心等待。",
    "物业费这个月怎么还没有出账单",
    "您好，本月账单已经生成，您可以在这里查询，也可以到前台缴纳，谢谢。",
)
_CONTACT = ("community_id", "id", "channel", "address", "display_name", "reachable", "created_at")
_CONVERSATION = (
    "community_id", "id", "contact_id", "owner", "version", "state", "last_seq", "taken_seq", "turn_count", "opened_at",
)  # fmt: skip
_MESSAGE = (
    "community_id", "id", "conversation_id", "seq", "direction", "author", "text", "kind", "quote", "origin",
    "idempotency_key", "sent_at", "stored_at", "pressed", "photos", "needs_understanding", "turn",
)  # fmt: skip


def address(number: int) -> str:
    """The address from which resident `number` writes."""
    return f"bench-{number}"


async def fill(place: Databases, name: str, community_id: int, before: int, total: int) -> None:
    """Add the messages from `before` up to `total` with their contacts and conversations; nobody else is connected."""
    ids = IdMaker(node=1 if before else 0)
    first, last = -(-before // _EACH), -(-total // _EACH)
    keys = {number: (_id(ids, number), _id(ids, number)) for number in range(first, last)}
    tables = (
        ("contacts", _CONTACT, _contacts(community_id, keys)),
        ("conversations", _CONVERSATION, _conversations(community_id, keys)),
        ("messages", _MESSAGE, _messages(community_id, keys, ids)),
    )
    for table, columns, rows in tables:
        await place.insert(name, table, columns, rows)


def _id(ids: IdMaker, number: int) -> int:
    return ids.next(_EPOCH + timedelta(seconds=number))


def _contacts(community_id: int, keys: dict[int, tuple[int, int]]) -> Iterator[Row]:
    for number, (contact_id, _) in keys.items():
        yield (community_id, contact_id, "web", address(number), "", True, _EPOCH)


def _conversations(community_id: int, keys: dict[int, tuple[int, int]]) -> Iterator[Row]:
    for contact_id, conversation_id in keys.values():
        counts = (_EACH, _EACH, _EACH // 2)
        yield (community_id, conversation_id, contact_id, TurnOwner.BOT.value, 0, "{}", *counts, _EPOCH)


def _messages(community_id: int, keys: dict[int, tuple[int, int]], ids: IdMaker) -> Iterator[Row]:
    """Everybody writes at the same time: the messages of one conversation lie far apart, as they do in life."""
    moment = _EPOCH + timedelta(days=1)
    for seq in range(1, _EACH + 1):
        inbound = seq % 2 == 1
        who = (Direction.IN, Author.RESIDENT) if inbound else (Direction.OUT, Author.BOT)
        for number, (_, conversation_id) in keys.items():
            moment += _APART
            key = f"past:{number}:{seq}" if inbound else None
            yield (
                community_id, ids.next(moment), conversation_id, seq, who[0].value, who[1].value,
                _TEXTS[(seq + number) % len(_TEXTS)], MessageKind.TEXT.value, "", "", key, moment, moment,
                False, 0, False, (seq + 1) // 2,
            )  # fmt: skip
