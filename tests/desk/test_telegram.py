"""The bots as the settings set them up: several in one process, updates brought or fetched, sheets of codes."""

import asyncio
import json
import logging
import re
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from actions.addresses import place_of as place_behind
from actions.doorstep import link_key
from actions.sheets import targets
from actions.store import Store, open_store
from actions.tables import Community, Message
from bot.channels.telegram.line import BotSettings, quieten
from bot.channels.telegram.links import LinkedPlace, payload, place_of
from desk.content import Content, read_content
from desk.qr import write_sheet
from desk.serving import _without_tokens
from desk.settings import Settings, SettingsError, read_settings
from desk.telegram import Telegram, open_telegram
from tests.conftest import NOW
from tests.telegram.double import TOKEN, BotApi
from tests.telegram.people import Person


@pytest.fixture
async def store(demo_sqlite: Path, tmp_path: Path) -> AsyncIterator[Store]:
    path = shutil.copyfile(demo_sqlite, tmp_path / "desk.sqlite3")
    opened = await open_store(f"sqlite:///{path}")
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
def content() -> Content:
    settings = read_settings({})
    return read_content(settings.content, settings.timezone)


def settings_of(tmp_path: Path, **given: str) -> Settings:
    return read_settings({"DESK_HOME": str(tmp_path), "TELEGRAM_TOKEN": TOKEN, **given})


async def bots(settings: Settings, content: Content, store: Store) -> Telegram:
    opened = await open_telegram(settings, content, store, "one", lambda: NOW)
    assert opened is not None
    return opened


async def texts(store: Store) -> list[tuple[int, str]]:
    query = select(Message.community_id, Message.text).order_by(Message.id)
    return await store.read(lambda session: [(community, text) for community, text in session.execute(query)])


async def test_without_a_token_there_is_no_bot(tmp_path: Path, content: Content, store: Store) -> None:
    settings = read_settings({"DESK_HOME": str(tmp_path)})
    assert await open_telegram(settings, content, store, "one", lambda: NOW) is None


async def test_a_token_for_a_community_that_is_not_there_is_told(
    tmp_path: Path, content: Content, store: Store
) -> None:
    settings = settings_of(tmp_path, TELEGRAM_TOKEN=f"nowhere={TOKEN}")
    with pytest.raises(SettingsError, match="TELEGRAM_TOKEN names the community nowhere"):
        await bots(settings, content, store)


async def test_each_community_has_its_bot_in_one_process(tmp_path: Path, content: Content, store: Store) -> None:
    def copy(session: Any) -> int:
        found = session.execute(select(Community)).scalar_one()
        other = Community(id=found.id + 1, code="second", name="二期", timezone=found.timezone,
                          facts=found.facts, created_at=NOW)  # fmt: skip
        session.add(other)
        return int(found.id)

    first = await store.write(copy)
    async with BotApi() as api:
        settings = settings_of(tmp_path, TELEGRAM_TOKEN=f"demo={TOKEN} second={TOKEN}", DESK_TELEGRAM_API=api.url)
        telegram = await bots(settings, content, store)
        assert [lane.community_id for lane in telegram.channel.lanes] == [first, first + 1]
        steps = dict(telegram.loops)
        for name, text in (("telegram_demo", "一期的话"), ("telegram_second", "二期的话")):
            api.updates.clear()
            Person(api, NOW).says(text)
            assert await steps[name]()
        await telegram.close()
    assert await texts(store) == [(first, "一期的话"), (first + 1, "二期的话")]


async def call(telegram: Telegram, path: str, body: bytes, *, secret: str = "", method: str = "POST") -> httpx.Response:
    page = Starlette(routes=[Route("/{rest:path}", lambda _request: PlainTextResponse("a page"))])
    rung: list[bool] = []
    app = telegram.with_hooks(page, lambda: rung.append(True))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        answer = await client.request(method, path, content=body, headers=headers)
    assert bool(rung) == (answer.status_code == 200 and "telegram" in path)
    return answer


async def test_an_update_that_telegram_brings_is_stored_before_it_is_answered(
    tmp_path: Path, content: Content, store: Store
) -> None:
    async with BotApi() as api:
        settings = settings_of(tmp_path, DESK_TELEGRAM_API=api.url, DESK_TELEGRAM_WEBHOOK="https://desk.example.com")
        telegram = await bots(settings, content, store)
        secret = telegram.bots[0].line.settings.secret
        update = json.dumps(Person(api, NOW).says("你好")).encode()
        early = await call(telegram, "/telegram/demo", update, secret=secret)
        assert early.status_code == 503, "who the bot is, is not known yet; Telegram brings it again"
        assert not await dict(telegram.loops)["telegram_demo"]()
        (hook,) = api.of("setWebhook")
        assert (hook["url"], hook["secret_token"]) == ("https://desk.example.com/telegram/demo", secret)
        for _ in range(2):
            assert (await call(telegram, "/telegram/demo", update, secret=secret)).status_code == 200
        await telegram.close()
    assert [text for _, text in await texts(store)] == ["你好"]


