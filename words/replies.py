"""Reply scripts: what the desk says, by id, with variants, the facts each needs and the claims it makes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time

from jinja2.sandbox import ImmutableSandboxedEnvironment

from words.claims import CLAIMS_FILE, Claim, claims_made, read_claims
from words.content import ContentFiles, line_of
from words.errors import ContentError, ReplyError
from words.fields import Fields
from words.mood import Mood
from words.templates import ReplyTemplate, count_lines, count_sentences, make_environment

BUTTONS_FILE = "replies/buttons.yml"
HELLO_FILE = "replies/hello.yml"
SAMPLES_FILE = "replies/samples.yml"
LONGEST_VARIANT = 140  # characters, placeholders not counted
MOST_SENTENCES = 3
MOST_EMERGENCY_LINES = 4
_NOT_TOPICS = frozenset({BUTTONS_FILE, CLAIMS_FILE, HELLO_FILE, SAMPLES_FILE})
_KEYS = ("purpose", "facts", "claims", "mood", "buttons", "variants")


@dataclass(frozen=True, slots=True)
class Button:
    """A choice offered below a reply: what is on it, what is said when it is pressed, and what that means.

    `means` is a label such as `repair` or `progress.urge`: nothing needs to be understood when a button was pressed.
    Empty, the words are understood as if they had been typed.
    """

    id: str
    label: str
    says: str
    means: str


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply script as the file describes it; `variants` are template sources."""

    id: str
    purpose: str
    facts: frozenset[str]
    claims: frozenset[str]
    mood: Mood
    buttons: tuple[Button, ...]
    variants: tuple[str, ...]
    source: str
    line: int | None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A reply ready to send: which variant it is, so that the next one may differ, and its text."""

    reply_id: str
    variant: int
    text: str
    buttons: tuple[Button, ...]


class Replies:
    """All reply scripts of one content snapshot, compiled."""

    def __init__(
        self,
        replies: Mapping[str, Reply],
        templates: Mapping[str, tuple[ReplyTemplate, ...]],
        claims: Mapping[str, Claim],
        hello: tuple[tuple[time, str], ...],
        buttons: Mapping[str, Button],
    ) -> None:
        self.claims = claims
        self.meanings = {button.says: button.means for button in buttons.values() if button.means}
        self._replies = replies
        self._templates = templates
        self._hello = hello

    @classmethod
    def read(cls, files: ContentFiles) -> "Replies":
        """Read every file of `data/replies`.

        Raises ContentError with file and line for an unknown key, a template that does more than name facts, a fact
        that is missing or unused, a claim not declared or without its facts, a variant too long for a phone, an
        unknown button, and an id given twice.
        """
        reader = _Reader(make_environment(), _read_buttons(files), read_claims(files))
        replies: dict[str, Reply] = {}
        templates: dict[str, tuple[ReplyTemplate, ...]] = {}
        for name in files.below("replies"):
            if name in _NOT_TOPICS:
                continue
            for reply, compiled in reader.topic(files, name):
                if first := replies.get(reply.id):
                    message = f"reply `{reply.id}` is already defined in {first.source}:{first.line}"
                    raise ContentError(name, reply.line, message)
                replies[reply.id] = reply
                templates[reply.id] = compiled
        return cls(replies, templates, reader.claims, _read_hello(files), reader.buttons)

    def __contains__(self, reply_id: str) -> bool:
        return reply_id in self._replies

    def __iter__(self) -> Iterator[Reply]:
        return iter(self._replies.values())

    def meaning(self, pressed: str) -> str | None:
        """What a button that says this means, or None when no button says it (any longer)."""
        return self.meanings.get(pressed)

    def reply(self, reply_id: str) -> Reply:
        """The script of an id. Raises ReplyError when there is none."""
        found = self._replies.get(reply_id)
        if found is None:
            raise ReplyError(f"there is no reply `{reply_id}` in data/replies")
        return found

    def render(
        self, reply_id: str, facts: Mapping[str, str | int], *, avoid: int | None = None, seed: int = 0
    ) -> Rendered:
        """The text of a reply: the same seed picks the same variant, never `avoid` while there is another.

        Facts that the reply does not use are ignored. Raises ReplyError for an unknown id or a missing fact.
        """
        reply = self.reply(reply_id)
        if not reply.facts <= facts.keys():
            missing = ", ".join(sorted(reply.facts - facts.keys()))
            raise ReplyError(f"reply `{reply_id}` needs the facts {missing}")
        variant = _pick(len(reply.variants), avoid, seed)
        text = self._templates[reply_id][variant].render({name: str(facts[name]) for name in reply.facts})
        return Rendered(reply_id, variant, text, reply.buttons)

    def hello(self, now_local: datetime) -> str:
        """The greeting of the hour, for a time already in the community's zone (domain.md A1)."""
        clock = now_local.time()
        return next(says for start, says in reversed(self._hello) if start <= clock)

    def greeting(
        self, now_local: datetime, salutation: str | None, *, avoid: int | None = None, seed: int = 0
    ) -> Rendered:
        """The opening of a conversation: by name where one is known, never by a guess (domain.md A1, A3, A12)."""
        facts = {"hello": self.hello(now_local), "salutation": salutation or ""}
        return self.render("open.known" if salutation else "open.first", facts, avoid=avoid, seed=seed)


