"""Everything that the pages need, passed in once when the application is made."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from actions.bill_rules import BillRules
from actions.calendar import Calendar
from actions.policy import Policy
from actions.store import Session, Store
from actions.tables import Ticket
from actions.views import EstateCard, estate
from web.content import ConsoleContent
from web.reviewing import ReviewDesk, Training
from words.etiquette import Etiquette
from words.replies import Replies

# Says a script in a ticket's conversation: the session, the ticket, the script's id, its facts, and now.
Tell = Callable[[Session, Ticket, str, Mapping[str, Any], datetime], None]
CommunityOf = Callable[[str | None], Awaitable[EstateCard | None]]


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one visitor or one address may send.

    A rate is a burst and how many a minute flow back; sizes are in bytes, lengths in characters. A newcomer is a
    visitor who writes for the first time; a look is a page or an update that is asked for; a post may take
    `post_seconds`.
    """

    visitor_burst: int = 20
    visitor_per_minute: int = 20
    address_burst: int = 120
    address_per_minute: int = 120
    sign_in_attempts: int = 5
    sign_in_per_minute: float = 0.5
    address_sign_ins: int = 30
    address_sign_ins_per_minute: float = 3
    address_newcomers: int = 40
    address_newcomers_per_minute: float = 4
    visitor_photos: int = 12
    visitor_photos_per_minute: float = 12
    address_photos: int = 60
    address_photos_per_minute: float = 30
    address_looks: int = 600
    address_looks_per_minute: float = 1_200
    visitor_posts_at_once: int = 2
    address_posts_at_once: int = 16
    post_seconds: float = 120
    streams_per_address: int = 60
    photo_bytes: int = 10 * 1024 * 1024
    photos: int = 6
    form_bytes: int = 256 * 1024
    comfortable_text: int = 4_000
    longest_text: int = 20_000

    @property
    def body_bytes(self) -> int:
        """The largest body of a message: all its photos at their largest, and its text."""
        return self.photo_bytes * self.photos + self.form_bytes


@dataclass(frozen=True, slots=True)
class WebSettings:
    """How the pages are reached.

    `secure` says that browsers come over HTTPS: cookies are then sent over HTTPS only. `embed_origins` are the pages
    that may show the residents' page in a frame, `trusted_origins` further addresses of this server behind a proxy.
    """

    secure: bool = False
    embed_origins: tuple[str, ...] = ()
    trusted_origins: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Deps:
    """What the wiring gives to the pages.

    `ring` wakes the workers after a message was stored; `community` finds the estate of a code, or of None the
    default one; `uploads` is the folder of photos; `tell` says a script in a ticket's conversation; `console` is the
    content that only the console uses; `bills` are the words of bills; `moment` is how the bot tells
    a moment, by now, to a resident, `notice_word` what a resident writes who reports a matter in spite of a notice;
    `review` is where messages are labelled, `training` makes a model of the labels.
    """

    store: Store
    clock: Callable[[], datetime]
    replies: Replies
    etiquette: Etiquette
    ring: Callable[[], None]
    community: CommunityOf
    uploads: Path
    settings: WebSettings
    policy: Policy
    calendar: Calendar
    tell: Tell
    console: ConsoleContent
    bills: BillRules
    moment: Callable[[datetime, datetime], str]
    notice_word: Callable[[str], str]
    review: ReviewDesk | None = None
    training: Training | None = None


def community_in(store: Store, default_code: str | None = None) -> CommunityOf:
    """A resolver that reads the estate from the store each time, so that edited facts show at once."""

    async def resolve(code: str | None) -> EstateCard | None:
        return await store.read(lambda session: estate(session, code or default_code))

    return resolve


def text_fact(facts: Mapping[str, object], name: str) -> str:
    """A fact of the community as text, empty when it is not on record."""
    value = facts.get(name)
    return "" if value is None else str(value)
