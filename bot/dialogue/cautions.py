"""What is said once a ticket is open: photos are kept where damages are asked, both homes are looked at (B19)."""

from bot.dialogue.talk import Talk
from bot.wishes import Wish

_WORK = frozenset({"repair", "complaint"})
_LEAKS = frozenset({"wall_leak", "water_pipe", "drain", "neighbour"})


def say_cautions(talk: Talk, kind: str, category: str, said: str) -> None:
    """Say what keeps everybody's rights where damages or a leak between two homes are spoken of; no liability."""
    says = talk.situation.rules.phrases.wishes.says
    if kind not in _WORK:
        return
    if says(Wish.PAID_FOR, said):
        talk.say("compensation.asked")
    elif category in _LEAKS and says(Wish.BETWEEN_HOMES, said):
        talk.say("neighbour.both")
