"""How the residents' page looks: its language, its size, its contrast, and what stands on the cards."""

import re
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlalchemy import update

from actions import handling
from actions.cards import TicketCard
from actions.tables import Contact, Conversation, Ticket, TicketEvent, TicketStatus
from tests.actions.factories import HOUR
from tests.conftest import NOW
from tests.web.scene import ON_BOTH, Scene, replies
from tests.web.test_pages import PAGES, SHANGHAI, TEMPLATES
from tests.web.test_resident import JSON, answer
from web.resident_buttons import RATINGS, STARTERS, PageButtons
from web.resident_visit import preferred
from words.language import Language

ENGLISH = {"accept-language": "en-GB,en;q=0.9"}


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "zh"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en-US,en;q=0.9,zh;q=0.8", "en"),
        ("zh-TW", "zh"),
        ("ko-KR,ko;q=0.9,en-US;q=0.8,zh;q=0.7", "en"),
        ("fr", "zh"),
        ("*", "zh"),
        ("en;q=0, zh;q=0.1", "zh"),
        ("en;q=nonsense, zh", "zh"),
        ("EN", "en"),
        (",;q=,;;=,zh;q=0.5;x, en;q=0.4", "en"),
        ("en;q=0.5," * 3_000, "en"),
    ],
)
def test_the_page_speaks_chinese_unless_the_browser_prefers_english(accepted: str, language: str) -> None:
    assert preferred(accepted) == language


async def test_the_browsers_language_is_the_pages(scene: Scene) -> None:
    page = (await scene.browser().get("/", headers=ENGLISH)).text
    assert '<html lang="en">' in page
    assert "how may we help you?" in page
    assert 'value="I need a repair"' in page
    visible = re.sub(r"<[^>]+>|翠湖花园|中文|“人工”", "", page[page.index("<body") : page.index("<template")])
    assert not re.search(r"[\u3400-\u9fff]", visible)


async def test_a_language_that_was_chosen_goes_before_the_browsers(scene: Scene) -> None:
    browser = scene.browser()
    assert (await browser.get("/display?language=en")).status_code == 303
    assert '<html lang="en">' in (await browser.get("/", headers={"accept-language": "zh-CN"})).text
    await browser.get("/display?language=zh")
    assert '<html lang="zh-CN">' in (await browser.get("/", headers=ENGLISH)).text
    await browser.get("/display?language=fr")
    assert '<html lang="zh-CN">' in (await browser.get("/", headers=ENGLISH)).text


async def test_notes_and_limits_are_told_in_the_pages_language(scene: Scene) -> None:
    browser = scene.browser()
    sent = await browser.post("/messages", data={"text": ""}, headers={**JSON, **ENGLISH})
    assert sent.json()["notes"] == [replies().render("empty.message", {}, language=Language.ENGLISH).text]


def test_both_languages_have_the_same_texts_with_the_same_facts() -> None:
    chinese, english = (
        dict(
            re.findall(
                r"macro (\w+)\(([^)]*)\)", (TEMPLATES / f"chat_words_{language}.html").read_text(encoding="utf-8")
            )
        )
        for language in ("zh", "en")
    )
    assert chinese == english


def test_every_state_has_its_english_name() -> None:
    words: Any = PAGES._environment.get_template("chat_words_en.html").module
    for status in TicketStatus:
        assert str(words.status(status)).isascii()


def test_the_buttons_of_the_page_are_those_of_the_conversation() -> None:
    buttons = PageButtons(replies())
    for language in Language:
        offered = buttons.offered(language)
        assert set(offered) == {*STARTERS, *RATINGS}
        assert [replies().meaning(offered[name].says) for name in STARTERS] == list(STARTERS)
        assert {replies().meaning(offered[name].says) for name in RATINGS} == {"rate"}
    assert buttons.labels(Language.ENGLISH)["满意"] == "Satisfied"
    assert buttons.labels(Language.CHINESE)["满意"] == "满意"


async def test_a_button_of_a_chinese_message_is_told_in_english_and_says_what_it_said(scene: Scene) -> None:
    browser = scene.browser()
    await browser.post("/messages", data={"text": "leak"})
    await answer(scene, "对吗？", buttons=({"label": "没错", "says": "没错"}, {"label": "别的", "says": "别的"}))
    page = (await browser.get("/", headers=ENGLISH)).text
    assert 'value="没错">Correct</button>' in page
    assert 'value="别的">别的</button>' in page


async def visited(scene: Scene) -> tuple[httpx2.AsyncClient, TicketCard]:
    """A visitor with a ticket that is done."""
    browser = scene.browser()
    await browser.get("/")
    await browser.post("/messages", data={"text": "漏水"})
    (conversation_id,) = max(await scene.values(Conversation.id))
    card = await scene.desk.open(conversation_id=conversation_id, resident_id=None)
    resolve = {"text": "水龙头已更换", "policy": scene.desk.policy}
    await scene.desk.do(handling.resolve, scene.desk.staff("老周"), card, **resolve)
    return browser, card


async def test_a_card_shows_how_far_the_matter_is_and_when_somebody_is_wanted(scene: Scene) -> None:
    browser = scene.browser()
    await browser.post("/messages", data={"text": "漏水"})
    (conversation_id,) = max(await scene.values(Conversation.id))
    visit = NOW + 5 * HOUR
    card = await scene.desk.open(
        conversation_id=conversation_id, resident_id=None, visit_from=visit, visit_until=visit + HOUR
    )

    async def here() -> list[str]:
        return re.findall(r'aria-current="step">([^<]+)<', (await browser.get("/")).text)

    assert await here() == ["登记"]
    assert "希望上门：今天15:00–16:00" in (await browser.get("/")).text
    assert "Visit wished for: today 15:00–16:00" in (await browser.get("/", headers=ENGLISH)).text
    zhou = scene.desk.cast.staff["老周"]
    await scene.desk.do(handling.assign, scene.desk.staff("小陈"), card, staff_id=zhou)
    assert await here() == ["派单"]
    await scene.desk.do(handling.accept, scene.desk.staff("老周"), card)
    assert await here() == ["处理"]


