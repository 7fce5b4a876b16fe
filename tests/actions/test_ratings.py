"""How residents say how satisfied they are (domain.md C5)."""

import pytest

from actions.policy import Policy
from tests.actions.factories import changed, rules
from words.errors import ContentError


@pytest.mark.parametrize(
    ("text", "stars"),
    [
        ("满意", 5),
        ("非常满意，谢谢师傅", 5),
        ("5", 5),
        ("五星", 5),
        ("比较满意", 4),
        ("还可以", 4),
        ("一般", 3),
        ("3分", 3),
        ("不太满意", 2),
        ("2", 2),
        ("不满意", 1),
        ("非常不满意", 1),
        ("1", 1),
        ("差评！", 1),
        ("嗯", 3),
        ("7", 3),
    ],
)
def test_a_rating_is_read_from_words_and_numbers(text: str, stars: int) -> None:
    assert rules().stars(text) == stars


@pytest.mark.parametrize("text", ["没修好", "还没解决", "又漏了", "还在滴水", "根本没人来", "没有处理", "修不好"])
def test_that_it_is_not_fixed_is_recognised(text: str) -> None:
    assert rules().says_not_fixed(text)


@pytest.mark.parametrize("text", ["修好了", "已经解决了谢谢", "满意", "师傅很快就弄好了"])
def test_that_it_is_fixed_is_not_taken_for_the_opposite(text: str) -> None:
    assert not rules().says_not_fixed(text)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  5:\n", "  6:\n", r"rules/ratings.yml:\d+: 6: is not a number of stars"),
        ("usual: 3", "usual: 9", r"rules/ratings.yml:\d+: usual: is not a number of stars"),
        ("not_fixed:\n", "not_fixed: []\nfixed:\n", r"rules/ratings.yml:\d+: fixed: is not known"),
    ],
)
def test_wrong_ratings_are_refused_with_their_line(old: str, new: str, message: str) -> None:
    with pytest.raises(ContentError, match=message):
        Policy.read(changed("rules/ratings.yml", old, new))
