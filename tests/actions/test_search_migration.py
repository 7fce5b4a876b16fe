"""What was said before the index came is found as well, on both engines."""

from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import Connection, create_engine, insert, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from actions.access import StaffIdentity
from actions.migrate import config, upgrade
from actions.search import LogFilter, search
from actions.store import open_store
from actions.tables import Author, Community, Contact, Conversation, Direction, Message, Role, TurnOwner
from tests.conftest import NOW, new_database


def _before(connection: Connection) -> None:
    """The first schema, with two messages in it."""
    settings = config()
    settings.attributes["connection"] = connection
    command.upgrade(settings, "0001")
    connection.execute(
        insert(Community),
        {"id": 1, "code": "a", "name": "a", "timezone": "Asia/Shanghai", "facts": {}, "created_at": NOW},
    )
    connection.execute(
        insert(Contact), {"community_id": 1, "id": 2, "channel": "web", "address": "x", "created_at": NOW}
    )
    talk = {"community_id": 1, "id": 3, "contact_id": 2, "owner": TurnOwner.BOT, "state": {}, "opened_at": NOW}
    connection.execute(insert(Conversation), talk)
    said = {
        "community_id": 1, "conversation_id": 3, "direction": Direction.IN, "author": Author.RESIDENT,
        "sent_at": NOW, "stored_at": NOW,
    }  # fmt: skip
    for number, words in enumerate(("3栋A座的电梯坏了", "！！")):
        connection.execute(insert(Message), {**said, "id": 10 + number, "seq": number + 1, "text": words})


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_old_messages_are_put_into_the_index(request: pytest.FixtureRequest, tmp_path: Path, engine: str) -> None:
    if engine == "sqlite":
        url = f"sqlite:///{tmp_path / 'desk.sqlite3'}"
        plain = create_engine(url, poolclass=NullPool)
        with plain.begin() as connection:
            _before(connection)
        plain.dispose()
    else:
        url = await new_database(request.getfixturevalue("postgres_server"))
        made = create_async_engine(url, poolclass=NullPool)
        async with made.begin() as asynchronous:
            await asynchronous.run_sync(_before)
        await made.dispose()
    await upgrade(url)
    store = await open_store(url)
    staff = StaffIdentity(1, 5, "赵经理", frozenset({Role.MANAGER}))
    page = await store.read(lambda s: search(s, staff, LogFilter("3栋A座")))
    assert [message.text for message in page.messages] == ["3栋A座的电梯坏了"]
    held = await store.read(lambda s: s.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
    assert held == "0002"
    await store.close()
