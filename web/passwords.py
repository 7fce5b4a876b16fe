"""Passwords: hashed with argon2 in a thread, and as slow for a login that does not exist as for one that does."""

import asyncio
import secrets

import anyio.to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH = 10
MAX_LENGTH = 200

_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # without i, l, o, 0 and 1, which are mistaken for one another
_GROUPS = 4
_GROUP_LENGTH = 4


def first_password() -> str:
    """A random password to be changed at the first sign-in: 79 bits, easy to read out and to type."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


class Passwords:
    """Hashes and checks passwords; two at a time, because each takes 64 MiB for a moment."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._at_once = asyncio.Semaphore(2)
        self._nobody = self._hasher.hash("a password that nobody has")

    async def hash(self, password: str) -> str:
        """The argon2 hash of a password."""
        async with self._at_once:
            return await anyio.to_thread.run_sync(self._hasher.hash, password)

    async def matches(self, password: str, stored: str | None) -> bool:
        """Whether the password is the one that was stored; without a stored one the same work is done for nothing."""
        async with self._at_once:
            right = await anyio.to_thread.run_sync(self._verify, password, stored or self._nobody)
        return right and stored is not None

    def _verify(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False
