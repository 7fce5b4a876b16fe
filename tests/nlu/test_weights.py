"""Weights in a byte each are near to those they stand for."""

import numpy as np

from nlu.weights import Weights


def test_every_weight_is_within_half_a_level_of_the_real_one() -> None:
    dense = np.random.default_rng(3).normal(size=(50, 9)).astype(np.float32)
    dense[7] = 0.0
    small = Weights.of(dense)
    found = small.rows(np.arange(50))
    assert np.all(np.abs(found - dense) <= np.abs(dense).max(axis=1, keepdims=True) / 127 / 2 + 1e-6)
    assert np.array_equal(np.abs(found).argmax(axis=1), np.abs(dense).argmax(axis=1))
    assert not found[7].any()
    assert small.levels.nbytes * 4 == dense.nbytes
