"""What helps while a member writes: canned replies, the draft on the server, colleagues to call, who else is here."""

from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, require
from actions.colleagues import colleagues
from actions.drafts import be_present, keep_draft, present
from actions.errors import NotFoundError
from actions.store import Session
from web.canned import search
from web.deps import Deps, text_fact
from web.forms import FormLimits, read_form
from web.ids import row_id
from web.pages import Pages
from web.sessions import signed_in
from web.sse import Feed
from web.subject import Subject, read_subject

_FORM = FormLimits(body=65_536, text=65_536)
_LONGEST_QUERY = 30


class Asides:
    """The handlers that scripts of the conversation's page call."""

    def __init__(self, deps: Deps, pages: Pages, feed: Feed) -> None:
        self._deps = deps
        self._pages = pages
        self._feed = feed

    def routes(self) -> list[Route]:
        """The addresses of this module; they stand before those that take any verb."""
        deps = self._deps
        one = "/staff/{what:str}/{id:int}"
        return [
            Route("/staff/colleagues", signed_in(deps, self.colleagues)),
            Route(f"{one}/canned", signed_in(deps, self.canned)),
            Route(f"{one}/draft", signed_in(deps, self.draft), methods=["POST"]),
            Route("/staff/conversations/{id:int}/here", signed_in(deps, self.here), methods=["POST"]),
        ]

    async def canned(self, request: Request, staff: StaffIdentity) -> Response:
        """The canned replies that fit what was typed after the slash, filled with what is on record."""
        subject = await read_subject(self._deps, request, staff)
        query = request.query_params.get("q", "")[:_LONGEST_QUERY]
        facts = self._facts(staff, subject)
        return JSONResponse(
            [
                {"code": one.code, "title": one.title, "text": one.filled(facts)}
                for one in search(self._deps.console.canned, query)
            ]
        )

    async def draft(self, request: Request, staff: StaffIdentity) -> Response:
        """Keep what is being written."""
        what, subject_id, now = request.path_params["what"], row_id(request, "id"), self._deps.clock()
        if what not in {"tickets", "conversations"}:
            raise NotFoundError(f"there is no {what}")
        text = (await read_form(request, _FORM)).fields.get("text", "")
        await self._deps.store.write(lambda session: keep_draft(session, staff, what, subject_id, text, now))
        return Response(status_code=204)

    async def here(self, request: Request, staff: StaffIdentity) -> Response:
        """Say that the member is here and whether they write; who else is."""
        conversation_id, now = row_id(request, "id"), self._deps.clock()
        writing = (await read_form(request, _FORM)).text("writing") == "1"

        def change(session: Session) -> tuple[Any, ...]:
            be_present(session, staff, conversation_id, writing=writing, now=now)
            return present(session, staff, conversation_id, now)

        others = await self._deps.store.write(change)
        self._feed.ring()
        return JSONResponse({"here": self._pages.html("_here.html", here=others)})

    async def colleagues(self, request: Request, staff: StaffIdentity) -> Response:
        """The members whose name or login begins with what was typed after the @."""
        require(staff, Permission.TICKET_REPLY)
        query, now = request.query_params.get("q", "")[:_LONGEST_QUERY], self._deps.clock()
        found = await self._deps.store.read(lambda session: colleagues(session, staff, query, now))
        return JSONResponse([{"name": one.name, "department": one.department or ""} for one in found])

    def _facts(self, staff: StaffIdentity, subject: Subject) -> dict[str, str]:
        page, facts = subject.page, subject.estate.facts
        resident = page.resident if page else subject.conversation.resident if subject.conversation else None
        place = page.row.place if page else ""
        return {
            "salutation": subject.to.salutation or "",
            "place": place or (resident.homes[0] if resident and resident.homes else ""),
            "ticket": page.row.number if page else "",
            "me": staff.name,
            "desk_phone": text_fact(facts, "phone_desk"),
            "duty_phone": text_fact(facts, "phone_duty"),
            "blank": self._pages.text("blank"),
        }
