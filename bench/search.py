"""Searching the logs among very many messages: words of one and of two characters, with and without a time filter.

The messages are made of the sentences that the understanding is trained on, a year of them, forty to a
conversation. What is measured is the whole search: the index, the filters, and the page of results.

    make bench ARGS="search"                       # or: python -m bench search --messages 1000000 --engine sqlite
"""

import asyncio
import os
import random
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import pairwise
from pathlib import Path

import structlog
from sqlalchemy import insert
from sqlalchemy.orm import Session

from actions.access import StaffIdentity
from actions.estate import found_community
from actions.ids import new_id
from actions.migrate import upgrade
from actions.search import LogFilter, search
from actions.search_index import put_in
from actions.store import Store, open_store
from actions.tables import Author, Contact, Conversation, Direction, Message, Role, TurnOwner
from bench.databases import ENGINES, databases
from desk.settings import read_settings
from nlu.training_data import TrainingData
from words.content import ContentFiles

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
YEAR = timedelta(days=365)
_ROWS = 1_000
_LOOKS = 200
_A_TALK = 40
_PLACES = ("3栋A座", "12栋902", "7栋2单元301", "地下车库B2", "5号楼大堂", "16栋1单元2203", "东门岗亭", "2栋B座1801")


def measure(engine: str | None, messages: int, seed: int | None) -> None:
    """Fill, search, and print the figures."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    for name in (engine,) if engine else ENGINES:
        asyncio.run(_measure_on(name, messages, random.Random(seed)))


async def _measure_on(name: str, messages: int, chance: random.Random) -> None:
    settings = read_settings(os.environ)
    data = await asyncio.to_thread(TrainingData.read, ContentFiles.load(Path(settings.content)))
    sentences = [example.text for example in data.examples]
    async with databases(name, settings.home) as place:
        url = await place.create("search")
        await upgrade(url)
        store = await open_store(url)
        try:
            community_id = await store.write(_found)
            talks = await _talks(store, community_id, max(messages // _A_TALK, 1))
            started = time.monotonic()
            counted: Counter[str] = Counter()
            for first in range(0, messages, _ROWS):
                texts = [_text(sentences, chance) for _ in range(min(_ROWS, messages - first))]
                counted.update("".join(pair) for text in texts[:50] for pair in pairwise(text) if _chinese(pair))
                at = NOW - YEAR + first / messages * YEAR
                await store.write(partial(_fill, community_id, talks, texts, first, at))
            filled = time.monotonic() - started
            print(
                f"{name}: {messages:,} messages filled in {filled:.0f} s ({messages / filled:,.0f} a second)",
                flush=True,
            )
            frequent = [pair for pair, _count in counted.most_common(100)]
            seldom = chance.sample(list(counted), min(100, len(counted)))
            for what, words, days in (
                ("two characters, 30 days", frequent + seldom, 30),
                ("two characters, 7 days", frequent + seldom, 7),
                ("two characters, all history", frequent + seldom, None),
                ("one character, 30 days", [pair[0] for pair in frequent + seldom], 30),
                ("“3栋A座”, 30 days", list(_PLACES), 30),
            ):
                await _search(store, community_id, f"{name}: {what}", words, days, chance)
        finally:
            await store.close()


def _chinese(pair: tuple[str, str]) -> bool:
    return all("一" <= sign <= "鿿" for sign in pair)


def _text(sentences: Sequence[str], chance: random.Random) -> str:
    parts = chance.sample(sentences, chance.choice((1, 1, 2)))
    if chance.random() < 0.3:
        parts.insert(0, chance.choice(_PLACES))
    return "，".join(parts)


def _found(session: Session) -> int:
    return found_community(session, "bench", name="bench", timezone="Asia/Shanghai", facts={}, now=NOW - YEAR)


async def _talks(store: Store, community_id: int, count: int) -> list[int]:
    made: list[int] = []
    for first in range(0, count, _ROWS):
        made += await store.write(partial(_open, community_id, first, min(_ROWS, count - first)))
    return made


def _open(community_id: int, first: int, count: int, session: Session) -> list[int]:
    at = NOW - YEAR
    contacts = [new_id(session, at) for _ in range(count)]
    talks = [new_id(session, at) for _ in range(count)]
    session.execute(
        insert(Contact),
        [
            {
                "community_id": community_id, "id": key, "channel": "web", "address": f"bench-{first + place}",
                "display_name": f"住户{first + place}", "created_at": at,
            }
            for place, key in enumerate(contacts)
        ],
    )  # fmt: skip
    session.execute(
        insert(Conversation),
        [
            {
                "community_id": community_id, "id": talk, "contact_id": contact, "owner": TurnOwner.BOT, "state": {},
                "opened_at": at,
            }
            for talk, contact in zip(talks, contacts, strict=True)
        ],
    )  # fmt: skip
    return talks


def _fill(
    community_id: int, talks: Sequence[int], texts: Sequence[str], first: int, at: datetime, session: Session
) -> None:
    rows = [
        {
            "community_id": community_id, "id": new_id(session, at), "conversation_id": talks[number % len(talks)],
            "seq": number // len(talks) + 1, "direction": Direction.IN, "author": Author.RESIDENT, "text": text,
            "sent_at": at, "stored_at": at, "idempotency_key": f"bench-{number}",
            "understanding": {"intent": "repair", "category": "outage"},
        }
        for number, text in enumerate(texts, first)
    ]  # fmt: skip
    session.execute(insert(Message), rows)
    put_in(session, community_id, [(int(str(row["id"])), str(row["text"])) for row in rows])


async def _search(
    store: Store, community_id: int, what: str, words: Sequence[str], days: int | None, chance: random.Random
) -> None:
    staff = StaffIdentity(community_id, 1, "bench", frozenset({Role.MANAGER}))
    took, found = [], 0
    for place in range(_LOOKS):
        until = NOW - chance.random() * (YEAR - timedelta(days=days or 365))
        chosen = LogFilter(
            words[place % len(words)],
            since=until - timedelta(days=days) if days else None,
            until=until if days else None,
        )
        started = time.perf_counter()
        page = await store.read(partial(_look, staff, chosen))
        took.append(1000 * (time.perf_counter() - started))
        found += page
    spread = statistics.quantiles(took, n=20)
    print(
        f"{what}: p50 {statistics.median(took):.0f} ms, p95 {spread[18]:.0f} ms, worst {max(took):.0f} ms, "
        f"{found / _LOOKS:.0f} shown",
        flush=True,
    )


def _look(staff: StaffIdentity, chosen: LogFilter, session: Session) -> int:
    return len(search(session, staff, chosen).messages)
