"""Measures an engine on messages that it was not trained on, and says in numbers and examples where it errs."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np

from nlu.features import Featuriser
from nlu.heldout import Heldout, Many
from nlu.model import Model
from nlu.reliability import Reliability
from nlu.training_data import Example, TrainingData
from nlu.types import Engine, Intent, Understanding
from words.content import ContentFiles

_EMERGENCY, _OUTSIDE = Intent.EMERGENCY.value, Intent.OUT_OF_SCOPE.value
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Rate:
    """Precision and recall over so many real cases."""

    precision: float
    recall: float
    support: int

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Confusion:
    """A label that was taken for another, how often, and some of the messages."""

    real: str
    taken_for: str
    count: int
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One message, its intent, and what it was taken for with what confidence."""

    text: str
    real: str
    taken: str
    confidence: float

    @property
    def right(self) -> bool:
        """Whether it was read as it is."""
        return self.real == self.taken


@dataclass(frozen=True, slots=True)
class Report:
    """What an evaluation found; `str(report)` is for people. Times are milliseconds a message."""

    messages: int
    accuracy: float
    macro_f1: float
    intents: Mapping[str, Rate]
    categories: float
    categories_joint: float
    emergency: Rate
    entities: Mapping[str, Rate]
    entity_f1: float
    two_found: float
    two_intents_found: float
    wrongly_split: float
    unsure: float
    median_ms: float
    p99_ms: float
    confusions: tuple[Confusion, ...] = field(default=())
    told: tuple[Told, ...] = field(default=(), repr=False)
    reliability: Reliability = field(default_factory=lambda: Reliability((), 0.0))
    out_of_scope: float = 0.0

    def __str__(self) -> str:
        """The report as lines of text."""
        width = max(map(len, self.intents), default=0)
        lines = [
            f"messages {self.messages}, accuracy {self.accuracy:.3f}, macro F1 {self.macro_f1:.3f}",
            *(self._of_our_own() if self.emergency.support or self.entities else ()),
            f"time per message: median {self.median_ms:.2f} ms, p99 {self.p99_ms:.2f} ms",
            *self.reliability.lines(),
            f"{'intent':<{width}} precision  recall      F1  messages",
            *(
                f"{name:<{width}} {rate.precision:9.3f} {rate.recall:7.3f} {rate.f1:7.3f} {rate.support:9d}"
                for name, rate in self.intents.items()
            ),
            *(f"{c.real} taken for {c.taken_for} {c.count} times: {' | '.join(c.messages)}" for c in self.confusions),
        ]
        return "\n".join(lines)

    def _of_our_own(self) -> list[str]:
        """What only messages to a property desk have; other data sets have intents alone."""
        return [
            f"unsure {self.unsure:.3f}",
            f"categories {self.categories:.3f} where the intent was right, {self.categories_joint:.3f} of all",
            f"emergency recall {self.emergency.recall:.3f}, precision {self.emergency.precision:.3f}",
            f"entities F1 {self.entity_f1:.3f}: " + _rates(self.entities),
            f"two requests found exactly {self.two_found:.3f}, by intent {self.two_intents_found:.3f}",
            f"one request wrongly split {self.wrongly_split:.3f}",
            f"out of scope told from all else: AUROC {self.out_of_scope:.3f}",
        ]


def evaluate(engine: Engine, heldout: Heldout, *, now: datetime) -> Report:
    """Understand every held-out message and compare; `now` anchors the times in them."""
    took: list[float] = []

    def timed(text: str) -> Understanding:
        start = time.perf_counter()
        understanding = engine.understand(text, now=now)
        took.append(1000 * (time.perf_counter() - start))
        return understanding

    read = [(example, timed(example.text)) for example in heldout.examples]
    told = tuple(Told(e.text, _intent(e.intent), u.intent.value, u.confidence) for e, u in read)
    pairs = [(one.real, one.taken) for one in told]
    intents = _by_label(pairs)
    entities = _entities(read)
    labelled = [(e, u) for e, u in read if "." in e.intent]
    known = [(e, u) for e, u in labelled if u.intent.value == _intent(e.intent)]
    right = sum(_label(u.intent.value, u.category) == e.intent for e, u in labelled)
    two, by_intent, split = _many(engine, heldout.many, now)
    return Report(
        messages=len(read),
        accuracy=_share(sum(real == taken for real, taken in pairs), len(pairs)),
        macro_f1=_share(sum(rate.f1 for rate in intents.values()), len(intents)),
        intents=intents,
        categories=_share(right, len(known)),
        categories_joint=_share(right, len(labelled)),
        emergency=intents.get(_EMERGENCY, Rate(0.0, 0.0, 0)),
        entities={name: rate for name, rate in entities.items() if name},
        entity_f1=entities[""].f1,
        two_found=two,
        two_intents_found=by_intent,
        wrongly_split=split,
        unsure=_share(sum(understood.unsure for _, understood in read), len(read)),
        median_ms=float(np.median(took)) if took else 0.0,
        p99_ms=float(np.quantile(took, 0.99)) if took else 0.0,
        confusions=_confusions((one.text, one.real, one.taken) for one in told),
        told=told,
        reliability=Reliability.of([(one.confidence, one.right) for one in told]),
        out_of_scope=out_of_scope_auroc(told),
    )


def out_of_scope_auroc(told: Iterable[Told]) -> float:
    """How well what is out of scope is told from the rest, whatever the threshold: 1 is always, 0.5 is by chance.

    A message looks the more out of scope the surer it was read as that, and the less sure it was read as anything else.
    """
    scores = [(one.confidence if one.taken == _OUTSIDE else -one.confidence, one.real == _OUTSIDE) for one in told]
    outside, inside = [s for s, real in scores if real], sorted(s for s, real in scores if not real)
    if not outside or not inside:
        return 0.0
    below = np.searchsorted(inside, outside, side="left") + np.searchsorted(inside, outside, side="right")
    return float(below.mean() / (2 * len(inside)))


