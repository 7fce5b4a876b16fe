"""The regular expressions by which a time is recognised, and what must not stand around it."""

import re

from nlu.entities.span import MASK

_N = r"(?:[0-9]{1,2}|廿?[一二两三四五六七八九十]{1,3})"
_YEAR4 = r"(?:(?:19|20)[0-9]{2}|二[零〇][零〇一二三四五六七八九]{2})"
_MOVED_YEAR = "(?:大前年|前年|去年|旧年|今年|明年|后年|本年度?|上年度?|本年)"
_FESTIVALS = (
    "元旦|春节|过年|大年三十|年三十(?!万|[一二三四五六七八九])|大年夜|除夕|小年|元宵节?|清明节?"
    "|(?<![一二三四五六七八九十百千0-9])五一(?!点|个)|劳动节|端午节?|中秋节?|国庆节?|十一假期|圣诞节?"
    "|双十一|双11|618|六一|三八节|教师节|重阳节?|七夕|冬至"
)
_LUNAR_DAY = r"(?:大?年?初[一二三四五六七八九十]|(?:腊月|正月)(?:初|廿|二十|十)?[一二三四五六七八九十]{1,3})"
_DAY = (
    "大前[天日]|前[天日](?!后)|前晚(?!上)|前儿个?(?!子)|昨儿?[天日个](?:儿|头)?|昨晚(?!上)|昨夜头?|昨儿(?!子)"
    "|昨(?=晚上)|寻日|琴日|尋日|今儿个?[天日]?(?!子)|今[天日早朝]|今晚(?!上)|今夜|今(?=晚上)|听日|聽日"
    "|明后[两二]?[天日]|今明[两二]?天|明儿个?[天日]?(?!子)|明[天日早](?!白)|明晚(?!上)|明(?=晚上)|大后[天日]|后[天日](?!性)|后晚"
    "|yesterday|today|tomorrow|tonight|this[ ]morning"
)
_WEEK = (
    "(?P<week>上上个?|下下个?|上个?|下个?|这个?|本|今个?)?(?:周|星期|礼拜)(?(week)|(?=[一二三四五六日天末1-6]))"
    "(?P<weekday>一(?!次|直|共|些|个|般|样|起|家)|[二三四五六](?!次|回|趟|家|个)|日(?!常|报|期)|天(?!天)"
    "|末(?!双休)|[1-6](?![0-9]))?"
)
_NUMBERED_THINGS = (
    "楼|口|坡|电池|线|院|房|门|梯|电梯|车|栋|机|地块|公馆|常|本|子|期|用|元|铺|店|商|井|桩|位|充|路|库|厅|泳|球|管"
    "|表|泵|岗|立|出|文|工|报|群|后勤|配"
)
_TENTH = "初|底|末|中(?!午)"
_MONTH = rf"""
    (?:(?P<year>{_YEAR4}|[0-9]{{2}}(?=年)|{_MOVED_YEAR})年?[的 ]?)?(?P<month>{_N})月(?!费|卡|嫂|饼)(?:份(?!额))?
    (?:(?P<day>{_N})[号日]?|(?P<tenth>上旬|中旬|下旬|{_TENTH}))?(?![0-9])
  | (?P<monthword>(?:上上个?|上个?|下个?|这个?|本|今个?|当)月(?!嫂|租|费|卡))
    (?:(?P<mday>{_N})[号日]|(?P<mtenth>{_TENTH}))?
  | (?P<loosetenth>月初|月底|月末|年初|年底|年末|岁末)
"""
_SEASON = rf"""
    (?P<part_of_year>(?:{_MOVED_YEAR}|{_YEAR4}年)?
      (?:第?[一二三四1-4]季度|上半年|下半年|[春夏秋冬]天(?!气)|雨季|上学期|下学期)
      |(?:上个?|这个?|本|下个?)季度|上学期|上半年|下半年)
  | (?P<yearonly>{_YEAR4}年(?!级)
      |(?<![0-9])[12][0-9]年(?!级|前|以后|之后|多)(?=全年|[ ]|的|到|至|至今|那|年?[初底末]|[,，]|{_N}月)
      |{_MOVED_YEAR})年?(?P<ytenth>{_TENTH})?
"""
_AGO = r"""
    (?P<ago>(?:[0-9]{1,3}|半|[一二两三四五六七八九十]{1,3})
      (?P<agounit>个半?月|个?星期|个?礼拜|周|天|年|个?小时|个?钟头|分钟))
    (?P<agoside>之?以?前(?![台门面厅任])|之?以?后(?![门面院])|内)
"""
DATE = rf"""
    (?P<iso>{_YEAR4}[-/.年][ ]?[0-9]{{1,2}}[-/.月][ ]?[0-9]{{1,2}}[日号]?)
  | {_MONTH}
  | (?:(?P<fyear>{_YEAR4}年|{_MOVED_YEAR})的?)?(?P<festival>{_FESTIVALS})(?!路|街|广场|村)
    (?:节?(?:期间|假期|那几天|前后))?(?P<nth>节?(?:之?以?后|过后|放完假)?的?(?:第[一二三四五六七]天|头一天|最后一天))?
  | (?P<lunar>{_LUNAR_DAY})
  | {_SEASON}
  | (?P<relday>{_DAY})
  | {_WEEK}
  | (?P<dayonly>[0-9]{{1,2}}(?=[号日])|{_N}(?=号))[号日](?!{_NUMBERED_THINGS})
  | {_AGO}
"""
PART = (
    "凌晨|清晨|大?清早|一大早|大早上|早上|早晨|早间|早起|上午|上昼|中午|晌午|午间|午后|下午|下昼|后晌|傍晚|傍黑"
    "|晚上|晚间|夜晚黑|夜晚|夜里头?|夜间|深夜|大?半夜(?:三更)?|大晚上|今晚|下班前|下班后|下班以后|晚饭后|午饭后|睡前"
    "|夜头|朝早|晏昼|早(?=[0-9七八九六])|晚(?=[0-9七八九十六])"
)
_MINUTE = (
    "钟|半|[一三]刻|[0-5]?[0-9]分?(?![0-9])|[一二三四五]?十[一二三四五六七八九]?分?(?!贝|个|天)"
    "|零?[一二三四五六七八九]分(?!贝)"
)
CLOCK = rf"""
    (?P<colon>(?:[01]?[0-9]|2[0-4])[:：][0-5][0-9])
  | (?P<hour>[0-9]{{1,2}}|[一二两三四五六七八九十]{{1,3}})(?:点(?![点儿])|时(?!候|间|段|常|不))(?P<minute>{_MINUTE})?
"""
EDGE = (
    "之?以?后(?![门面院悔])|过后|之?以?前(?![台门面厅后])|开始(?!漏)|起(?![来火泡]|开始)|左右|前后"
    "|多(?![久少次长])|来钟|整(?![个天夜改栋治修])"
)
# Between the day and the hour people put a space, a comma or 的; “昨天一点都没修” names no hour.
_LINK = (
    rf"[ 的,，]?(?=(?:{PART})|[0-9一二三四五六七八九十两]{{1,3}}[点:：时])"
    r"(?!(?:[一两二三]点(?:儿|点|都|也|没|不|用|建议|意见|要求|问题)))"
)
TIME = re.compile(
    rf"""(?<![0-9])
    (?:(?P<date>{DATE})(?:{_LINK})?)?
    (?P<part>{PART})?[ ]?
    (?P<clock>{CLOCK})?
    (?P<edge>{EDGE})?
    """,
    re.VERBOSE,
)
# A cheap first look: where none of these stands, no time begins.
ANCHOR = re.compile(
    r"[0-9一二两三四五六七八九十廿半第大前昨今明后听聽寻琴尋当上下这本周星礼月年春过除小元清端中国圣双重七冬夏秋雨岁]"
    r"|[凌早晌午傍晚夜深睡朝晏去旧腊正yt]"
)
RANGE = re.compile(r"[ ]?(?:到|至|-|~|—|－|～)[ ]?")

