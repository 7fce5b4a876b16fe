"""Answers of the knowledge base: plain texts with the community's facts in their placeholders."""

from collections.abc import Mapping
from functools import lru_cache

from words.errors import ReplyError
from words.templates import ReplyTemplate, make_environment


def fill(answer: str, facts: Mapping[str, str]) -> str:
    """The answer with its facts in place. Raises ReplyError for a fact that is not on record."""
    template = _compiled(answer)
    missing = sorted(template.names - facts.keys())
    if missing:
        raise ReplyError(f"an answer needs the fact {missing[0]}, which the community does not have")
    return template.render({name: facts[name] for name in template.names})


def facts_in(answer: str) -> frozenset[str]:
    """The facts that an answer states."""
    return _compiled(answer).names


@lru_cache(maxsize=1024)
def _compiled(answer: str) -> ReplyTemplate:
    return ReplyTemplate(make_environment(), "knowledge", None, answer)
