"""Decides whether a message tells of danger going on now, and of which kind."""

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