_REPEATED = re.compile(r"(?:每个?|天天|每天|每晚|日日|逢|老是|一到|成天|整天|经常|平时|平常|隔三差五)[的在都]?$")
_CLOCK_DENIED_BEFORE = re.compile(
    r"(?:以下|如下|以上|这|那|几|提|说|反映|有|共|强调|建议|哪|第|注意|快|慢|好|差|早|大|小|多|少|了|修|点|一|关于|满足|做到"
    r"|差了?|就|再|便宜|热|凉|重|轻|高|低|远|近|长|短)$"
)
_CLOCK_DENIED_AFTER = re.compile(
    r"[ ]?(?:建议|意见|要求|问题|诉求|希望|疑问|不满|原因|好处|事|说明|儿|点|都|也|用|没|不|水|油|钱|小|心|声|红|评|赞)"
)
_WISHED_AFTER = re.compile(r"[ ]?(?:好(?=$|[^一-鿿]|啊|呀|哦|物业)|愉快|快乐|安康|安好|活动|晚会|联欢)")
_LENGTH_BEFORE = re.compile(r"(?:[一整两三几半白]|整整|第[一二三两几]天|前一天|当天|大)(?:个)?$")
# Habits, rules and stories name an hour without meaning one day's.
_HABIT = re.compile(
    r"每|天天|日日|经常|总是|老是|平时|平常|一到|规定|公约|公示|写着|标准|制度|营业|开放|上班时间|时间是|施工时间|非得"
    r"|不准|禁止|才(?:睡|停|消停)|从来|成天"
)


