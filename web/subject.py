"""What a ticket's or a conversation's page is about, read in one look, and what the page shows of it."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request

from actions.access import Permission, StaffIdentity, allows
from actions.clock_record import ClockRecord, clock_record
from actions.drafts import Present, draft_of, present, snoozed_until
from actions.errors import NotFoundError
from actions.live import newest
from actions.particulars import Particulars, particulars
from actions.standing import Standing, standing
from actions.store import Session
from actions.tables import Direction, Responsible
from actions.ticket_work import LinkedTicket, PauseReason, linked_to
from actions.transitions import allowed
from actions.views import (
    EstateCard,
    assignees,
    conversation_page,
    estate_by_id,
    speaking_about,
    speaking_to,
    ticket_page,
)
from actions.views.panel import ResidentPanel, resident_panel
from actions.views.shown import Assignee, ShownConversation, ShownMessage, SpeakingTo, TalkEvent, TicketPage
from nlu.knowledge import Audience, Hit
from web.deps import Deps, text_fact
from web.ids import place, row_id
from web.speaking import Checked, mood_of
from web.staff import frame
from web.submitted import MOST_PROMISES
from words.mood import Mood

_PERMISSIONS = {
    "reply": Permission.TICKET_REPLY,
    "assign": Permission.TICKET_ASSIGN,
    "resolve": Permission.TICKET_RESOLVE,
    "take_over": Permission.CONVERSATION_TAKE_OVER,
    "acknowledge": Permission.ALARM_ACKNOWLEDGE,
    "phone": Permission.PHONE_REVEAL,
    "talk": Permission.CONVERSATION_SEE,
}
_FACT = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_WORTH_SHOWING = 0.3


@dataclass(slots=True)
class Subject:
    """What a page is about: a ticket with or without its conversation, or a conversation alone."""

    what: str
    estate: EstateCard
    cursor: str
    page: TicketPage | None
    conversation: ShownConversation | None
    to: SpeakingTo
    standing: Standing
    people: tuple[Assignee, ...] = ()
    panel: ResidentPanel | None = None
    here: tuple[Present, ...] = ()
    draft: str = ""
    snoozed: datetime | None = None
    linked: tuple[LinkedTicket, ...] = ()
    clocks: ClockRecord | None = None
    particulars: Particulars | None = None

    @property
    def mood(self) -> Mood:
        """The tone that the matter asks for."""
        return mood_of(self.page.row.kind, self.page.row.severity) if self.page else Mood.NEUTRAL

    @property
    def at(self) -> str:
        """The address of the page."""
        talk = self.conversation
        return f"/staff/tickets/{self.page.row.id}" if self.page else f"/staff/conversations/{talk.id if talk else 0}"

    def news(self, seq: int | None, staff_id: int) -> tuple[ShownMessage, ...]:
        """What was said after a place in the conversation by anybody but the member."""
        if seq is None or self.conversation is None:
            return ()
        mine = self._own(staff_id)
        return tuple(
            message
            for message in self.conversation.messages
            if message.seq > seq and message.direction is not Direction.NOTE and message.id not in mine
        )

    def _own(self, staff_id: int) -> set[int]:
        talk = self.conversation
        return {message.id for message in talk.messages if message.staff_id == staff_id} if talk else set()


@dataclass(slots=True)
class Outcome:
    """How the last change went: what to tell the member, and what they had written if it did not go through.

    `news` is what happened since the member's page was read, for a reply that is held back.
    """

    status: int = 200
    message: str = ""
    good: bool = False
    verb: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)
    checked: Checked | None = None
    phone: str | None = None
    news: tuple[ShownMessage, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the timeline: a message, or something that happened to a ticket."""

    at: datetime
    message: ShownMessage | None = None
    event: TalkEvent | None = None


