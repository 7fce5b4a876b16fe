"""Reply scripts: reading, refusing, choosing a variant, rendering."""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from words.content import ContentFiles
from words.errors import ContentError, ReplyError
from words.language import Language
from words.mood import Mood
from words.replies import Button, Replies

Scripts = Callable[..., ContentFiles]
SHANGHAI = timezone(timedelta(hours=8))
BOTH_BUTTONS = 'yes: {label: 没错, says: 没错, means: affirm, english: {label: "Yes", says: "Yes, please"}}\n'
EMERGENCIES = [
    "fire",
    "gas",
    "lift_trapped",
    "flood",
    "electric_shock",
    "injury",
    "crime",
    "falling_object",
    "self_harm",
    "missing",
    "welfare_check",
    "garage_flood",
    "water_quality",
    "other",
]


def script(*variants: str, **fields: str) -> str:
    """A topic file with one reply; its keys stand on lines 2 to 7, its first variant on line 9."""
    keys = {"purpose": "p", "facts": "[]", "claims": "[]", "mood": "neutral", "buttons": "[]"} | fields
    lines = [f"  {key}: {value}" for key, value in keys.items()]
    return "\n".join(["# a topic", "one.reply:", *lines, "  variants:", *(f"    - {text}" for text in variants)]) + "\n"


def refusal(files: ContentFiles) -> ContentError:
    with pytest.raises(ContentError) as refused:
        Replies.read(files)
    return refused.value


def test_a_reply_is_read_with_all_it_says_about_itself(scripts: Scripts) -> None:
    text = script('"好的，{{ ticket }} 已登记。"', facts="[ticket]", claims="[ticket_open]", buttons="[yes]")
    reply = Replies.read(scripts(text)).reply("one.reply")
    assert reply.facts == {"ticket"}
    assert reply.claims == {"ticket_open"}
    assert reply.mood is Mood.NEUTRAL
    assert reply.buttons == (Button("yes", "没错", "没错", ""),)
    assert (reply.source, reply.line) == ("replies/topic.yml", 2)


def test_a_rendered_reply_carries_text_variant_and_buttons(scripts: Scripts) -> None:
    text = script('"请核对：{{ summary }}。"', facts="[summary]", buttons="[yes]")
    rendered = Replies.read(scripts(text)).render("one.reply", {"summary": "3栋漏水", "other": "x"}, seed=7)
    assert rendered.text == "请核对：3栋漏水。"
    assert (rendered.reply_id, rendered.variant) == ("one.reply", 0)
    assert [button.id for button in rendered.buttons] == ["yes"]


def test_numbers_are_facts_too(scripts: Scripts) -> None:
    replies = Replies.read(scripts(script('"请等{{ minutes }}分钟。"', facts="[minutes]")))
    assert replies.render("one.reply", {"minutes": 15}).text == "请等15分钟。"


def test_an_empty_fact_leaves_its_condition_out(scripts: Scripts) -> None:
    text = script('"谢谢您{% if person %}，{{ person }}会知道{% endif %}。"', facts="[person]")
    replies = Replies.read(scripts(text))
    assert replies.render("one.reply", {"person": ""}).text == "谢谢您。"
    assert replies.render("one.reply", {"person": "王师傅"}).text == "谢谢您，王师傅会知道。"


@pytest.mark.parametrize(
    "fact", ["{{ 7*7 }}", "{% for x in y %}", "{{ ticket }}", "{# note #}", "<b>&", "${HOME}", "%s"]
)
def test_a_fact_is_plain_text_and_never_evaluated(scripts: Scripts, fact: str) -> None:
    replies = Replies.read(scripts(script('"请核对：{{ summary }}。"', facts="[summary]")))
    assert replies.render("one.reply", {"summary": fact}).text == f"请核对：{fact}。"


@given(fact=st.text(max_size=200))
def test_any_fact_comes_out_as_it_went_in(replies: Replies, fact: str) -> None:
    assert replies.render("ticket.reply", {"text": fact}).text == fact


def test_the_same_seed_picks_the_same_variant(replies: Replies) -> None:
    picks = [replies.render("greet.again", {}, seed=seed).variant for seed in range(6)]
    assert picks == [replies.render("greet.again", {}, seed=seed).variant for seed in range(6)]
    assert set(picks) == {0, 1, 2}


@given(seed=st.integers(), avoid=st.integers(min_value=0, max_value=2))
def test_the_variant_to_avoid_is_never_picked_while_there_is_another(replies: Replies, seed: int, avoid: int) -> None:
    assert replies.render("greet.again", {}, avoid=avoid, seed=seed).variant != avoid


