"""A place that is known beforehand, by a QR code or from an earlier matter: it fills in what is left unsaid."""

from dataclasses import replace

from actions.addresses import ToldPlace
from bot.dialogue.steps import Place


def completed(place: Place, told: ToldPlace | Place | None, *, public: bool) -> Place:
    """The place with the told one's building and unit, and its room for a matter inside the home.

    Whoever names another building, or a room of their own, is taken at their word.
    """
    if (
        told is None
        or told.building is None
        or place.building not in {None, told.building}
        or place.room is not None
        or place.room_id
    ):
        return place
    room = None if public or place.words else told.room
    return replace(
        place,
        building=told.building,
        unit=place.unit or told.unit,
        room=room,
        room_id=told.room_id if room is not None else None,
    )
