"""Finds parts of an address: building, unit, room, also in chains such as 11-2-1702."""

import re

from nlu.entities.numerals import digit_string, small_number
from nlu.entities.span import Span, group_span
from nlu.types import EntityType

_CN = "[一二三四五六七八九十]"
_SMALL = rf"(?:[0-9]{{1,3}}|{_CN}{{1,3}})"
_ROOM_DIGITS = r"[a-h]?[0-9]{3,4}[a-d]?(?![0-9]|\.[0-9])"
_ROOM_SPOKEN = "[零〇一幺二两三四五六七八九]{3,4}(?![零〇一二三四五六七八九十百千万])"
_ROOM_WORD = "(?:号房间?|号室|房间(?!里|内)|室(?!内|外)|房(?=$|[^一-鿿]|的|业主|住户))"
_BUILDING_WORD = (
    "(?:号楼|#楼|号院?栋|#栋|[栋幢]楼(?![下顶道梯上里外前后底])|楼栋|栋|幢|座(?!位|椅|便|机|城|山|桥|谈)|#(?!$)"
    "|号(?=[ ]?[0-9]{3,4}(?:室|房)))"
)
# A building is written with its word, a unit and a room may follow in many ways.
_BUILDING = (
    rf"(?P<building>(?<![0-9a-z.])(?:(?P<latin>tower|block|building|bldg\.?|t(?=[0-9]))[ ]?"
    rf"(?P<tower>[0-9]{{1,2}}|[a-z](?![a-z]))"
    rf"|(?P<number>[a-z]?[0-9]{{1,3}}|{_CN}{{1,3}}|[a-z])[ ]?{_BUILDING_WORD}))"
)
_DASH = r"[ ]?[-—–_/~－、.][ ]?"
_CHAIN = re.compile(
    rf"(?<![0-9a-z.:/栋幢座楼号-])(?P<building>[a-z]?[0-9]{{1,2}}|[a-z]|{_CN}{{1,2}})(?:{_DASH}(?P<unit>[0-9]|{_CN}))?"
    rf"{_DASH}(?P<room>[0-9]{{3,4}}[a-d]?|{_ROOM_SPOKEN})(?![0-9:.元块年月]|[-/][0-9])"
)
_AFTER_BUILDING = re.compile(
    rf"[ ,，的]{{0,2}}(?:(?P<unit>unit[ ]?[0-9]{{1,2}}|(?:{_SMALL}|[a-z]|[东西南北中甲乙丙])[ ]?(?:单元|号门洞?|门洞?))"
    rf"|(?P<short>[1-9])(?={_DASH}[0-9]{{3,4}}))"
)
_AFTER_UNIT = re.compile(
    rf"(?:[ ,，的]{{1,2}}(?:(?:room|rm|flat|apt|apartment)\.?[ ]?)?|{_DASH})?"
    rf"(?:(?:{_SMALL}(?:楼|层)|顶层)[ ]?(?:[a-z]?(?=[0-9]{{3,4}})))?"
    rf"(?P<room>(?:{_ROOM_DIGITS}|{_ROOM_SPOKEN}|(?<=[栋幢座楼元])[0-9]{{2}}[a-h](?![a-z0-9]))(?:{_ROOM_WORD})?)"
    r"(?![0-9]|[元块度分年天个月]|[:：][0-9])"
)
_BUILDING_ALONE = re.compile(_BUILDING)
# 哪一栋, 一栋楼, 三栋一个人: counted, not named.
_COUNTED = re.compile(
    r"(?<=[哪每整另同这那几])[一二三四](?:栋|幢|座)|一(?:栋|幢|座)(?:楼|一个|几|多|[三四五六七八九]十|[庄山桥小])"
    r"|[二三四五六](?:栋|幢)一个"
)
# Building and unit alone (8-1门口) are believed only where nothing else can be meant.
_PAIR = re.compile(
    r"(?:^|[,，。! 到来在住是])(?P<building>[0-9]{1,2})-(?P<unit>[1-9])(?=门口|整|楼道|单元|的?电梯|[,，。!]|$)"
)
_UNIT_ALONE = re.compile(rf"(?<![0-9a-z个每同一])(?P<unit>(?:{_SMALL}|[a-z]|[东西南北中甲乙丙])[ ]?单元)(?!楼房|格)")
_ROOM_ALONE = re.compile(
    rf"(?<![0-9a-z.#*:：第尾编单v-])(?<![0-9],)"
    rf"(?P<room>(?:{_ROOM_DIGITS}|{_ROOM_SPOKEN}(?={_ROOM_WORD}|的?业主|住户|门口|那户|这户))(?P<word>{_ROOM_WORD})?)"
)
_LETTERED = re.compile(r"(?<![0-9a-z])(?P<room>[0-9]{1,2}[a-eg-h])(?=[室房户]|的?业主|[ ,，。!?]|$)(?:室|房)?")
_NOT_ROOM_AFTER = re.compile(
    r"[ ]?(?:[元块毛度瓦年天分秒平米个人户次条斤万千百伏w%％k路页份遍家套部台号位页克升辆兆种层点楼栋幢名蚊]"
    r"|kw|mb|小时|月)"
)
_PLATES = "京沪粤浙苏川渝鄂湘鲁豫冀辽吉黑闽赣皖桂琼贵云陕甘青蒙宁新藏津晋"
_NOT_ROOM_BEFORE = re.compile(
    rf"(?:尾号|尾数|对讲机?拨|工牌号?|单号|编号|工单|热线|电话|拨打?|[打拨]|车牌|[{_PLATES}][a-z]?|密码|验证码|欠费?"
    r"|扣费?|扣款|缴费?|付|收费?|金额|租金|充值?|退款?|花了?|共|交了?|转了?|刷了|存了?|罚款?|涨到|年费|月费|押金"
    r"|¥|￥|-|\+|r-|c-|i-|型号|iso|gb|公交|地铁|高铁|第)$"
)
_TICKET_BEFORE = re.compile(r"(?:单号?|编号|车位)[是为:： ]{0,2}$")
_TICKETS = frozenset("ricqst")
_SHORT_CODES = frozenset(
    {"110", "112", "114", "117", "119", "120", "121", "122", "911", "123", "1234", "666", "888", "999"}
)
# A cheap first look: without one of these nothing is a part of an address.
_LIKELY = re.compile("[0-9栋幢座#]|号楼|单元|[零〇一幺二两三四五六七八九]{3}|tower|block|building|bldg")
_EARLIEST_YEAR, _LATEST_YEAR = 1949, 2049


