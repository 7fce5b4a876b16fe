"""Learns when to cut a message in two, from messages whose requests people have marked (`data/nlu/splitting.yml`)."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from nlu.asks import Reader, best
from nlu.emergency import CALM, Detector
from nlu.features import Featuriser
from nlu.model import Model
from nlu.multi import possible_cuts, stretches
from nlu.segment import clauses, sentences
from nlu.splitting import Message

_FOLDS = 5
_FEWEST = 20
_COST = 0.1
# The share of unseen messages with one request, chosen for looking like two, that may be cut.
_WRONGLY_CUT = 0.04

Numbers = npt.NDArray[np.float64]


def with_cuts(model: Model, featuriser: Featuriser, messages: Sequence[Message]) -> Model:
    """The model that cuts as the messages teach it; without enough of both kinds it never cuts."""
    rows, marked, owners = _evidence(model, featuriser, messages)
    if min(len(set(owners[marked])), len(set(owners[~marked]))) < _FEWEST:
        return model
    middle, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
    regression = LogisticRegression(C=_COST, max_iter=3000)
    even = (rows - middle) / spread
    odds = cross_val_predict(
        regression, even, marked, groups=owners, cv=StratifiedGroupKFold(_FOLDS), method="decision_function"
    )
    # A message without any possible cut is never cut.
    best_odds = [max(odds[owners == place], default=-np.inf) for place, one in enumerate(messages) if not one.cuts]
    threshold = float(np.quantile(best_odds, 1 - _WRONGLY_CUT, method="higher"))
    fitted = regression.fit(even, marked)
    weights = fitted.coef_[0] / spread
    bias = float(fitted.intercept_[0] - weights @ middle) - threshold
    cuts = (*(float(weight) for weight in weights), bias)
    return replace(model, calibration=replace(model.calibration, cuts=cuts))


def _evidence(
    model: Model, featuriser: Featuriser, messages: Sequence[Message]
) -> tuple[Numbers, npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """All possible cuts of all messages: what speaks for each, whether people made it, and whose it is."""
    rows: list[list[float]] = []
    marked: list[bool] = []
    owners: list[int] = []
    for owner, message in enumerate(messages):
        read = Reader(model, featuriser, message.text)
        parts = clauses(message.text)
        read.ahead([(parts[0].start, parts[-1].end), *sentences(parts), *stretches(parts)])
        whole = read(parts[0].start, parts[-1].end)
        said = [read(start, end) for start, end in sentences(parts)]
        alarm = Detector(model).find(whole, said, [read(*span) for span in stretches(parts)])
        barred = frozenset() if alarm else CALM
        for cut in possible_cuts(model, read, parts, best(model, whole, barred), barred):
            rows.append(cut.evidence(model))
            marked.append(parts[cut.place].start in message.cuts)
            owners.append(owner)
    return np.array(rows), np.array(marked, dtype=np.bool_), np.array(owners, dtype=np.int64)
