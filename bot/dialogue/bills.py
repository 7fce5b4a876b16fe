"""Tells a resident's own bills, and nobody else's (domain.md B4)."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from actions.bills import BillLine
from actions.periods import period_of
from actions.sight import bills_seen
from actions.tables import BindingRole, FeeKind
from bot.dialogue.talk import Talk
from nlu.types import EntityType

CODE = "code"
"""What is asked while the desk waits for a binding code."""

BILLS = "bills"
"""What was asked before the code was: the resident's own bills."""

_MOST_LINES = 6


def need_code(talk: Talk) -> None:
    """Ask for the code, and remember what was asked, so that the answer follows at once."""
    talk.state.asked, talk.state.asked_about = CODE, BILLS
    talk.state.unclear = talk.heard.text
    talk.say("fee.need_binding")


def tell_bills(talk: Talk, said: str = "") -> None:
    """The bills of the resident's own homes, as far as their role sees them; before they are known nothing at all.

    `said` is the question where it was asked in an earlier message.
    """
    homes = talk.situation.known.homes
    if not homes:
        need_code(talk)
        return
    if not _is_own(talk):
        talk.say("fee.not_yours")
        return
    kinds = talk.situation.rules.bills.kinds_named(said or talk.heard.text)
    # Whoever pays everything says 物业费 and means all that is owed.
    all_kinds = not kinds or (kinds == {FeeKind.PROPERTY} and _sees_owners(talk))
    asked = _of_period(talk, [bill for bill in _of_homes(talk) if all_kinds or bill.kind in kinds])
    owed = [bill for bill in asked if bill.owed_fen > 0]
    if owed:
        facts = {"lines": _lines(talk, owed), "total": _yuan(talk, sum(bill.owed_fen for bill in owed))}
        talk.say("fee.bills", facts)
    elif _pays_nothing(talk, kinds):
        # What somebody else pays is neither told nor denied: “nothing is owed” would be a word about the owner.
        talk.say("bills.not_payer")
    elif asked and (not all_kinds or len(asked) < len(_of_homes(talk))):
        talk.say("bills.paid", {"lines": _lines(talk, asked[-_MOST_LINES:])})
    elif kinds and not asked:
        names, phrases = talk.situation.rules.policy.names, talk.situation.rules.phrases
        talk.say("bills.none_of_kind", {"fee": phrases.list_join.join(map(names.fee_kind, sorted(kinds)))})
    else:
        talk.say("fee.no_arrears")


def _pays_nothing(talk: Talk, kinds: frozenset[FeeKind]) -> bool:
    """Whether this is somebody whose role at all their homes leaves bills to others, and who has none of their own."""
    own = [bill for bill in talk.situation.bills if not kinds or bill.kind in kinds]
    return not _sees_owners(talk) and not own


def _sees_owners(talk: Talk) -> bool:
    seen = bills_seen(talk.situation.known.homes)
    return any(BindingRole.OWNER in payers for payers in seen.values())


def _of_homes(talk: Talk) -> list[BillLine]:
    """The bills of the homes that the message names, or of all."""
    named = {home.room_id for home in talk.situation.known.homes if _fits(talk, home.building, home.unit, home.room)}
    return [bill for bill in talk.situation.bills if bill.room_id in named]


def _of_period(talk: Talk, bills: list[BillLine]) -> list[BillLine]:
    """The bills of the time that a message names, if it names one that is over or running; all of them otherwise."""
    for entity in talk.heard.understanding.entities:
        if entity.type is not EntityType.TIME:
            continue
        stretch = _days(talk, entity.value)
        if stretch is None:
            continue
        within = [bill for bill in bills if (period := period_of(bill.period)) and period.overlaps(*stretch)]
        if within:
            return within
    return bills


def _days(talk: Talk, value: str) -> tuple[date, date] | None:
    """The first and the last day of a time, or None for one that lies ahead."""
    start, _, end = value.partition("/")
    zone = talk.situation.rules.phrases.zone
    try:
        first, last = datetime.fromisoformat(start), datetime.fromisoformat(end)
    except ValueError:
        return None
    if first > talk.now:
        return None
    # The end of a time is its first moment that is not part of it any more.
    return first.astimezone(zone).date(), (last.astimezone(zone) - timedelta(microseconds=1)).date()


def _lines(talk: Talk, bills: Iterable[BillLine]) -> str:
    """One line for each bill; of many only the first, and the rest in one."""
    phrases = talk.situation.rules.phrases
    listed = list(bills)
    several = len({bill.room_id for bill in listed}) > 1
    lines = [
        phrases.bill["line"].format(
            room=f"{bill.room} " if several else "",
            fee=bill.fee_type,
            period=bill.period,
            amount=_yuan(talk, bill.owed_fen or bill.amount_fen),
            state=phrases.bill["detail"].format(detail=bill.detail) if bill.detail else "",
        )
        for bill in listed[:_MOST_LINES]
    ]
    rest = listed[_MOST_LINES:]
    if rest:
        amount = _yuan(talk, sum(bill.owed_fen or bill.amount_fen for bill in rest))
        lines.append(phrases.bill["rest"].format(count=len(rest), amount=amount))
    return "\n".join(lines)


def _is_own(talk: Talk) -> bool:
    """Whether an address in the message, if there is one, is a home of the writer's."""
    return any(_fits(talk, home.building, home.unit, home.room) for home in talk.situation.known.homes)


def _fits(talk: Talk, building: str, unit: str | None, room: str) -> bool:
    """Whether the address of the message, as far as it goes, is this one."""
    asked = {
        kind: entity.value
        for kind in (EntityType.BUILDING, EntityType.UNIT, EntityType.ROOM)
        if (entity := talk.heard.understanding.first(kind)) is not None
    }
    return (
        asked.get(EntityType.BUILDING) in {None, building}
        and asked.get(EntityType.UNIT) in {None, unit}
        and asked.get(EntityType.ROOM) in {None, room}
    )


def _yuan(talk: Talk, fen: int) -> str:
    """An amount of money as it is told, in yuan with two decimals."""
    return talk.situation.rules.phrases.bill["yuan"].format(amount=f"{fen / 100:.2f}")
