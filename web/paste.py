"""A message from a residents' group, a call or a visit becomes a ticket: pasted, read, mended by hand, opened (B14)."""

from collections import defaultdict
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, allows, require
from actions.console import Seen, Spoken
from actions.errors import FieldError
from actions.live import newest
from actions.opening import open_by_staff
from actions.store import Session
from actions.views import EstateCard, assignees, estate_by_id
from actions.views.shown import Assignee
from nlu.rasa import at_hand
from web.deps import Deps
from web.forms import Form, FormLimits, read_form
from web.pages import Pages
from web.reading import Pasted, read_pasted
from web.sessions import signed_in
from web.sse import Feed
from web.staff import frame
from web.submitted import Submitted
from web.talking import request_of

_FORM = FormLimits(body=32_768, text=32_768)
_ORIGINS = ("group", "phone", "visit", "letter", "authority")
_NOTHING = Pasted("", "", "", "", "")


class Paste:
    """The handlers of the page on which staff write a ticket down."""

    def __init__(self, deps: Deps, pages: Pages, feed: Feed) -> None:
        self._deps = deps
        self._pages = pages
        self._feed = feed

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps = self._deps
        return [
            Route("/staff/new", signed_in(deps, self.form)),
            Route("/staff/new", signed_in(deps, self.act), methods=["POST"]),
        ]

    async def form(self, _request: Request, staff: StaffIdentity) -> Response:
        """The empty page."""
        return await self._page(staff, Form(), _NOTHING)

    async def act(self, request: Request, staff: StaffIdentity) -> Response:
        """Read what was pasted and show it filled in; or, when that was confirmed, open the ticket."""
        self._allowed(staff)
        form = await read_form(request, _FORM)
        estate = await self._estate(staff)
        zone, now = ZoneInfo(estate.timezone), self._deps.clock()
        if form.text("open") != "1":
            engine = self._deps.console.engine
            # A page waits for no other process.
            pasted = read_pasted(form.text("text"), engine and at_hand(engine), now.astimezone(zone))
            pasted = replace(pasted, reference=self._deps.policy.major.reference(form.text("text")))
            return await self._page(staff, form, pasted)
        sent = Submitted(self._deps, staff, 0, None, form, Spoken(""), Seen(), zone, now)
        try:
            request_ = request_of(sent)
            wanted = replace(request_, origin=request_.origin if request_.origin in _ORIGINS else _ORIGINS[0])
            card = await self._deps.store.write(
                lambda session: open_by_staff(
                    session,
                    staff,
                    wanted,
                    conversation_id=None,
                    policy=self._deps.policy,
                    calendar=self._deps.calendar,
                    now=now,
                )
            )
        except FieldError as error:
            known = f"field_{error.field}"
            told = self._pages.text(known if self._pages.has_text(known) else "field_other")
            kept = Pasted(*(form.text(name) for name in ("summary", "place", "phone", "matter", "severity")))
            return await self._page(staff, form, kept, error=told)
        self._feed.ring()
        self._deps.ring()
        return RedirectResponse(f"/staff/tickets/{card.id}?done=done_open", status_code=303)

    def _allowed(self, staff: StaffIdentity) -> None:
        require(staff, Permission.TICKET_REPLY)
        require(staff, Permission.CONVERSATION_SEE)

    async def _estate(self, staff: StaffIdentity) -> EstateCard:
        return await self._deps.store.read(lambda session: estate_by_id(session, staff.community_id))

    async def _page(self, staff: StaffIdentity, form: Form, pasted: Pasted, *, error: str = "") -> Response:
        self._allowed(staff)

        now = self._deps.clock()

        def read(session: Session) -> tuple[EstateCard, str, tuple[Assignee, ...]]:
            people = assignees(session, staff, now) if allows(staff, Permission.TICKET_ASSIGN) else ()
            return estate_by_id(session, staff.community_id), newest(session), people

        estate, cursor, people = await self._deps.store.read(read)
        shown: dict[str, Any] = frame(staff, estate, now) | {
            "people": people,
            "kept": defaultdict(str, form.fields),
            "text": form.text("text"),
            "pasted": pasted,
            "origin": form.text("origin") or ("authority" if pasted.reference else _ORIGINS[0]),
            "origins": _ORIGINS,
            "read": bool(form.text("text") or pasted.summary),
            "labels": self._deps.console.labels,
            "kinds": tuple(self._deps.policy.prefixes),
            "error": error,
            "cursor": cursor,
        }
        return self._pages.page("new_ticket.html", status=422 if error else 200, **shown)