def test_the_only_variant_is_picked_though_it_was_the_last(replies: Replies) -> None:
    assert replies.render("ticket.reply", {"text": "谢谢您"}, avoid=0).variant == 0


def test_a_variant_that_no_longer_exists_is_not_avoided(replies: Replies) -> None:
    assert replies.render("greet.again", {}, avoid=99, seed=1).variant == 1


def test_an_unknown_id_is_an_error(replies: Replies) -> None:
    assert "no.such" not in replies
    with pytest.raises(ReplyError, match=r"no\.such"):
        replies.render("no.such", {})


def test_a_missing_fact_is_an_error_that_names_it(replies: Replies) -> None:
    with pytest.raises(ReplyError, match="needs the facts department, due"):
        replies.render("repair.opened", {"ticket": "R-1"})


@pytest.mark.parametrize(
    ("clock", "says"),
    [((0, 0), "您好"), ((5, 59), "您好"), ((6, 0), "早上好"), ((18, 0), "晚上好"), ((23, 59), "晚上好")],
)
def test_the_greeting_follows_the_local_hour(scripts: Scripts, clock: tuple[int, int], says: str) -> None:
    replies = Replies.read(scripts(script('"谢谢。"')))
    assert replies.hello(datetime(2026, 11, 23, *clock, tzinfo=SHANGHAI)) == says


def test_a_known_resident_is_greeted_by_name_and_a_stranger_is_not(replies: Replies) -> None:
    morning = datetime(2026, 11, 23, 8, 0, tzinfo=SHANGHAI)
    known = replies.greeting(morning, "王女士")
    assert known.reply_id == "open.known"
    assert known.text.startswith("王女士早上好")
    stranger = replies.greeting(morning, None)
    assert stranger.reply_id == "open.first"
    assert "智能客服" in stranger.text
    assert "人工" in stranger.text


BAD_TEMPLATES = {
    "an operator": '"请{{ 7 * 7 }}"',
    "a filter": '"请{{ ticket|upper }}"',
    "a call": '"请{{ ticket() }}"',
    "an attribute": '"请{{ ticket.x }}"',
    "an item": "\"请{{ ticket['x'] }}\"",
    "a literal": '"请{{ 1 }}"',
    "a test": '"请{% if ticket is defined %}{{ ticket }}{% endif %}"',
    "a comparison": '"请{% if ticket == 1 %}{{ ticket }}{% endif %}"',
    "an else": '"请{% if ticket %}{{ ticket }}{% else %}无{% endif %}"',
    "a loop": '"请{% for x in ticket %}{{ x }}{% endfor %}"',
    "an assignment": '"请{% set x = 1 %}{{ ticket }}"',
    "an include": "\"请{% include 'x' %}{{ ticket }}\"",
    "a comment": '"请{# note #}{{ ticket }}"',
    "an unclosed brace": '"请{{ ticket"',
}


@pytest.mark.parametrize("variant", BAD_TEMPLATES.values(), ids=BAD_TEMPLATES.keys())
def test_a_template_may_only_name_facts(scripts: Scripts, variant: str) -> None:
    error = refusal(scripts(script('"请看{{ ticket }}。"', variant, facts="[ticket]")))
    assert (error.source, error.line) == ("replies/topic.yml", 10)
    assert "template" in error.message


REFUSED = {
    "an unknown key": (script('"请。"', tone="soft"), 8, "unknown key `tone`"),
    "no purpose": (script('"请。"', purpose='""'), 3, "`purpose` should be a text"),
    "an unknown mood": (script('"请。"', mood="angry"), 6, "should be one of neutral, complaint"),
    "an unknown button": (script('"请。"', buttons="[maybe]"), 7, "unknown button `maybe`"),
    "no variant": (script(), 8, "no variant"),
    "a placeholder that is no fact": (script('"请看{{ due }}。"'), 9, "{{ due }} is not among the facts"),
    "a fact never used": (script('"请。"', facts="[due]"), 4, "no variant uses the fact due"),
    "too many sentences": (script('"请。请。请。请。"'), 9, "at most 3 sentences"),
    "too many characters": (script(f'"{"请" * 141}"'), 9, "has 141 characters"),
    "too many lines in an emergency": (script('"请\\n请\\n请\\n请\\n请"', mood="emergency"), 9, "at most 4 lines"),
    "a claim not declared": (script('"{{ ticket }} 已登记。"', facts="[ticket]"), 9, "claims `ticket_open`"),
    "a claim without its fact": (script('"已登记。"', claims="[ticket_open]"), 5, "needs the fact ticket"),
    "a claim never made": (
        script('"请看{{ ticket }}。"', claims="[ticket_open]", facts="[ticket]"),
        5,
        "no variant makes the claim",
    ),
    "an unknown claim": (script('"请。"', claims="[fame]"), 5, "unknown claim `fame`"),
    "an id of another file": ("open.first: {purpose: p, mood: neutral, variants: [请]}\n", 1, "already defined"),
    "a reply that is no mapping": ("one.reply: 请\n", 1, "should be a mapping"),
    "variants that are no list": ("one.reply:\n  purpose: p\n  mood: neutral\n  variants: 请\n", 4, "should be a list"),
    "a variant that is no text": (script("12"), 9, "should be a text"),
}


