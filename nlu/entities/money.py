"""Finds amounts of money and gives them in fen."""

import re
from decimal import Decimal

from nlu.entities.numerals import CHINESE, amount
from nlu.entities.span import Span
from nlu.types import EntityType

# No amount that anybody means is longer; without a bound a page of numerals would be read from each of them on.
_NUMBER = rf"(?:[0-9][0-9,]{{0,20}}(?:\.[0-9]{{1,20}})?[十百千万kw]?|[{CHINESE}]{{1,24}})"
_MORE = "[多几]?"
_CURRENCY = "元整?|块钱|圆|蚊|人民币|rmb|毛钱|块(?!头)|毛(?![坯巾病线发孩笔])|角钱"
_WITH_UNIT = re.compile(
    rf"(?<![0-9.a-z])(?P<number>{_NUMBER}){_MORE}[ ]?(?P<unit>{_CURRENCY})"
    r"(?P<rest>[二三四五六七八九1-9](?![0-9年月号楼栋点个次天分岁度层]))?[多几]?"
)
_SIGNED = re.compile(r"[¥￥$][ ]?(?P<number>[0-9][0-9,]{0,20}(?:\.[0-9]{1,20})?)")
_BARE = re.compile(rf"(?<![0-9.a-z{CHINESE}第几好数上-])(?P<number>{_NUMBER}){_MORE}(?![0-9{CHINESE}.多])")
# What is counted in these is not paid.
_COUNTED = re.compile(
    r"[ ]?(?:[个次天年月日号点分秒周星层楼栋幢座单室房户度方平米件台部盏只条根块家名位人口份张辆岁遍趟回把扇扎包箱瓶]"
    r"|[%％/\-—~起些下般直样半定边共会倍级期种类声步侧头旁阵斤克升双片套页本颗粒队排行字届世代出入的业住]"
    r"|[a-z]|小时|分钟|平方|几|多[个次天年户家人])"
)
_PAYING = re.compile(
    r"[费钱元账扣交缴收付款额押存票价租涨退罚赔充薪金卡笔摊]|预算|成本|报销|日结|工资|扫|吞|转了?|花[了掉费]|卖|修了"
)
# Right in front of an amount without a unit stands a word of paying, at most a few small words between.
_BEFORE = re.compile(
    r"(?:扣款?|收费?|交|缴|欠费?|充值?|退款?|付|罚款?|花|赔|涨到|降到|从|到|转账?|预存|预算|押金|金额|合计|总共|一共|共"
    r"|租金|费用?|月租|[年月]费|年卡|日结|成本|待缴|卖|赚|补|价|报价|开价|要价|要|就要|写成|变成|余额|还有|算|扫|修"
    r"|工本费|票上|平时|以前|才|都|每[天月年户次]|一[户年月张笔次平晚天节趟]|一个月|一公里|人工|少说|加起来|流水|出账|分摊"
    r"|[款金卡]|算我|给我|要我|收他们|批|签|喷漆|定金|凭空)"
    r"[了过我们你您他俺咱走掉去成得到是为个才整要又说写都只就有着，,：:\" ]{0,4}$"
)
_CORRECTED = re.compile(r"(?:不是|是)$")
_ROOM_CUE = re.compile(r"(?:住|我是|我家|房号|门牌|户号|楼上|楼下|隔壁|对门|对讲机?|室)[是在:： ]{0,2}$")
_SURE_CONTEXT = re.compile(r"[费钱账扣缴款押票价租薪]|金额|预存|公示|支出|收入|退休金|预算|工资")
_LARGEST = Decimal(10) ** 11


def find_money(folded: str, masked: str) -> list[Span]:
    """All amounts in the masked text; the folded text tells what stands around them."""
    found = [_span(m, m["unit"], m["rest"]) for m in _WITH_UNIT.finditer(masked) if _is_currency(folded, m)]
    found += [_span(match) for match in _SIGNED.finditer(masked)]
    spans = [span for span in found if span is not None]
    if _PAYING.search(folded):
        for match in _BARE.finditer(masked):
            span = _span(match) if _believable(folded, match) else None
            if span is not None and not any(s.start < span.end and span.start < s.end for s in spans):
                spans.append(span)
    return sorted(spans, key=lambda span: span.start)


def _is_currency(folded: str, match: re.Match[str]) -> bool:
    """块 and 毛 also measure things (掉了一块砖), so they need a word of paying near by."""
    if match["unit"] not in {"块", "毛"} or match["rest"]:
        return True
    before, after = folded[max(0, match.start() - 8) : match.end("number")], folded[match.end() : match.end() + 4]
    if re.match(r"[一-鿿]*?[费钱]|转|一[度平个次张月年]", after):
        return True
    if not re.match(r"[一-鿿]", after) and any(char in match["number"] for char in "0123456789十百千万"):
        return True
    return match["number"] not in {"一", "1"} and bool(_PAYING.search(before[: -len(match["number"])]))


def _believable(folded: str, match: re.Match[str]) -> bool:
    """Whether a number without a unit is an amount where it stands."""
    start, end = match.span()
    before, number = folded[max(0, start - 10) : start], match["number"]
    value = amount(number.rstrip(","))
    if value is None or value < 2 or number == "万一" or _ROOM_CUE.search(before):  # noqa: PLR2004  “交一下” is no amount.
        return False
    sure = bool(_SURE_CONTEXT.search(folded))
    if re.fullmatch(r"[0-9,]+\.[0-9]{2}", number) and sure:
        return True
    following = folded[end : end + 3]
    per_piece = re.match(r"一[张户次个平年月]|不是|[多]?的(?:物业|停车|电|水|管理)", following) is not None
    if _COUNTED.match(following) and not per_piece:
        return False
    near = _BEFORE.search(before) is not None
    if number.isascii():
        corrected = sure and (_CORRECTED.search(before) is not None or following.startswith("不是"))
        return ((near or corrected) and (len(number) > 1)) or (per_piece and sure and len(number) > 1)
    if any(power in number for power in "百千万"):
        return sure or near
    return "十" in number and near and len(number) > 1


def _span(match: re.Match[str], unit: str | None = None, rest: str | None = None) -> Span | None:
    value = amount(match["number"].rstrip(","))
    if value is None or value > _LARGEST:
        return None
    fen = value * (10 if unit and unit[0] in "毛角" else 100)
    if unit and rest:
        fen += (amount(rest) or 0) * (1 if unit[0] in "毛角" else 10)
    end = match.end() - (len(match[0]) - len(match[0].rstrip(",，")))
    return Span(EntityType.MONEY, match.start(), end, str(int(fen)))
