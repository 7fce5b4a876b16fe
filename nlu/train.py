"""Trains the embedded engine's model from examples with scikit-learn, in seconds rather than minutes."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict

from nlu.danger import SIGN_NAMES
from nlu.features import SIGNS, Featuriser
from nlu.model import EMERGENCY, INTENT, LABEL, Calibration, Head, Model, joint_margins
from nlu.solving import Fitted, Job, Labels, Matrix, Rows, fit_all, svm
from nlu.train_cuts import with_cuts
from nlu.training_data import Example, TrainingData
from nlu.vectoriser import Floats, Vectoriser
from nlu.weights import Weights

Progress = Callable[[str, float], None]

_SEED = 20240824
_FOLDS = 3
_SMALL = 2_000
_MIDDLE_POWER = 0.5
_IDF_POWERS = (0.0, _MIDDLE_POWER, 1.0)
# The share of the features that is left out of the model: those of the smallest weights.
_LEFT_OUT = 0.3
_NEARLY_BEST = 0.005
# How many times as much it matters to find a danger as to ring for dangers only.
_DANGER_FOUND = 1.5
# The shares of rightly read, but unseen, messages about which the desk would still ask back: for a low margin, and for
# a narrow lead, which tells errors better.
_ASK_BACK_MARGIN, _ASK_BACK_LEAD = 0.04, 0.10
_UNSEEN = -2.0  # The margin of a label too rare to be in every fold: one that never wins.


def train(
    data: TrainingData, featuriser: Featuriser, *, version: str, progress: Progress = lambda _what, _share: None
) -> Model:
    """Train every head: intent, full label, and the categories of each intent.

    `progress` is told what is being done and the share that is done, from 0 to 1. Raises ValueError when the data
    holds fewer than two intents.
    """
    examples = data.examples
    intents = np.array([_intent(example) for example in examples])
    if len(set(intents)) < 2:  # noqa: PLR2004  One class cannot be told from another.
        raise ValueError("training needs examples of at least two intents")
    progress("features", 0.0)
    bags = _bags(featuriser, examples)
    progress("weights", 0.1)
    power = _best_power(bags, intents)
    vectoriser = bags.vectoriser(power)
    matrix = bags.matrix(vectoriser)
    progress("heads", 0.3)
    targets = _targets(examples, intents)
    folds = list(_folds(intents))
    fitted, unseen = _solve(matrix, targets, folds, progress)
    signs = np.array([[name in blocks[SIGNS] for name in SIGN_NAMES] for blocks in bags.blocks], dtype=np.float64)
    calibration = _calibrate(matrix, list(zip(folds, unseen, strict=True)), intents, signs)
    weights = np.concatenate([one.weights for one in fitted.values()], axis=1)
    vectoriser, weights = _telling(vectoriser, weights)
    bias = np.concatenate([one.bias for one in fitted.values()]).astype(np.float32)
    facts = {"examples": len(examples), "idf_power": power, "features": len(vectoriser.order)}
    model = Model(vectoriser, _heads(fitted), Weights.of(weights), bias, calibration, version, facts)
    progress("requests", 0.95)
    model = with_cuts(model, featuriser, data.splitting)
    progress("done", 1.0)
    return model


@dataclass(frozen=True, slots=True)
class _Bags:
    """Featurised examples: the blocks of each text, and the vocabulary they span."""

    blocks: Sequence[tuple[list[str], ...]]
    order: tuple[str, ...]
    frequency: Floats

    def vectoriser(self, power: float) -> Vectoriser:
        idf = (np.log((1 + len(self.blocks)) / (1 + self.frequency)) + 1) ** power
        return Vectoriser.of(self.order, idf.astype(np.float32))

    def matrix(self, vectoriser: Vectoriser) -> csr_matrix:
        named = vectoriser.vectors(self.blocks)
        shape = (len(self.blocks), len(vectoriser.order))
        meanings = csr_matrix(vectoriser.meaning(self.blocks))
        return hstack([csr_matrix((named.values, named.places, named.starts), shape=shape), meanings], format="csr")


def _intent(example: Example) -> str:
    return example.intent.partition(".")[0]


def _bags(featuriser: Featuriser, examples: Sequence[Example]) -> _Bags:
    blocks = [featuriser.blocks(example.text) for example in examples]
    seen: Counter[str] = Counter()
    for parts in blocks:
        seen.update({name for block in parts for name in block})
    # What occurs once cannot be learned from, except in the few examples of a small data set.
    fewest = 2 if len(examples) > _SMALL else 1
    # The commonest first: what is looked up most stands close together, and is found sooner.
    common = sorted(seen.items(), key=lambda named: (-named[1], named[0]))
    order = tuple(name for name, count in common if count >= fewest)
    return _Bags(blocks, order, np.array([seen[name] for name in order], dtype=np.float32))


def _targets(examples: Sequence[Example], intents: Labels) -> dict[str, Job]:
    """For each head the rows that it learns from and their labels."""
    everything = np.arange(len(examples))
    targets = {
        INTENT: Job(everything, intents),
        LABEL: Job(everything, np.array([example.intent for example in examples])),
    }
    for intent in sorted(set(intents)):
        rows: list[int] = [row for row, example in enumerate(examples) if example.intent.startswith(f"{intent}.")]
        labels = np.array([examples[row].intent.partition(".")[2] for row in rows])
        if len(set(labels)) > 1:
            targets[f"{intent}."] = Job(np.array(rows, dtype=np.int64), labels)
    return targets


def _telling(vectoriser: Vectoriser, weights: Matrix) -> tuple[Vectoriser, Matrix]:
    """The features without those that tell the least; nothing measurable is lost with them (docs/understanding.md)."""
    named = len(vectoriser.order)
    tells = np.abs(weights[:named]).max(axis=1, initial=0.0) * vectoriser.idf
    kept = np.flatnonzero(tells >= np.quantile(tells, _LEFT_OUT)) if named else np.arange(0)
    smaller = Vectoriser.of([vectoriser.order[place] for place in kept], vectoriser.idf[kept])
    return smaller, np.concatenate([weights[kept], weights[named:]])


def _heads(fitted: Mapping[str, Fitted]) -> dict[str, Head]:
    heads: dict[str, Head] = {}
    first = 0
    for name, one in fitted.items():
        heads[name] = Head(name, one.labels, first)
        first += len(one.labels)
    return heads


def _solve(
    matrix: csr_matrix,
    targets: Mapping[str, Job],
    folds: Sequence[tuple[Rows, Rows]],
    progress: Progress,
) -> tuple[dict[str, Fitted], list[dict[str, Fitted]]]:
    """Every head on all of its rows, and intent and label on each fold's seen rows alone."""
    jobs = [*targets.values(), *(targets[name].of(seen) for seen, _ in folds for name in (INTENT, LABEL))]
    solved: dict[int, Fitted] = {}
    for place, one in fit_all(matrix, jobs):
        solved[place] = one
        progress("heads", 0.3 + 0.6 * len(solved) / len(jobs))
    ready = [solved[job] for job in range(len(jobs))]
    heads, rest = dict(zip(targets, ready, strict=False)), ready[len(targets) :]
    return heads, [dict(zip((INTENT, LABEL), pair, strict=True)) for pair in zip(rest[::2], rest[1::2], strict=True)]


