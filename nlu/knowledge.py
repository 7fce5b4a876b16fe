"""Finds the knowledge entry that answers a question, or says honestly that it is not sure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from nlu.knowledge_entries import FOLDER, Audience, Entry, read_entries, read_foreign
from nlu.knowledge_index import Index, Lesson, Recipe, trained
from nlu.knowledge_terms import Terms
from nlu.lexicon import FOLDER as LEXICON
from words.content import ContentFiles

__all__ = ["Audience", "Entry", "Hit", "Knowledge", "Shelf"]

# Found on questions left out of training and on messages that no entry answers; docs/knowledge.md tells the figures.
_CONFIDENT, _LEAD = 0.4, 0.12
_LIKELY = 0.2
# Of the characters of a question, those that the entry itself is written with: one that is half about something else
# may share a few striking words with it.
_COVERED = 0.55
# What is written for staff goes first when staff ask.
_OWN = 0.1
# The shelves a reader is served from, the own one first. Residents are served from theirs alone.
_SERVED: Mapping[Audience, tuple[Audience, ...]] = {
    Audience.RESIDENT: (Audience.RESIDENT,),
    Audience.STAFF: (Audience.STAFF, Audience.RESIDENT),
}


@dataclass(frozen=True, slots=True)
class Hit:
    """An entry that was found, how well it fits (about 0 to 1), and whether it may be given as the answer.

    `likely` hits are worth offering as a choice when none is confident.
    """

    entry: Entry
    score: float
    confident: bool
    likely: bool


@dataclass(frozen=True, slots=True)
class Shelf:
    """The entries of one audience and nothing else; their index is trained when it is first asked for."""

    entries: Mapping[str, Entry]
    recipe: Recipe

    @property
    def index(self) -> Index:
        """The trained index; shared by all snapshots of equal content."""
        return trained(self.recipe)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All entries, on a shelf for each audience: what is for staff is not in the residents' index at all."""

    entries: tuple[Entry, ...]
    shelves: Mapping[Audience, Shelf]

    @classmethod
    def read(cls, files: ContentFiles) -> "Knowledge":
        """Read `data/knowledge/*.yml`; raises ContentError naming file and line of a bad entry (domain.md B1)."""
        entries, terms = read_entries(files), Terms.read(files)
        foreign = read_foreign(files)
        version = f"{files.digest(FOLDER)}{files.digest(LEXICON)}"
        shelves = {
            audience: _shelf(
                f"{audience}{version}", [one for one in entries if one.audience is audience], foreign, terms
            )
            for audience in Audience
        }
        return cls(entries, shelves)

    def prepare(self, folder: Path) -> None:
        """Read or train what searching needs now, so that the first question does not wait for it.

        What was trained is kept in the folder. Raises OSError when it cannot be written.
        """
        for shelf in self.shelves.values():
            if shelf.entries:
                trained(replace(shelf.recipe, folder=folder))

    def is_prepared(self, folder: Path) -> bool:
        """Whether `prepare` would find everything in the folder."""
        recipes = [replace(shelf.recipe, folder=folder) for shelf in self.shelves.values() if shelf.entries]
        return all(recipe.path is not None and recipe.path.is_file() for recipe in recipes)

    def search(self, text: str, *, audience: Audience, today: date, limit: int = 3) -> tuple[Hit, ...]:
        """The entries that fit a question best, the best first; only the first can be confident (domain.md B1)."""
        found = [
            (score + (_OWN if served is audience is Audience.STAFF else 0.0), entry)
            for served in _SERVED[audience]
            for score, entry in _scored(self.shelves[served], text)
            if entry.valid(today)
        ]
        found.sort(key=lambda pair: (-pair[0], pair[1].id))
        runner_up = found[1][0] if len(found) > 1 else 0.0
        return tuple(
            Hit(
                entry,
                round(score, 4),
                confident=rank == 0
                and score >= _CONFIDENT
                and score - runner_up >= _LEAD
                and self._covers(entry, text),
                likely=score >= _LIKELY,
            )
            for rank, (score, entry) in enumerate(found[:limit])
            if score > 0
        )

    def _covers(self, entry: Entry, text: str) -> bool:
        terms = self.shelves[entry.audience].recipe.terms
        # The words of asking stand in every entry.
        asked = "".join(word for word in terms.of(text).words if terms.importance(word) == 1)
        written = {*entry.answer, *entry.source}.union(*entry.questions, *entry.keywords)
        return sum(char in written for char in asked) >= _COVERED * len(asked)

    def choices(self, text: str, *, audience: Audience, today: date) -> tuple[Entry, ...]:
        """Two or three entries to offer when none is surely meant; none when the question seems foreign."""
        hits = [hit for hit in self.search(text, audience=audience, today=today) if hit.likely]
        return tuple(hit.entry for hit in hits) if len(hits) > 1 and not hits[0].confident else ()


def _shelf(version: str, entries: list[Entry], foreign: tuple[str, ...], terms: Terms) -> Shelf:
    lessons = tuple(Lesson(entry.id, entry.questions, entry.keywords, entry.answer) for entry in entries)
    return Shelf({entry.id: entry for entry in entries}, Recipe(version, lessons, foreign, terms))


def _scored(shelf: Shelf, text: str) -> list[tuple[float, Entry]]:
    """What a shelf has for a text; a text of nothing but marks is no question."""
    if not shelf.entries or not any(char.isalnum() for char in text):
        return []
    return [(score, shelf.entries[name]) for name, score in shelf.index.scores(text).items()]
