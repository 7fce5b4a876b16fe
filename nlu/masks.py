"""Takes personal data out of a message that is to be labelled; training puts ordinary values in its place."""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from ruamel.yaml.comments import CommentedMap

from nlu.entities.address import find_addresses
from nlu.entities.person import People
from nlu.entities.phone import find_phones
from nlu.entities.span import Span, mask
from nlu.lexicon import FOLDER, mapping
from nlu.normalise import fold
from nlu.types import EntityType
from words.content import ContentFiles, line_of
from words.errors import ContentError

SOURCE = f"{FOLDER}/masks.yml"
_IDENTITY, _PLATE, _MAIL, _TITLED = "identity", "plate", "mail", "titled"
_PERSONAL = (EntityType.BUILDING, EntityType.UNIT, EntityType.ROOM, EntityType.PHONE, EntityType.PERSON)
_KINDS = (*(kind.value for kind in _PERSONAL), _IDENTITY, _PLATE, _MAIL, _TITLED)
# Numbers of identity cards and bank cards, number plates, addresses of electronic mail; all in folded text.
_PATTERNS = {
    _IDENTITY: re.compile(
        r"(?<![0-9])(?:[0-9]{17}[0-9x]|[0-9]{15,19}|[0-9]{4}(?:[ -][0-9]{4}){3}(?:[ -][0-9]{1,3})?)(?![0-9])"
    ),
    _PLATE: re.compile(
        "[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][a-z][·.• -]?[a-z0-9]{5,6}(?![a-z0-9])"
    ),
    _MAIL: re.compile(r"[a-z0-9][a-z0-9._+-]*@[a-z0-9-]+(?:\.[a-z0-9-]+)+"),
}
# What nobody may write into an example: the rest of an address, and a name, say nothing without these.
_TELLING = frozenset({EntityType.PHONE.value, EntityType.ROOM.value, *_PATTERNS})


class Located(Protocol):
    """Anything that was found in a text: its kind, and where it begins and ends."""

    @property
    def type(self) -> EntityType:
        """What it is."""
        ...

    @property
    def start(self) -> int:
        """Its first code point."""
        ...

    @property
    def end(self) -> int:
        """The code point after its last."""
        ...


@dataclass(frozen=True, slots=True)
class _Cover:
    kind: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Masks:
    """What stands for each kind of personal data, for people (`shown`) and for training (`learned`)."""

    shown: Mapping[str, str]
    learned: Mapping[str, str]
    people: People
    title: re.Pattern[str]
    marks: re.Pattern[str]

    @classmethod
    def read(cls, files: ContentFiles) -> "Masks":
        """Read `masks.yml`; raises ContentError for a kind without both words."""
        root = mapping(files, SOURCE)
        for kind in _KINDS:
            entry = root.get(kind)
            if not isinstance(entry, CommentedMap) or not entry.get("shown") or not entry.get("learned"):
                raise ContentError(SOURCE, line_of(root, kind), f"“{kind}” needs a `shown` and a `learned` word")
        shown = {kind: str(root[kind]["shown"]) for kind in _KINDS}
        titles = "|".join(str(title) for title in mapping(files, f"{FOLDER}/names.yml")["titles"])
        whole = sorted(
            (re.escape(word) for kind, word in shown.items() if kind != _TITLED), key=lambda word: -len(word)
        )
        return cls(
            shown,
            {kind: str(root[kind]["learned"]) for kind in _KINDS},
            People.read(files),
            re.compile(rf"(?:{titles})$"),
            re.compile("|".join([*whole, rf"{re.escape(shown[_TITLED])}(?=(?:{titles}))"])),
        )

    def hide(self, text: str, found: Iterable[Located] = (), names: Collection[str] = ()) -> str:
        """The text without personal data: what was `found` in it, what is found now, and the known `names`."""
        folded = fold(text)
        covers = [_Cover(one.type.value, one.start, one.end) for one in found if one.type in _PERSONAL]
        covers += self._covers(folded)
        for name in names:
            if name:
                covers += [
                    _Cover(EntityType.PERSON, at.start(), at.end()) for at in re.finditer(re.escape(fold(name)), folded)
                ]
        pieces: list[str] = []
        position = 0
        for cover in _joined(covers):
            pieces += [text[position : cover.start], self._shown(cover, text)]
            position = cover.end
        return "".join([*pieces, text[position:]])

    def left(self, text: str) -> str | None:
        """The first piece of a text by which a person or a home could be known, or None when it holds none."""
        told = [cover for cover in self._covers(fold(text)) if cover.kind in _TELLING]
        first = min(told, key=lambda cover: cover.start, default=None)
        return None if first is None else text[first.start : first.end]

    def filled(self, text: str) -> str:
        """The text with ordinary values in place of the marks, as training reads it."""
        values = {word: self.learned[kind] for kind, word in self.shown.items()}
        return self.marks.sub(lambda mark: values[mark[0]], text)

    def _covers(self, folded: str) -> list[_Cover]:
        covers: list[_Cover] = []
        masked = folded
        # An identity card's number holds what looks like a telephone, so it goes first.
        for kind, pattern in _PATTERNS.items():
            covers += [_Cover(kind, at.start(), at.end()) for at in pattern.finditer(masked)]
        masked = mask(masked, [Span(EntityType.OBJECT, cover.start, cover.end, "") for cover in covers])
        for find in (find_phones, lambda rest: find_addresses(folded, rest), self.people.find):
            spans = find(masked)
            covers += [_Cover(span.type.value, span.start, span.end) for span in spans]
            masked = mask(masked, spans)
        return covers

    def _shown(self, cover: _Cover, text: str) -> str:
        if cover.kind != EntityType.PERSON:
            return self.shown[cover.kind]
        titled = self.title.search(text[cover.start : cover.end])
        if titled is None or titled.start() == 0:
            return self.shown[cover.kind]
        return self.shown[_TITLED] + titled[0]


def _joined(covers: Iterable[_Cover]) -> list[_Cover]:
    """Covers that overlap become one, of the longest one's kind: nothing of any of them may show."""
    joined: list[_Cover] = []
    for cover in sorted(covers, key=lambda one: (one.start, -one.end)):
        if not joined or cover.start >= joined[-1].end:
            joined.append(cover)
            continue
        last = joined.pop()
        longest = max((last, cover), key=lambda one: one.end - one.start)
        joined.append(_Cover(longest.kind, last.start, max(last.end, cover.end)))
    return joined