async def read_subject(deps: Deps, request: Request, staff: StaffIdentity) -> Subject:
    """The subject of the address. Raises NotFoundError for what the member may not know of, NotAllowedError."""
    what, subject_id = request.path_params["what"], row_id(request, "id")
    if what not in {"tickets", "conversations"}:
        raise NotFoundError(f"there is no {what}")
    now, before_seq = deps.clock(), place(request, "before")
    writes = request.method == "POST"

    def read(session: Session) -> Subject:
        page = ticket_page(session, staff, subject_id, now, before_seq=before_seq) if what == "tickets" else None
        if page is not None:
            talk, to = page.conversation, speaking_about(session, staff, subject_id)
        else:
            talk = conversation_page(session, staff, subject_id, now, before_seq=before_seq)
            to = speaking_to(session, staff, subject_id)
        return Subject(
            what=what,
            estate=estate_by_id(session, staff.community_id),
            cursor=newest(session),
            page=page,
            conversation=talk,
            to=to,
            people=assignees(session, staff, now) if allows(staff, Permission.TICKET_ASSIGN) else (),
            panel=resident_panel(session, staff, talk.id, now) if talk else None,
            here=present(session, staff, talk.id, now) if talk else (),
            draft=draft_of(session, staff, what, subject_id),
            snoozed=snoozed_until(session, staff.community_id, subject_id, now) if page else None,
            linked=linked_to(session, staff, subject_id) if page else (),
            clocks=clock_record(session, staff.community_id, subject_id) if page else None,
            particulars=particulars(session, staff, subject_id, now) if page else None,
            standing=_standing(session, staff, page, talk, now) if writes else Standing(),
        )

    return await deps.store.read(read)


def _standing(
    session: Session, staff: StaffIdentity, page: TicketPage | None, talk: ShownConversation | None, now: datetime
) -> Standing:
    """How the matter stands; only who writes needs to know."""
    ticket_id, conversation_id = page.row.id if page else None, talk.id if talk else None
    return standing(session, staff, ticket_id=ticket_id, conversation_id=conversation_id, now=now)


def lines(talk: ShownConversation) -> list[Line]:
    """Messages and events in one order; what happened at the moment of a message stands after it."""
    found = [Line(message.sent_at, message=message) for message in talk.messages]
    found += [Line(event.event.at, event=event) for event in talk.events]
    return sorted(found, key=lambda line: (line.at, line.event is not None))


def suggested(deps: Deps, subject: Subject, now: datetime) -> dict[str, Any] | None:
    """The answer that the knowledge base has for what the resident asked last; None when it has none."""
    talk = subject.conversation
    asked = next((one.text for one in reversed(talk.messages) if one.direction is Direction.IN), "") if talk else ""
    if not asked or talk is None or not talk.waiting:
        return None
    today = now.astimezone(ZoneInfo(subject.estate.timezone)).date()
    hits = deps.console.knowledge.search(asked, audience=Audience.RESIDENT, today=today, limit=1)
    return next(_filled(hits, subject.estate.facts), None)


def _filled(hits: tuple[Hit, ...], facts: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for hit in hits:
        needed = set(_FACT.findall(hit.entry.answer))
        if hit.score >= _WORTH_SHOWING and needed <= set(facts):
            text = _FACT.sub(lambda found: str(facts[found[1]]), hit.entry.answer)
            yield {"text": text, "source": hit.entry.source, "sure": hit.confident}


def promises_in(deps: Deps, subject: Subject, text: str) -> list[dict[str, Any]]:
    """What a text promises, for its sender to confirm; only beside a ticket, which the promise is kept on."""
    if subject.page is None or not text:
        return []
    zone, now = ZoneInfo(subject.estate.timezone), deps.clock()
    read = deps.console.promises.find(text, now=now.astimezone(zone))
    return [
        {"kind": one.kind.value, "words": one.text, "due": one.due_at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")}
        for one in read[:MOST_PROMISES]
        if one.due_at > now
    ]


def context(deps: Deps, staff: StaffIdentity, subject: Subject, outcome: Outcome) -> dict[str, Any]:
    """All that the templates of both pages need."""
    page, talk, now = subject.page, subject.conversation, deps.clock()
    text = outcome.kept.get("text", "")
    return frame(staff, subject.estate, now) | {
        "page": page,
        "talk": talk,
        "lines": lines(talk) if talk else [],
        "at": subject.at,
        "may": {name: allows(staff, permission) for name, permission in _PERMISSIONS.items()},
        "can": {verb.value for verb in allowed(page.row.status)} if page else set(),
        "people": subject.people,
        "panel": subject.panel,
        "here": subject.here,
        "draft": subject.draft,
        "snoozed": subject.snoozed,
        "linked": subject.linked,
        "clocks": subject.clocks.clocks if subject.clocks else (),
        "pauses": tuple(PauseReason),
        "more": subject.particulars,
        "responsibles": tuple(Responsible),
        "suggested": suggested(deps, subject, now),
        "labels": deps.console.labels,
        "kinds": tuple(deps.policy.prefixes),
        "outcome": outcome,
        "kept": defaultdict(str, outcome.kept),
        "findings": deps.console.shown(outcome.checked.findings, text) if outcome.checked else [],
        "cursor": subject.cursor,
        "contact": text_fact(subject.estate.facts, "phone_desk"),
    }
