"""The check of all reply scripts with sample facts, as `desk check-data` and the tests run it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations

from words.content import ContentFiles
from words.etiquette import Etiquette, Situation
from words.fields import Fields
from words.language import Language
from words.replies import ENGLISH_SAMPLES_FILE, SAMPLES_FILE, Replies
from words.rules import Author
from words.scripts import Reply

Samples = Mapping[str, str | int]
_FACT = re.compile(r"\{[{%][^{}]{0,60}[%}]\}")
_SIGNS = re.compile(r"[\W_]+")
# Two variants that share more of their pairs of characters than this are one variant twice.
_MOST_ALIKE = 0.8


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a content file, at a line where one is known."""

    file: str
    line: int | None
    message: str


def read_samples(files: ContentFiles, language: Language = Language.CHINESE) -> dict[str, str | int]:
    """One example of every fact, by name. Raises ContentError for a sample that is neither a text nor a number."""
    samples = _samples_in(files, SAMPLES_FILE)
    if language is Language.ENGLISH and ENGLISH_SAMPLES_FILE in files.texts:
        samples |= _samples_in(files, ENGLISH_SAMPLES_FILE)
    return samples


def _samples_in(files: ContentFiles, source: str) -> dict[str, str | int]:
    fields = Fields.of(source, 1, files.read(source))
    samples: dict[str, str | int] = {}
    for name, value in fields.node.items():
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise fields.error(name, f"the sample `{name}` should be a text or a whole number")
        samples[str(name)] = value if isinstance(value, int) else str(value)
    return samples


def check_words(
    replies: Replies, etiquette: Etiquette, samples: Samples, english: Samples | None = None
) -> list[Finding]:
    """Put every variant of every reply, rendered with the samples, to the etiquette of its mood.

    The English variants are rendered with `english`, and left out without it. Also names replies with fewer than two
    really different variants, and those that are not written in English.
    """
    found: list[Finding] = []
    told = {Language.CHINESE: samples} | ({} if english is None else {Language.ENGLISH: english})
    for reply in replies:
        missing = sorted(reply.facts - samples.keys())
        found.extend(
            Finding(reply.source, reply.line, f"{reply.id}: the fact {name} has no sample in {SAMPLES_FILE}")
            for name in missing
        )
        found.extend(_check_variety(reply))
        for language, facts in () if missing else told.items():
            found.extend(_check_reply(reply, replies, etiquette, facts, language))
    return found


def _check_variety(reply: Reply) -> Iterator[Finding]:
    words = [_SIGNS.sub("", _FACT.sub("", variant)) for variant in reply.variants]
    if not any(words):
        # A reply that is nothing but a fact, such as what a member typed, cannot be said in two ways.
        return
    if len(words) == 1:
        yield Finding(reply.source, reply.line, f"{reply.id}: has one variant; a reply is said in at least two ways")
    for one, other in combinations(words, 2):
        if _alike(one, other) > _MOST_ALIKE and reply.mood != "emergency":
            yield Finding(reply.source, reply.line, f"{reply.id}: the variants {one} and {other} are hardly different")
    if not reply.english:
        yield Finding(reply.source, reply.line, f"{reply.id}: is not written in English; add it under `english`")


def _alike(one: str, other: str) -> float:
    """The share of pairs of characters that two texts have in common, from 0 to 1."""
    first, second = ({text[at : at + 2] for at in range(len(text))} for text in (one, other))
    return len(first & second) / max(1, len(first | second))


def _check_reply(
    reply: Reply, replies: Replies, etiquette: Etiquette, samples: Samples, language: Language
) -> Iterator[Finding]:
    situation = Situation(
        author=Author.BOT,
        # Whatever greets with the hour's greeting stands at the beginning of a conversation.
        first="hello" in reply.facts,
        mood=reply.mood,
        salutation=str(samples["salutation"]) if "salutation" in reply.facts else None,
        allowed_phones=tuple(str(value) for name, value in samples.items() if name.startswith("phone_")),
        language=language,
    )
    texts = reply.english if language is Language.ENGLISH else reply.variants
    for place in range(len(texts)):
        rendered = replies.render(reply.id, samples, seed=place, language=language)
        for breach in etiquette.check(rendered.text, situation):
            named = "english variant" if language is Language.ENGLISH else "variant"
            message = f"{reply.id}, {named} {place + 1}: {breach.rule} {breach.why}"
            words = rendered.text[breach.start : breach.end]
            yield Finding(reply.source, reply.line, f"{message}: “{words}”" if words else message)
