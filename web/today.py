"""The board of the day, for those who lead: figures with the tickets behind them, and giving away what runs out."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions import console
from actions.access import Permission, StaffIdentity, require
from actions.board import AGES, Board, Figure, behind, board
from actions.console import Seen
from actions.errors import ConflictError, FieldError, NotFoundError, TransitionError
from actions.live import newest
from actions.store import Session
from actions.views import EstateCard, assignees, estate_by_id
from actions.views.shown import Assignee, QueueRow
from web.deps import Deps
from web.forms import FormLimits, read_form
from web.pages import Pages
from web.sessions import signed_in
from web.sse import Feed
from web.staff import frame

_FORM = FormLimits(body=8_192, text=8_192)
_TOLD = frozenset({"done_assign", "changed", "bulk_nothing"})


class TodayPages:
    """The handlers of the board."""

    def __init__(self, deps: Deps, pages: Pages, feed: Feed) -> None:
        self._deps = deps
        self._pages = pages
        self._feed = feed

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps = self._deps
        return [
            Route("/staff/today", signed_in(deps, self.show)),
            Route("/staff/today/piece", signed_in(deps, self.piece)),
            Route("/staff/today/assign", signed_in(deps, self.assign), methods=["POST"]),
        ]

    async def show(self, request: Request, staff: StaffIdentity) -> Response:
        """The whole page."""
        return self._pages.page("today.html", **await self._context(request, staff))

    async def piece(self, request: Request, staff: StaffIdentity) -> Response:
        """The board alone, for a script that refreshes it."""
        return self._pages.page("_today.html", **await self._context(request, staff))

    async def assign(self, request: Request, staff: StaffIdentity) -> Response:
        """Give a ticket that is about to be late to somebody who has time."""
        require(staff, Permission.BOARD_SEE)
        form, now = await read_form(request, _FORM), self._deps.clock()
        ticket_id, to, seen = form.number("ticket"), form.number("staff_id"), Seen(ticket=form.number("version"))
        if ticket_id is None or to is None:
            return self._back("bulk_nothing")
        reason, tell = form.text("reason"), self._deps.tell

        def change(session: Session) -> None:
            console.assign(session, staff, ticket_id, staff_id=to, reason=reason, seen=seen, tell=tell, now=now)

        try:
            await self._deps.store.write(change)
        except (ConflictError, FieldError, NotFoundError, TransitionError):
            return self._back("changed")
        self._feed.ring()
        self._deps.ring()
        return self._back("done_assign")

    def _back(self, told: str) -> Response:
        return RedirectResponse(f"/staff/today?told={told}", status_code=303)

    async def _context(self, request: Request, staff: StaffIdentity) -> dict[str, Any]:
        require(staff, Permission.BOARD_SEE)
        now, query = self._deps.clock(), request.query_params
        chosen = Figure(query["show"]) if query.get("show") in set(Figure) else None

        def read(session: Session) -> tuple[Board, tuple[QueueRow, ...], tuple[Assignee, ...], EstateCard, str]:
            estate = estate_by_id(session, staff.community_id)
            began = _day_began(now, ZoneInfo(estate.timezone))
            rows = behind(session, staff, chosen, now, began) if chosen else ()
            return board(session, staff, now, began), rows, assignees(session, staff, now), estate, newest(session)

        found, rows, people, estate, cursor = await self._deps.store.read(read)
        told = query.get("told", "")
        return frame(staff, estate, now) | {
            "board": found,
            "ages": AGES,
            "chosen": chosen,
            "rows": rows,
            "people": people,
            "cursor": cursor,
            "told": self._pages.text(told) if told in _TOLD else "",
        }


def _day_began(now: datetime, zone: ZoneInfo) -> datetime:
    return now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
