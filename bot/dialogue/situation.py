"""What a decision rests on: what was said, and everything the desk knows at that moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from actions.bill_rules import BillRules
from actions.bills import BillLine
from actions.codes import Tried
from actions.contacts import Known
from actions.notices import NoticeCard
from actions.personal import Held
from actions.policy import Policy
from actions.repeats import Earlier, Told
from actions.tables import MessageKind, TurnOwner
from actions.tickets import TicketCard
from bot.forms import Forms
from bot.phrases import Phrases
from bot.wishes import Wish
from nlu.knowledge import Knowledge
from nlu.types import Intent, Understanding


@dataclass(frozen=True, slots=True)
class Heard:
    """The messages of one turn, read as one; None as the whole means that nobody wrote and time alone woke the desk.

    `kinds` are those of the messages; `quote` is what they answer to, `edited` says that they are new versions of
    messages that were answered before, `cut` that there was no room for all of the text.
    """

    text: str
    understanding: Understanding
    received_at: datetime
    photos: int
    pressed: bool
    wish: Wish | None = None
    kinds: frozenset[MessageKind] = frozenset({MessageKind.TEXT})
    quote: str = ""
    edited: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """The content that decides: forms, policy, knowledge, phrases and the words of bills of one snapshot."""

    forms: Forms
    policy: Policy
    knowledge: Knowledge
    phrases: Phrases
    bills: BillRules


@dataclass(frozen=True, slots=True)
class Situation:
    """The moment of a decision.

    `cards` are the tickets of the conversation and its resident that may still be spoken of, newest first; `facts` what
    replies may say about the community; `desk_open` whether the front desk is staffed, and `opens_at` when it next is.
    What only some messages need is there for those: `bills` for fees, `held` for wishes about personal data, `tried`
    where a binding code was typed, `told` how often each card was told, `earlier` for repairs and complaints.
    `alarm_taken` says that somebody on duty acknowledged the alarm of this conversation.
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
    tried: Tried | None = None
    held: Held | None = None
    told: Mapping[int, Told] = field(default_factory=dict)
    earlier: tuple[Earlier, ...] = ()
    alarm_taken: bool = False


def silence(now: datetime) -> Heard:
    """Nobody wrote: what stands for a message when time alone woke the desk."""
    nothing = Understanding(
        text="",
        intent=Intent.CHITCHAT,
        confidence=0.0,
        unsure=True,
        category=None,
        emergency=None,
        requests=(),
        entities=(),
        model_version="",
    )
    return Heard("", nothing, now, 0, pressed=False)
