"""The embedded engine: understands a message with the trained model, the lexicons and the entity readers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nlu.asks import SOCIAL, Ask, Part, Reader, best
from nlu.emergency import CALM, Alarm, Detector, hurried
from nlu.entities.reader import EntityReader
from nlu.features import Featuriser
from nlu.lexicon import Vocabulary
from nlu.model import EMERGENCY, Model
from nlu.multi import split, stretches
from nlu.normalise import fold
from nlu.segment import Clause, clauses, sentences
from nlu.types import Entity, EntityType, Intent, Request, Understanding

# Courtesy around a request is short; a longer social clause is kept, lest something in it is lost.
_COURTESY = 8
# What answers “where”, “when”, “which number” and “who”.
_ANSWERS = frozenset(
    {EntityType.BUILDING, EntityType.UNIT, EntityType.ROOM, EntityType.PHONE, EntityType.TIME, EntityType.PERSON}
)


@dataclass(frozen=True, slots=True)
class EmbeddedEngine:
    """Understands messages in about a millisecond; pure, and safe to call from any thread."""

    model: Model
    featuriser: Featuriser
    entities: EntityReader
    answer_words: Vocabulary | None = None

    @property
    def version(self) -> str:
        """A hash of the data and code that made this engine."""
        return self.model.version

    def understand(self, text: str, *, now: datetime) -> Understanding:
        """Read one message; `now` (aware) anchors times such as 明早. Never raises, whatever the text."""
        entities = self.entities.read(text, now)
        if not text.strip() or self._only_answers(text, entities):
            return self._nothing_asked(text, entities)
        parts = self._asking(text, clauses(text) or (Clause(0, len(text), 1),), entities)
        reads = Reader(self.model, self.featuriser, text)
        first = hurried(text, parts[0].start, parts[-1].end)
        reads.ahead([(parts[0].start, parts[-1].end), *sentences(parts), *stretches(parts), *first])
        whole = reads(parts[0].start, parts[-1].end)
        said = [reads(start, end) for start, end in sentences(parts)]
        alarm = Detector(self.model).find(whole, said, [reads(*span) for span in (*stretches(parts), *first)])
        main = self._pressed(reads, parts, self._main(whole, said, frozenset() if alarm else CALM))
        asks = self._asks(reads, parts, main, alarm)
        return self._told(text, main, asks, alarm, entities)

    def _only_answers(self, text: str, entities: tuple[Entity, ...]) -> bool:
        """Whether a message holds nothing beside an address, a time, a telephone or a name."""
        told = [entity for entity in entities if entity.type in _ANSWERS]
        if self.answer_words is None or not told:
            return False
        pieces: list[str] = []
        position = 0
        for entity in told:
            pieces.append(text[position : entity.start])
            position = entity.end
        rest = "".join(char for char in fold("".join([*pieces, text[position:]])) if char.isalnum())
        return self.answer_words.makes_up(rest)

    def _asking(self, text: str, parts: Sequence[Clause], entities: tuple[Entity, ...]) -> tuple[Clause, ...]:
        """The clauses without the bare answers at their ends: “明天下午在家” beside a fault is no assent."""
        kept = list(parts)
        while len(kept) > 1 and self._is_answer(text, kept[-1], entities):
            kept.pop()
        while len(kept) > 1 and self._is_answer(text, kept[0], entities):
            kept.pop(0)
        return tuple(kept)

    def _is_answer(self, text: str, clause: Clause, entities: tuple[Entity, ...]) -> bool:
        within = tuple(
            replace(entity, start=entity.start - clause.start, end=entity.end - clause.start)
            for entity in entities
            if clause.start <= entity.start and entity.end <= clause.end
        )
        return self._only_answers(text[clause.start : clause.end], within)

    def _nothing_asked(self, text: str, entities: tuple[Entity, ...]) -> Understanding:
        """An empty message or a bare answer: nothing is sure, so that whoever asked reads the entities."""
        span = (len(text) - len(text.lstrip()), len(text.rstrip()))
        requests = (Request(Intent.CHITCHAT, None, text.strip(), *span, 0.0),) if text.strip() else ()
        return Understanding(
            text=text,
            intent=Intent.CHITCHAT,
            confidence=0.0,
            unsure=True,
            category=None,
            emergency=None,
            requests=requests,
            entities=entities,
            model_version=self.version,
        )

    def _main(self, whole: Part, said: Sequence[Part], barred: frozenset[str]) -> Ask:
        """The best reading: of the whole, or of a sentence that is surer than the whole among its fillers."""
        asks = [best(self.model, part, barred) for part in (whole, *(said if len(said) > 1 else ()))]
        wanting = [ask for ask in asks if ask.intent not in SOCIAL]
        first, rest = asks[0], wanting or asks
        surest = max(rest, key=lambda ask: ask.margin)
        if first in rest and first.margin + _WHOLE_KNOWS_MORE >= surest.margin:
            return first
        if not wanting or not self._unsure(surest) or first.lead < surest.lead:
            return surest
        return first

    def _pressed(self, reads: Reader, parts: Sequence[Clause], main: Ask) -> Ask:
        """What hurry is about: “漏水了，快来人” is a repair, even where the words of hurry outweigh it."""
        if main.intent != "progress" or not self._unsure(main):
            return main
        asks = [best(self.model, reads(clause.start, clause.end)) for clause in parts]
        faults = [ask for ask in asks if ask.intent == "repair" and not self._unsure(ask)]
        return max(faults, key=lambda ask: ask.margin, default=main)

    def _asks(self, reads: Reader, parts: Sequence[Clause], main: Ask, alarm: Alarm | None) -> list[Ask]:
        asks = split(self.model, reads, parts, barred=frozenset() if alarm else CALM)
        if len(asks) == 1:
            asks = [main]
        if alarm is None:
            return [_within(ask, self._core(reads, parts)) if len(asks) == 1 else ask for ask in asks]
        danger = Ask(EMERGENCY, alarm.kind, alarm.part, main.margin, main.lead)
        others = [
            ask
            for ask in asks
            if ask.intent != EMERGENCY and (ask.part.end <= alarm.part.start or ask.part.start >= alarm.part.end)
        ]
        told = [ask for ask in asks if ask.intent == EMERGENCY]
        kept = told[:1] or [danger]
        if len(asks) > 1 and told:
            others = [ask for ask in asks if ask.intent != EMERGENCY]
        return sorted([Ask(EMERGENCY, alarm.kind, kept[0].part, kept[0].margin, kept[0].lead), *others], key=_place)

    def _core(self, reads: Reader, parts: Sequence[Clause]) -> tuple[int, int]:
        """The span of a message without the courtesy clauses at its ends."""
        kept = list(parts)
        while len(kept) > 1 and self._courtesy(reads(kept[0].start, kept[0].end)):
            kept.pop(0)
        while len(kept) > 1 and self._courtesy(reads(kept[-1].start, kept[-1].end)):
            kept.pop()
        return kept[0].start, kept[-1].end

    def _courtesy(self, part: Part) -> bool:
        return len(part.text) <= _COURTESY and best(self.model, part).intent in {"greet", "thanks", "bye"}

    def _told(
        self, text: str, main: Ask, asks: Sequence[Ask], alarm: Alarm | None, entities: tuple[Entity, ...]
    ) -> Understanding:
        requests = tuple(self._request(text, ask) for ask in asks)
        lead = next((ask for ask in asks if ask.intent == EMERGENCY), None) if alarm else None
        lead = lead or next((ask for ask in asks if ask.intent == main.intent), asks[0])
        confidence = self._confidence(lead)
        return Understanding(
            text=text,
            intent=Intent(lead.intent),
            confidence=max(confidence, 0.5) if alarm else confidence,
            unsure=alarm is None and self._unsure(lead),
            category=lead.category,
            emergency=alarm.kind if alarm else None,
            requests=requests,
            entities=entities,
            model_version=self.version,
            trace=self.model.deciding(lead.part.reading, lead.intent),
        )

    def _request(self, text: str, ask: Ask) -> Request:
        start, end = ask.part.start, ask.part.end
        return Request(Intent(ask.intent), ask.category, text[start:end], start, end, self._confidence(ask))

    def _confidence(self, ask: Ask) -> float:
        probabilities = self.model.probabilities(ask.part.reading.margins)
        return float(probabilities[ask.part.reading.intents.index(ask.intent)])

    def _unsure(self, ask: Ask) -> bool:
        """Whether the desk should ask back: the margin is low, or the next intent is too close."""
        calibration = self.model.calibration
        return bool(ask.margin < calibration.margin or ask.lead < calibration.lead)


# How much a sentence must beat the whole by, since the whole holds all the words.
_WHOLE_KNOWS_MORE = 0.15


def _within(ask: Ask, span: tuple[int, int]) -> Ask:
    start, end = span
    part = replace(ask.part, start=start, end=end)
    return Ask(ask.intent, ask.category, part, ask.margin, ask.lead)


def _place(ask: Ask) -> int:
    return ask.part.start
