"""Reads all entities of a message in the order in which they are hard to mistake."""

from dataclasses import dataclass, field
from datetime import datetime

from nlu.entities.address import find_addresses
from nlu.entities.calendar import Festivals
from nlu.entities.lookup import Lookups
from nlu.entities.money import find_money
from nlu.entities.person import People
from nlu.entities.phone import find_phones
from nlu.entities.span import Span, entity, mask
from nlu.entities.time import find_times
from nlu.normalise import fold
from nlu.training_data import TrainingData
from nlu.types import Entity
from words.content import ContentFiles

# Entities beyond this many code points are not read: nobody gives an address on the tenth page.
_READ = 6000


@dataclass(frozen=True, slots=True)
class EntityReader:
    """All readers with their lists; pure, and safe to call from any thread."""

    lookups: Lookups = field(default_factory=Lookups)
    people: People = field(default_factory=People)
    festivals: Festivals = field(default_factory=Festivals)

    @classmethod
    def build(cls, files: ContentFiles, data: TrainingData) -> "EntityReader":
        """A reader with the lists of the content; raises ContentError when one of them is broken."""
        return cls(Lookups.build(data), People.read(files), Festivals.read(files))

    def read(self, text: str, now: datetime) -> tuple[Entity, ...]:
        """All entities in the order of the text, none overlapping; never raises."""
        folded = fold(text[:_READ])
        spans: list[Span] = []
        masked = folded
        # A telephone looks like many things and nothing looks like a telephone; so each reader covers what it took.
        spans += find_phones(masked)
        masked = mask(masked, spans)
        spans += find_addresses(folded, masked)
        masked = mask(masked, spans)
        spans += find_money(folded, masked)
        masked = mask(masked, spans)
        spans += self.people.find(masked)
        masked = mask(masked, spans)
        spans += find_times(folded, masked, now, self.festivals)
        masked = mask(masked, spans)
        spans += self.lookups.find(masked)
        return tuple(entity(text, span) for span in sorted(spans, key=lambda span: (span.start, span.end)))
