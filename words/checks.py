"""The check of all reply scripts with sample facts, as `desk check-data` and the tests run it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from words.content import ContentFiles
from words.etiquette import Etiquette, Situation
from words.fields import Fields
from words.replies import SAMPLES_FILE, Replies, Reply
from words.rules import Author

Samples = Mapping[str, str | int]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong in a content file, at a line where one is known."""

    file: str
    line: int | None
    message: str


def read_samples(files: ContentFiles) -> dict[str, str | int]:
    """One example of every fact, by name. Raises ContentError for a sample that is neither a text nor a number."""
    fields = Fields.of(SAMPLES_FILE, 1, files.read(SAMPLES_FILE))
    samples: dict[str, str | int] = {}
    for name, value in fields.node.items():
        if not isinstance(value, str | int) or isinstance(value, bool):
            raise fields.error(name, f"the sample `{name}` should be a text or a whole number")
        samples[str(name)] = value if isinstance(value, int) else str(value)
    return samples


def check_words(replies: Replies, etiquette: Etiquette, samples: Samples) -> list[Finding]:
    """Render every variant of every reply with the samples and put it to the etiquette of its mood."""
    found: list[Finding] = []
    for reply in replies:
        missing = sorted(reply.facts - samples.keys())
        found.extend(
            Finding(reply.source, reply.line, f"{reply.id}: the fact {name} has no sample in {SAMPLES_FILE}")
            for name in missing
        )
        if not missing:
            found.extend(_check_reply(reply, replies, etiquette, samples))
    return found


def _check_reply(reply: Reply, replies: Replies, etiquette: Etiquette, samples: Samples) -> Iterator[Finding]:
    situation = Situation(
        author=Author.BOT,
        # Whatever greets with the hour's greeting stands at the beginning of a conversation.
        first="hello" in reply.facts,
        mood=reply.mood,
        salutation=str(samples["salutation"]) if "salutation" in reply.facts else None,
        allowed_phones=tuple(str(value) for name, value in samples.items() if name.startswith("phone_")),
    )
    for variant in range(len(reply.variants)):
        text = replies.render(reply.id, samples, seed=variant).text
        for breach in etiquette.check(text, situation):
            message = f"{reply.id}, variant {variant + 1}: {breach.rule} {breach.why}"
            words = text[breach.start : breach.end]
            yield Finding(reply.source, reply.line, f"{message}: “{words}”" if words else message)
