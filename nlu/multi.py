"""Finds the requests of a message: one for most, two or more where its parts plainly ask for different things."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from nlu.emergency import Part
from nlu.model import Model
from nlu.segment import Clause

# Talk around a request: never a request of its own when something else is there.
SOCIAL = frozenset({"greet", "thanks", "bye", "chitchat", "affirm", "deny"})
_CUTS = 14
_SHORTEST = 3
_CONNECTIVE = 3
# A logistic regression over cuts, taught on pairs of messages joined by chance and on long single messages that the
# model had not seen: both sides must be sure of themselves and the whole must not. Above the threshold, not quite one
# single message in fifty is cut.
_WEAKER_MARGIN, _STRONGER_MARGIN = 2.0, 1.4
_WEAKER_LEAD, _STRONGER_LEAD = 0.9, 0.8
_WHOLE_MARGIN, _BOTH_LONG, _RIGHT_LENGTH, _BIAS = -3.5, 0.63, 0.046, -2.48
_OPENINGS = (0.0, 0.0, 1.5, 3.15)
_LONG, _LONGEST = 8, 40
# Beside these a word of hurry or of waiting is a matter of its own even without a connective.
_FAR_FROM_PROGRESS = frozenset({"fee", "inquiry", "human", "praise", "suggestion"})
_WORTH_CUTTING = 1.2

Reader = Callable[[int, int], Part]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request: its label, where it stands, and how sure the model is of it."""

    intent: str
    category: str | None
    part: Part
    margin: float
    lead: float


def best(model: Model, part: Part, barred: frozenset[str] = frozenset()) -> Ask:
    """What a stretch asks for, apart from barred intents."""
    order = np.argsort(-part.reading.margins, kind="stable")
    names = [part.reading.intents[int(place)] for place in order]
    allowed = [place for place, name in zip(order, names, strict=True) if name not in barred] or list(order)
    margins = part.reading.margins
    intent = part.reading.intents[int(allowed[0])]
    # “漏水了，快来人” presses for the repair: that it might be hurry alone casts no doubt on it.
    rivals = [place for place in allowed[1:] if intent != "repair" or part.reading.intents[int(place)] != "progress"]
    second = float(margins[rivals[0]]) if rivals else -2.0
    lead = float(margins[allowed[0]]) - second
    return Ask(intent, model.category(part.reading, intent), part, float(margins[allowed[0]]), lead)


def split(model: Model, read: Reader, parts: Sequence[Clause], *, barred: frozenset[str], depth: int = 2) -> list[Ask]:
    """The requests of a run of clauses, in order; a list of one when it asks for one thing."""
    whole = best(model, read(parts[0].start, parts[-1].end), barred)
    if len(parts) == 1 or depth == 0:
        return [whole]
    chosen: tuple[float, int] | None = None
    for place in _places(parts):
        left = best(model, read(parts[0].start, parts[place - 1].end), barred)
        right = best(model, read(parts[place].start, parts[-1].end), barred)
        worth = _worth(left, right, whole, parts[place].opens)
        if worth is not None and (chosen is None or worth > chosen[0]):
            chosen = (worth, place)
    if chosen is None:
        return [whole]
    place = chosen[1]
    halves = (parts[:place], parts[place:])
    return _merged([ask for half in halves for ask in split(model, read, half, barred=barred, depth=depth - 1)])


def _places(parts: Sequence[Clause]) -> list[int]:
    """Where to try a cut: everywhere in a short message, at the strongest openings of a long one."""
    places = [place for place in range(1, len(parts)) if parts[place].end - parts[place].start >= _SHORTEST]
    return sorted(sorted(places, key=lambda place: -parts[place].opens)[:_CUTS])


def _worth(left: Ask, right: Ask, whole: Ask, opens: int) -> float | None:
    """How good a cut is, or None when it should not be made."""
    if (
        left.intent in SOCIAL
        or right.intent in SOCIAL
        or (left.intent, left.category) == (right.intent, right.category)
    ):
        return None
    if left.intent == right.intent == "progress":
        return None
    if (
        "progress" in {left.intent, right.intent}
        and opens < _CONNECTIVE
        and not _FAR_FROM_PROGRESS & {left.intent, right.intent}
    ):
        return None  # “漏水了，快来人” presses for the same thing.
    margins, leads = sorted((left.margin, right.margin)), sorted((left.lead, right.lead))
    lengths = [ask.part.end - ask.part.start for ask in (left, right)]
    worth = (
        _WEAKER_MARGIN * margins[0]
        + _STRONGER_MARGIN * margins[1]
        + _WEAKER_LEAD * leads[0]
        + _STRONGER_LEAD * leads[1]
        + _WHOLE_MARGIN * whole.margin
        + _OPENINGS[opens]
        + _BOTH_LONG * (min(lengths) >= _LONG)
        + _RIGHT_LENGTH * min(lengths[1], _LONGEST)
        + _BIAS
    )
    return worth if worth > _WORTH_CUTTING else None


def _merged(asks: Sequence[Ask]) -> list[Ask]:
    """Neighbours that ask for the same are one request."""
    kept: list[Ask] = []
    for ask in asks:
        if kept and (kept[-1].intent, kept[-1].category) == (ask.intent, ask.category):
            continue
        kept.append(ask)
    return kept
