"""The staff assistant answers from staff knowledge with its source, and never from guesses."""

import pytest

from nlu.knowledge import Audience
from tests.web.scene import Scene, knowledge


async def test_every_staff_entry_answers_its_own_question_with_its_source(scene: Scene) -> None:
    browser = await scene.staff("老周")
    entries = [entry for entry in knowledge().entries if entry.audience is Audience.STAFF]
    answered = 0
    for entry in entries[:12]:
        page = (await browser.get("/staff/assistant", params={"q": entry.questions[0]})).text
        answered += entry.source.split("<")[0][:10] in page
        assert "依据：" in page
    assert answered == len(entries[:12])


async def test_without_a_sure_answer_it_says_so(scene: Scene) -> None:
    browser = await scene.staff("小陈")
    page = (await browser.get("/staff/assistant", params={"q": "月球上有几个月亮"})).text
    assert "没有把握的答案" in page
    assert "可以问这些" in page


@pytest.mark.parametrize("question", ["<script>alert(1)</script>", "？" * 500, "\0", " "])
async def test_whatever_is_asked_is_answered_as_text(scene: Scene, question: str) -> None:
    browser = await scene.staff("小陈")
    page = await browser.get("/staff/assistant", params={"q": question})
    assert page.status_code == 200
    assert "<script>alert" not in page.text


async def test_facts_of_the_community_stand_in_the_answer_and_no_placeholder_is_left(scene: Scene) -> None:
    browser = await scene.staff("小陈")
    for entry in knowledge().entries:
        if entry.audience is Audience.STAFF and "{{" in entry.answer:
            page = (await browser.get("/staff/assistant", params={"q": entry.questions[0]})).text
            assert "{{" not in page


async def test_a_visitor_without_a_session_asks_nothing(scene: Scene) -> None:
    assert (await scene.browser().get("/staff/assistant?q=x")).status_code == 303
