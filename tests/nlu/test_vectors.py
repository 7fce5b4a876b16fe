"""Word vectors bring words near that mean alike, and are quiet about what they do not know."""

import numpy as np
import pytest

from nlu.vectors import WordVectors, word_vectors


@pytest.fixture(scope="module")
def vectors() -> WordVectors:
    return word_vectors()


def near(vectors: WordVectors, one: str, other: str) -> float:
    return float(vectors.mean([one], [1.0]) @ vectors.mean([other], [1.0]))


def test_words_that_mean_alike_are_near(vectors: WordVectors) -> None:
    assert near(vectors, "漏水", "渗水") > near(vectors, "漏水", "发票") + 0.2
    assert near(vectors, "蟑螂", "老鼠") > near(vectors, "蟑螂", "电梯") + 0.2


def test_a_mean_has_length_one_and_weights_count(vectors: WordVectors) -> None:
    both = vectors.mean(["漏水", "发票"], [1.0, 0.1])
    assert float(np.linalg.norm(both)) == pytest.approx(1.0, abs=1e-5)
    assert both @ vectors.mean(["漏水"], [1.0]) > both @ vectors.mean(["发票"], [1.0])


def test_an_unknown_word_is_read_by_its_characters(vectors: WordVectors) -> None:
    assert "门铰链锈" not in vectors.rows
    assert near(vectors, "门铰链锈", "铰链") > 0


@pytest.mark.parametrize("words", [[], ["qwertyuiop"], ["1", "😂"]])
def test_what_is_not_known_says_nothing(vectors: WordVectors, words: list[str]) -> None:
    assert not vectors.mean(words, [1.0] * len(words)).any()
