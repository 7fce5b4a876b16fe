"""How much one visitor and one network may send: buckets in memory for this process, and whose they are."""

import hashlib
import ipaddress
from collections import OrderedDict
from collections.abc import Hashable
from datetime import datetime

_MOST_KEYS = 20_000
_HOME_PREFIX = 64


class Buckets:
    """One bucket per key. Keys that were not seen for long are forgotten first when there are very many."""

    def __init__(self, burst: float, per_minute: float) -> None:
        self._burst = float(burst)
        self._per_second = per_minute / 60
        self._levels: OrderedDict[Hashable, tuple[float, datetime]] = OrderedDict()

    def take(self, key: Hashable, now: datetime) -> bool:
        """Take one token; False when the bucket is empty."""
        level = self._level(key, now)
        allowed = level >= 1
        self._keep(key, level - 1 if allowed else level, now)
        return allowed

    def has(self, key: Hashable, now: datetime) -> bool:
        """Whether a token is left, without taking it."""
        return self._level(key, now) >= 1

    def seconds_until_next(self, key: Hashable, now: datetime) -> int:
        """How long until a token is there again."""
        missing = 1 - self._level(key, now)
        return 0 if missing <= 0 else int(missing / self._per_second) + 1

    def forget(self, key: Hashable) -> None:
        """Fill the bucket again."""
        self._levels.pop(key, None)

    def _level(self, key: Hashable, now: datetime) -> float:
        level, seen = self._levels.get(key, (self._burst, now))
        # A clock that was set back must not take tokens away.
        passed = max(0.0, (now - seen).total_seconds())
        return min(self._burst, level + passed * self._per_second)

    def _keep(self, key: Hashable, level: float, now: datetime) -> None:
        self._levels[key] = (level, now)
        self._levels.move_to_end(key)
        if len(self._levels) > _MOST_KEYS:
            self._levels.popitem(last=False)


def network_of(host: str) -> str:
    """Whom an address is counted as: itself, or with IPv6 its home, which has 2^64 addresses to send from."""
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, _HOME_PREFIX), strict=False))


def unnamed(network: str) -> str:
    """The key under which a network is counted in the database, which keeps no network address."""
    return hashlib.blake2s(network.encode(), digest_size=16).hexdigest()