def evaluate_folders(train_on: Path, test_on: Path, files: ContentFiles | None = None) -> Report:
    """Train on one folder of anybody's data in Rasa's format and test on another; only intents are compared.

    With content files our lexicons help, which they do for Chinese. Raises ContentError as the reader does.
    """
    # scikit-learn takes a second to import and is needed only here.
    from nlu.train import train  # noqa: PLC0415

    data, tests = _flat(TrainingData.read_path(train_on)), _flat(TrainingData.read_path(test_on))
    featuriser = Featuriser.build(data, files)
    model = train(data, featuriser, version="evaluation")
    return _evaluate_model(model, featuriser, tests.examples)


def _evaluate_model(model: Model, featuriser: Featuriser, examples: Sequence[Example]) -> Report:
    told: list[Told] = []
    took: list[float] = []
    for example in examples:
        start = time.perf_counter()
        reading = model.read(featuriser.blocks(example.text))
        took.append(1000 * (time.perf_counter() - start))
        best = int(reading.margins.argmax())
        sure = float(model.probabilities(reading.margins)[best])
        told.append(Told(example.text, example.intent, reading.intents[best], sure))
    return intents_only(told, took)


def intents_only(told: Sequence[Told], took: Sequence[float]) -> Report:
    """The report of what each message was taken for, where nothing else is known; times in ms."""
    pairs = [(one.real, one.taken) for one in told]
    intents = _by_label(pairs)
    return Report(
        messages=len(pairs),
        accuracy=_share(sum(real == taken for real, taken in pairs), len(pairs)),
        macro_f1=_share(sum(rate.f1 for rate in intents.values()), len(intents)),
        intents=intents,
        categories=0.0,
        categories_joint=0.0,
        emergency=Rate(0.0, 0.0, 0),
        entities={},
        entity_f1=0.0,
        two_found=0.0,
        two_intents_found=0.0,
        wrongly_split=0.0,
        unsure=0.0,
        median_ms=float(np.median(took)),
        p99_ms=float(np.quantile(took, 0.99)),
        confusions=_confusions((one.text, one.real, one.taken) for one in told),
        told=tuple(told),
        reliability=Reliability.of([(one.confidence, one.right) for one in told]),
        out_of_scope=out_of_scope_auroc(told),
    )


def _flat(data: TrainingData) -> TrainingData:
    """Foreign labels are whole: a dot in them divides nothing."""
    examples = tuple(
        Example(e.text, e.intent.replace(".", "·"), e.marks, e.source, e.line, e.metadata) for e in data.examples
    )
    return TrainingData(examples, data.lookups, data.synonyms, data.regexes)


def _intent(label: str) -> str:
    return label.partition(".")[0]


def _label(intent: str, category: str | None) -> str:
    return intent if category is None else f"{intent}.{category}"


def _share(part: float, whole: int) -> float:
    return part / whole if whole else 0.0


def _rate(hits: int, claimed: int, real: int) -> Rate:
    return Rate(_share(hits, claimed), _share(hits, real), real)


def _by_label(pairs: Sequence[tuple[str, str]]) -> dict[str, Rate]:
    real, claimed = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    hits = Counter(pair[0] for pair in pairs if pair[0] == pair[1])
    return {label: _rate(hits[label], claimed[label], count) for label, count in sorted(real.items())}


def _entities(read: Sequence[tuple[Example, Understanding]]) -> dict[str, Rate]:
    """Exact spans by type; under the empty name all types together. Types that nobody annotated are left out."""
    annotated = {mark.type for example, _ in read for mark in example.marks}
    hits: Counter[str] = Counter()
    claimed: Counter[str] = Counter()
    real: Counter[str] = Counter()
    for example, understood in read:
        marks = {(mark.type, mark.start, mark.end) for mark in example.marks}
        found = {(e.type.value, e.start, e.end) for e in understood.entities if e.type.value in annotated}
        for counter, spans in ((hits, marks & found), (claimed, found), (real, marks)):
            for name, _, _ in spans:
                counter.update((name, ""))
    return {name: _rate(hits[name], claimed[name], real[name]) for name in sorted({"", *annotated})}


def _many(engine: Engine, many: Sequence[Many], now: datetime) -> tuple[float, float, float]:
    """Shares: several requests found exactly, found by intent, and one request wrongly split."""
    exact = by_intent = several = split = 0
    for message in many:
        requests = engine.understand(message.text, now=now).requests
        found = sorted(_label(request.intent.value, request.category) for request in requests)
        if len(message.labels) == 1:
            split += len(found) > 1
            continue
        several += 1
        exact += found == sorted(message.labels)
        by_intent += sorted(map(_intent, found)) == sorted(map(_intent, message.labels))
    return _share(exact, several), _share(by_intent, several), _share(split, len(many) - several)


def _confusions(read: Iterable[tuple[str, str, str]]) -> tuple[Confusion, ...]:
    wrong: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for text, real, taken in read:
        if real != taken:
            wrong[real, taken].append(text)
    ordered = sorted(wrong.items(), key=lambda item: (-len(item[1]), item[0]))
    return tuple(Confusion(*pair, len(texts), tuple(texts[:_SHOWN])) for pair, texts in ordered[:20])


def _rates(rates: Mapping[str, Rate]) -> str:
    return ", ".join(f"{name} {rate.f1:.2f}" for name, rate in rates.items())
