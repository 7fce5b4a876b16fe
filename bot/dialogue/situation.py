"""What a decision rests on: what was said, and everything the desk knows at that moment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from actions.bills import BillLine
from actions.contacts import Known
from actions.notices import NoticeCard
from actions.policy import Policy
from actions.tables import TurnOwner
from actions.tickets import TicketCard
from bot.forms import Forms
from bot.phrases import Phrases
from nlu.knowledge import Knowledge
from nlu.types import Understanding


@dataclass(frozen=True, slots=True)
class Heard:
    """The messages of one turn, read as one; None as the whole means that nobody wrote and time alone woke the desk."""

    text: str
    understanding: Understanding
    received_at: datetime
    photos: int
    pressed: bool


@dataclass(frozen=True, slots=True)
class Rules:
    """The content that decides: forms, policy, knowledge and phrases of one snapshot."""

    forms: Forms
    policy: Policy
    knowledge: Knowledge
    phrases: Phrases


@dataclass(frozen=True, slots=True)
class Situation:
    """The moment of a decision.

    `cards` are the tickets of the conversation that may still be spoken of, newest first; `facts` what replies may say
    about the community; `desk_open` whether the front desk is staffed, and `opens_at` when it next is.
    """

    now: datetime
    known: Known
    owner: TurnOwner
    cards: tuple[TicketCard, ...]
    notices: tuple[NoticeCard, ...]
    bills: tuple[BillLine, ...]
    facts: Mapping[str, str]
    desk_open: bool
    opens_at: datetime
    rules: Rules