def _best_power(bags: _Bags, intents: Labels) -> float:
    """The power of IDF that does best on examples held back; within half a point the middle one, which travels best.

    With many examples the middle one has always done, and trying costs time.
    """
    if len(intents) > _SMALL:
        return _MIDDLE_POWER
    seen, unseen = next(_folds(intents))

    def score(power: float) -> float:
        matrix = bags.matrix(bags.vectoriser(power))
        return float(svm(intents[seen]).fit(matrix[seen], intents[seen]).score(matrix[unseen], intents[unseen]))

    return max(_IDF_POWERS, key=lambda power: (round(200 * score(power)), -abs(power - _MIDDLE_POWER)))


def _folds(labels: npt.NDArray[Any]) -> Iterator[tuple[Rows, Rows]]:
    rare = min(Counter(labels.tolist()).values()) < _FOLDS
    kinds = KFold if rare else StratifiedKFold
    yield from kinds(_FOLDS, shuffle=True, random_state=_SEED).split(np.zeros(len(labels)), labels)


def _calibrate(
    matrix: csr_matrix,
    solved: Sequence[tuple[tuple[Rows, Rows], Mapping[str, Fitted]]],
    intents: Labels,
    signs: Matrix,
) -> Calibration:
    """Measure on examples that a model has not seen how far its margins can be trusted."""
    names = tuple(str(name) for name in sorted(set(intents)))
    truth = np.array([names.index(str(intent)) for intent in intents])
    margins = np.full((len(intents), len(names)), _UNSEEN)
    evidence: Matrix | None = None
    for (_, rows), fitted in solved:
        scores = [np.asarray(matrix[rows] @ one.weights + one.bias) for one in fitted.values()]
        joined, known, told = joint_margins(np.concatenate(scores, axis=1), _heads(fitted))
        margins[np.ix_(rows, np.array([names.index(name) for name in known]))] = joined
        evidence = np.zeros((len(intents), told.shape[1])) if evidence is None else evidence
        evidence[rows] = told
    danger, alarm = _detector(evidence, signs, intents == EMERGENCY)
    ordered = np.sort(margins, axis=1)
    right = margins.argmax(axis=1) == truth
    lead = ordered[:, -1] - ordered[:, -2]
    return Calibration(
        steepness=_steepness(margins, truth),
        margin=float(np.quantile(ordered[right, -1], _ASK_BACK_MARGIN)),
        lead=float(np.quantile(lead[right], _ASK_BACK_LEAD)),
        alarm=alarm,
        accuracy=float(right.mean()),
        danger=danger,
    )


