"""Compares a newly trained model with the one in use on the same held-out messages, and says when it is worse."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from nlu.evaluate import Report, Told

TOLERANCE = 0.005
"""How much of the accuracy a new model may lose: training twice on the same data differs by less."""
_EXAMPLES = 2


@dataclass(frozen=True, slots=True)
class Loss:
    """Messages of one intent that the old model read rightly and the new one does not; what they are taken for now."""

    intent: str
    lost: int
    won: int
    examples: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two reports on the same messages."""

    old: Report
    new: Report

    @property
    def worse(self) -> tuple[str, ...]:
        """Why the new model should not be used; empty when it may."""
        reasons = []
        if self.new.accuracy < self.old.accuracy - TOLERANCE:
            reasons.append(
                f"accuracy falls from {self.old.accuracy:.3f} to {self.new.accuracy:.3f}, more than {TOLERANCE:.3f}"
            )
        if self.new.emergency.recall < self.old.emergency.recall:
            reasons.append(
                f"emergencies found fall from {self.old.emergency.recall:.3f} to {self.new.emergency.recall:.3f}"
            )
        return tuple(reasons)

    def losses(self) -> tuple[Loss, ...]:
        """The intents of which more messages were lost than won, the greatest loss first."""
        lost: defaultdict[str, list[Told]] = defaultdict(list)
        won: defaultdict[str, int] = defaultdict(int)
        for before, after in zip(self.old.told, self.new.told, strict=True):
            if before.right and not after.right:
                lost[after.real].append(after)
            elif after.right and not before.right:
                won[after.real] += 1
        found = [
            Loss(intent, len(told), won[intent], tuple((one.text, one.taken) for one in told[:_EXAMPLES]))
            for intent, told in lost.items()
            if len(told) > won[intent]
        ]
        return tuple(sorted(found, key=lambda one: (one.won - one.lost, one.intent)))

    def lines(self) -> Iterator[str]:
        """The comparison for people: each figure before and now, and where messages were lost."""
        for name, old, new in (
            ("accuracy", self.old.accuracy, self.new.accuracy),
            ("macro F1", self.old.macro_f1, self.new.macro_f1),
            ("categories", self.old.categories_joint, self.new.categories_joint),
            ("emergency recall", self.old.emergency.recall, self.new.emergency.recall),
            ("emergency precision", self.old.emergency.precision, self.new.emergency.precision),
            ("out-of-scope AUROC", self.old.out_of_scope, self.new.out_of_scope),
            ("calibration error", self.old.reliability.error, self.new.reliability.error),
        ):
            yield f"  {name:<20} {old:.3f} → {new:.3f}  ({new - old:+.3f})"
        for loss in self.losses():
            told = "; ".join(f"“{text}” → {taken}" for text, taken in loss.examples)
            yield f"  {loss.intent}: {loss.lost} lost, {loss.won} won: {told}"
