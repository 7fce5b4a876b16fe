"""Heads are fitted in processes of their own as they would be one after the other."""

import numpy as np
from scipy.sparse import random as random_matrix

from nlu.solving import Job, fit_all


def test_many_examples_give_the_same_heads_each_time() -> None:
    rows = 2_100
    matrix = random_matrix(rows, 40, density=0.2, format="csr", random_state=1)
    labels = np.array([f"label {row % 7}" for row in range(rows)])
    everything = np.arange(rows)
    job = Job(everything, labels)
    # More jobs than processes: what runs at the same time must not matter.
    jobs = [job, job.of(everything[::2]), job, job.of(everything[::3]), job]
    found = dict(fit_all(matrix, jobs))
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert found[0].labels == tuple(sorted(set(labels)))
    for again in (found[2], found[4]):
        assert np.array_equal(again.weights, found[0].weights)
        assert np.array_equal(again.bias, found[0].bias)
    few = dict(fit_all(matrix[:1_500], [job.of(everything[:1_500])]))[0]
    assert few.weights.shape == found[0].weights.shape == (40, 7)


def test_two_classes_have_a_column_each() -> None:
    matrix = random_matrix(60, 10, density=0.5, format="csr", random_state=2)
    rows = np.arange(60)
    fitted = dict(fit_all(matrix, [Job(rows, np.array(["a", "b"] * 30))]))[0]
    assert fitted.labels == ("a", "b")
    assert np.array_equal(fitted.weights[:, 0], -fitted.weights[:, 1])
