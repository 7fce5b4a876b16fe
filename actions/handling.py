"""All that can be done to a ticket, under one address.

Each verb takes the session, who acts, the community, the ticket, details by keyword, and `now`; it locks the ticket,
writes the event, and returns the card. `TRANSITIONS` in `actions.transitions` says which verb a state allows. Whoever
also writes to the conversation does that first: everybody locks the conversation before the ticket.
"""

from actions.answering import Medium, hold, note, reply, urge
from actions.closing import CallBack, call_back, cancel, close, rate, reopen, resolve
from actions.dispatching import TicketChanges, accept, acknowledge_alarm, arrive, assign, raise_severity, update_fields
from actions.merging import Part, link, merge, split
from actions.pausing import pause, resume
from actions.promising import Promised, PromiseKind, agree_hold, promise

__all__ = [
    "CallBack",
    "Medium",
    "Part",
    "PromiseKind",
    "Promised",
    "TicketChanges",
    "accept",
    "acknowledge_alarm",
    "agree_hold",
    "arrive",
    "assign",
    "call_back",
    "cancel",
    "close",
    "hold",
    "link",
    "merge",
    "note",
    "pause",
    "promise",
    "raise_severity",
    "rate",
    "reopen",
    "reply",
    "resolve",
    "resume",
    "split",
    "update_fields",
    "urge",
]
