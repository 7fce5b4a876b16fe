import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram.links import LinkedPlace, payload, place_of, start_link

KEY = "k" * 32


@given(st.sampled_from("bur"), st.integers(0, 2**63 - 1), st.integers(1, 2**63 - 1))
def test_a_link_is_read_back_and_is_made_of_what_telegram_takes(kind: str, row_id: int, community_id: int) -> None:
    given_ = payload(KEY, community_id, LinkedPlace(kind, row_id))
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", given_)
    assert place_of(KEY, community_id, given_) == LinkedPlace(kind, row_id)


def test_a_link_of_another_community_or_key_opens_nothing() -> None:
    given_ = payload(KEY, 5, LinkedPlace("r", 77))
    assert place_of(KEY, 6, given_) is None
    assert place_of("other", 5, given_) is None


def test_a_link_in_which_anything_was_changed_opens_nothing() -> None:
    given_ = payload(KEY, 5, LinkedPlace("r", 77))
    for place in range(len(given_) - 1):
        changed = given_[:place] + ("A" if given_[place] != "A" else "B") + given_[place + 1 :]
        assert place_of(KEY, 5, changed) is None


@pytest.mark.parametrize("given_", ["", "x", "促销", "AAAA", "a" * 24, "a" * 64, "=" * 24])
def test_what_is_no_link_opens_nothing(given_: str) -> None:
    assert place_of(KEY, 5, given_) is None


def test_the_address_opens_the_chat_with_the_bot() -> None:
    assert start_link("a_bot", "xyz") == "https://t.me/a_bot?start=xyz"
