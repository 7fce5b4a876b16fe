"""A ticket's page and a conversation's page: what is known, what can be done, and doing it."""

from collections.abc import Mapping
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from actions.access import StaffIdentity
from actions.console import Seen, Spoken
from actions.errors import ActionError, ConflictError, FieldError, NotAllowedError, NotFoundError, TransitionError
from actions.views import reveal_phone, reveal_phone_in_talk
from web.deps import Deps
from web.forms import Form, FormLimits, read_form
from web.ids import number, row_id
from web.pages import Pages
from web.sessions import signed_in, wants_json
from web.speaking import Checked, check, counts, moment
from web.sse import Feed
from web.subject import Outcome, Subject, context, promises_in, read_subject
from web.submitted import Submitted, moment_of
from web.verbs import CONVERSATION_VERBS, SPEAKING, TICKET_VERBS

_STATUSES: Mapping[type[ActionError], int] = {
    ConflictError: 409,
    TransitionError: 409,
    FieldError: 422,
    NotAllowedError: 403,
}


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
        subject = await read_subject(self._deps, request, staff)
        done = request.query_params.get("done", "")
        told = self._pages.text(done) if done.startswith("done_") and self._pages.has_text(done) else ""
        return self._page(staff, subject, Outcome(message=told, good=done != "done_reply_short"))

    async def live(self, request: Request, staff: StaffIdentity) -> Response:
        """The parts of the page that change by themselves; `seq` is the last message that the member has seen."""
        subject = await read_subject(self._deps, request, staff)
        seq = number(request.query_params.get("seq", ""))
        return JSONResponse(self._pieces(staff, subject, Outcome(news=subject.news(seq, staff.staff_id))))

    async def check(self, request: Request, staff: StaffIdentity) -> Response:
        """What the etiquette rules say about a text that is being written; nothing is stored."""
        subject = await read_subject(self._deps, request, staff)
        form = await read_form(request, self._form)
        text = form.text("text")
        checked = self._checked(subject, text, closing=form.text("concludes") == "1")
        read = promises_in(self._deps, subject, text)
        promised = bool(form.text("promised_at") or read)
        stops = counts(self._deps, text, concludes=form.text("concludes") == "1", promised=promised)
        shown = self._pages.html("_promises.html", read=read)
        return JSONResponse(self._found(checked, text) | {"counts": bool(text) and stops, "promises": shown})

    async def phone(self, request: Request, staff: StaffIdentity) -> Response:
        """The whole number of the resident; the look goes on record with its reason."""
        what, subject_id, now = request.path_params["what"], row_id(request, "id"), self._deps.clock()
        reason = (await read_form(request, self._form)).text("reason")
        reveal = {"tickets": reveal_phone, "conversations": reveal_phone_in_talk}.get(what)
        if reveal is None:
            raise NotFoundError(f"there is no {what}")
        try:
            whole = await self._deps.store.write(lambda session: reveal(session, staff, subject_id, reason, now))
        except FieldError as error:
            subject = await read_subject(self._deps, request, staff)
            return self._kept(request, staff, subject, self._failed(error, staff, subject, Outcome(verb="phone")))
        if wants_json(request):
            return JSONResponse({"phone": whole or ""})
        return self._page(staff, await read_subject(self._deps, request, staff), Outcome(phone=whole))

    async def act(self, request: Request, staff: StaffIdentity) -> Response:
        """Make one change, or say what stands in its way and keep what the member has written."""
        verb, what = request.path_params["verb"], request.path_params["what"]
        verbs = TICKET_VERBS if what == "tickets" else CONVERSATION_VERBS
        if verb not in verbs:
            raise NotFoundError(f"nothing is called {verb}")
        subject = await read_subject(self._deps, request, staff)
        form = await read_form(request, self._form)
        text = self._words(verb, form, subject)
        closing = verb == "resolve" or form.text("concludes") == "1"
        checked = self._checked(subject, text, closing=closing) if verb in SPEAKING and text else Checked(())
        override = form.text("override")
        if checked.blocked and not override:
            message = self._pages.text("reply_blocked")
            return self._kept(
                request, staff, subject, Outcome(422, message, verb=verb, kept=form.fields, checked=checked)
            )
        sent = self._submitted(staff, subject, form, checked.spoken(text, override, form.text("key")))
        try:
            done = await self._deps.store.write(verbs[verb](sent))
        except tuple(_STATUSES) as error:
            subject = await read_subject(self._deps, request, staff)
            kept = Outcome(
                verb=verb, kept=form.fields, checked=checked, news=subject.news(sent.seen.seq, staff.staff_id)
            )
            return self._kept(request, staff, subject, self._failed(error, staff, subject, kept))
        self._feed.ring()
        self._deps.ring()
        if wants_json(request):
            subject = await read_subject(self._deps, request, staff)
            return JSONResponse({"ok": True, "done": self._done(done)} | self._pieces(staff, subject, Outcome()))
        return RedirectResponse(self._next(request, form, done), status_code=303)

    def _next(self, request: Request, form: Form, done: str) -> str:
        """Where a form leads that was sent without a script; a change may lead to another page by its address."""
        if done.startswith("/"):
            return done
        if form.text("back") == "alarms":
            return "/staff/alarms"
        return f"/staff/{request.path_params['what']}/{row_id(request, 'id')}?done={done}"

    def _done(self, done: str) -> str:
        return self._pages.text(done) if self._pages.has_text(done) else ""

    def _pieces(self, staff: StaffIdentity, subject: Subject, outcome: Outcome) -> dict[str, Any]:
        shown = context(self._deps, staff, subject, outcome)
        talk = subject.conversation
        return {
            "log": self._pages.html("_log.html", **shown) if talk else "",
            "facts": self._pages.html("_facts.html", **shown),
            "held": self._pages.html("_turn.html", **shown),
            "here": self._pages.html("_here.html", **shown),
            "news": self._pages.html("_news.html", **shown),
            "ticket_version": str(subject.page.version) if subject.page else "",
            "conversation_version": str(talk.version) if talk else "",
            "seq": str(talk.last_seq) if talk else "",
        }

    def _found(self, checked: Checked, text: str) -> dict[str, Any]:
        findings = self._deps.console.shown(checked.findings, text)
        return {
            "html": self._pages.html("_findings.html", findings=findings) if text else "",
            "blocked": checked.blocked,
        }

    def _checked(self, subject: Subject, text: str, *, closing: bool) -> Checked:
        at = moment(self._deps, ZoneInfo(subject.estate.timezone), subject.standing, closing=closing)
        return check(self._deps, text, subject.mood, subject.to, subject.estate.facts, at)

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
        outcome.message = self._words_of(error, staff, subject)
        return outcome

    def _words_of(self, error: ActionError, staff: StaffIdentity, subject: Subject) -> str:
        talk = subject.conversation
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

    def _kept(self, request: Request, staff: StaffIdentity, subject: Subject, outcome: Outcome) -> Response:
        """Say why it did not go through, with the text kept; to a script in pieces, else as the whole page."""
        if not wants_json(request):
            return self._page(staff, subject, outcome)
        text = outcome.kept.get("text", "")
        found = self._found(outcome.checked or Checked(()), text)
        told = {"ok": False, "message": outcome.message} | found
        return JSONResponse(told | self._pieces(staff, subject, outcome), status_code=outcome.status)

    def _page(self, staff: StaffIdentity, subject: Subject, outcome: Outcome) -> Response:
        template = "ticket.html" if subject.page else "conversation.html"
        return self._pages.page(template, status=outcome.status, **context(self._deps, staff, subject, outcome))
