"""The book of facts: what a community tells of itself, by what name, in what form, and who uses it (domain.md A11)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from actions.rulefile import Section
from words.answers import facts_in
from words.content import ContentFiles
from words.replies import Replies

SOURCE = "rules/facts.yml"
LONGEST = 120


@dataclass(frozen=True, slots=True)
class FactForm:
    """What a value looks like: a phone, hours, a price; `hint` is an example for people."""

    name: str
    hint: str
    like: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class FactEntry:
    """A fact by its placeholder, with the name that people read."""

    key: str
    name: str
    form: FactForm

    def fits(self, value: str) -> bool:
        """Whether a value has the form, in one line and not too long."""
        return len(value) <= LONGEST and "\n" not in value and self.form.like.fullmatch(value) is not None


@dataclass(frozen=True, slots=True)
class FactGroup:
    """Facts that stand together on the page."""

    name: str
    facts: tuple[FactEntry, ...]


@dataclass(frozen=True, slots=True)
class Uses:
    """Who states a fact: how many replies and how many answers of the knowledge base."""

    replies: int = 0
    answers: int = 0


@dataclass(frozen=True, slots=True)
class FactBook:
    """All facts that a community may have, in the order of the file."""

    groups: tuple[FactGroup, ...]

    @classmethod
    def read(cls, files: ContentFiles) -> "FactBook":
        """Read the file. Raises ContentError for a form that is not known, and for a fact named twice."""
        whole = Section.read(files, SOURCE)
        whole.only("forms", "groups")
        forms = {name: _form(entry) for name, entry in whole.section("forms").sections()}
        seen: set[str] = set()
        groups = []
        for group in whole.items("groups"):
            group.only("name", "facts")
            entries = []
            for key, entry in group.section("facts").sections():
                entry.only("name", "form")
                if key in seen:
                    raise group.fail("facts", f"{key} is named twice")
                if entry.text("form") not in forms:
                    raise entry.fail("form", f"is not one of {', '.join(forms)}")
                seen.add(key)
                entries.append(FactEntry(key, entry.text("name"), forms[entry.text("form")]))
            groups.append(FactGroup(group.text("name"), tuple(entries)))
        return cls(tuple(groups))

    @property
    def entries(self) -> Mapping[str, FactEntry]:
        """Every fact by its placeholder."""
        return {entry.key: entry for group in self.groups for entry in group.facts}

    def uses(self, replies: Replies, answers: Iterable[str]) -> Mapping[str, Uses]:
        """Where each fact is stated: without a fact that replies need the desk can hardly speak."""
        told = [reply.facts for reply in replies]
        known = [facts_in(answer) for answer in answers]
        return {
            key: Uses(sum(key in facts for facts in told), sum(key in facts for facts in known)) for key in self.entries
        }


def _form(entry: Section) -> FactForm:
    entry.only("name", "hint", "like")
    like = entry.pattern("like")
    if like is None:
        raise entry.fail("like", "is missing; say what a value looks like")
    return FactForm(entry.text("name"), entry.text("hint"), like)
