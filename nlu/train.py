"""Trains the embedded engine's model from examples with scikit-learn; deterministic, seconds rather than minutes."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.model_selection import StratifiedKFold
from sklearn.svm import LinearSVC

from nlu.features import Featuriser
from nlu.model import Floats, Head, Model, Vectoriser
from nlu.training_data import Example, TrainingData

Progress = Callable[[str, float], None]
Matrix = npt.NDArray[np.float64]

INTENT_HEAD = "intent"
ALARM_HEAD = "alarm"
_ALARM = "emergency"
_SEED = 20240824
_FOLDS = 3
_IDF_POWERS = (0.0, 0.5, 1.0)


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
        vectors = [vectoriser.vector(blocks) for blocks in self.blocks]
        starts = np.cumsum([0, *(vector.indices.size for vector in vectors)])
        indices = np.concatenate([vector.indices for vector in vectors])
        values = np.concatenate([vector.values for vector in vectors])
        return csr_matrix((values, indices, starts), shape=(len(vectors), len(self.order)))


def train(
    data: TrainingData, featuriser: Featuriser, *, version: str, progress: Progress = lambda _what, _share: None
) -> Model:
    """Train every head: the intent, the categories of each intent, and the alarm (emergency or not).

    `progress` is told what is being done and the share that is done, from 0 to 1. Raises ValueError when the data
    holds fewer than two intents.
    """
    intents = np.array([example.intent.partition(".")[0] for example in data.examples])
    if len(set(intents)) < 2:  # noqa: PLR2004  One class cannot be told from another.
        raise ValueError("training needs examples of at least two intents")
    progress("features", 0.0)
    bags = _bags(featuriser, data.examples)
    progress("weights", 0.1)
    power = _best_power(bags, intents)
    vectoriser = bags.vectoriser(power)
    matrix = bags.matrix(vectoriser)
    progress("intents", 0.35)
    heads: dict[str, Head] = {}
    columns: list[Matrix] = []
    biases: list[Matrix] = []
    facts: dict[str, object] = {"examples": len(data.examples), "idf_power": power}
    targets = _targets(data.examples, intents)
    for done, (name, (rows, labels)) in enumerate(targets.items()):
        fitted = _fit_head(matrix[rows], labels)
        heads[name] = Head(name, fitted.labels, sum(block.shape[1] for block in columns), fitted.steepness)
        columns.append(fitted.weights)
        biases.append(fitted.bias)
        if name == INTENT_HEAD:
            facts |= _reject_below(fitted)
        progress(name, 0.35 + 0.65 * (done + 1) / len(targets))
    weights = np.concatenate(columns, axis=1).astype(np.float16)
    return Model(vectoriser, heads, weights, np.concatenate(biases).astype(np.float32), version, facts)


def _bags(featuriser: Featuriser, examples: Sequence[Example]) -> _Bags:
    blocks = [featuriser.blocks(featuriser.clean(example.text)) for example in examples]
    seen: Counter[str] = Counter()
    for parts in blocks:
        seen.update({name for block in parts for name in block})
    # Sounds and word pairs that occur once say nothing that the characters do not say.
    order = tuple(sorted(name for name, count in seen.items() if count > 1 or name[0] == "c"))
    return _Bags(blocks, order, np.array([seen[name] for name in order], dtype=np.float32))


def _targets(
    examples: Sequence[Example], intents: npt.NDArray[np.str_]
) -> Mapping[str, tuple[npt.NDArray[np.int64], npt.NDArray[np.str_]]]:
    """For each head the rows that it learns from and their labels."""
    everything = np.arange(len(examples))
    targets = {INTENT_HEAD: (everything, intents)}
    if _ALARM in intents:
        targets[ALARM_HEAD] = (everything, np.where(intents == _ALARM, _ALARM, "calm"))
    for intent in sorted(set(intents)):
        rows = np.array([i for i in everything if intents[i] == intent and "." in examples[i].intent], dtype=np.int64)
        labels = np.array([examples[i].intent.partition(".")[2] for i in rows])
        if len(set(labels)) > 1:
            targets[intent + "."] = (rows, labels)
    return targets


def _best_power(bags: _Bags, intents: npt.NDArray[np.str_]) -> float:
    """The power of IDF that does best on a third of the examples held back."""
    train_rows, test_rows = next(_folds(intents))
    best = (-1.0, _IDF_POWERS[0])
    for power in _IDF_POWERS:
        matrix = bags.matrix(bags.vectoriser(power))
        score = _svm().fit(matrix[train_rows], intents[train_rows]).score(matrix[test_rows], intents[test_rows])
        best = max(best, (float(score), power))
    return best[1]


def _svm() -> LinearSVC:
    return LinearSVC(C=1.0, class_weight="balanced", random_state=_SEED, max_iter=2000, tol=1e-3)


def _folds(labels: npt.NDArray[np.str_]) -> "object":
    return StratifiedKFold(_FOLDS, shuffle=True, random_state=_SEED).split(np.zeros(len(labels)), labels)
