"""Judges a database, and what its channel delivered, after the desk was killed: what is lost, doubled, out of order."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.audit import audit
from actions.tables import (
    Contact,
    Conversation,
    Direction,
    Message,
    OutboxRow,
    OutboxState,
    Ticket,
    TicketEvent,
    TicketNumber,
)
from actions.tickets import FIRST_NUMBER
from tests.desk.kill_child import CHANNEL


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found wrong, and how much there was of what."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    disordered: tuple[str, ...]
    counts: Mapping[str, int]

    @property
    def problems(self) -> tuple[str, ...]:
        """Everything that is wrong."""
        return (*self.lost, *self.doubled, *self.disordered)


@dataclass(frozen=True, slots=True)
class _Talk:
    """One conversation as it lies in the database."""

    address: str
    turns: int
    said: tuple[Message, ...]

    def inbound(self) -> list[Message]:
        return [message for message in self.said if message.direction is Direction.IN]

    def by_turn(self) -> dict[int, list[Message]]:
        """The desk's messages of each turn; words told by a clock belong to none."""
        found: dict[int, list[Message]] = defaultdict(list)
        for message in self.said:
            if message.direction is Direction.OUT and message.decision and "turn" in message.decision:
                found[message.decision["turn"]].append(message)
        return found


def delivered(path: Path) -> list[tuple[int, str]]:
    """The outbox row and the address of each delivery, in the order in which they arrived."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(line["row"], line["address"]) for line in lines]


def judge(
    session: Session, said: Mapping[str, Sequence[str]], arrived: Sequence[tuple[int, str]], now: datetime
) -> Verdict:
    """Everything that is not as it would be if nobody had ever been killed."""
    talks = [_read_talk(session, address) for address in said]
    rows = session.execute(select(OutboxRow)).scalars().all()
    tickets = session.execute(select(Ticket).where(Ticket.conversation_id.is_not(None))).scalars().all()
    lost = [problem for talk in talks for problem in _lost_messages(talk, said[talk.address])]
    lost += _lost_deliveries(talks, rows, arrived)
    lost += _lost_numbers(session)
    lost += [f"audit: {finding.kind}: {finding.message}" for finding in audit(session, now)]
    doubled = [problem for talk in talks for problem in _doubled_answers(talk)]
    doubled += _doubled_deliveries(rows, arrived)
    doubled += _doubled_tickets(session, tickets)
    disordered = [problem for talk in talks for problem in _disordered(talk)]
    disordered += _disordered_deliveries(arrived)
    counts = {
        "messages": sum(len(talk.inbound()) for talk in talks),
        "turns": sum(talk.turns for talk in talks),
        "tickets": len(tickets),
        "replies": len(rows),
        "ambiguous": sum(row.state is OutboxState.AMBIGUOUS for row in rows),
        "delivered twice": sum(times > 1 for times in Counter(row for row, _ in arrived).values()),
    }
    return Verdict(tuple(lost), tuple(doubled), tuple(disordered), counts)


def _read_talk(session: Session, address: str) -> _Talk:
    conversation = session.execute(
        select(Conversation)
        .join(Contact, (Contact.community_id == Conversation.community_id) & (Contact.id == Conversation.contact_id))
        .where(Contact.channel == CHANNEL, Contact.address == address)
    ).scalar_one()
    messages = session.execute(
        select(Message).where(Message.conversation_id == conversation.id).order_by(Message.seq)
    ).scalars()
    return _Talk(address, conversation.turn_count, tuple(messages))


def _lost_messages(talk: _Talk, said: Sequence[str]) -> Iterator[str]:
    stored = {message.idempotency_key: message for message in talk.inbound()}
    for number, text in enumerate(said):
        message = stored.get(f"{CHANNEL}:{talk.address}:{number}")
        if message is None or message.text != text:
            yield f"{talk.address}: message {number} was not stored"
        elif message.needs_understanding or not message.understanding:
            yield f"{talk.address}: message {number} was not understood"
        elif message.turn is None:
            yield f"{talk.address}: message {number} was taken into no turn"
    for message in talk.said:
        if message.decision and message.decision.get("because") == "fault":
            yield f"{talk.address}: a turn failed by itself, with {message.decision.get('error')}"


def _lost_deliveries(
    talks: Sequence[_Talk], rows: Sequence[OutboxRow], arrived: Sequence[tuple[int, str]]
) -> Iterator[str]:
    waiting = Counter(row.message_id for row in rows)
    for talk in talks:
        for message in talk.said:
            if message.direction is Direction.OUT and waiting[message.id] != 1:
                yield f"{talk.address}: message {message.seq} has {waiting[message.id]} rows in the outbox"
    there = {row for row, _ in arrived}
    for row in rows:
        if row.state not in {OutboxState.SENT, OutboxState.AMBIGUOUS}:
            yield f"outbox row {row.id} is {row.state}"
        if row.id not in there:
            yield f"outbox row {row.id} was never delivered"


def _lost_numbers(session: Session) -> Iterator[str]:
    """The counter stands in the same transaction as the ticket: a gap would be a ticket that is gone."""
    given = {ticket.number for ticket in session.execute(select(Ticket)).scalars()}
    for counter in session.execute(select(TicketNumber)).scalars():
        for number in range(FIRST_NUMBER, counter.last + 1):
            if f"{counter.prefix}-{number}" not in given:
                yield f"ticket {counter.prefix}-{number} is gone"


def _doubled_answers(talk: _Talk) -> Iterator[str]:
    keys = Counter(message.idempotency_key for message in talk.inbound())
    yield from (f"{talk.address}: {key} is stored {times} times" for key, times in keys.items() if times > 1)
    for turn, messages in talk.by_turn().items():
        words = Counter((message.reply_id, message.text) for message in messages)
        yield from (f"{talk.address}: turn {turn} says {name} twice" for (name, _), n in words.items() if n > 1)
        # A turn is one transaction under the conversation's lock, so nothing stands between its messages.
        if messages[-1].seq - messages[0].seq != len(messages) - 1:
            yield f"{talk.address}: turn {turn} was answered in two places"


def _doubled_deliveries(rows: Sequence[OutboxRow], arrived: Sequence[tuple[int, str]]) -> Iterator[str]:
    times = Counter(row for row, _ in arrived)
    for row in rows:
        if times[row.id] > 1 and row.state is not OutboxState.AMBIGUOUS:
            yield f"outbox row {row.id} was delivered {times[row.id]} times and is marked as {row.state}"
        if row.state is OutboxState.AMBIGUOUS and row.attempts < 2:
            yield f"outbox row {row.id} is marked as ambiguous after one attempt"
        if times[row.id] > row.attempts:
            yield f"outbox row {row.id} was delivered more often than it was claimed"


def _doubled_tickets(session: Session, tickets: Sequence[Ticket]) -> Iterator[str]:
    alike = Counter((ticket.conversation_id, ticket.kind, ticket.summary, ticket.opened_at) for ticket in tickets)
    yield from (f"ticket for {summary!r} was opened twice" for (_, _, summary, _), n in alike.items() if n > 1)
    opened = Counter(
        session.execute(select(TicketEvent.ticket_id).where(TicketEvent.kind == "ticket:opened")).scalars()
    )
    yield from (f"{ticket.number} was opened {opened[ticket.id]} times" for ticket in tickets if opened[ticket.id] != 1)


def _disordered(talk: _Talk) -> Iterator[str]:
    inbound = talk.inbound()
    numbers = [int((message.idempotency_key or "").rsplit(":", 1)[1]) for message in inbound]
    if numbers != sorted(numbers):
        yield f"{talk.address}: messages were stored in the order {numbers}"
    taken = [message.turn or 0 for message in inbound]
    if taken != sorted(taken):
        yield f"{talk.address}: messages were taken in the order {taken}"
    answers = talk.by_turn()
    if (known := set(taken) | set(answers)) != set(range(1, talk.turns + 1)):
        yield f"{talk.address}: {talk.turns} turns were counted, and there are {sorted(known)}"
    answered = [messages[0].seq for _, messages in sorted(answers.items())]
    if answered != sorted(answered):
        yield f"{talk.address}: turns were answered in another order than they were counted"
    for turn, group in groupby(inbound, key=lambda message: message.turn):
        if turn in answers and answers[turn][0].seq < list(group)[-1].seq:
            yield f"{talk.address}: turn {turn} was answered before its last message"


def _disordered_deliveries(arrived: Sequence[tuple[int, str]]) -> Iterator[str]:
    by_address: dict[str, list[int]] = defaultdict(list)
    for row, address in arrived:
        by_address[address].append(row)
    for address, order in by_address.items():
        if order != sorted(order):
            yield f"{address}: outbox rows arrived in another order than they were written"
