"""`make dialogues`: plays every written conversation and prints the figures; exit code 1 when one goes wrong."""

import asyncio
import logging
import shutil
import sys
import tempfile
from pathlib import Path

import structlog

from actions.migrate import upgrade
from bot.answering import Mind
from desk.content import engine_for, read_content
from desk.settings import read_settings
from desk.stage import Stage
from tests.dialogues.figures import Figures
from tests.dialogues.runner import Conversation, play, read_conversations


async def _play_all(mind: Mind, conversations: list[Conversation], folder: Path) -> tuple[Figures, list[str]]:
    empty = folder / "empty.sqlite3"
    await upgrade(f"sqlite:///{empty}")
    figures, wrong = Figures(), []
    for conversation in conversations:
        path = Path(shutil.copyfile(empty, folder / "desk.sqlite3"))
        async with Stage(mind, conversation.start, f"sqlite:///{path}") as stage:
            try:
                exchanges = await play(stage, conversation)
                figures.add(conversation.name, exchanges, begins=conversation.begins)
            except AssertionError as error:
                wrong.append(f"{conversation.name}: {str(error).splitlines()[1]}")
        for ending in ("", "-wal", "-shm"):
            (folder / f"desk.sqlite3{ending}").unlink(missing_ok=True)
    return figures, wrong


def main() -> int:
    """Play them all."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    settings = read_settings({})
    content = read_content(settings.content, settings.timezone)
    conversations = read_conversations(Path(__file__).parent)
    with tempfile.TemporaryDirectory(prefix="desk-dialogues-") as folder:
        home = settings.home if settings.home.is_dir() else Path(folder)
        mind = content.mind(engine_for(content, home, lambda _line: None), home)
        figures, wrong = asyncio.run(_play_all(mind, conversations, Path(folder)))
    played = f"{len(conversations)} conversations, {len(wrong)} not as written"
    sys.stdout.write("\n".join((played, *wrong, *figures.lines(), "")))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