@pytest.mark.parametrize(
    ("secret", "body", "method", "status"),
    [
        ("", b"{}", "POST", 404),
        ("wrong", b"{}", "POST", 404),
        ("right", b"{}", "GET", 404),
        ("right", b"[1]", "POST", 400),
        ("right", b"{", "POST", 400),
        ("right", b" " * (1024 * 1024 + 1), "POST", 413),
    ],
)
async def test_only_telegram_brings_updates(
    tmp_path: Path, content: Content, store: Store, secret: str, body: bytes, method: str, status: int
) -> None:
    telegram = await bots(settings_of(tmp_path, DESK_TELEGRAM_WEBHOOK="https://desk.example.com"), content, store)
    shown = telegram.bots[0].line.settings.secret if secret == "right" else secret
    answer = await call(telegram, "/telegram/demo", body, secret=shown, method=method)
    assert answer.status_code == status
    assert (await call(telegram, "/somewhere", b"", method="GET")).text == "a page"
    await telegram.close()
    assert await texts(store) == []


def test_the_secret_of_a_webhook_tells_nothing_of_the_token() -> None:
    secret = BotSettings(1, "demo", TOKEN).secret
    assert re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret)
    assert TOKEN.partition(":")[2] not in secret
    assert TOKEN not in repr(read_settings({"TELEGRAM_TOKEN": TOKEN}))


async def test_a_sheet_has_a_code_for_every_unit_that_opens_the_chat_there(
    tmp_path: Path, content: Content, store: Store
) -> None:
    settings = settings_of(tmp_path)
    await (await bots(settings, content, store)).close()
    out = tmp_path / "qr.html"
    count = await asyncio.to_thread(write_sheet, settings, out, buildings=frozenset({"3栋"}), rooms=False, bot="a_bot")
    sheet = out.read_text(encoding="utf-8")
    assert sheet.count("<svg") == count >= 1
    assert "3栋" in sheet
    assert "桂苑" in sheet
    assert await store.read(lambda session: link_key(session, 1)) is None


async def test_a_link_of_the_sheet_leads_to_its_place(tmp_path: Path, content: Content, store: Store) -> None:
    telegram = await bots(settings_of(tmp_path), content, store)
    community = telegram.channel.lanes[0].community_id
    await telegram.close()
    key = await store.read(lambda session: link_key(session, community))
    assert key is not None
    homes = await store.read(lambda session: targets(session, community, frozenset({"3栋"}), rooms=True))
    home = next(target for target in homes if target.label == "3栋2单元1502")
    linked = place_of(key, community, payload(key, community, LinkedPlace(home.kind, home.row_id)))
    assert linked is not None
    place = await store.read(lambda session: place_behind(session, community, linked.kind, linked.row_id))
    assert place is not None
    assert place.label == "3栋2单元1502"


@pytest.mark.parametrize("given", ["abc", "123", "demo=", "demo=abc", "1:a demo=2:b", "1:a 2:b", "x=1:a y=1:b x=2:c"])
def test_a_token_that_is_none_is_refused_without_being_shown(given: str) -> None:
    with pytest.raises(SettingsError, match="TELEGRAM_TOKEN is set; it should be the token of a bot") as refused:
        read_settings({"TELEGRAM_TOKEN": given})
    assert given not in str(refused.value) or given == "123"


@pytest.mark.parametrize("given", ["yes", "desk.example.com", "https://desk.example.com/path", "ftp://x"])
def test_a_webhook_is_an_address_without_a_path(given: str) -> None:
    with pytest.raises(SettingsError, match="DESK_TELEGRAM_WEBHOOK"):
        read_settings({"DESK_TELEGRAM_WEBHOOK": given})


def test_no_library_writes_down_an_address_with_the_token(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logging.getLogger("httpx"), "propagate", True)
    logging.getLogger("httpx").setLevel(logging.INFO)
    quieten()
    with caplog.at_level(logging.INFO):
        logging.getLogger("httpx").info("HTTP Request: POST %s", f"https://api.telegram.org/bot{TOKEN}/getMe")
        logging.getLogger("telegram.Bot").warning("Calling %s", TOKEN)
    assert TOKEN not in caplog.text


def test_no_line_of_the_log_holds_a_token() -> None:
    event = {"event": "failed", "exception": f"NetworkError: https://x/bot{TOKEN}/sendMessage", "row": 5}
    told = _without_tokens(None, "error", event)
    assert TOKEN not in str(told)
    assert told["row"] == 5
