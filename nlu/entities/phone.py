"""Finds telephone numbers: mobiles, landlines and service lines, spaced, masked or in Chinese numerals."""

import re

from nlu.entities.numerals import digit_string
from nlu.entities.span import Span
from nlu.types import EntityType

_SEPARATOR = r"[-—.· ]?"
_CHINESE_DIGIT = "[零〇一幺二两三四五六七八九0-9]"
_MOBILE = re.compile(
    rf"(?<![0-9])(?:(?:\+|00)?86{_SEPARATOR})?(?P<number>1(?:{_SEPARATOR}[0-9]){{2}}(?:{_SEPARATOR}[0-9*x]){{8}})(?![0-9*])"
)
_SPOKEN = re.compile(rf"(?<!{_CHINESE_DIGIT})(?P<number>[一幺](?:[ ]?{_CHINESE_DIGIT}){{10}})(?!{_CHINESE_DIGIT})")
_LANDLINE = re.compile(
    rf"(?<![0-9])(?P<number>\(?0[1-9][0-9]{{1,2}}\)?{_SEPARATOR}[2-9][0-9]{{2,3}}{_SEPARATOR}[0-9]{{4}}"
    rf"(?:(?:-|转|ext)[0-9]{{1,5}})?|[48]00{_SEPARATOR}[0-9]{{3,4}}{_SEPARATOR}[0-9]{{3,4}})(?![0-9])"
)
# A bare local number is believed only after a word that announces it.
_LOCAL = re.compile(
    r"(?:电话|座机|号码|手机|联系|拨打?|打|致电|tel)[是为:：, ]{0,2}"
    r"(?P<number>[2-9][0-9]{2,3}[- ]?[0-9]{4})(?![0-9年元块])"
)
_UNANNOUNCED = re.compile(r"(?<![0-9a-z.#编单号码第账户-])(?P<number>[2-9][0-9]{7})(?![0-9a-z元块.年号-])")
# A cheap first look: where so many digits do not follow each other, in figures or in words, there is no number.
_LIKELY = re.compile(
    rf"[0-9](?:[-—.· )]{{0,2}}[0-9]){{2}}(?:[-—.· )]{{0,2}}[0-9*x]){{4}}|[一幺](?:[ ]?{_CHINESE_DIGIT}){{10}}"
)
_MOBILE_LENGTH = 11
# All masked but the first three digits and one more is no number that anybody could call.
_FEWEST_DIGITS = 5


def find_phones(folded: str) -> list[Span]:
    """All numbers of the folded text; `value` is digits, with `*` where the resident masked them."""
    if not _LIKELY.search(folded):
        return []
    spans: list[Span] = []
    for pattern in (_MOBILE, _SPOKEN, _LANDLINE, _LOCAL, _UNANNOUNCED):
        for match in pattern.finditer(folded):
            start, end = match.span("number")
            if pattern is _MOBILE:
                start = match.start()
            value = _digits(match["number"])
            if value is None or any(span.start < end and start < span.end for span in spans):
                continue
            spans.append(Span(EntityType.PHONE, start, end, value))
    return sorted(spans, key=lambda span: span.start)


def _digits(written: str) -> str | None:
    digits = re.sub(r"[^0-9*x零〇一幺二两三四五六七八九]", "", written.partition("ext")[0]).replace("x", "*")
    stars = digits.count("*")
    read = digit_string(digits.replace("*", ""))
    if read is None or len(read) < _FEWEST_DIGITS:
        return None
    if digits[0] in "一幺" and len(read) == _MOBILE_LENGTH:
        return read if read[1] in "3456789" else None
    if digits[0] == "1" and len(digits) == _MOBILE_LENGTH and digits[1] not in "3456789":
        return None
    return digits if stars else read
