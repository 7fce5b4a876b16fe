"""The greeting of the hour (domain.md A1)."""

from dataclasses import dataclass
from datetime import datetime, time

from words.content import ContentFiles, line_of
from words.errors import ContentError
from words.fields import Fields
from words.language import Language

HELLO_FILE = "replies/hello.yml"


@dataclass(frozen=True, slots=True)
class Hello:
    """Greetings with the local time from which each holds, the first from midnight."""

    entries: tuple[tuple[time, str, str], ...]

    def at(self, now_local: datetime, language: Language) -> str:
        """What is said at a time in the community's zone."""
        clock = now_local.time()
        chinese, english = next(says for start, *says in reversed(self.entries) if start <= clock)
        return english if language is Language.ENGLISH else chinese

    @classmethod
    def read(cls, files: ContentFiles) -> "Hello":
        """Read the file. Raises ContentError unless the times rise from 00:00."""
        parsed = files.read(HELLO_FILE)
        entries: list[tuple[time, str, str]] = []
        for index, entry in enumerate(parsed):
            fields = Fields.of(HELLO_FILE, line_of(parsed, index), entry)
            fields.only(("from", "says", "english"))
            start, says = fields.time("from"), fields.text("says")
            if start <= entries[-1][0] if entries else start != time(0):
                raise fields.error("from", "the times should rise, the first being 00:00")
            entries.append((start, says, fields.text("english", says)))
        if not entries:
            raise ContentError(HELLO_FILE, 1, "there is no greeting; write at least one from 00:00")
        return cls(tuple(entries))