def find_addresses(folded: str, masked: str) -> list[Span]:
    """Buildings, units and rooms of the masked text (telephones are already covered there)."""
    if not _LIKELY.search(masked):
        return []
    spans: list[Span] = []
    for match in _CHAIN.finditer(masked):
        spans += _chain(match)
    covered = _cover(masked, spans)
    for match in _BUILDING_ALONE.finditer(covered):
        if (value := building_value(match)) is not None and not _COUNTED.match(covered, match.start("building")):
            spans.append(group_span(EntityType.BUILDING, match, "building", value))
            spans += _tail(covered, match.end())
    covered = _cover(covered, spans)
    for match in _UNIT_ALONE.finditer(covered):
        spans.append(group_span(EntityType.UNIT, match, "unit", unit_value(match["unit"])))
        if (room := _room_after(covered, match.end())) is not None:
            spans.append(room)
    for match in _PAIR.finditer(covered):
        spans.append(group_span(EntityType.BUILDING, match, "building", f"{int(match['building'])}栋"))
        spans.append(group_span(EntityType.UNIT, match, "unit", unit_value(match["unit"])))
    covered = _cover(covered, spans)
    for pattern in (_ROOM_ALONE, _LETTERED):
        for match in pattern.finditer(covered):
            if pattern is _LETTERED or _stands_for_room(folded, match):
                spans.append(group_span(EntityType.ROOM, match, "room", room_value(match["room"])))
    return sorted(spans, key=lambda span: span.start)


