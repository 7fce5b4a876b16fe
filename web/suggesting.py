"""“Wrong label” and “add to knowledge” from a message, and the page on which they are decided."""

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, require
from actions.errors import FieldError, NotFoundError
from actions.live import newest
from actions.store import Session
from actions.suggestions import SuggestionCard, decide, suggest_knowledge, suggest_label, suggestions
from actions.tables import SuggestionState
from actions.views import EstateCard, estate_by_id
from web.deps import Deps
from web.forms import FormLimits, read_form
from web.ids import row_id
from web.pages import Pages
from web.sessions import signed_in, wants_json
from web.staff import frame

_FORM = FormLimits(body=32_768, text=32_768)
_DECISIONS = {"accept": True, "refuse": False}


class Suggesting:
    """The handlers of corrections."""

    def __init__(self, deps: Deps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps = self._deps
        return [
            Route("/staff/messages/{id:int}/label", signed_in(deps, self.label), methods=["POST"]),
            Route("/staff/messages/{id:int}/knowledge", signed_in(deps, self.knowledge), methods=["POST"]),
            Route("/staff/suggestions", signed_in(deps, self.page)),
            Route("/staff/suggestions/{id:int}/{decision:str}", signed_in(deps, self.decide), methods=["POST"]),
        ]

    async def label(self, request: Request, staff: StaffIdentity) -> Response:
        """Say how a message should have been understood."""
        message_id, now = row_id(request, "id"), self._deps.clock()
        label = (await read_form(request, _FORM)).text("label")
        if label not in self._deps.console.labels:
            raise FieldError("label", "is not known; choose one of the list")
        await self._deps.store.write(lambda session: suggest_label(session, staff, message_id, label, now))
        return self._thanks(request)

    async def knowledge(self, request: Request, staff: StaffIdentity) -> Response:
        """Propose an answer for the knowledge base."""
        message_id, now = row_id(request, "id"), self._deps.clock()
        form = await read_form(request, _FORM)
        question, answer, source = form.text("question"), form.text("answer"), form.text("source")
        await self._deps.store.write(
            lambda session: suggest_knowledge(
                session, staff, message_id, question=question, answer=answer, source=source, now=now
            )
        )
        return self._thanks(request)

    async def page(self, _request: Request, staff: StaffIdentity) -> Response:
        """What waits to be decided, and what was decided last."""
        require(staff, Permission.CONTENT_EDIT)
        now = self._deps.clock()

        def read(session: Session) -> tuple[tuple[SuggestionCard, ...], tuple[SuggestionCard, ...], EstateCard, str]:
            waiting = suggestions(session, staff, SuggestionState.PENDING)
            accepted = suggestions(session, staff, SuggestionState.ACCEPTED)
            return waiting, accepted, estate_by_id(session, staff.community_id), newest(session)

        waiting, accepted, estate, cursor = await self._deps.store.read(read)
        shown = frame(staff, estate, now) | {
            "waiting": waiting,
            "accepted": accepted,
            "labels": self._deps.console.labels,
            "cursor": cursor,
        }
        return self._pages.page("suggestions.html", **shown)

    async def decide(self, request: Request, staff: StaffIdentity) -> Response:
        """Accept or refuse a proposal."""
        suggestion_id, now = row_id(request, "id"), self._deps.clock()
        accepted = _DECISIONS.get(request.path_params["decision"])
        if accepted is None:
            raise NotFoundError("a proposal is accepted or refused")
        await self._deps.store.write(lambda session: decide(session, staff, suggestion_id, accepted=accepted, now=now))
        return RedirectResponse("/staff/suggestions", status_code=303)

    def _thanks(self, request: Request) -> Response:
        if wants_json(request):
            return JSONResponse({"ok": True, "done": self._pages.text("done_suggest")})
        return RedirectResponse("/staff?told=done_suggest", status_code=303)
