"""Rules that depend on the moment: the hour, whose fault, who breaks in, who is named, what is on record."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from words.content import ContentFiles
from words.etiquette import Author, Etiquette, Mood, Situation
from words.hello import Hello
from words.language import Language

STAFF = Situation(Author.STAFF)
SHANGHAI = timezone(timedelta(hours=8))


def rules(etiquette: Etiquette, text: str, where: Situation = STAFF) -> set[str]:
    return {finding.rule for finding in etiquette.check(text, where)}


def at(hour: int, minute: int = 0) -> Situation:
    return Situation(Author.STAFF, first=True, local_now=datetime(2026, 11, 23, hour, minute, tzinfo=SHANGHAI))


@pytest.mark.parametrize(
    ("greeting", "hours"),
    [
        ("早上好", range(5, 11)),
        ("上午好", range(6, 12)),
        ("中午好", range(11, 14)),
        ("下午好", range(12, 19)),
        ("晚上好", [*range(17, 24), *range(5)]),
        ("Good morning", range(5, 12)),
        ("Good evening", [*range(17, 24), *range(5)]),
    ],
)
def test_a_greeting_fits_its_hours_and_no_other(etiquette: Etiquette, greeting: str, hours: range) -> None:
    text = f"{greeting}, how may I help you?" if greeting.isascii() else f"{greeting}，请问有什么可以帮您？"
    fits = [hour for hour in range(24) if "A1.hour" not in rules(etiquette, text, at(hour))]
    assert fits == sorted(hours)


def test_the_hour_is_not_asked_where_it_is_not_known(etiquette: Etiquette) -> None:
    assert rules(etiquette, "晚上好，请问有什么可以帮您？", Situation(Author.STAFF, first=True)) == set()


def test_the_greeting_of_the_scripts_fits_every_hour(etiquette: Etiquette, files: ContentFiles) -> None:
    hello = Hello.read(files)
    for language in Language:
        for hour in range(24):
            said = hello.at(datetime(2026, 11, 23, hour, 30, tzinfo=SHANGHAI), language)
            assert "A1.hour" not in rules(etiquette, f"{said}, please", at(hour, 30))


def test_whoever_was_wrong_says_so_first(etiquette: Etiquette) -> None:
    text = "单子改到明天十点，请您留意电话"
    assert rules(etiquette, text) == set()
    assert rules(etiquette, text, replace(STAFF, at_fault=True)) == {"A4.apology"}
    assert rules(etiquette, "对不起，" + text, replace(STAFF, at_fault=True)) == set()
    assert rules(etiquette, "Please wait for our call tomorrow.", replace(STAFF, at_fault=True)) == {
        "A4.apology_english"
    }


def test_whoever_breaks_in_begs_pardon_and_may_greet(etiquette: Etiquette) -> None:
    where = replace(STAFF, breaking_in=True)
    assert rules(etiquette, "请您把房号再发一下", where) == {"A9.pardon"}
    assert rules(etiquette, "您好，我是客服小陈，请您把房号再发一下", where) == set()
    assert rules(etiquette, "您好，我是客服小陈，请您把房号再发一下") == {"A1.greeting_again"}


def test_a_concluding_word_leaves_a_way_back(etiquette: Etiquette) -> None:
    where = replace(STAFF, closing=True)
    assert rules(etiquette, "请您知悉，已办结", where) == {"A7.closing"}
    assert rules(etiquette, "请您知悉，已办结，若有不明请随时联系我们", where) == set()


def test_outside_desk_hours_nobody_is_sent_to_the_desk_without_a_number(etiquette: Etiquette) -> None:
    text = "麻烦您到前台办理"
    assert rules(etiquette, text, replace(STAFF, desk_open=False)) == {"A10.contact"}
    assert rules(etiquette, text, replace(STAFF, desk_open=True)) == rules(etiquette, text) == set()
    assert rules(etiquette, text + "，急事请拨监控中心", replace(STAFF, desk_open=False)) == set()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("刘建国说没有这回事，请您谅解", "刘建国"),
        ("“刘建国”已经答应，谢谢您", "刘建国"),
        ("刘先生答应了，谢谢您", "刘先生"),
        ("请您和1603室说一声", "1603室"),
    ],
)
def test_no_resident_is_named_to_another(etiquette: Etiquette, text: str, named: str) -> None:
    found = [
        one
        for one in etiquette.check(text, replace(STAFF, others=("刘建国", "1603")))
        if one.rule == "A12.other_resident"
    ]
    assert [text[one.start : one.end] for one in found] == [named]
    assert "A12.other_resident" not in rules(etiquette, text)


def test_the_resident_addressed_and_longer_numbers_are_not_the_other(etiquette: Etiquette) -> None:
    where = replace(STAFF, salutation="刘女士", others=("刘建国", "1603"))
    assert rules(etiquette, "刘女士，单号是R-16031，请您留存", where) == set()


def test_what_is_on_record_may_be_told_and_what_follows_from_it(etiquette: Etiquette) -> None:
    text = "师傅已接单，请您留意电话"
    assert rules(etiquette, text) == set()
    assert rules(etiquette, text, replace(STAFF, supported=frozenset())) == {"A11.unrecorded"}
    assert rules(etiquette, text, replace(STAFF, supported=frozenset({"accepted"}))) == set()
    assert rules(etiquette, text, replace(STAFF, supported=frozenset({"on_the_way"}))) == set()
    told = "He is on the way, please open the door."
    assert rules(etiquette, told, replace(STAFF, supported=frozenset())) == {"A11.unrecorded"}


def test_the_bot_says_at_first_what_it_is(etiquette: Etiquette) -> None:
    bot = Situation(Author.BOT, first=True)
    assert rules(etiquette, "您好，请问有什么可以帮您？", bot) == {"A12.assistant"}
    assert rules(etiquette, "您好，我是智能客服，请问有什么可以帮您？", bot) == set()
    assert rules(etiquette, "您好，请问有什么可以帮您？", replace(bot, author=Author.STAFF)) == set()


def test_an_english_text_is_held_to_english_courtesy(etiquette: Etiquette) -> None:
    assert rules(etiquette, "Thank you for waiting, OK?") == set()
    assert rules(etiquette, "The lift stops at four.") == {"A2.courtesy_english"}
    # Told to be English, a text full of Chinese names still is.
    text = "王师傅 李师傅 张师傅 come at 4"
    assert "A2.courtesy_english" in rules(etiquette, text, replace(STAFF, language=Language.ENGLISH))


def test_empty_lines_part_messages_for_staff_only(etiquette: Etiquette) -> None:
    text = "\n\n".join(["请您核对地址。请您核对电话。请您核对时间。"] * 3)
    assert rules(etiquette, text) == set()
    assert rules(etiquette, text.replace("\n\n", "")) == {"A8.long_message"}
    assert rules(etiquette, text, Situation(Author.BOT)) == {"A8.length"}


def test_emergencies_are_asked_for_no_phrases(etiquette: Etiquette) -> None:
    danger = Situation(Author.STAFF, mood=Mood.EMERGENCY, closing=True, breaking_in=True, desk_open=False)
    assert rules(etiquette, "走楼梯，别坐电梯，到前台门口集合", danger) == set()