@ON_BOTH
async def test_a_finished_matter_is_rated_on_its_card(scene: Scene) -> None:
    browser, card = await visited(scene)
    assert "这件事办得怎么样？" in (await browser.get("/")).text
    rated = await browser.post(f"/tickets/{card.id}/rating", data={"says": "满意"})
    assert (rated.status_code, rated.headers["location"]) == (303, "/?note=rated#latest")
    page = (await browser.get("/?note=rated")).text
    assert "您的评价：满意" in page
    assert "这件事办得怎么样？" not in page
    assert "谢谢您的评价" in page
    assert await scene.values(Ticket.rating, Ticket.status) == [(5, TicketStatus.RESOLVED)]
    assert (await scene.messages())[-1][0] == "out", "the desk says thank you in the conversation"


@ON_BOTH
@pytest.mark.parametrize(("says", "stars"), [("不满意", 1), ("还没修好", None)])
async def test_what_was_not_put_right_is_opened_again(scene: Scene, says: str, stars: int | None) -> None:
    browser, card = await visited(scene)
    rated = await browser.post(f"/tickets/{card.id}/rating", data={"says": says}, headers=JSON)
    assert rated.json() == {"stored": True, "notes": ["谢谢您的评价。"]}
    assert await scene.values(Ticket.rating, Ticket.status) == [(stars, TicketStatus.OPEN)]
    ((reason,),) = [row for row in await scene.values(TicketEvent.reason) if row[0]]
    assert reason == says
    assert "重新" in (await scene.messages())[-1][1]
    again = await browser.post(f"/tickets/{card.id}/rating", data={"says": says})
    assert again.status_code == 409, "it is not done any more"


@pytest.mark.parametrize("says", ["", "非常满意", "转人工", "<script>", "5"])
async def test_only_the_buttons_are_ratings(scene: Scene, says: str) -> None:
    browser, card = await visited(scene)
    refused = await browser.post(f"/tickets/{card.id}/rating", data={"says": says})
    assert refused.status_code == 422
    assert await scene.values(Ticket.rating) == [(None,)]


async def test_nobody_rates_the_matter_of_somebody_else(scene: Scene) -> None:
    _browser, card = await visited(scene)
    stranger = scene.browser()
    await stranger.get("/")
    await stranger.post("/messages", data={"text": "你好"})
    for path in (f"/tickets/{card.id}/rating", f"/c/other/tickets/{card.id}/rating", f"/tickets/{2**63}/rating"):
        assert (await stranger.post(path, data={"says": "满意"})).status_code == 404
    assert await scene.values(Ticket.rating) == [(None,)]


async def test_a_resident_rates_what_was_opened_for_their_home_on_another_way(scene: Scene) -> None:
    browser = scene.browser()
    await browser.post("/messages", data={"text": "你好"})
    card = await scene.desk.open()
    await scene.desk.do(handling.resolve, scene.desk.staff("老周"), card, text="水龙头已更换", policy=scene.desk.policy)
    assert card.number not in (await browser.get("/")).text
    mine = max(await scene.values(Contact.id))[0]
    known = update(Contact).where(Contact.id == mine).values(resident_id=scene.desk.cast.residents["王芳"])
    await scene.alter(known)
    assert card.number in (await browser.get("/")).text
    assert (await browser.post(f"/tickets/{card.id}/rating", data={"says": "一般"})).status_code == 303
    assert await scene.values(Ticket.rating) == [(3,)]


async def test_the_bot_is_at_work_until_everything_was_taken_into_a_turn(scene: Scene) -> None:
    browser = scene.browser()
    await browser.post("/messages", data={"text": "漏水"})
    assert 'data-working="1"' in (await browser.get("/")).text
    await answer(scene, "请问是哪一栋？")
    assert (await browser.get("/updates", headers=JSON)).json()["working"] is True
    await scene.alter(update(Conversation).values(taken_seq=1))
    assert (await browser.get("/updates", headers=JSON)).json()["working"] is False
    assert "data-working" not in (await browser.get("/")).text


async def test_older_messages_come_in_pieces_too(scene: Scene) -> None:
    browser = scene.browser()
    await browser.post("/messages", data={"text": "最早的一条"})
    for number in range(203):
        await answer(scene, f"第{number}条")
    newest = (await browser.get("/updates", headers=JSON)).json()
    assert newest["more"] is True
    first = re.search(r'data-seq="(\d+)"', newest["messages"])
    assert first
    older = (await browser.get(f"/updates?before={first.group(1)}", headers=JSON)).json()
    assert "最早的一条" in older["messages"]
    assert older["more"] is False
    archive = (await browser.get(f"/?before={first.group(1)}")).text
    assert 'data-archive="1"' in archive
    assert "回到最新消息" in archive


def test_a_moment_in_english_names_the_day() -> None:
    words: Any = PAGES._environment.get_template("chat_words_en.html").module
    told = [str(words.moment(NOW + timedelta(days=days), NOW, SHANGHAI)) for days in (0, 1, -1, 9, 60)]
    assert told == ["today 10:00", "tomorrow 10:00", "yesterday 10:00", "2 Dec 10:00", "22 Jan 2027 10:00"]
