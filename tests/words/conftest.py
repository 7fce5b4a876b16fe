"""The content of the checkout, read once, and a way to read content written inside a test."""

from collections.abc import Callable
from pathlib import Path

import pytest

from words.checks import read_samples
from words.content import ContentFiles
from words.etiquette import Etiquette
from words.replies import Replies

DATA = Path(__file__).parents[2] / "data"
BUTTONS = "yes: {label: 没错, says: 没错}\n"
CLAIMS = "ticket_open:\n  gloss: a ticket was opened\n  needs: [ticket]\n  patterns: ['已登记']\n"
HELLO = '- {from: "00:00", says: 您好}\n- {from: "06:00", says: 早上好}\n- {from: "18:00", says: 晚上好}\n'
OPENINGS = """
open.first:
  {purpose: p, facts: [hello], claims: [], mood: neutral, buttons: [], variants: ["{{ hello }}。", "{{ hello }}！"]}
open.known:
  {purpose: p, facts: [hello, salutation], mood: neutral, variants: ["{{ salutation }}{{ hello }}。"]}
"""


@pytest.fixture(scope="session")
def files() -> ContentFiles:
    return ContentFiles.load(DATA)


@pytest.fixture(scope="session")
def replies(files: ContentFiles) -> Replies:
    return Replies.read(files)


@pytest.fixture(scope="session")
def etiquette(files: ContentFiles) -> Etiquette:
    return Etiquette.read(files)


@pytest.fixture(scope="session")
def samples(files: ContentFiles) -> dict[str, str | int]:
    return read_samples(files)


@pytest.fixture
def scripts() -> Callable[..., ContentFiles]:
    """Content with one topic file of the test's own; a keyword replaces one of the files beside it."""

    def write(topic: str, **beside: str) -> ContentFiles:
        texts = {"buttons": BUTTONS, "claims": CLAIMS, "hello": HELLO, "open": OPENINGS} | beside | {"topic": topic}
        return ContentFiles({f"replies/{name}.yml": text for name, text in texts.items()})

    return write
