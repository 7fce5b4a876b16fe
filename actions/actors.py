"""Who does something: a resident, the bot, a staff member, or the desk itself."""

from dataclasses import dataclass

from actions.tables import ActorKind


@dataclass(frozen=True, slots=True)
class Actor:
    """The one who acts; `id` is the resident's contact or the staff member, and None for the bot and the system."""

    kind: ActorKind
    id: int | None = None

    @classmethod
    def staff(cls, staff_id: int) -> "Actor":
        """A staff member."""
        return cls(ActorKind.STAFF, staff_id)

    @classmethod
    def resident(cls, contact_id: int) -> "Actor":
        """A resident, known by the contact that writes."""
        return cls(ActorKind.RESIDENT, contact_id)


BOT = Actor(ActorKind.BOT)
SYSTEM = Actor(ActorKind.SYSTEM)
