"""What speaks for cutting a message in two, and against it; how much each weighs is learned (`nlu.train_cuts`)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlu.asks import SOCIAL, Ask
from nlu.model import LABEL, Model
from nlu.segment import Clause

_CONNECTIVE = 3
_HOW_IT_IS_HANDLED = frozenset({"service_attitude", "delay_rework", "other"})
_SHORT = 7
_LONGEST = 40
_MOST_CLAUSES = 8
_MOST_NAMED = 3
_NOBODY_CARES = re.compile(r"不管|没人[管理来]|不理|不处理|没反应|看不见")
_ASKS = re.compile(r"[吗呢么?？]$|怎么|多少|几[点号天时]|什么|哪|能不能|可不可以|是不是|有没有|啥|咋")
_WANTS = re.compile(
    r"帮|麻烦|请|修|换|派|来人|安排|处理|管管|催|查|退|开|投诉|报|表扬|建议|登记|取消|转|通知|通一下|看看|问"
)
# What goes on about the first request: another way of doing it, whether that will do.
_GOES_ON = re.compile(r"^.{0,4}(?:可以|行|能行)(?:吗|么|不|嘛)|还是(?:得|要|必须|非|我|去|等)")
# A second request begins with whose matter it is, or with what is wanted; what only goes on begins otherwise.
_BEGINS = re.compile(
    r"(?:(?:另外|顺便|还有|对了|再|另)[,，]?)?"
    r"(?:我家|我们|咱|俺|楼上|楼下|隔壁|对门|邻居|小区|电梯|停车|车位|物业|保安|保洁|门禁|路灯|厨房|卫生间|厕所|卧室|客厅"
    r"|主卧|阳台|门口|大门|大堂|地库|请问|问|想|帮|麻烦|能不能|建议|投诉|报修|查|退|我的|我要|我想|你们)"
)


@dataclass(frozen=True, slots=True)
class Cut:
    """A place where a run of clauses might be cut, with what each side and the whole ask for."""

    left: Ask
    right: Ask
    whole: Ask
    opens: int
    place: int
    clauses: int

    @classmethod
    def at(cls, place: int, parts: Sequence[Clause], left: Ask, right: Ask, whole: Ask) -> "Cut":
        """The cut in front of the clause at `place`."""
        return cls(left, right, whole, parts[place].opens, place, len(parts))

    def possible(self) -> bool:
        """Whether both sides ask, and not for the same."""
        left, right = self.left, self.right
        if left.intent in SOCIAL or right.intent in SOCIAL or left.intent == right.intent == "progress":
            return False
        if left.intent == right.intent == "complaint" and self.opens < _CONNECTIVE and self._one_matter():
            return False
        return (left.intent, left.category) != (right.intent, right.category)

    def _one_matter(self) -> bool:
        """Whether one of two complaints is about how the other is handled: “…天天被占，保安也不管”."""
        handled = _HOW_IT_IS_HANDLED & {self.left.category, self.right.category}
        return bool(handled or _NOBODY_CARES.search(self.right.part.text))

    def evidence(self, model: Model) -> list[float]:
        """Numbers of about the same size, in a fixed order."""
        left, right, whole = self.left, self.right, self.whole
        margins, leads = sorted((left.margin, right.margin)), sorted((left.lead, right.lead))
        lengths = [ask.part.end - ask.part.start for ask in (left, right)]
        intents = {left.intent, right.intent}
        progress = "progress" in intents
        asking = [bool(_ASKS.search(ask.part.text)) for ask in (left, right)]
        # Without a connective, whoever asks twice, blames twice or presses behind a complaint mostly goes on.
        going_on = (
            all(asking),
            intents <= {"fee", "inquiry"},
            left.intent == right.intent,
            intents <= {"complaint", "progress"},
        )
        return [
            *margins,
            *leads,
            whole.margin,
            *(float(self.opens == strength) for strength in (1, 2, 3)),
            float(progress),
            float(progress and self.opens < _CONNECTIVE),
            *sorted((_margin_in(left, right), _margin_in(right, left))),
            *sorted((_score_in(model, left, right), _score_in(model, right, left))),
            min(_score_in(model, ask, whole) for ask in (left, right)),
            float(min(lengths) <= _SHORT),
            *(min(length, _LONGEST) / 10 for length in lengths),
            min(self.clauses, _MOST_CLAUSES) / 4,
            float(self.place == 1),
            *_named(left.part.meant, right.part.meant),
            *(float(asks) for asks in asking),
            *(float(goes_on and self.opens < _CONNECTIVE) for goes_on in going_on),
            *(float(bool(_WANTS.search(ask.part.text))) for ask in (left, right)),
            float(bool(_BEGINS.match(right.part.text))),
            float(bool(_GOES_ON.search(right.part.text))),
        ]


def _margin_in(ask: Ask, other: Ask) -> float:
    """How far the other stretch speaks for what this one asks."""
    reading = other.part.reading
    return float(reading.margins[reading.intents.index(ask.intent)])


def _score_in(model: Model, ask: Ask, other: Ask) -> float:
    """How far the other stretch speaks for this very label."""
    head = model.heads[LABEL]
    label = ask.intent if ask.category is None else f"{ask.intent}.{ask.category}"
    if label not in head.labels:
        return _margin_in(ask, other)
    return float(other.part.reading.scores[head.first + head.labels.index(label)])


def _named(left: frozenset[str], right: frozenset[str]) -> list[float]:
    """How much only the right names, only the left, and both."""
    counts = (len(right - left), len(left - right), len(left & right))
    return [float(min(count, _MOST_NAMED)) for count in counts]
