"""An engine that knows what each sentence of the simulation means, so that a run measures the clock alone."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from nlu.entities.reader import EntityReader
from nlu.labels import Labels
from nlu.training_data import TrainingData
from nlu.types import Intent, Request, Understanding
from words.content import ContentFiles

_UNKNOWN = "thanks"


@dataclass(frozen=True, slots=True)
class Meaning:
    """The label of a sentence, and the kind of danger that it tells of."""

    label: str
    danger: str | None = None


@dataclass(slots=True)
class LabelledEngine:
    """Looks sentences up; addresses, times and telephone numbers are read as always."""

    entities: EntityReader
    meanings: dict[str, Meaning] = field(default_factory=dict)
    version: str = "labelled"

    @classmethod
    def build(cls, files: ContentFiles) -> "LabelledEngine":
        """An engine that knows no sentence yet."""
        data = TrainingData.read(files, vocabulary=Labels.read(files))
        return cls(EntityReader.build(files, data))

    def teach(self, text: str, label: str, danger: str | None = None) -> None:
        """Tell what a sentence means."""
        self.meanings[text] = Meaning(label, danger)

    def understand(self, text: str, *, now: datetime) -> Understanding:
        """What was taught; of several lines each is looked up."""
        requests = tuple(self._requests(text))
        first = requests[0]
        lines = [self.meanings.get(line) for line in text.split("\n")]
        danger = next((meaning.danger for meaning in lines if meaning is not None and meaning.danger), None)
        return Understanding(
            text=text,
            intent=Intent.EMERGENCY if danger else first.intent,
            confidence=1.0,
            unsure=False,
            category=danger or first.category,
            emergency=danger,
            requests=requests,
            entities=self.entities.read(text, now),
            model_version=self.version,
        )

    def _requests(self, text: str) -> Iterator[Request]:
        place = 0
        for line in text.split("\n"):
            label = self.meanings.get(line, Meaning(_UNKNOWN)).label
            intent, _, category = label.partition(".")
            yield Request(Intent(intent), category or None, line, place, place + len(line), 1.0)
            place += len(line) + 1
