"""Tells a resident's own bills, and nobody else's (domain.md B4)."""

from bot.dialogue.talk import Talk
from nlu.types import EntityType


def tell_bills(talk: Talk) -> None:
    """The bills of the resident's own homes, and nothing before the resident is known (domain.md B4)."""
    homes = talk.situation.known.homes
    if not homes or not _is_own(talk):
        talk.say("fee.need_binding" if not homes else "fee.not_yours")
        return
    owed = [bill for bill in talk.situation.bills if bill.owed_fen > 0]
    if not owed:
        talk.say("fee.no_arrears")
        return
    lines = "\n".join(f"{bill.fee_type} {bill.period} {yuan(bill.owed_fen)}" for bill in owed)
    talk.say("fee.bills", {"lines": lines, "total": yuan(sum(bill.owed_fen for bill in owed))})


def _is_own(talk: Talk) -> bool:
    """Whether an address in the message, if there is one, is a home of the writer's."""
    asked = {
        kind: entity.value
        for kind in (EntityType.BUILDING, EntityType.UNIT, EntityType.ROOM)
        if (entity := talk.heard.understanding.first(kind)) is not None
    }
    return any(
        asked.get(EntityType.BUILDING) in {None, home.building}
        and asked.get(EntityType.UNIT) in {None, home.unit}
        and asked.get(EntityType.ROOM) in {None, home.room}
        for home in talk.situation.known.homes
    )


def yuan(fen: int) -> str:
    """An amount of money as it is told, in yuan with two decimals; the unit is in the script."""
    return f"{fen / 100:.2f}"
