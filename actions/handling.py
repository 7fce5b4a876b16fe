"""All that can be done to a ticket, under one address.

Each verb takes the session, who acts, the community, the ticket, details by keyword, and `now`; it locks the ticket,
writes the event, and returns the card. `TRANSITIONS` in `actions.transitions` says which verb a state allows. Whoever
also writes to the conversation does that first: everybody locks the conversation before the ticket.
"""

from actions.answering import Medium, hold, note, reply, urge
from actions.closing import cancel, close, rate, reopen, resolve
from actions.dispatching import TicketChanges, accept, acknowledge_alarm, assign, raise_severity, update_fields

__all__ = [
    "Medium",
    "TicketChanges",
    "accept",
    "acknowledge_alarm",
    "assign",
    "cancel",
    "close",
    "hold",
    "note",
    "raise_severity",
    "rate",
    "reopen",
    "reply",
    "resolve",
    "update_fields",
    "urge",
]
