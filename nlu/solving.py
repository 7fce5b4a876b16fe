"""Fits many heads side by side, each core in a process of its own.

The solver draws from a random state that all threads of a process share; only apart do two trainings on the same data
give the same model.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix
from sklearn.svm import LinearSVC

Matrix = npt.NDArray[np.float64]
Labels = npt.NDArray[np.str_]
Rows = npt.NDArray[np.int64]

_SEED = 20240824
_WORKERS = 2
# Fewer examples are fitted before a process has begun.
_FEW = 2_000
# What an error costs, how much more one of a rare label costs, and when a solver is near enough; found by
# cross-validation.
_COST, _BALANCE, _TOLERANCE = 0.7, 0.3, 0.3


@dataclass(frozen=True, slots=True)
class Job:
    """A head to fit: the rows that it learns from, and their labels."""

    rows: Rows
    labels: Labels

    def of(self, places: Rows) -> "Job":
        """The same head on some of its rows."""
        return Job(self.rows[places], self.labels[places])


@dataclass(frozen=True, slots=True)
class Fitted:
    """A head's weights, features down and labels across."""

    labels: tuple[str, ...]
    weights: Matrix
    bias: Matrix


def svm(labels: Labels) -> LinearSVC:
    """The classifier of a head, in which an example of a rare label weighs more."""
    counts = Counter(labels.tolist())
    usual = len(labels) / len(counts)
    weights = {label: (usual / count) ** _BALANCE for label, count in counts.items()}
    return LinearSVC(C=_COST, class_weight=weights, random_state=_SEED, max_iter=3000, tol=_TOLERANCE)


def fit_all(matrix: csr_matrix, jobs: Sequence[Job]) -> Iterator[tuple[int, Fitted]]:
    """Fit all heads; each with its place among the jobs, the longest first, so that no core waits at the end."""
    order = sorted(range(len(jobs)), key=lambda place: -jobs[place].rows.size * len(set(jobs[place].labels)))
    if matrix.shape[0] <= _FEW:
        yield from ((place, _fit(matrix, jobs[place])) for place in order)
        return
    # A copy of a process that runs threads may hang; a new one does not.
    with ProcessPoolExecutor(_WORKERS, get_context("spawn"), _Given.take, (matrix, jobs)) as pool:
        yield from zip(order, pool.map(_Given.fit, order), strict=True)


class _Given:
    """What a process of the pool works on: sent to it once, for it is large."""

    matrix: csr_matrix
    jobs: Sequence[Job]

    @classmethod
    def take(cls, matrix: csr_matrix, jobs: Sequence[Job]) -> None:
        cls.matrix, cls.jobs = matrix, jobs

    @classmethod
    def fit(cls, place: int) -> Fitted:
        return _fit(cls.matrix, cls.jobs[place])


def _fit(matrix: csr_matrix, job: Job) -> Fitted:
    fitted: Any = svm(job.labels).fit(matrix[job.rows], job.labels)
    coefficients, bias = fitted.coef_, fitted.intercept_
    if coefficients.shape[0] == 1:  # scikit-learn keeps a single row for two classes.
        coefficients, bias = np.concatenate([-coefficients, coefficients]), np.concatenate([-bias, bias])
    return Fitted(tuple(str(name) for name in fitted.classes_), coefficients.T, bias)
