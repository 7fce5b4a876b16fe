"""Read models: everything that pages show, each row through the access table; they change nothing but the record."""

from actions.views.estate import (
    EstateCard,
    alive,
    assignees,
    estate,
    estate_by_id,
    visible,
)
from actions.views.queue import alarms
from actions.views.residents import conversation_of, own_file, resident_timeline, resident_view
from actions.views.tickets import (
    conversation_page,
    masked,
    record,
    reveal_phone,
    reveal_phone_in_talk,
    speaking_about,
    speaking_to,
    stored_file,
    ticket_page,
)
from actions.views.timeline import messages as timeline
from actions.views.worklist import queue

__all__ = [
    "EstateCard",
    "alarms",
    "alive",
    "assignees",
    "conversation_of",
    "conversation_page",
    "estate",
    "estate_by_id",
    "masked",
    "own_file",
    "queue",
    "record",
    "resident_timeline",
    "resident_view",
    "reveal_phone",
    "reveal_phone_in_talk",
    "speaking_about",
    "speaking_to",
    "stored_file",
    "ticket_page",
    "timeline",
    "visible",
]
