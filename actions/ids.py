"""Ids: 63 bits, ordered by time, made by the application and never going backwards."""

from datetime import UTC, datetime
from threading import Lock

from sqlalchemy.orm import Session

_EPOCH_MS = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1000)
_NODE_BITS = 10
_SEQUENCE_BITS = 12
_LAST_SEQUENCE = (1 << _SEQUENCE_BITS) - 1
NODES = 1 << _NODE_BITS


class IdMaker:
    """Makes ids of 41 bits of milliseconds, 10 bits of node and 12 bits of sequence.

    `floor` is the highest id already stored: when the clock was set back since, ids go on from there.
    """

    def __init__(self, *, node: int = 0, floor: int = 0) -> None:
        self._node = node
        self._ms = floor >> (_NODE_BITS + _SEQUENCE_BITS)
        self._sequence = _LAST_SEQUENCE
        self._lock = Lock()

    def next(self, now: datetime) -> int:
        """The next id, higher than all before it whatever `now` is."""
        ms = int(now.timestamp() * 1000) - _EPOCH_MS
        with self._lock:
            if ms > self._ms:
                self._ms, self._sequence = ms, 0
            elif self._sequence < _LAST_SEQUENCE:
                self._sequence += 1
            else:
                self._ms, self._sequence = self._ms + 1, 0
            return (((self._ms << _NODE_BITS) | self._node) << _SEQUENCE_BITS) | self._sequence


def lowest_id(at: datetime) -> int:
    """The lowest id that is made at a moment or later."""
    return max(int(at.timestamp() * 1000) - _EPOCH_MS, 0) << (_NODE_BITS + _SEQUENCE_BITS)


def new_id(session: Session, now: datetime) -> int:
    """The next id of the store to which this session belongs."""
    maker: IdMaker = session.info["ids"]
    return maker.next(now)
