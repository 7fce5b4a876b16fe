"""How fast a channel may send: limits of a bot, a chat and a group, kept in the database and so for all processes.

What goes to many at once uses what is left over: a reply never waits behind a broadcast (design: 5 a second reserved).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from actions import outbox
from actions.outbox import DUE_ROWS, NEXT_MOMENT, Parcel
from actions.statements import dialect_of, table
from actions.tables import Contact, OutboxRow, SendPace

# How many messages to contacts that are not to be written to yet are put off in one look.
_PUT_OFF_AT_ONCE = 50
# The two engines have the same words for it, but SQLAlchemy has a class for each.
_ENGINES: dict[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

_OUTBOX, _CONTACT, _PACE = table(OutboxRow), table(Contact), table(SendPace)
_THIS_PACE = and_(_PACE.c.community_id == bindparam("this_community"), _PACE.c.channel == bindparam("this_channel"))
_LOCK = select(_PACE).where(_THIS_PACE).with_for_update()
_IN_LANE = and_(
    _OUTBOX.c.community_id == bindparam("this_community"),
    _OUTBOX.c.channel == bindparam("this_channel"),
    _OUTBOX.c.bulk == bindparam("this_bulk"),
)
_DUE = DUE_ROWS.where(_IN_LANE)
_NEXT_IN_LANE = NEXT_MOMENT.where(_IN_LANE)
_NEXT_UNPACED = NEXT_MOMENT.where(
    ~select(_PACE.c.channel)
    .where(_PACE.c.community_id == _OUTBOX.c.community_id, _PACE.c.channel == _OUTBOX.c.channel)
    .exists()
)
_PUT_OFF = (
    update(_OUTBOX)
    .where(_OUTBOX.c.community_id == bindparam("this_community"), _OUTBOX.c.id == bindparam("this_row"))
    .values(next_attempt_at=bindparam("until"))
)
_SPARE = (
    update(_CONTACT)
    .where(_CONTACT.c.community_id == bindparam("this_community"), _CONTACT.c.id == bindparam("this_contact"))
    .values(send_after=bindparam("until"))
)


@dataclass(frozen=True, slots=True)
class Pace:
    """How many messages a bot may send in a `window`, and the least time between two to one chat, and to one group.

    As Telegram allows: 30 a second, of which 5 are kept for replies, one a second to a chat and 20 a minute to a group;
    each a little slower, since messages do not travel equally fast: those sent in a second may arrive in less.
    """

    most: int = 30
    reserved: int = 5
    window: timedelta = timedelta(milliseconds=1200)
    contact: timedelta = timedelta(milliseconds=1150)
    group: timedelta = timedelta(milliseconds=3150)

    def after(self, address: str) -> timedelta:
        """How long a chat is spared after a message; the addresses of groups are negative numbers."""
        return self.group if address.startswith("-") else self.contact


@dataclass(frozen=True, slots=True)
class Lane:
    """One bot: the messages of one community on one channel, and how fast they may go."""

    community_id: int
    channel: str
    pace: Pace = Pace()


def claim(
    session: Session, lane: Lane, owner: str, now: datetime, *, places: int = 1, bulk_places: int = 1
) -> tuple[Parcel, ...]:
    """Claim the next messages of a bot that may go out now, `places` at most, replies first.

    At most `bulk_places` of them are such as go to many, and those only as long as the bot's limit leaves room for
    replies.
    """
    found = _lock(session, lane)
    if _later(now, found["paused_until"]) > now:
        return ()
    pace, recent = lane.pace, _recent(found["recent"], lane.pace, now)
    claimed: list[Parcel] = []
    for bulk, room in ((False, places), (True, min(places, bulk_places))):
        most = pace.most - (pace.reserved if bulk else 0)
        taken = 0
        while taken < room and len(claimed) < places and len(recent) < most:
            parcel = _take(session, lane, owner, now, bulk=bulk)
            if parcel is None:
                break
            claimed.append(parcel)
            recent.append(now.timestamp())
            taken += 1
            contact = {"this_community": parcel.community_id, "this_contact": parcel.contact_id}
            session.execute(_SPARE, {**contact, "until": now + pace.after(parcel.address)})
    if claimed:
        session.execute(update(_PACE).where(_THIS_PACE).values(recent=recent[-pace.most :]), _key(lane))
    return tuple(claimed)


def note_flood(session: Session, parcel: Parcel, retry_after: float, now: datetime) -> None:
    """The channel asked to wait: its chat is spared for so long, and the whole bot once two chats are told the same."""
    until = now + timedelta(seconds=retry_after)
    key = {"this_community": parcel.community_id, "this_channel": parcel.channel}
    pace = session.execute(_LOCK, key).mappings().one_or_none()
    if pace is None:
        return
    values: dict[str, Any] = {"told_until": until, "told_contact_id": parcel.contact_id}
    told_until, told = pace["told_until"], pace["told_contact_id"]
    if told_until is not None and told_until > now and told != parcel.contact_id:
        values["paused_until"] = _later(until, pace["paused_until"])
    session.execute(update(_PACE).where(_THIS_PACE).values(values), key)
    session.execute(_SPARE, {"this_community": parcel.community_id, "this_contact": parcel.contact_id, "until": until})


def next_moment(session: Session) -> datetime | None:
    """When the next message may go out, or None when none waits; the limits of the bots count."""
    moments = [session.execute(_NEXT_UNPACED).scalar_one_or_none()]
    for pace in session.execute(select(_PACE)).mappings():
        key = {"this_community": pace["community_id"], "this_channel": pace["channel"]}
        for bulk in (False, True):
            first = session.execute(_NEXT_IN_LANE, {**key, "this_bulk": bulk}).scalar_one_or_none()
            if first is not None:
                moments.append(_later(first, _room_at(pace["recent"], bulk=bulk), pace["paused_until"]))
    return min((moment for moment in moments if moment is not None), default=None)


def take_lease(session: Session, lane: Lane, owner: str, now: datetime, *, seconds: float) -> bool:
    """Become, or stay, the one process that fetches what arrives for a bot; False while another one is."""
    pace = _lock(session, lane)
    if pace["poller"] not in {None, owner} and _later(now, pace["poller_until"]) > now:
        return False
    values = {"poller": owner, "poller_until": now + timedelta(seconds=seconds)}
    session.execute(update(_PACE).where(_THIS_PACE).values(values), _key(lane))
    return True


def _take(session: Session, lane: Lane, owner: str, now: datetime, *, bulk: bool) -> Parcel | None:
    for _ in range(_PUT_OFF_AT_ONCE):
        row = session.execute(_DUE, {**_key(lane), "this_bulk": bulk, "now": now}).one_or_none()
        if row is None or row.send_after is None or row.send_after <= now:
            return None if row is None else outbox.take(session, row, owner, now)
        key = {"this_community": row.community_id, "this_row": row.id}
        session.execute(_PUT_OFF, {**key, "until": row.send_after})
    return None


def _recent(stored: Sequence[float], pace: Pace, now: datetime) -> list[float]:
    """The moments of the messages that still count for the limit; a clock that was set back counts none twice."""
    latest, window = now.timestamp(), pace.window.total_seconds()
    # To the microsecond, as moments are told: seconds since 1970 have rounding errors beyond it, and a moment at which
    # the oldest of them still counted would be waited for again and again.
    return [at for at in stored if at <= latest and round(latest - at, 6) < window]


def _room_at(stored: Sequence[float], *, bulk: bool) -> datetime | None:
    """When the limit leaves room for one more, or None when it does so anyway; the pace is that of every bot."""
    pace = Pace()
    most = pace.most - (pace.reserved if bulk else 0)
    if len(stored) < most:
        return None
    return datetime.fromtimestamp(sorted(stored)[-most], tz=UTC) + pace.window


def _lock(session: Session, lane: Lane) -> Mapping[Any, Any]:
    """The pace of a bot, locked: what one process sends, the others must see."""
    found = session.execute(_LOCK, _key(lane)).mappings().one_or_none()
    if found is None:
        into = _ENGINES[dialect_of(session)]
        row = {"community_id": lane.community_id, "channel": lane.channel, "recent": []}
        session.execute(into(_PACE).on_conflict_do_nothing(), row)
        found = session.execute(_LOCK, _key(lane)).mappings().one()
    return found


def _key(lane: Lane) -> dict[str, object]:
    return {"this_community": lane.community_id, "this_channel": lane.channel}


def _later(moment: datetime, *others: datetime | None) -> datetime:
    return max([moment, *(other for other in others if other is not None)])
