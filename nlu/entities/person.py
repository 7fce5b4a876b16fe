"""Finds named people: surname with a title (王师傅), full names, and how people are called (小李, 老张)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from nlu.entities.span import Span
from nlu.lexicon import FOLDER, any_of, mapping
from nlu.types import EntityType
from words.content import ContentFiles

_NAME = f"{FOLDER}/names.yml"


@dataclass(frozen=True, slots=True)
class People:
    """The compiled patterns of names, built from the surnames, titles and given-name characters of the lexicon."""

    titled: re.Pattern[str] | None = None
    called: re.Pattern[str] | None = None
    announced: re.Pattern[str] | None = None
    full: re.Pattern[str] | None = None
    no_names: frozenset[str] = frozenset()

    @classmethod
    def read(cls, files: ContentFiles) -> "People":
        """Read `names.yml`; raises ContentError when it is no mapping."""
        listed = mapping(files, _NAME)
        surname = _surnames(listed["surnames"], listed["double_surnames"])
        common = _surnames(listed["common_surnames"], listed["double_surnames"])
        given = f"[{_characters(listed['given'])}]"
        title = "|".join(sorted(listed["titles"], key=lambda word: -len(word.partition("(")[0])))
        closing = any_of(listed["closing"])
        return cls(
            re.compile(rf"(?P<name>(?:{surname})(?:{given}{{1,2}}?|某某?)?(?:{title}))"),
            re.compile(
                rf"(?P<name>(?:[小老阿]|大(?=[刘李王张赵陈]))(?:{common})(?:头|哥|姐)?)(?!{any_of(listed['not_after_nickname'])})"
            ),
            re.compile(
                rf"(?:{any_of(listed['announcing'])})[:：是 ,，]{{0,2}}"
                rf"(?P<name>(?:{surname}){given}[一-鿿]?)(?={closing}|[^一-鿿]|$)"
            ),
            re.compile(
                rf"(?:(?<![一-鿿])|(?<=[的是叫子公户员家名]))(?P<name>(?:{common}){given}{{1,2}})(?=[^一-鿿]|$|{closing})"
            ),
            frozenset(listed["no_names"]),
        )

    def find(self, masked: str) -> list[Span]:
        """All named people of the masked text; `value` is the name as folded."""
        spans: list[Span] = []
        taken = bytearray(len(masked))
        for pattern in (self.called, self.titled, self.announced, self.full):
            if pattern is None:
                continue
            for match in pattern.finditer(masked):
                start, end = match.span("name")
                if self._is_name(match["name"], masked, start) and not any(taken[start:end]):
                    taken[start:end] = b"\1" * (end - start)
                    spans.append(Span(EntityType.PERSON, start, end, match["name"]))
        return sorted(spans, key=lambda span: span.start)

    def _is_name(self, name: str, masked: str, start: int) -> bool:
        around = masked[max(0, start - 1) : start] + name
        return not any(word in around for word in self.no_names)


def _surnames(single: str, double: Iterable[str]) -> str:
    return any_of([*_characters(single), *double])


def _characters(block: str) -> str:
    """A block of characters that was wrapped over lines for reading."""
    return "".join(dict.fromkeys(block.replace(" ", "").replace("\n", "")))