def _detector(evidence: Matrix | None, signs: Matrix, real: npt.NDArray[np.bool_]) -> tuple[tuple[float, ...], float]:
    """The weights of the evidence for danger, learned on unseen readings, and the threshold for an alarm."""
    if evidence is None or not evidence.shape[1] or not real.any():
        return (), float("inf")
    both = np.hstack([evidence, signs])
    regression = LogisticRegression(C=0.3, max_iter=2000)
    folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=_SEED)
    odds = cross_val_predict(regression, both, real, cv=folds, method="decision_function")
    fitted = regression.fit(both, real)
    weights = (*(float(weight) for weight in fitted.coef_[0]), float(fitted.intercept_[0]))
    return weights, _alarm_threshold(odds, real)


def _steepness(margins: Matrix, truth: npt.NDArray[np.int64]) -> float:
    """The factor on the margins under which their softmax is likeliest (temperature scaling)."""

    def loss(factor: float) -> float:
        scaled = factor * margins
        top = scaled.max(axis=1, keepdims=True)
        log_sum = np.log(np.exp(scaled - top).sum(axis=1)) + top[:, 0]
        return float((log_sum - scaled[np.arange(len(truth)), truth]).mean())

    return float(min(np.geomspace(0.5, 16.0, 41), key=loss))


def _alarm_threshold(odds: Matrix, real: npt.NDArray[np.bool_]) -> float:
    """The middle of the thresholds that do nearly best by F-measure on unseen examples: room on either side.

    In the measure, finding a danger weighs more than ringing for nothing.
    """
    order = np.argsort(-odds, kind="stable")
    hits = np.cumsum(real[order])
    weight = _DANGER_FOUND**2
    measure = (1 + weight) * hits / (np.arange(1, len(order) + 1) + weight * real.sum())
    good = odds[order][measure >= measure.max() - _NEARLY_BEST]
    return float((good.max() + good.min()) / 2)
