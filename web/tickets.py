"""A ticket's page and a conversation's page: what is known, what can be done, and doing it."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, allows
from actions.console import Seen, Spoken
from actions.errors import ActionError, ConflictError, FieldError, NotAllowedError, NotFoundError, TransitionError
from actions.live import newest
from actions.store import Session
from actions.transitions import allowed
from actions.views import (
    EstateCard,
    assignees,
    conversation_page,
    estate_by_id,
    reveal_phone,
    speaking_about,
    speaking_to,
    ticket_page,
)
from actions.views.shown import Assignee, ShownConversation, SpeakingTo, TicketPage
from web.deps import Deps, text_fact
from web.forms import Form, FormLimits, read_form
from web.ids import place, row_id
from web.pages import Pages
from web.sessions import signed_in, wants_json
from web.speaking import Checked, check, counts, mood_of
from web.sse import Feed
from web.staff import frame
from web.verbs import CONVERSATION_VERBS, SPEAKING, TICKET_VERBS, Submitted, moment_of
from words.mood import Mood

_STATUSES: Mapping[type[ActionError], int] = {
    ConflictError: 409,
    TransitionError: 409,
    FieldError: 422,
    NotAllowedError: 403,
}
_PERMISSIONS = {
    "reply": Permission.TICKET_REPLY,
    "assign": Permission.TICKET_ASSIGN,
    "resolve": Permission.TICKET_RESOLVE,
    "take_over": Permission.CONVERSATION_TAKE_OVER,
    "acknowledge": Permission.ALARM_ACKNOWLEDGE,
    "phone": Permission.PHONE_REVEAL,
    "talk": Permission.CONVERSATION_SEE,
}


@dataclass(slots=True)
class Subject:
    """What a page is about: a ticket with or without its conversation, or a conversation alone."""

    estate: EstateCard
    cursor: str
    page: TicketPage | None
    conversation: ShownConversation | None
    to: SpeakingTo
    people: tuple[Assignee, ...] = ()

    @property
    def mood(self) -> Mood:
        """The tone that the matter asks for."""
        return mood_of(self.page.row.kind, self.page.row.severity) if self.page else Mood.NEUTRAL


@dataclass(slots=True)
class Outcome:
    """How the last change went: what to tell the member, and what they had written if it did not go through."""

    status: int = 200
    message: str = ""
    good: bool = False
    verb: str = ""
    kept: Mapping[str, str] = field(default_factory=dict)
    checked: Checked | None = None
    phone: str | None = None


class TicketPages:
    """The handlers of tickets and conversations."""

    def __init__(self, deps: Deps, pages: Pages, feed: Feed) -> None:
        self._deps = deps
        self._pages = pages
        self._feed = feed
        self._form = FormLimits(body=deps.settings.limits.form_bytes, text=deps.settings.limits.form_bytes)

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps = self._deps
        one = "/staff/{what:str}/{id:int}"
        return [
            Route(one, signed_in(deps, self.show)),
            Route(f"{one}/live", signed_in(deps, self.live)),
            Route(f"{one}/check", signed_in(deps, self.check), methods=["POST"]),
            Route(f"{one}/phone", signed_in(deps, self.phone), methods=["POST"]),
            Route(f"{one}/{{verb:str}}", signed_in(deps, self.act), methods=["POST"]),
        ]

    async def show(self, request: Request, staff: StaffIdentity) -> Response:
        """The page as it stands."""
        subject = await self._subject(request, staff)
        done = request.query_params.get("done", "")
        told = self._pages.text(done) if done.startswith("done_") and self._pages.has_text(done) else ""
        return self._page(staff, subject, Outcome(message=told, good=done != "done_reply_short"))

    async def live(self, request: Request, staff: StaffIdentity) -> Response:
        """The parts of the page that change by themselves; what the member is writing is left alone."""
        subject = await self._subject(request, staff)
        context = self._context(staff, subject, Outcome())
        talk = subject.conversation
        return JSONResponse(
            {
                "log": self._pages.html("_log.html", **context) if talk else "",
                "facts": self._pages.html("_facts.html", **context),
                "ticket_version": str(subject.page.version) if subject.page else "",
                "conversation_version": str(talk.version) if talk else "",
                "seq": str(talk.last_seq) if talk else "",
                "held": self._pages.html("_turn.html", **context),
            }
        )

    async def check(self, request: Request, staff: StaffIdentity) -> Response:
        """What the etiquette rules say about a text that is being written; nothing is stored."""
        subject = await self._subject(request, staff)
        form = await read_form(request, self._form)
        text = form.text("text")
        checked = self._checked(subject, text)
        stops = counts(
            self._deps, text, concludes=form.text("concludes") == "1", promised=bool(form.text("promised_at"))
        )
        piece = self._pages.html("_findings.html", findings=checked.shown(text))
        return JSONResponse({"html": piece if text else "", "blocked": checked.blocked, "counts": bool(text) and stops})

    async def phone(self, request: Request, staff: StaffIdentity) -> Response:
        """The whole number of the resident; the look goes on record."""
        ticket_id = row_id(request, "id")
        if request.path_params["what"] != "tickets":
            raise NotFoundError("numbers are shown on tickets")
        now = self._deps.clock()
        number = await self._deps.store.write(lambda session: reveal_phone(session, staff, ticket_id, now))
        if wants_json(request):
            return JSONResponse({"phone": number or ""})
        return self._page(staff, await self._subject(request, staff), Outcome(phone=number))

    async def act(self, request: Request, staff: StaffIdentity) -> Response:
        """Make one change, or say what stands in its way and keep what the member has written."""
        verb, what = request.path_params["verb"], request.path_params["what"]
        verbs = TICKET_VERBS if what == "tickets" else CONVERSATION_VERBS
        if verb not in verbs:
            raise NotFoundError(f"nothing is called {verb}")
        subject = await self._subject(request, staff)
        form = await read_form(request, self._form)
        text = self._words(verb, form, subject)
        checked = self._checked(subject, text) if verb in SPEAKING and text else Checked(())
        override = form.text("override")
        if checked.blocked and not override:
            message = self._pages.text("reply_blocked")
            kept = Outcome(422, message, verb=verb, kept=form.fields, checked=checked)
            return self._page(staff, subject, kept)
        sent = self._submitted(staff, subject, form, checked.spoken(text, override))
        try:
            change = verbs[verb](sent)
            done = await self._deps.store.write(change)
        except tuple(_STATUSES) as error:
            subject = await self._subject(request, staff)
            outcome = self._failed(error, staff, subject, Outcome(verb=verb, kept=form.fields, checked=checked))
            return self._page(staff, subject, outcome)
        self._feed.ring()
        self._deps.ring()
        back = (
            "/staff/alarms" if form.text("back") == "alarms" else f"/staff/{what}/{row_id(request, 'id')}?done={done}"
        )
        return RedirectResponse(back, status_code=303)

    async def _subject(self, request: Request, staff: StaffIdentity) -> Subject:
        what, subject_id = request.path_params["what"], row_id(request, "id")
        if what not in {"tickets", "conversations"}:
            raise NotFoundError(f"there is no {what}")
        now = self._deps.clock()
        before_seq = place(request, "before")

        def read(session: Session) -> Subject:
            page = ticket_page(session, staff, subject_id, now, before_seq=before_seq) if what == "tickets" else None
            if page is not None:
                talk, to = page.conversation, speaking_about(session, staff, subject_id)
            else:
                talk = conversation_page(session, staff, subject_id, now, before_seq=before_seq)
                to = speaking_to(session, staff, subject_id)
            return Subject(
                estate=estate_by_id(session, staff.community_id),
                cursor=newest(session),
                page=page,
                conversation=talk,
                to=to,
                people=assignees(session, staff, now) if page and allows(staff, Permission.TICKET_ASSIGN) else (),
            )

        return await self._deps.store.read(read)

    def _checked(self, subject: Subject, text: str) -> Checked:
        return check(self._deps, text, subject.mood, subject.to, subject.estate.facts)

    def _words(self, verb: str, form: Form, subject: Subject) -> str:
        """What the resident will be told; a word that puts the matter off is put together from its parts."""
        if verb != "hold":
            return form.text("text").replace("\r\n", "\n")
        zone, now = ZoneInfo(subject.estate.timezone), self._deps.clock()
        try:
            promised_at = moment_of(form, "promised_at", zone)
        except FieldError:
            return ""
        reason, contact = form.text("reason").rstrip("。.！!，,"), form.text("contact")
        if not (promised_at and reason and contact):
            return ""
        when = self._pages.text("moment", at=promised_at, now=now, tz=zone)
        return self._pages.text("hold_words", reason=reason, when=when, contact=contact)

    def _submitted(self, staff: StaffIdentity, subject: Subject, form: Form, spoken: Spoken) -> Submitted:
        seen = Seen(form.number("ticket_version"), form.number("conversation_version"), form.number("seq"))
        return Submitted(
            deps=self._deps,
            staff=staff,
            ticket_id=subject.page.row.id if subject.page else 0,
            conversation_id=subject.conversation.id if subject.conversation else None,
            form=form,
            spoken=spoken,
            seen=seen,
            zone=ZoneInfo(subject.estate.timezone),
            now=self._deps.clock(),
        )

    def _failed(self, error: ActionError, staff: StaffIdentity, subject: Subject, outcome: Outcome) -> Outcome:
        outcome.status = next(_STATUSES[one] for one in type(error).__mro__ if one in _STATUSES)
        outcome.message = self._words_of(error, staff, subject.conversation)
        return outcome

    def _words_of(self, error: ActionError, staff: StaffIdentity, talk: ShownConversation | None) -> str:
        match error:
            case ConflictError() if talk and talk.holder and talk.holder_id != staff.staff_id:
                return self._pages.text("held_by", name=talk.holder)
            case ConflictError():
                return self._pages.text("changed")
            case TransitionError():
                return self._pages.text("not_possible")
            case FieldError(field=name):
                known = f"field_{name}"
                return self._pages.text(known if self._pages.has_text(known) else "field_other")
            case _:
                return self._pages.text("not_allowed")

    def _page(self, staff: StaffIdentity, subject: Subject, outcome: Outcome) -> Response:
        template = "ticket.html" if subject.page else "conversation.html"
        return self._pages.page(template, status=outcome.status, **self._context(staff, subject, outcome))

    def _context(self, staff: StaffIdentity, subject: Subject, outcome: Outcome) -> dict[str, Any]:
        page, talk = subject.page, subject.conversation
        may = {name: allows(staff, permission) for name, permission in _PERMISSIONS.items()}
        text = outcome.kept.get("text", "")
        return frame(staff, subject.estate, self._deps.clock()) | {
            "page": page,
            "talk": talk,
            "at": f"/staff/tickets/{page.row.id}" if page else f"/staff/conversations/{talk.id if talk else 0}",
            "may": may,
            "can": {verb.value for verb in allowed(page.row.status)} if page else set(),
            "people": subject.people,
            "outcome": outcome,
            "kept": defaultdict(str, outcome.kept),
            "findings": outcome.checked.shown(text) if outcome.checked else [],
            "cursor": subject.cursor,
            "contact": text_fact(subject.estate.facts, "phone_desk"),
        }
