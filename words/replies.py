"""Reply scripts: what the desk says, by id, with variants, the facts each needs and the claims it makes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from words.buttons import BUTTONS_FILE, Button, meanings_of, read_buttons
from words.claims import CLAIMS_FILE, Claim, read_claims
from words.content import ContentFiles
from words.errors import ContentError, ReplyError
from words.facts import FACTS_FILE, FactKinds
from words.hello import HELLO_FILE, Hello
from words.language import Language
from words.scripts import Reply, Script, ScriptReader
from words.templates import make_environment

__all__ = ["BUTTONS_FILE", "SAMPLES_FILE", "Button", "Rendered", "Replies", "Reply"]

SAMPLES_FILE = "replies/samples.yml"
ENGLISH_SAMPLES_FILE = "replies/samples_english.yml"
_NOT_TOPICS = frozenset({BUTTONS_FILE, CLAIMS_FILE, FACTS_FILE, HELLO_FILE, SAMPLES_FILE, ENGLISH_SAMPLES_FILE})


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
        scripts: Mapping[str, Script],
        claims: Mapping[str, Claim],
        kinds: FactKinds,
        hello: Hello,
        meanings: Mapping[str, str],
    ) -> None:
        self.claims = claims
        self.meanings = meanings
        self._scripts = scripts
        self._kinds = kinds
        self._hello = hello

    @classmethod
    def read(cls, files: ContentFiles) -> "Replies":
        """Read every file of `data/replies`.

        Raises ContentError with file and line for whatever `ScriptReader.topic` refuses, and an id given twice.
        """
        buttons, claims = read_buttons(files), read_claims(files)
        reader = ScriptReader(make_environment(), buttons, claims)
        scripts: dict[str, Script] = {}
        for name in files.below("replies"):
            if name in _NOT_TOPICS:
                continue
            for script in reader.topic(files, name):
                reply = script.reply
                if first := scripts.get(reply.id):
                    place = f"{first.reply.source}:{first.reply.line}"
                    raise ContentError(name, reply.line, f"reply `{reply.id}` is already defined in {place}")
                scripts[reply.id] = script
        return cls(scripts, claims, FactKinds.read(files), Hello.read(files), meanings_of(buttons))

    def __contains__(self, reply_id: str) -> bool:
        return reply_id in self._scripts

    def __iter__(self) -> Iterator[Reply]:
        return (script.reply for script in self._scripts.values())

    def meaning(self, pressed: str) -> str | None:
        """What a button that says this means, or None when no button says it (any longer)."""
        return self.meanings.get(pressed)

    def reply(self, reply_id: str) -> Reply:
        """The script of an id. Raises ReplyError when there is none."""
        return self._script(reply_id).reply

    def render(
        self,
        reply_id: str,
        facts: Mapping[str, str | int],
        *,
        avoid: int | None = None,
        seed: int = 0,
        language: Language = Language.CHINESE,
    ) -> Rendered:
        """The text of a reply: the same seed picks the same variant, never `avoid` while there is another.

        In a language in which the reply is not written it is told in Chinese. Facts that the reply does not use are
        ignored. Raises ReplyError for an unknown id, a missing fact, and a claim whose fact is blank or of another
        kind (domain.md A11).
        """
        script = self._script(reply_id)
        reply = script.reply
        if not reply.facts <= facts.keys():
            missing = ", ".join(sorted(reply.facts - facts.keys()))
            raise ReplyError(f"reply `{reply_id}` needs the facts {missing}")
        told = {name: str(facts[name]) for name in reply.facts}
        self._check_told(reply, told)
        variant = _pick(script.numbers(language), avoid, seed)
        text = script.templates[variant].render(told)
        return Rendered(reply_id, variant, text, tuple(button.shown_in(language) for button in reply.buttons))

    def hello(self, now_local: datetime, language: Language = Language.CHINESE) -> str:
        """The greeting of the hour, for a time already in the community's zone (domain.md A1)."""
        return self._hello.at(now_local, language)

    def greeting(
        self,
        now_local: datetime,
        salutation: str | None,
        *,
        avoid: int | None = None,
        seed: int = 0,
        language: Language = Language.CHINESE,
    ) -> Rendered:
        """The opening of a conversation: by name where one is known, never by a guess (domain.md A1, A3, A12)."""
        facts = {"hello": self.hello(now_local, language), "salutation": salutation or ""}
        reply_id = "open.known" if salutation else "open.first"
        return self.render(reply_id, facts, avoid=avoid, seed=seed, language=language)

    def _script(self, reply_id: str) -> Script:
        found = self._scripts.get(reply_id)
        if found is None:
            raise ReplyError(f"there is no reply `{reply_id}` in data/replies")
        return found

    def _check_told(self, reply: Reply, told: Mapping[str, str]) -> None:
        for name in reply.claims:
            claim = self.claims[name]
            supporting = [fact for fact in (*claim.needs, *claim.needs_one) if fact in told]
            good = {fact for fact in supporting if self._kinds.fits(fact, told[fact])}
            if lacking := claim.lacks(good):
                wrong = ", ".join(f"{fact}={told[fact]!r}" for fact in supporting if fact not in good)
                raise ReplyError(f"reply `{reply.id}` claims `{name}` without {lacking}: {wrong}")


def _pick(numbers: range, avoid: int | None, seed: int) -> int:
    count = len(numbers)
    if avoid is None or count == 1 or avoid not in numbers:
        return numbers[seed % count]
    # One of the others: step past the avoided one.
    return numbers[(avoid - numbers.start + 1 + seed % (count - 1)) % count]
