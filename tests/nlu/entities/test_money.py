"""Amounts of money in fen; 块 measures things too, and not every number is paid."""

import pytest

from nlu.entities.address import find_addresses
from nlu.entities.money import find_money
from nlu.entities.span import mask
from nlu.normalise import fold

ROWS = [
    ("1200元", "120000"),
    ("¥45.50", "4550"),
    ("1,286.5元", "128650"),
    ("三百块钱", "30000"),
    ("两块五", "250"),
    ("1块8一度", "180"),
    ("一块九一度电", "190"),
    ("五毛钱", "50"),
    ("收了我一百五十块", "15000"),
    ("扫了5块没出货", "500"),
    ("充了100块电费", "10000"),
    ("十八万元", "18000000"),
    ("15万元", "15000000"),
    ("一万二千元", "1200000"),
    ("水费一个月三百多", "30000"),
    ("押金两千", "200000"),
    ("扣了1200", "120000"),
    ("金额是1890", "189000"),
    ("从2.2元涨到2.9元", "220|290"),
    ("三百蚊", "30000"),
    ("能耗分摊27.31", "2731"),
    ("物业费3.8元一平", "380"),
    ("八百六十蚊", "86000"),
    ("1.5万元", "1500000"),
    # What is no money.
    ("墙皮掉了一块", ""),
    ("地砖碎了三块，绊脚", ""),
    ("一块木板", ""),
    ("一毛不拔", ""),
    ("交一下", ""),
    ("三百户人", ""),
    ("扣了我两天工资", ""),
    ("停水3天", ""),
    ("3栋1502", ""),
    ("住1502，费用多少", ""),
    ("一千零一夜", ""),
]


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_an_amount_is_given_in_fen(text: str, expected: str) -> None:
    folded = fold(text)
    masked = mask(folded, find_addresses(folded, folded))
    assert "|".join(span.value for span in find_money(folded, masked)) == expected


def test_the_span_holds_the_unit_and_the_more() -> None:
    text = "扣了三百多，又收20元"
    assert [text[s.start : s.end] for s in find_money(text, text)] == ["三百多", "20元"]
