"""Finds the knowledge entry that answers a question, or says honestly that it is not sure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from nlu.knowledge_entries import FOLDER, Audience, Entry, read_entries, read_foreign
from nlu.knowledge_index import Index
from nlu.knowledge_terms import Terms
from nlu.knowledge_training import Lesson, Recipe, trained
from nlu.lexicon import FOLDER as LEXICON
from words.content import ContentFiles

__all__ = ["Audience", "Entry", "Hit", "Knowledge", "Shelf"]

# Found on questions left out of training and on messages that no entry answers; docs/knowledge.md tells the figures.
_CONFIDENT, _LEAD = 0.4, 0.12
_LIKELY = 0.2
# Of the characters of a question, those that the entry itself is written with: one that is half about something else
# may share a few striking words with it.
_COVERED = 0.65
# What is written for staff goes first when staff ask.
_OWN = 0.1


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
    """The entries written for one audience, and all that it may read; their index is trained when first asked for."""

    entries: Mapping[str, Entry]
    readable: Mapping[str, Entry]
    recipe: Recipe

    @property
    def index(self) -> Index:
        """The trained index of what may be read; shared by all snapshots of equal content."""
        return trained(self.recipe)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All entries, on a shelf for each audience: what is for staff is not in the residents' index at all."""

    entries: tuple[Entry, ...]
    foreign: tuple[str, ...]
    shelves: Mapping[Audience, Shelf]

    @classmethod
    def read(cls, files: ContentFiles) -> "Knowledge":
        """Read `data/knowledge/*.yml`; raises ContentError naming file and line of a bad entry (domain.md B1)."""
        version = f"{files.digest(FOLDER)}{files.digest(LEXICON)}"
        return cls.of(read_entries(files), read_foreign(files), Terms.read(files), version)

    @classmethod
    def of(cls, entries: tuple[Entry, ...], foreign: tuple[str, ...], terms: Terms, version: str) -> "Knowledge":
        """The knowledge base of some entries; equal versions share what was trained, so each content has its own."""
        residents, staff = ({one.id: one for one in entries if one.audience is audience} for audience in Audience)
        recipe = Recipe(f"{Audience.RESIDENT}{version}", _lessons(residents), foreign, terms)
        both = Recipe(f"{Audience.STAFF}{version}", _lessons(staff), foreign, terms, over=recipe if residents else None)
        shelves = {
            Audience.RESIDENT: Shelf(residents, residents, recipe),
            Audience.STAFF: Shelf(staff, {**staff, **residents}, both if staff else recipe),
        }
        return cls(entries, foreign, shelves)

    def prepare(self, folder: Path) -> None:
        """Read or train what searching needs now, so that the first question does not wait for it.

        What was trained is kept in the folder. Raises OSError when it cannot be written.
        """
        for shelf in self.shelves.values():
            if shelf.readable:
                trained(replace(shelf.recipe, folder=folder))

    def is_prepared(self, folder: Path) -> bool:
        """Whether `prepare` would find everything in the folder."""
        recipes = [replace(shelf.recipe, folder=folder) for shelf in self.shelves.values() if shelf.readable]
        return all(recipe.path is not None and recipe.path.is_file() for recipe in recipes)

    def search(self, text: str, *, audience: Audience, today: date, limit: int = 3) -> tuple[Hit, ...]:
        """The entries that fit a question best, the best first; only the first can be confident (domain.md B1)."""
        shelf = self.shelves[audience]
        found = [
            (score + (_OWN if entry.audience is Audience.STAFF else 0.0), entry)
            for entry, score in _scored(shelf, text)
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
                and _covers(shelf.recipe.terms, entry, text),
                likely=score >= _LIKELY,
            )
            for rank, (score, entry) in enumerate(found[:limit])
            if score > 0
        )

    def choices(self, text: str, *, audience: Audience, today: date) -> tuple[Entry, ...]:
        """Two or three entries to offer when none is surely meant; none when the question seems foreign."""
        hits = [hit for hit in self.search(text, audience=audience, today=today) if hit.likely]
        return tuple(hit.entry for hit in hits) if len(hits) > 1 and not hits[0].confident else ()


def _lessons(entries: Mapping[str, Entry]) -> tuple[Lesson, ...]:
    return tuple(Lesson(entry.id, entry.questions, entry.keywords, entry.answer) for entry in entries.values())


def _covers(terms: Terms, entry: Entry, text: str) -> bool:
    # The words of asking stand in every entry.
    asked = "".join(word for word in terms.of(text).words if terms.importance(word) == 1)
    written = {*entry.answer, *entry.source}.union(*entry.questions, *entry.keywords)
    return sum(char in written for char in asked) >= _COVERED * len(asked)


def _scored(shelf: Shelf, text: str) -> list[tuple[Entry, float]]:
    """What a shelf has for a text; a text of nothing but marks is no question."""
    if not shelf.readable or not any(char.isalnum() for char in text):
        return []
    return [(shelf.readable[name], score) for name, score in shelf.index.scores(text).items()]
