"""Messages for people to label and their labels back: between the database, the sheet and the training data."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Protocol

from actions.review_sheet import FilledRow, ReviewRow, ReviewWords
from actions.reviewing import Candidate, Reviewer, Verdict, candidates, known_messages, record_reviews
from actions.store import Store
from nlu.check import key_of
from nlu.heldout import Heldout
from nlu.labels import Labels
from nlu.masks import Masks
from nlu.own import Labelled, add_reviewed, own_examples
from nlu.reviewed import LONGEST, Checked, Examples, Fault, Refused, check_labelled, one_line
from nlu.training_data import TrainingData
from nlu.types import Entity, EntityType
from words.content import ContentFiles

_AT_ONCE = 200
_MOST_ALIKE = 50
_KINDS = frozenset(EntityType)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of labels: how many texts are new, known already, passed over; nothing when any line is refused."""

    learned: int = 0
    known: int = 0
    passed: int = 0
    refused: tuple[Refused, ...] = ()


class TrainingState(StrEnum):
    """How the last training that was begun from the page stands."""

    IDLE = "idle"
    RUNNING = "running"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    FAILED = "failed"


class Training(Protocol):
    """A training in a process of its own; `told` are the lines that it printed."""

    @property
    def state(self) -> TrainingState:
        """How it stands."""
        ...

    @property
    def told(self) -> Sequence[str]:
        """What it said."""
        ...

    def begin(self) -> bool:
        """Begin, unless one runs; False then."""
        ...


@dataclass(frozen=True, slots=True)
class ReviewDesk:
    """What labelling works with: the database, the content, the home with the estate's own examples, what is held out.

    The content is the snapshot of the process; the estate's own examples are read afresh each time.
    """

    store: Store
    files: ContentFiles
    home: Path
    heldout: Path
    words: ReviewWords
    names: Mapping[str, str]
    # The examples that ship are compared with at each look, and reading them takes half a second.
    _shipped: list[frozenset[str]] = field(default_factory=list, repr=False, compare=False)

    @classmethod
    def build(cls, store: Store, files: ContentFiles, home: Path, heldout: Path) -> "ReviewDesk":
        """Ready to work. Raises ContentError when the words of the sheet or the labels cannot be used."""
        return cls(store, files, home, heldout, ReviewWords.read(files), label_names(Labels.read(files)))

    async def waiting(self, by: Reviewer, now: datetime, days: int) -> tuple[ReviewRow, ...]:
        """What waits for a label, without personal data; what reads alike is one row, the commonest first.

        Raises NotAllowedError for who does not edit content.
        """
        found = await self.store.read(partial(candidates, by=by, now=now, days=days))
        return await asyncio.to_thread(self._rows, found)

    async def take(self, by: Reviewer, filled: Sequence[FilledRow], now: datetime) -> Outcome:
        """Learn the labels and mark the messages, or refuse every line that is wrong and change nothing.

        A process that ends between the two leaves examples whose messages are offered again; taking the same labels
        again then only marks them. Raises NotAllowedError, and ContentError when the estate's own file is broken.
        """
        by.check()
        given = [Labelled(row.text, row.label, row.line) for row in filled if row.label]
        checked = await asyncio.to_thread(self._check, given)
        refused = (*checked.refused, *await self._unknown(by, filled))
        if refused:
            return Outcome(refused=tuple(sorted(refused, key=lambda one: one.line)))
        if checked.fresh:
            await asyncio.to_thread(add_reviewed, self.home, checked.fresh)
        verdicts = [Verdict(row.message_ids, row.label) for row in filled if row.message_ids]
        for part in _parts(verdicts):
            await self.store.write(partial(record_reviews, by=by, verdicts=part, now=now))
        passed = sum(not row.label for row in filled)
        return Outcome(len(checked.fresh), len(checked.known), passed)

    def _content(self) -> ContentFiles:
        return ContentFiles({**self.files.texts, **own_examples(self.home)})

    def _check(self, given: Sequence[Labelled]) -> Checked:
        files = self._content()
        labels = Labels.read(files)
        heldout = Heldout.read(self.heldout, labels) if self.heldout.is_dir() else Heldout((), ())
        training = TrainingData.read(files, vocabulary=labels).examples
        return check_labelled(given, Examples(training, heldout, labels, Masks.read(files)))

    def _known(self) -> frozenset[str]:
        """What is an example already, as it is compared."""
        if not self._shipped:
            self._shipped.append(_keys(self.files))
        return self._shipped[0] | _keys(ContentFiles(own_examples(self.home)))

    async def _unknown(self, by: Reviewer, filled: Sequence[FilledRow]) -> tuple[Refused, ...]:
        ids = sorted({message_id for row in filled for message_id in row.message_ids})
        known = await self.store.read(partial(known_messages, community_id=by.community_id, ids=ids))
        return tuple(
            Refused(row.line, Fault.NO_MESSAGE, str(message_id))
            for row in filled
            for message_id in row.message_ids
            if message_id not in known
        )

    def _rows(self, found: Sequence[Candidate]) -> tuple[ReviewRow, ...]:
        masks = Masks.read(self.files)
        known = self._known()
        rows: dict[str, ReviewRow] = {}
        for one in found:
            text = one_line(masks.hide(one.text, _entities(one.understanding), one.names))[:LONGEST]
            key = key_of(text)
            # What is in the examples word for word has its label; only a colleague's word against it is worth a look.
            if not any(char.isalnum() for char in text) or (key in known and not one.proposed):
                continue
            row = rows.get(key)
            if row is None:
                rows[key] = _row(one, text)
            elif len(row.message_ids) < _MOST_ALIKE:
                rows[key] = _with(row, one)
        return tuple(sorted(rows.values(), key=lambda row: (-len(row.message_ids), -row.message_ids[0])))


