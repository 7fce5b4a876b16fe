"""Reading of reply scripts: what a file of `data/replies` must say, and what it may not claim."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2.sandbox import ImmutableSandboxedEnvironment

from words.buttons import BUTTONS_FILE, Button
from words.claims import Claim, claims_made
from words.content import ContentFiles
from words.errors import ContentError
from words.fields import Fields
from words.language import Language
from words.mood import Mood
from words.templates import ReplyTemplate, count_lines, count_sentences

# What a phone shows, placeholders not counted; English takes more letters for the same.
LONGEST_VARIANT = {Language.CHINESE: 140, Language.ENGLISH: 260}
MOST_SENTENCES = 3
MOST_EMERGENCY_LINES = 4
_KEYS = ("purpose", "facts", "claims", "mood", "buttons", "variants", "english")


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply script as the file describes it; `variants` and `english` are template sources."""

    id: str
    purpose: str
    facts: frozenset[str]
    claims: frozenset[str]
    mood: Mood
    buttons: tuple[Button, ...]
    variants: tuple[str, ...]
    source: str
    line: int | None
    english: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """A reply with its compiled variants, the Chinese ones first, so that a number names one of either language."""

    reply: Reply
    templates: tuple[ReplyTemplate, ...]

    def numbers(self, language: Language) -> range:
        """The numbers of the variants in a language; the Chinese ones where there is none."""
        chinese = len(self.reply.variants)
        if language is Language.ENGLISH and self.reply.english:
            return range(chinese, len(self.templates))
        return range(chinese)


@dataclass(frozen=True, slots=True)
class ScriptReader:
    """Reads the scripts of one topic file after the other."""

    environment: ImmutableSandboxedEnvironment
    buttons: Mapping[str, Button]
    claims: Mapping[str, Claim]

    def topic(self, files: ContentFiles, name: str) -> Iterator[Script]:
        """The scripts of one file.

        Raises ContentError with file and line for an unknown key, a template that does more than name facts, a fact
        that is missing or unused, a claim not declared or without its facts, a variant too long for a phone, and an
        unknown button.
        """
        top = Fields.of(name, 1, files.read(name))
        for reply_id in top.node:
            yield self._script(str(reply_id), Fields.of(name, top.line_of(reply_id), top.node[reply_id]))

    def _script(self, reply_id: str, fields: Fields) -> Script:
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
            english=fields.texts("english"),
        )
        if not reply.variants:
            raise fields.error("variants", f"reply `{reply_id}` has no variant; write at least one")
        chinese = self._templates(reply, fields, "variants", Language.CHINESE)
        english = self._templates(reply, fields, "english", Language.ENGLISH)
        self._check_declared(reply, chinese, english, fields)
        return Script(reply, (*chinese, *english))

    def _templates(self, reply: Reply, fields: Fields, key: str, language: Language) -> tuple[ReplyTemplate, ...]:
        templates = []
        for line, text in fields.items(key):
            template = ReplyTemplate(self.environment, fields.source, line, text)
            _check_variant(reply, template, line, language)
            self._check_claims(reply, template, line, language)
            templates.append(template)
        return tuple(templates)

    def _buttons(self, fields: Fields) -> tuple[Button, ...]:
        for line, button in fields.items("buttons"):
            if button not in self.buttons:
                raise ContentError(fields.source, line, f"unknown button `{button}`; buttons are in {BUTTONS_FILE}")
        return tuple(self.buttons[button] for button in fields.texts("buttons"))

    def _check_claims(self, reply: Reply, template: ReplyTemplate, line: int | None, language: Language) -> None:
        for claim, words in claims_made(self.claims, template.skeleton, language).items():
            if claim not in reply.claims:
                message = f"“{words}” claims `{claim}`; declare it under `claims` or say it otherwise"
                raise ContentError(reply.source, line, message)

    def _check_declared(
        self, reply: Reply, chinese: Sequence[ReplyTemplate], english: Sequence[ReplyTemplate], fields: Fields
    ) -> None:
        used = frozenset[str]().union(*(template.names for template in (*chinese, *english)))
        if unused := sorted(reply.facts - used):
            raise fields.error("facts", f"no variant uses the fact {', '.join(unused)}")
        made = frozenset[str]().union(
            *(claims_made(self.claims, template.skeleton) for template in chinese),
            *(claims_made(self.claims, template.skeleton, Language.ENGLISH) for template in english),
        )
        for claim in sorted(reply.claims):
            if claim not in self.claims:
                raise fields.error("claims", f"unknown claim `{claim}`; claims are in replies/claims.yml")
            if lacking := self.claims[claim].lacks(reply.facts):
                raise fields.error("claims", f"claim `{claim}` needs {lacking}")
            if claim not in made:
                raise fields.error("claims", f"no variant makes the claim `{claim}`; take it out or add its words")


def _check_variant(reply: Reply, template: ReplyTemplate, line: int | None, language: Language) -> None:
    if unknown := sorted(template.names - reply.facts):
        raise ContentError(reply.source, line, f"{{{{ {unknown[0]} }}}} is not among the facts of `{reply.id}`")
    longest = LONGEST_VARIANT[language] * (2 if reply.mood is Mood.EMERGENCY and language is Language.ENGLISH else 1)
    if len(template.words) > longest:
        raise ContentError(reply.source, line, f"has {len(template.words)} characters; a phone takes {longest}")
    if reply.mood is Mood.EMERGENCY:
        if count_lines(template.skeleton) > MOST_EMERGENCY_LINES:
            raise ContentError(reply.source, line, f"an emergency reply has at most {MOST_EMERGENCY_LINES} lines")
    elif count_sentences(template.skeleton) > MOST_SENTENCES:
        raise ContentError(reply.source, line, f"a reply has at most {MOST_SENTENCES} sentences")