@pytest.mark.parametrize(("topic", "line", "message"), REFUSED.values(), ids=REFUSED.keys())
def test_a_bad_script_is_refused_with_its_line(scripts: Scripts, topic: str, line: int, message: str) -> None:
    error = refusal(scripts(topic))
    assert (error.source, error.line) == ("replies/topic.yml", line)
    assert message in error.message


def test_an_id_given_twice_in_one_file_is_refused(scripts: Scripts) -> None:
    error = refusal(scripts(script('"请。"') + script('"请。"')))
    assert error.source == "replies/topic.yml"
    assert error.line is not None


@pytest.mark.parametrize(
    ("beside", "line", "message"),
    [
        ({"claims": "a:\n  gloss: g\n  patterns: ['x(y']\n"}, 3, "not a regular expression"),
        ({"claims": "a:\n  gloss: g\n  patterns: ['x.*y']\n"}, 3, "may not repeat"),
        ({"claims": "a:\n  gloss: g\n  patterns: ['(x)']\n"}, 3, "may not capture"),
        ({"claims": "a:\n  gloss: g\n  patterns: ['x?']\n"}, 3, "matches the empty text"),
        ({"claims": "a:\n  gloss: g\n"}, 1, "has no pattern"),
        ({"claims": "a:\n  gloss: g\n  need: [x]\n  patterns: [x]\n"}, 3, "unknown key `need`"),
        ({"buttons": "a: {label: 好}\n"}, 1, "`says` should be a text"),
        ({"hello": '- {from: "01:00", says: 好}\n'}, 1, "the first being 00:00"),
        ({"hello": '- {from: "00:00", says: 好}\n- {from: "00:00", says: 好}\n'}, 2, "should rise"),
        ({"hello": "- {from: noon, says: 好}\n"}, 1, "should be a time"),
        ({"hello": "[]\n"}, 1, "there is no greeting"),
    ],
)
def test_the_files_beside_the_scripts_are_checked(
    scripts: Scripts, beside: dict[str, str], line: int, message: str
) -> None:
    error = refusal(scripts(script('"请。"'), **beside))
    assert error.source == f"replies/{next(iter(beside))}.yml"
    assert error.line == line
    assert message in error.message


def test_no_script_says_what_only_a_person_can_know(replies: Replies) -> None:
    """“已接警” is said only after someone acknowledged (domain.md A11)."""
    saying = {reply.id for reply in replies if any("已接警" in variant for variant in reply.variants)}
    assert "emergency.acknowledged" in saying
    assert all(replies.reply(reply_id).claims == {"acknowledged"} for reply_id in saying)


@pytest.mark.parametrize("kind", EMERGENCIES)
def test_every_kind_of_emergency_has_its_safety_words(replies: Replies, kind: str) -> None:
    safety, known = replies.reply(f"emergency.{kind}.safety"), replies.reply(f"emergency.{kind}.known_place")
    assert safety.mood is known.mood is Mood.EMERGENCY
    assert "phone_duty" in safety.facts & known.facts
    assert "place" in known.facts
    assert not any("？" in variant for variant in known.variants)


def test_a_person_in_despair_hears_no_word_of_process(replies: Replies) -> None:
    process = ("登记", "单号", "接警", "报警", "工单", "监控中心", "registered", "ticket", "alarm", "onitoring")
    for reply in replies:
        if reply.id.startswith("emergency.self_harm"):
            for text in (*reply.variants, *reply.english):
                assert not any(word in text for word in process)
                assert "12356" in text


