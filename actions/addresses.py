"""The addresses of contacts: which of them can be reached, where they moved to, and the place by which they came."""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, select, update
from sqlalchemy.orm import Session

from actions.live import emit
from actions.statements import table
from actions.tables import Building, Contact, OutboxRow, OutboxState, Room, Unit

# Older words than these no longer fit when somebody can be reached again.
_STILL_WANTED = timedelta(hours=24)

_CONTACT, _OUTBOX = table(Contact), table(OutboxRow)
_THIS_ADDRESS = and_(
    _CONTACT.c.community_id == bindparam("this_community"),
    _CONTACT.c.channel == bindparam("this_channel"),
    _CONTACT.c.address == bindparam("this_address"),
)
_BACK = update(_CONTACT).where(_THIS_ADDRESS, _CONTACT.c.reachable.is_(False)).values(reachable=True)


@dataclass(frozen=True, slots=True)
class ToldPlace:
    """A place that a contact came by, in normal names; the room may be missing, and the unit where there is none."""

    building: str
    unit: str | None = None
    room: str | None = None
    room_id: int | None = None

    @property
    def label(self) -> str:
        """The place as it is read back."""
        return f"{self.building}{self.unit or ''}{self.room or ''}"


def is_reachable(session: Session, community_id: int, channel: str, address: str) -> bool | None:
    """Whether a contact can be written to; None when the address never wrote."""
    return session.execute(
        select(_CONTACT.c.reachable).where(_THIS_ADDRESS), _key(community_id, channel, address)
    ).scalar()


def note_unreachable(session: Session, community_id: int, channel: str, address: str, now: datetime) -> None:
    """The contact has shut the desk out; staff see it."""
    session.execute(update(_CONTACT).where(_THIS_ADDRESS).values(reachable=False), _key(community_id, channel, address))
    emit(session, community_id, "contact:unreachable", now=now)


def note_reachable(session: Session, community_id: int, channel: str, address: str, now: datetime) -> bool:
    """The contact can be written to again; what could not be sent in the last day is sent now. Whether that is new."""
    key = _key(community_id, channel, address)
    back = session.execute(_BACK, key)
    if back.rowcount != 1:  # type: ignore[attr-defined]
        return False
    contact = select(_CONTACT.c.id).where(_THIS_ADDRESS).scalar_subquery()
    session.execute(
        update(_OUTBOX)
        .where(
            _OUTBOX.c.community_id == bindparam("this_community"),
            _OUTBOX.c.contact_id == contact,
            _OUTBOX.c.state == OutboxState.GIVEN_UP,
            _OUTBOX.c.created_at > now - _STILL_WANTED,
        )
        .values(state=OutboxState.PENDING, next_attempt_at=now, attempts=0),
        key,
    )
    emit(session, community_id, "contact:reachable", now=now)
    return True


def move(session: Session, community_id: int, channel: str, old: str, new: str) -> None:
    """A chat got another address; where somebody wrote from that one already, the old one is given up."""
    taken = is_reachable(session, community_id, channel, new) is not None
    values: dict[str, object] = {"reachable": False} if taken else {"address": new}
    session.execute(update(_CONTACT).where(_THIS_ADDRESS).values(values), _key(community_id, channel, old))


def tell_place(session: Session, community_id: int, contact_id: int, place: ToldPlace) -> None:
    """Keep the place of the QR code by which a contact came; it says where something is, not who lives there."""
    session.execute(
        update(_CONTACT)
        .where(_CONTACT.c.community_id == community_id, _CONTACT.c.id == contact_id)
        .values(told_place=asdict(place))
    )


def place_of(session: Session, community_id: int, kind: str, row_id: int) -> ToldPlace | None:
    """The place behind a link: a building (`b`), a unit (`u`) or a room (`r`) by its id, or None when it is gone."""
    query = select(Building.name, Unit.name, Room.name, Room.id).where(Building.community_id == community_id)
    of_unit = and_(Unit.community_id == Building.community_id, Unit.building_id == Building.id)
    of_room = and_(Room.community_id == Building.community_id, Room.building_id == Building.id)
    unit_of_room = and_(Unit.community_id == Room.community_id, Unit.id == Room.unit_id)
    match kind:
        case "b":
            row = session.execute(
                select(Building.name).where(Building.community_id == community_id, Building.id == row_id)
            )
            name = row.scalar()
            return None if name is None else ToldPlace(name)
        case "u":
            units = select(Building.name, Unit.name).join(Unit, of_unit).where(Unit.community_id == community_id)
            found = session.execute(units.where(Unit.id == row_id)).one_or_none()
            return None if found is None else ToldPlace(found[0], found[1])
        case "r":
            rooms = query.join(Room, of_room).outerjoin(Unit, unit_of_room).where(Room.id == row_id)
            home = session.execute(rooms).one_or_none()
            return None if home is None else ToldPlace(home[0], home[1], home[2], home[3])
        case _:
            return None


def _key(community_id: int, channel: str, address: str) -> dict[str, object]:
    return {"this_community": community_id, "this_channel": channel, "this_address": address}