def _keys(files: ContentFiles) -> frozenset[str]:
    return frozenset(key_of(example.text) for example in TrainingData.read(files).examples)


def label_names(labels: Labels) -> dict[str, str]:
    """The Chinese name of every label that can be given: the intent's, and behind a dot the category's."""
    named: dict[str, str] = {}
    for label in labels.all():
        intent, _, category = label.partition(".")
        named[label] = f"{labels.name(intent)} · {labels.name(intent, category)}" if category else labels.name(intent)
    return named


def _row(one: Candidate, text: str) -> ReviewRow:
    understood = label_of(one.understanding)
    suggested = one.proposed or understood
    return ReviewRow((one.message_id,), text, understood, float(one.understanding["confidence"]), one.reason, suggested)


def _with(row: ReviewRow, one: Candidate) -> ReviewRow:
    first = min(row.reason, one.reason, key=list(type(row.reason)).index)
    return ReviewRow(
        (*row.message_ids, one.message_id),
        row.text,
        row.understood,
        row.confidence,
        first,
        one.proposed or row.suggested,
    )


def label_of(understanding: Mapping[str, object]) -> str:
    """The label that was read, such as `repair.drain`."""
    return ".".join(str(part) for part in (understanding["intent"], understanding.get("category")) if part)


def _entities(understanding: Mapping[str, object]) -> list[Entity]:
    listed = understanding.get("entities")
    return [
        Entity(EntityType(one["type"]), one["text"], one["start"], one["end"], one["value"])
        for one in (listed if isinstance(listed, list) else ())
        if one["type"] in _KINDS
    ]


def _parts(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    """Verdicts in parts of few enough messages for one transaction."""
    parts: list[list[Verdict]] = [[]]
    count = 0
    for verdict in verdicts:
        if parts[-1] and count + len(verdict.message_ids) > _AT_ONCE:
            parts.append([])
            count = 0
        parts[-1].append(verdict)
        count += len(verdict.message_ids)
    return parts if parts[0] else []