def denied(folded: str, match: re.Match[str]) -> bool:
    """Whether what stands around a match says that it is no anchored time (以下三点, 一周三次, 每天晚上)."""
    start, end = match.span()
    before, after = folded[max(0, start - 6) : start], folded[end : end + 4]
    if before.endswith(MASK) and match["date"] is None and match["hour"] and match["part"] is None:
        return True
    if _WISHED_AFTER.match(after) and not match["clock"] and (match["relday"] is None or match["part"]):
        return True
    loose = match["date"] is None or match["part_of_year"]
    if loose and (_LENGTH_BEFORE.search(before) or _REPEATED.search(before)):
        return True
    if (
        match["weekday"]
        and match["week"] is None
        and (_REPEATED.search(before) or before[-1:] in set("一两二三四几每半"))
    ):
        return True
    if match["dayonly"] and before.endswith(_NUMBERED):
        return True
    if match["clock"] and match["date"] is None and match["part"] is None:
        return _bare_clock_denied(match, before, after)
    return False


_NUMBERED = ("第", "尾", "编", "拨", "打", "梯", "地库", "车位", "充电桩", "商铺", "泵房", "门岗", "给", "库", "选")


# A question about what is allowed or open names no appointment, unless it asks somebody to come.
_RULE_ASKED = re.compile(r"几点|能不能|可不可以|可以.{0,8}吗|能.{0,8}[吗不]|有没有|有人.{0,4}吗|关门|开门|开到")
_VISIT = re.compile(r"来|上门|师傅|修|过去|在家")


def habitual(clause: str) -> bool:
    """Whether a clause tells of a habit or a rule, so that an hour in it is nobody's appointment."""
    return bool(_HABIT.search(clause)) or (bool(_RULE_ASKED.search(clause)) and not _VISIT.search(clause))


def _bare_clock_denied(match: re.Match[str], before: str, after: str) -> bool:
    if match["colon"]:
        return False
    if _CLOCK_DENIED_AFTER.match(after) and not match["edge"]:
        return True
    if match["hour"] in {"一", "1"} and not match["edge"] and (match["minute"] in {None, ""}):
        return True
    return bool(_CLOCK_DENIED_BEFORE.search(before)) and not match["minute"] and match["edge"] in {None, "多"}
