"""The scene of the web tests: on SQLite, and for a few flows on both engines."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from actions.store import Store
from tests.conftest import restored
from tests.web.scene import Scene, open_scene


@pytest.fixture
async def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A fresh database, on SQLite unless a test asks for more with `ON_BOTH`: most pages do not meet the engine."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{shutil.copyfile(request.getfixturevalue('sqlite_template'), tmp_path / 'desk.sqlite3')}"
    return await restored(request.getfixturevalue("empty_postgres"))


@pytest.fixture
async def scene(store: Store, tmp_path: Path) -> AsyncIterator[Scene]:
    """A desk behind its pages."""
    opened = await open_scene(store, tmp_path / "uploads")
    yield opened
    await opened.close()
