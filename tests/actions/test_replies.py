"""What counts as a reply, in the words of staff (domain.md C8)."""

import pytest

from actions.replies import PLAN, Part, ReplyRules, counts_as_reply
from tests.actions.factories import changed, content, rules
from words.errors import ContentError

HOLLOW = [
    "收到",
    "收到。",
    "已转",
    "好的",
    "在处理",
    "正在处理中",
    "好的，收到，我们会尽快处理",
    "您好，已转工程部处理，请稍等",
    "已反馈给相关部门，请耐心等待",
    "已安排",
    "知道了，谢谢您的理解",
    "收到您的反馈，正在处理",
    "王女士您好，已登记",
    "嗯嗯",
    "OK",
    "……",
    "",
]
CONCLUSIONS = [
    "王女士您好，水龙头已修好，请您放心使用",
    "3栋供水已经恢复，给您添麻烦了",
    "您好，物业费是每平方米2.5元",
    "经现场核实，噪音来自楼上装修，已劝离施工人员",
    "门禁卡可以到前台凭身份证办理",
    "根据《装修管理规定》，周末不允许施工",
    "核实结果如下：水表读数无误",
]
PLANS = [
    "因为配件缺货，明天上午10点前由王师傅上门更换",
    "目前电梯配件等待到货，工程组周五下午给您更换，我会电话联系您",
    "您好，这项由工程组负责，我现在转给他们，今天17:00前给您答复",
    "经初步判断是主管老化，维修师傅今天16:00上门排查",
]
PARTIAL = [
    "我们师傅会上门看看",
    "明天给您回电",
    "这个不归我管",
    "配件没到，等等吧",
    "工程部说下周",
]


@pytest.mark.parametrize("text", HOLLOW)
def test_an_acknowledgement_is_no_reply_even_if_it_is_called_the_conclusion(text: str) -> None:
    assert not counts_as_reply(text, rules())
    assert not counts_as_reply(text, rules(), concludes=True, promised=True)
    assert rules().replies.parts_of(text) == frozenset()


@pytest.mark.parametrize("text", CONCLUSIONS)
def test_a_conclusion_is_a_reply(text: str) -> None:
    assert counts_as_reply(text, rules())


@pytest.mark.parametrize("text", PLANS)
def test_reason_next_step_who_and_when_make_a_reply(text: str) -> None:
    assert counts_as_reply(text, rules())
    assert rules().replies.missing(text) == frozenset()


@pytest.mark.parametrize("text", PARTIAL)
def test_a_plan_with_a_part_missing_is_no_reply_and_one_can_say_what_is_missing(text: str) -> None:
    assert not counts_as_reply(text, rules())
    missing = rules().replies.missing(text)
    assert missing
    assert missing < PLAN


def test_a_moment_given_beside_the_text_is_the_when() -> None:
    text = "因为配件缺货，由王师傅上门更换"
    assert rules().replies.missing(text) == {Part.WHEN}
    assert not counts_as_reply(text, rules())
    assert counts_as_reply(text, rules(), promised=True)


def test_the_writers_word_that_it_is_the_conclusion_counts() -> None:
    text = "楼上邻居答应晚上十点后不再练琴"
    assert not counts_as_reply(text, rules())
    assert counts_as_reply(text, rules(), concludes=True)


def test_an_unread_part_is_refused_with_its_line() -> None:
    with pytest.raises(ContentError, match=r"rules/replies.yml:\d+: whom: is not known"):
        ReplyRules.read(changed("rules/replies.yml", "who:", "whom:"))
    text = content().texts["rules/replies.yml"]
    files = changed("rules/replies.yml", text, text[text.index("conclusion:") :])
    with pytest.raises(ContentError, match="hollow: is missing"):
        ReplyRules.read(files)