def _pick(count: int, avoid: int | None, seed: int) -> int:
    if avoid is None or count == 1 or not 0 <= avoid < count:
        return seed % count
    # One of the others: step past the avoided one.
    return (avoid + 1 + seed % (count - 1)) % count


@dataclass(frozen=True, slots=True)
class _Reader:
    environment: ImmutableSandboxedEnvironment
    buttons: Mapping[str, Button]
    claims: Mapping[str, Claim]

    def topic(self, files: ContentFiles, name: str) -> Iterator[tuple[Reply, tuple[ReplyTemplate, ...]]]:
        """The replies of one file with their compiled variants."""
        top = Fields.of(name, 1, files.read(name))
        for reply_id in top.node:
            fields = Fields.of(name, top.line_of(reply_id), top.node[reply_id])
            yield self._reply(str(reply_id), fields)

    def _reply(self, reply_id: str, fields: Fields) -> tuple[Reply, tuple[ReplyTemplate, ...]]:
        fields.only(_KEYS)
        reply = Reply(
            id=reply_id,
            purpose=fields.text("purpose"),
            facts=frozenset(fields.texts("facts")),
            claims=frozenset(fields.texts("claims")),
            mood=fields.choice("mood", Mood),
            buttons=self._buttons(fields),
            variants=fields.texts("variants"),
            source=fields.source,
            line=fields.line,
        )
        if not reply.variants:
            raise fields.error("variants", f"reply `{reply_id}` has no variant; write at least one")
        templates = tuple(
            ReplyTemplate(self.environment, fields.source, line, text) for line, text in fields.items("variants")
        )
        for (line, _), template in zip(fields.items("variants"), templates, strict=True):
            _check_variant(reply, template, line)
            self._check_claims(reply, template, line)
        self._check_declared(reply, templates, fields)
        return reply, templates

    def _buttons(self, fields: Fields) -> tuple[Button, ...]:
        for line, button in fields.items("buttons"):
            if button not in self.buttons:
                raise ContentError(fields.source, line, f"unknown button `{button}`; buttons are in {BUTTONS_FILE}")
        return tuple(self.buttons[button] for button in fields.texts("buttons"))

    def _check_claims(self, reply: Reply, template: ReplyTemplate, line: int | None) -> None:
        for claim, words in claims_made(self.claims, template.skeleton).items():
            if claim not in reply.claims:
                message = f"“{words}” claims `{claim}`; declare it under `claims` or say it otherwise"
                raise ContentError(reply.source, line, message)

    def _check_declared(self, reply: Reply, templates: tuple[ReplyTemplate, ...], fields: Fields) -> None:
        used = frozenset[str]().union(*(template.names for template in templates))
        if unused := sorted(reply.facts - used):
            raise fields.error("facts", f"no variant uses the fact {', '.join(unused)}")
        made = frozenset[str]().union(*(claims_made(self.claims, template.skeleton) for template in templates))
        for claim in sorted(reply.claims):
            if claim not in self.claims:
                raise fields.error("claims", f"unknown claim `{claim}`; claims are in {CLAIMS_FILE}")
            if lacking := self.claims[claim].lacks(reply.facts):
                raise fields.error("claims", f"claim `{claim}` needs {lacking}")
            if claim not in made:
                raise fields.error("claims", f"no variant makes the claim `{claim}`; take it out or add its words")


def _check_variant(reply: Reply, template: ReplyTemplate, line: int | None) -> None:
    if unknown := sorted(template.names - reply.facts):
        raise ContentError(reply.source, line, f"{{{{ {unknown[0]} }}}} is not among the facts of `{reply.id}`")
    if len(template.words) > LONGEST_VARIANT:
        message = f"has {len(template.words)} characters; a phone takes {LONGEST_VARIANT}"
        raise ContentError(reply.source, line, message)
    if reply.mood is Mood.EMERGENCY:
        if count_lines(template.skeleton) > MOST_EMERGENCY_LINES:
            raise ContentError(reply.source, line, f"an emergency reply has at most {MOST_EMERGENCY_LINES} lines")
    elif count_sentences(template.skeleton) > MOST_SENTENCES:
        raise ContentError(reply.source, line, f"a reply has at most {MOST_SENTENCES} sentences")


def _read_buttons(files: ContentFiles) -> dict[str, Button]:
    top = Fields.of(BUTTONS_FILE, 1, files.read(BUTTONS_FILE))
    buttons = {}
    for name in top.node:
        fields = Fields.of(BUTTONS_FILE, top.line_of(name), top.node[name])
        fields.only(("label", "says", "means"))
        buttons[str(name)] = Button(
            str(name), fields.text("label"), fields.text("says"), str(fields.node.get("means", ""))
        )
    return buttons


def _read_hello(files: ContentFiles) -> tuple[tuple[time, str], ...]:
    parsed = files.read(HELLO_FILE)
    hello: list[tuple[time, str]] = []
    for index, entry in enumerate(parsed):
        fields = Fields.of(HELLO_FILE, line_of(parsed, index), entry)
        fields.only(("from", "says"))
        try:
            start = time.fromisoformat(fields.text("from"))
        except ValueError as error:
            raise fields.error("from", "`from` should be a time such as 05:00") from error
        if start <= hello[-1][0] if hello else start != time(0):
            raise fields.error("from", "the times should rise, the first being 00:00")
        hello.append((start, fields.text("says")))
    if not hello:
        raise ContentError(HELLO_FILE, 1, "there is no greeting; write at least one from 00:00")
    return tuple(hello)
