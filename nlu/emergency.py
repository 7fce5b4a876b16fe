"""Decides whether a message tells of danger going on now, and of which kind."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlu.asks import Part
from nlu.model import EMERGENCY, Model

# What is barred from being asked for while there is no alarm.
CALM = frozenset({EMERGENCY})
# A sentence alone has lost what the others said, so it must be surer than the whole message: by these log odds.
_ALONE = 0.5
# Many sentences of which none says anything add up to faint evidence for everything: one of them must come near.
_BACKED = 0.5
# By how much a side of a message must be surer: “着火了快来，帮我催下昨天那单” holds danger that its sentence hides.
_PLAIN = 6.0
# People in a hurry write without a stop: in a long clause what is over with a 了 may be danger by itself, unless the
# message asks a question (“着火了应该先跑还是先报警”).
_RUN_ON = 8
_STRETCH = re.compile(r"[^。！？!?；;\n,，、…~\s]+")
_OVER = re.compile(r"(?<=..了)(?=[一-鿿])(?![吗吧呢啊呀哈嘛的没个几一两三点])")
_ASKS = re.compile(
    r"[吗呢么?？]|怎么|怎样|多少|几[点号天时]|什么|哪|谁|还是|应该|能不能|要不要|有没有|是不是|如果|万一|啥|咋|(.)不\1"
)


def hurried(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """The spans of what a stretch of a message without stops tells first: “着火了|通道被堵了快让他挪车”."""
    if _ASKS.search(text, start, end):
        return []
    runs = [run for run in _STRETCH.finditer(text, start, end) if run.end() - run.start() >= _RUN_ON]
    return [(run.start(), over.start()) for run in runs if (over := _OVER.search(text, run.start(), run.end()))]


@dataclass(frozen=True, slots=True)
class Alarm:
    """Danger going on now: its kind, and the stretch of the message that tells of it."""

    kind: str
    part: Part
    surplus: float


@dataclass(frozen=True, slots=True)
class Detector:
    """Compares the evidence for danger with the threshold that training found.

    The signs of the lexicon (`nlu.danger`) are among the features, and once more among what a regression over unseen
    readings weighs: how sure the heads are of danger and of its kinds, and how strong the best rivals are.
    """

    model: Model

    def find(self, whole: Part, sentences: Sequence[Part], sides: Sequence[Part] = ()) -> Alarm | None:
        """The alarm of a message: of the whole, or of any sentence or side that is sure enough by itself."""
        found = [alarm for part in sentences if (alarm := self._alarm(part, _ALONE)) is not None]
        found += [alarm for part in sides if (alarm := self._alarm(part, _PLAIN)) is not None]
        if found:
            return max(found, key=lambda alarm: alarm.surplus)
        backed = any(self._alarm(part, -_BACKED) is not None for part in sentences)
        return self._alarm(whole, 0.0) if backed else None

    def _alarm(self, part: Part, extra: float) -> Alarm | None:
        surplus = part.reading.alarm - self.model.calibration.alarm - extra
        if surplus < 0:
            return None
        return Alarm(self.model.category(part.reading, EMERGENCY) or "other", part, surplus)