def building_value(match: re.Match[str]) -> str | None:
    """The canonical building, such as `3栋` or `C栋`, of a match of the building pattern."""
    written = match["tower"] or match["number"]
    number = small_number(written)
    if number == 0:
        return None
    return f"{written.upper() if number is None else number}栋"


def unit_value(written: str) -> str:
    """The canonical unit: `2单元`, `东单元`, `B单元`."""
    core = re.sub(r"[ ]|unit|单元|号?门洞?", "", written)
    number = small_number(core)
    return f"{core.upper() if number is None else number}单元"


def room_value(written: str) -> str:
    """The canonical room: digits, with a letter in upper case where there is one; 五零二 is 502, 0302 is 302."""
    core = re.sub(rf"{_ROOM_WORD}$", "", written).strip()
    spoken = digit_string(core)
    room = core.upper() if spoken is None else spoken
    return room[1:] if len(room) == 4 and room[0] == "0" else room  # noqa: PLR2004  0302 pads a three-digit room.


def _cover(text: str, spans: list[Span]) -> str:
    if not spans:
        return text
    chars = list(text)
    for span in spans:
        chars[span.start : span.end] = "\ue000" * (span.end - span.start)
    return "".join(chars)


def _chain(match: re.Match[str]) -> list[Span]:
    number = small_number(match["building"])
    room = room_value(match["room"])
    if number == 0 or (match["unit"] is None and not _plausible(room)):
        return []
    if (
        number is None
        and match["unit"] is None
        and (
            match["building"] in _TICKETS
            or (room[0] == "0" or _TICKET_BEFORE.search(match.string[: match.start()][-4:]))
        )
    ):
        return []  # R-1024 is a ticket and 车位 B-117 a parking space.
    value = f"{match['building'].upper() if number is None else number}栋"
    spans = [group_span(EntityType.BUILDING, match, "building", value)]
    if match["unit"] is not None:
        spans.append(group_span(EntityType.UNIT, match, "unit", unit_value(match["unit"])))
    return [*spans, group_span(EntityType.ROOM, match, "room", room)]


def _tail(text: str, position: int) -> list[Span]:
    """What follows a building: a unit, a room, or both."""
    spans: list[Span] = []
    if match := _AFTER_BUILDING.match(text, position):
        start = match.start("unit") if match["unit"] else match.start("short")
        spans.append(Span(EntityType.UNIT, start, match.end(), unit_value(match["unit"] or match["short"])))
        position = match.end()
    room = _room_after(text, position)
    return spans if room is None else [*spans, room]


def _room_after(text: str, position: int) -> Span | None:
    match = _AFTER_UNIT.match(text, position)
    return None if match is None else group_span(EntityType.ROOM, match, "room", room_value(match["room"]))


def _stands_for_room(folded: str, match: re.Match[str]) -> bool:
    """Whether a bare number of three or four digits can be a room where it stands."""
    if match["word"]:
        return True
    start, end = match.span("room")
    written = match["room"]
    digits = re.sub(r"[^0-9]", "", written)
    if not digits:
        return True
    if digits in _SHORT_CODES or not _plausible(written):
        return False
    if len(digits) == 4 and _EARLIEST_YEAR <= int(digits) <= _LATEST_YEAR and folded[end : end + 1] == "年":  # noqa: PLR2004
        return False
    return not _NOT_ROOM_AFTER.match(folded, end) and not _NOT_ROOM_BEFORE.search(folded[max(0, start - 6) : start])


def _plausible(room: str) -> bool:
    """Rooms end in a small number on their floor and floors are not endless: 1502 yes, 1299 and 9000 no."""
    digits = re.sub(r"[^0-9]", "", room)
    if not digits:
        return True
    floor, door = int(digits[:-2]), int(digits[-2:])
    return 0 < floor <= 60 and 0 < door <= 40  # noqa: PLR2004
