"""The console's pages about who belongs to which home: codes, requests to be bound, move-outs (domain.md B4, C6)."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, require
from actions.binding_requests import Closing, approve, refuse
from actions.bindings import Person, end_binding
from actions.codes import Issued, issue_code, issue_for_building
from actions.errors import ActionError, ConflictError, FieldError
from actions.home_pages import HomePage, buildings, find_homes, home_page, waiting_requests
from actions.live import newest
from actions.store import Session
from actions.tables import BindingRole
from actions.views import estate_by_id
from web.deps import Deps
from web.forms import Form, FormLimits, read_form
from web.ids import number, row_id
from web.pages import Pages
from web.sessions import signed_in
from web.sse import Feed
from web.staff import frame

_FORM = FormLimits(body=32_768, text=32_768)
_STATUSES: Mapping[type[ActionError], int] = {FieldError: 422, ConflictError: 409}


class HomePages:
    """The handlers of the pages about homes and their people."""

    def __init__(self, deps: Deps, pages: Pages, feed: Feed) -> None:
        self._deps = deps
        self._pages = pages
        self._feed = feed

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps = self._deps
        return [
            Route("/staff/homes", signed_in(deps, self.overview)),
            Route("/staff/homes/slips", signed_in(deps, self.slips), methods=["POST"]),
            Route("/staff/homes/{room:int}", signed_in(deps, self.home)),
            Route("/staff/homes/{room:int}/codes", signed_in(deps, self.issue), methods=["POST"]),
            Route("/staff/homes/{room:int}/end", signed_in(deps, self.end), methods=["POST"]),
            Route("/staff/bindings/{wish:int}/approve", signed_in(deps, self.approve), methods=["POST"]),
            Route("/staff/bindings/{wish:int}/refuse", signed_in(deps, self.refuse), methods=["POST"]),
        ]

    async def overview(self, request: Request, staff: StaffIdentity) -> Response:
        """The requests that wait, a search for homes, and slips for whole buildings."""
        return await self._overview(staff, wanted=request.query_params.get("q", ""), done=_done(request))

    async def home(self, request: Request, staff: StaffIdentity) -> Response:
        """One home: its people, the codes that are out, what it owes."""
        return await self._home(staff, row_id(request, "room"), done=_done(request))

    async def issue(self, request: Request, staff: StaffIdentity) -> Response:
        """Make a code and show it, once, on a slip to print or to read out."""
        room_id, now = row_id(request, "room"), self._deps.clock()
        form = await read_form(request, _FORM)
        try:
            role, person = _role(form), _person(form)
            issued = await self._deps.store.write(
                lambda session: issue_code(session, staff, room_id, role, person, now)
            )
        except tuple(_STATUSES) as error:
            return await self._home(staff, room_id, error=error)
        return await self._slips(staff, (issued,))

    async def slips(self, request: Request, staff: StaffIdentity) -> Response:
        """A sheet of slips for everybody of a building who is not reached yet."""
        form, now = await read_form(request, _FORM), self._deps.clock()
        building_id = form.number("building") or 0
        try:
            issued = await self._deps.store.write(lambda session: issue_for_building(session, staff, building_id, now))
        except FieldError as error:
            return await self._overview(staff, error=error)
        return await self._slips(staff, issued)

    async def end(self, request: Request, staff: StaffIdentity) -> Response:
        """End somebody's tie to the home, because they moved out."""
        room_id, now = row_id(request, "room"), self._deps.clock()
        form = await read_form(request, _FORM)
        resident_id, reason = form.number("resident_id") or 0, form.text("reason")
        try:
            await self._deps.store.write(
                lambda session: end_binding(session, staff, room_id, resident_id, reason=reason, now=now)
            )
        except FieldError as error:
            return await self._home(staff, room_id, error=error)
        return RedirectResponse(f"/staff/homes/{room_id}?done=done_unbound", status_code=303)

    async def approve(self, request: Request, staff: StaffIdentity) -> Response:
        """Bind the one who asked; they are told, and the ticket is closed."""
        wish_id, now = row_id(request, "wish"), self._deps.clock()
        form = await read_form(request, _FORM)
        closing = self._closing(self._pages.text("bound_words"))
        try:
            room_id, role, person = form.number("room_id") or 0, _role(form), _person(form)
            await self._deps.store.write(
                lambda session: approve(
                    session, staff, wish_id, room_id=room_id, role=role, person=person, closing=closing, now=now
                )
            )
        except tuple(_STATUSES) as error:
            return await self._overview(staff, error=error)
        return self._decided("done_bound")

    async def refuse(self, request: Request, staff: StaffIdentity) -> Response:
        """Tell the one who asked why it cannot be; the ticket is closed."""
        wish_id, now = row_id(request, "wish"), self._deps.clock()
        reason = (await read_form(request, _FORM)).text("reason")
        closing = self._closing(self._pages.text("refused_words", reason=reason))
        try:
            await self._deps.store.write(
                lambda session: refuse(session, staff, wish_id, reason=reason, closing=closing, now=now)
            )
        except tuple(_STATUSES) as error:
            return await self._overview(staff, error=error)
        return self._decided("done_refused")

    def _closing(self, conclusion: str) -> Closing:
        return Closing(conclusion, self._deps.policy, self._deps.tell)

    def _decided(self, done: str) -> Response:
        self._feed.ring()
        self._deps.ring()
        return RedirectResponse(f"/staff/homes?done={done}", status_code=303)

    async def _overview(
        self, staff: StaffIdentity, *, wanted: str = "", done: str = "", error: ActionError | None = None
    ) -> Response:
        now = self._deps.clock()

        def look(session: Session) -> dict[str, Any]:
            return frame(staff, estate_by_id(session, staff.community_id), now) | {
                "cursor": newest(session),
                "wishes": waiting_requests(session, staff, now),
                "buildings": buildings(session, staff),
                "found": find_homes(session, staff, wanted),
            }

        # Each look at somebody's request goes on record, so this is a write.
        context = await self._deps.store.write(look)
        return self._page("homes.html", context | {"wanted": wanted}, done, error)

    async def _home(
        self, staff: StaffIdentity, room_id: int, *, done: str = "", error: ActionError | None = None
    ) -> Response:
        now = self._deps.clock()

        def look(session: Session) -> tuple[HomePage, dict[str, Any]]:
            around = frame(staff, estate_by_id(session, staff.community_id), now) | {"cursor": newest(session)}
            return home_page(session, staff, room_id, now), around

        home, context = await self._deps.store.write(look)
        return self._page("home.html", context | {"home": home}, done, error)

    async def _slips(self, staff: StaffIdentity, issued: tuple[Issued, ...]) -> Response:
        require(staff, Permission.BINDING_MANAGE)
        now = self._deps.clock()
        context = await self._deps.store.read(
            lambda session: frame(staff, estate_by_id(session, staff.community_id), now) | {"cursor": newest(session)}
        )
        return self._pages.page("slips.html", **context, slips=issued)

    def _page(self, template: str, context: dict[str, Any], done: str, error: ActionError | None) -> Response:
        message = self._pages.text(done) if done and self._pages.has_text(done) else ""
        status = 200
        if error is not None:
            status = next(_STATUSES[one] for one in type(error).__mro__ if one in _STATUSES)
            message = self._words_of(error)
        return self._pages.page(
            template, status=status, **context, message=message, good=error is None, roles=tuple(BindingRole)
        )

    def _words_of(self, error: ActionError) -> str:
        if isinstance(error, FieldError):
            known = f"field_{error.field}"
            return self._pages.text(known if self._pages.has_text(known) else "field_other")
        return self._pages.text("decided_already")


def _done(request: Request) -> str:
    done = request.query_params.get("done", "")
    return done if done.startswith("done_") else ""


def _role(form: Form) -> BindingRole:
    try:
        return BindingRole(form.text("role"))
    except ValueError as error:
        raise FieldError("role", "is not known; choose one") from error


def _person(form: Form) -> Person:
    """Somebody on record, or a new person."""
    chosen = number(form.text("resident_id"))
    if chosen is not None:
        return Person(chosen)
    phone = "".join(sign for sign in form.text("phone") if sign.isdigit())
    return Person(name=form.text("name"), title=form.text("title") or None, phone=phone or None)