def test_replies_come_in_variants_and_in_english(replies: Replies) -> None:
    said = [reply for reply in replies if reply.id != "ticket.reply"]
    assert len(said) >= 120
    assert [reply.id for reply in said if not 2 <= len(reply.variants) <= 4] == []
    assert [reply.id for reply in said if not reply.english] == []


ENGLISH = '"谢谢您。"\n    - "多谢您。"\n  english:\n    - "Thank you."\n    - "Thanks a lot."'


def test_english_is_told_in_english_and_numbered_after_the_chinese(scripts: Scripts) -> None:
    replies = Replies.read(scripts(script(ENGLISH, buttons="[yes]"), buttons=BOTH_BUTTONS))
    rendered = replies.render("one.reply", {}, seed=0, language=Language.ENGLISH)
    assert (rendered.variant, rendered.text) == (2, "Thank you.")
    assert [(button.label, button.says) for button in rendered.buttons] == [("Yes", "Yes, please")]
    assert replies.meaning("Yes, please") == replies.meaning("没错") == "affirm"
    chinese = replies.render("one.reply", {}, seed=0)
    assert (chinese.variant, chinese.text, chinese.buttons[0].label) == (0, "谢谢您。", "没错")


def test_what_is_not_written_in_english_is_told_in_chinese(scripts: Scripts) -> None:
    replies = Replies.read(scripts(script('"谢谢您。"', '"多谢您。"')))
    assert replies.render("one.reply", {}, seed=1, language=Language.ENGLISH).text == "多谢您。"


def test_the_greeting_of_the_hour_has_its_english(replies: Replies) -> None:
    morning = datetime(2026, 11, 23, 8, 0, tzinfo=SHANGHAI)
    assert replies.hello(morning, Language.ENGLISH) == "Good morning"
    opening = replies.greeting(morning, "王女士", language=Language.ENGLISH).text
    assert opening.startswith("Good morning, I am the automatic assistant")
    assert "agent" in opening


@given(
    turns=st.lists(
        st.tuples(
            st.sampled_from(["greet.again", "thanks.reply", "greet.offer", "repair.ask_place"]),
            st.integers(),
            st.sampled_from(Language),
        ),
        max_size=60,
    )
)
def test_no_variant_is_said_twice_running_in_any_conversation(
    replies: Replies, turns: list[tuple[str, int, Language]]
) -> None:
    """The last variant of each script is remembered for a resident, over changes of language too."""
    last: dict[str, int] = {}
    for reply_id, seed, language in turns:
        rendered = replies.render(reply_id, {}, avoid=last.get(reply_id), seed=seed, language=language)
        assert rendered.variant != last.get(reply_id)
        last[reply_id] = rendered.variant


@pytest.mark.parametrize(
    ("words", "claim"),
    [
        ("It is registered as {{ ticket }}.", "ticket_open"),
        ("The technician is on the way.", "on_the_way"),
        ("You are number 3 in the queue.", "queue_place"),
        ("We will call at 3 pm.", "clock_time"),
        ("The owner has been notified.", "notified"),
        ("It will be done within an hour.", "due"),
        ("The lamp has been repaired.", "resolved"),
        ("您排在第三位。", "queue_place"),
        ("师傅下午三点前到。", "clock_time"),
        ("已通知楼上。", "notified"),
        ("师傅已出发。", "on_the_way"),
        ("师傅到了。", "arrived"),
    ],
)
def test_what_is_claimed_in_either_language_is_declared(
    files: ContentFiles, scripts: Scripts, words: str, claim: str
) -> None:
    key = "english" if words.isascii() else "variants"
    variants = '"谢谢您。"' if key == "english" else f'"{words}"'
    text = script(variants, facts="[ticket]" if "ticket" in words else "[]")
    if key == "english":
        text += f'  english: ["{words}"]\n'
    assert f"claims `{claim}`" in refusal(scripts(text, claims=files.texts["replies/claims.yml"])).message


def test_an_english_variant_too_long_for_a_phone_is_refused(scripts: Scripts) -> None:
    text = script('"谢谢您。"') + f'  english: ["{"a" * 261}"]\n'
    assert "has 261 characters" in refusal(scripts(text)).message


def test_a_button_with_half_its_english_is_refused(scripts: Scripts) -> None:
    buttons = "yes: {label: 没错, says: 没错, english: {label: Yes}}\n"
    error = refusal(scripts(script('"请。"'), buttons=buttons))
    assert (error.source, error.line) == ("replies/buttons.yml", 1)
