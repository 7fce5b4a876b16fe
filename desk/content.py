"""One snapshot of all content: read whole, checked whole, used whole."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from threadpoolctl import threadpool_limits

from actions.bill_rules import BillRules
from actions.calendar import Calendar
from actions.policy import Policy
from bot.answering import Mind
from bot.dialogue.situation import Rules
from bot.forms import Forms
from bot.phrases import Phrases
from nlu.knowledge import Knowledge
from nlu.own import own_examples
from nlu.store import load_or_train
from nlu.types import Engine
from words.content import ContentFiles
from words.etiquette import Etiquette
from words.replies import Replies


@dataclass(frozen=True, slots=True)
class Content:
    """Everything that is read from `data/`, apart from the trained engine."""

    files: ContentFiles
    rules: Rules
    calendar: Calendar
    replies: Replies
    etiquette: Etiquette

    def mind(self, engine: Engine, home: Path | None = None) -> Mind:
        """The content together with an engine: all that answering needs.

        With a home the index of the knowledge base is made ready and kept there; else it is made when first asked for.
        From then on the process multiplies with one thread: a message's vectors are so short that the other threads
        only burn time waiting for their share, which took more of a turn than everything else.
        """
        if home is not None:
            self.rules.knowledge.prepare(home / "model")
        threadpool_limits(limits=1, user_api="blas")
        return Mind(engine, self.rules, self.calendar, self.replies, self.etiquette)


def content_files(folder: Path, home: Path | None = None) -> ContentFiles:
    """The files of the content; with a home, the estate's own training examples are among them. Raises ContentError."""
    return ContentFiles.load(folder, own_examples(home) if home is not None else None)


def read_content(folder: Path, zone: ZoneInfo, home: Path | None = None) -> Content:
    """Read and check all content. Raises ContentError with file and line of the first thing that cannot be used."""
    files = content_files(folder, home)
    return Content(
        files=files,
        rules=Rules(
            forms=Forms.read(files),
            policy=Policy.read(files),
            knowledge=Knowledge.read(files),
            phrases=Phrases.read(files, zone),
            bills=BillRules.read(files),
        ),
        calendar=Calendar.read(files, zone.key),
        replies=Replies.read(files),
        etiquette=Etiquette.read(files),
    )


def engine_for(content: Content, home: Path, progress: Callable[[str], None]) -> Engine:
    """The engine trained on this content; trained now when the content changed, loaded otherwise.

    `progress` gets a line for each tenth of the training.
    """
    return load_or_train(content.files, home, in_tenths(progress))


def in_tenths(progress: Callable[[str], None]) -> Callable[[str, float], None]:
    """What tells a line for each tenth of a training that is done."""
    told = -1

    def tell(what: str, share: float) -> None:
        nonlocal told
        if int(10 * share) > told:
            told = int(10 * share)
            progress(f"  training {share:4.0%}  {what}")

    return tell
