"""Figures over all written conversations: reply length, questions per repair, repeated greetings; `make dialogues`."""

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from desk.stage import Exchange

_GREETING = re.compile("您好|早上好|上午好|中午好|下午好|晚上好|Good (?:morning|afternoon|evening)|Hello")
_REPAIR_QUESTIONS = ("repair.ask_", "repair.confirm", "slot.")
_REPAIR_OPENED = ("repair.opened", "memory.repair_major")
_MOST_QUESTIONS = 2
_LONG = 120


@dataclass(slots=True)
class Figures:
    """What was counted; questions are those that lie between a repair's first word and its ticket."""

    lengths: list[int] = field(default_factory=list)
    longest: tuple[str, str] = ("", "")
    questions: Counter[int] = field(default_factory=Counter)
    asked_much: list[str] = field(default_factory=list)
    greeted_again: list[str] = field(default_factory=list)

    def add(self, name: str, exchanges: Iterable[Exchange], *, begins: frozenset[int]) -> None:
        """Count one conversation; at the steps of `begins` so much time has passed that one may greet again."""
        asked, greetings, question = 0, 0, ""
        for number, exchange in enumerate(exchanges):
            if number in begins:
                greetings = 0
            for place, reply in enumerate(exchange.replies):
                said = reply.reply_id or ""
                self._measure(said, reply.text)
                # A question that is put again behind the answer to something else is the same question.
                again = place > 0 and said == question
                asked += said.startswith(_REPAIR_QUESTIONS) and not again
                question = said if said.startswith(_REPAIR_QUESTIONS) else question
                if said.startswith(_REPAIR_OPENED):
                    if asked > _MOST_QUESTIONS:
                        self.asked_much.append(name)
                    self.questions[asked] += 1
                    asked = 0
                greetings += bool(said) and _GREETING.search(reply.text[:12]) is not None
                if greetings > 1 and name not in self.greeted_again:
                    self.greeted_again.append(name)

    def lines(self) -> tuple[str, ...]:
        """The figures as lines to print."""
        lengths = sorted(self.lengths)
        repairs = sum(self.questions.values())
        many = sum(count for questions, count in self.questions.items() if questions > _MOST_QUESTIONS)
        middle, most = lengths[len(lengths) // 2], lengths[int(0.95 * (len(lengths) - 1))]
        told = ", ".join(f"{questions}: {count}" for questions, count in sorted(self.questions.items()))
        return (
            f"replies {len(lengths)}, median {middle} signs, longest {lengths[-1]} ({self.longest[0]})",
            f"95 % within {most}, over {_LONG}: {sum(one > _LONG for one in lengths)}",
            f"repairs {repairs}, by questions asked {told}; with more than {_MOST_QUESTIONS}: {many} {self.asked_much}",
            f"conversations with more than one greeting: {len(self.greeted_again)} {self.greeted_again[:5]}",
        )

    def _measure(self, reply_id: str, text: str) -> None:
        if not reply_id:
            return
        self.lengths.append(len(text))
        if len(text) > len(self.longest[1]):
            self.longest = (reply_id, text)
