"""Numbers that choose between variants: different from turn to turn, the same when a turn is run again."""

import hashlib

from actions.turns import Turn


def seed_of(turn: Turn, step: int) -> int:
    """The seed of one thing said in one turn."""
    digest = hashlib.blake2b(f"{turn.conversation_id}:{turn.number}:{step}".encode(), digest_size=4)
    return int.from_bytes(digest.digest())
