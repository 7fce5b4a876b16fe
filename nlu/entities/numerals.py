"""Reads Chinese and Arabic numerals: 十二, 五零二, 一千二, 1.5万, 三百多."""

import re
from decimal import Decimal

DIGITS = {"零": 0, "〇": 0, "o": 0, "一": 1, "幺": 1, "壹": 1, "二": 2, "两": 2, "貳": 2, "贰": 2, "三": 3, "叁": 3}
DIGITS |= {"四": 4, "肆": 4, "五": 5, "伍": 5, "六": 6, "陆": 6, "七": 7, "柒": 7, "八": 8, "捌": 8, "九": 9, "玖": 9}
_POWERS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000, "k": 1000}
_MYRIADS = {"万": 10_000, "w": 10_000, "亿": 100_000_000}

CHINESE = "零〇一幺二两三四五六七八九十百千万壹贰叁肆伍陆柒捌玖拾佰仟"
# A small whole number in either script: a building, an hour, a day of the month.
SMALL = r"(?:[0-9]{1,3}|[一二两三四五六七八九十]{1,3})"

_ARABIC = re.compile(r"([0-9][0-9,]*(?:\.[0-9]+)?)")


def small_number(written: str) -> int | None:
    """The value of a small numeral such as `12`, `十二`, `二十一`, `廿三`; None when it is none."""
    if written.isascii() and written.isdigit():
        return int(written)
    value = amount(written.replace("廿", "二十"))
    return int(value) if value is not None and value == int(value) else None


def digit_string(written: str) -> str | None:
    """Digits read one by one, as in 五零二 or 一三八零零…; Arabic digits pass; None when a character is no digit."""
    digits = [char if char.isascii() and char.isdigit() else DIGITS.get(char) for char in written]
    return None if None in digits else "".join(str(digit) for digit in digits)


def amount(written: str) -> Decimal | None:
    """The value of a numeral with powers, shortened as people speak: 三百八 is 380, 一万二 is 12000, 1.5万 is 15000.

    None when the text is no numeral.
    """
    parts = re.split(r"([十百千万亿拾佰仟kw])", _ARABIC.sub(lambda match: match[1].replace(",", ""), written))
    total = section = Decimal(0)
    last = 1
    pending: Decimal | None = None
    for part in parts:
        if part in _POWERS:
            section += (Decimal(1) if pending is None else pending) * _POWERS[part]
            last, pending = _POWERS[part], None
        elif part in _MYRIADS:
            total = (total + section + (pending or 0)) * _MYRIADS[part]
            last, section, pending = _MYRIADS[part], Decimal(0), None
        elif part:
            if pending is not None or (pending := _plain(part)) is None:
                return None
            # A numeral after 零 counts ones; without it, 三百八 means three hundred and eighty.
            if len(part) > 1 and part[0] in "零〇":
                last = 10
    if pending is None:
        return total + section if len(parts) > 1 else None
    return total + section + pending * (last // 10 if last > 10 else 1)  # noqa: PLR2004  After tens come ones.


def _plain(part: str) -> Decimal | None:
    if _ARABIC.fullmatch(part):
        return Decimal(part)
    read = digit_string(part)
    return None if read is None else Decimal(read)
