"""Finds the requests of a message: one for most, two or more where its parts plainly ask for different things."""

from collections.abc import Iterator, Sequence

from nlu.asks import SOCIAL, Ask, Part, Reader, best
from nlu.cuts import Cut
from nlu.model import Model
from nlu.segment import Clause

_DEEPEST = 2
_CUTS = 14
_SHORTEST = 3
_CONNECTIVE = 3
# Bare thanks are shorter.
_COURTESY = 8


def split(
    model: Model, read: Reader, parts: Sequence[Clause], *, barred: frozenset[str], depth: int = _DEEPEST
) -> list[Ask]:
    """The requests of a run of clauses, in order; a list of one when it asks for one thing."""
    whole = (best if depth == _DEEPEST else _side)(model, read(parts[0].start, parts[-1].end), barred)
    if len(parts) == 1 or depth == 0:
        return [whole]
    read.ahead(stretches(parts))
    cuts = [(model.worth(cut.evidence(model)), cut.place) for cut in possible_cuts(model, read, parts, whole, barred)]
    worth, place = max(cuts, default=(-1.0, 0))
    if worth <= 0:
        return [whole]
    halves = (parts[:place], parts[place:])
    return _merged([ask for half in halves for ask in split(model, read, half, barred=barred, depth=depth - 1)])


def possible_cuts(
    model: Model, read: Reader, parts: Sequence[Clause], whole: Ask, barred: frozenset[str]
) -> Iterator[Cut]:
    """The cuts of a run of clauses whose sides ask for different things."""
    for place in _places(parts):
        left = _side(model, read(parts[0].start, parts[place - 1].end), barred)
        right = _side(model, read(parts[place].start, parts[-1].end), barred)
        cut = Cut.at(place, parts, left, right, whole)
        if cut.possible():
            yield cut


def stretches(parts: Sequence[Clause]) -> list[tuple[int, int]]:
    """Both sides of every cut that `split` tries first."""
    start, end = parts[0].start, parts[-1].end
    return [span for place in _places(parts) for span in ((start, parts[place - 1].end), (parts[place].start, end))]


def _side(model: Model, part: Part, barred: frozenset[str]) -> Ask:
    """What one side asks; long thanks that name somebody's work are praise beside another request."""
    ask = best(model, part, barred)
    return best(model, part, barred | SOCIAL) if ask.intent == "thanks" and len(part.text) > _COURTESY else ask


def _places(parts: Sequence[Clause]) -> list[int]:
    """Where to try a cut: everywhere in a short message, at the strongest openings of a long one."""
    places = [
        place
        for place in range(1, len(parts))
        if parts[place].opens >= _CONNECTIVE or parts[place].end - parts[place].start >= _SHORTEST
    ]
    return sorted(sorted(places, key=lambda place: -parts[place].opens)[:_CUTS])


def _merged(asks: Sequence[Ask]) -> list[Ask]:
    """Neighbours that ask for the same are one request."""
    kept: list[Ask] = []
    for ask in asks:
        if kept and (kept[-1].intent, kept[-1].category) == (ask.intent, ask.category):
            continue
        kept.append(ask)
    return kept
