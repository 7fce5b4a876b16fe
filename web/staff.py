"""The console's frame: the alarms, photos, and the stream that keeps pages fresh."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, allows
from actions.live import Change, newest
from actions.staffing import session_of
from actions.store import Session
from actions.views import EstateCard, alarms, estate_by_id, stored_file, visible
from actions.views.shown import QueueRow
from web.deps import Deps
from web.ids import row_id
from web.pages import Pages
from web.photo_answers import photo_response
from web.sessions import STAFF_COOKIE, signed_in
from web.sse import Feed, StreamCount, Told, stream
from web.uploads import Photos


class Console:
    """The handlers of the pages that list work."""

    def __init__(self, deps: Deps, pages: Pages, feed: Feed, photos: Photos) -> None:
        self._deps = deps
        self._pages = pages
        self._feed = feed
        self._photos = photos
        self._streams = StreamCount(deps.settings.limits.streams_per_address)

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps = self._deps
        return [
            Route("/staff/alarms", signed_in(deps, self.alarms)),
            Route("/staff/alarms/list", signed_in(deps, self.alarms_piece)),
            Route("/staff/events", signed_in(deps, self.events)),
            Route("/staff/photos/{photo:int}", signed_in(deps, self.photo)),
        ]

    async def alarms(self, request: Request, staff: StaffIdentity) -> Response:
        """The open alarms, with one large button each."""
        return self._pages.page("alarms.html", **await self._alarms_context(request, staff))

    async def alarms_piece(self, request: Request, staff: StaffIdentity) -> Response:
        """The list alone, for a script that refreshes it."""
        return self._pages.page("_alarms.html", **await self._alarms_context(request, staff))

    async def events(self, request: Request, staff: StaffIdentity) -> Response:
        """What changes, as far as the member may see it; the stream ends with the session."""
        client = request.client.host if request.client else ""
        if self._streams.full(client):
            return Response(status_code=429)
        token = request.cookies.get(STAFF_COOKIE, "")

        async def shown(changes: tuple[Change, ...]) -> tuple[Change, ...] | None:
            now = self._deps.clock()

            def read(session: Session) -> tuple[Change, ...] | None:
                signed = session_of(session, token, now)
                return None if signed is None else visible(session, signed.staff, changes)

            return await self._deps.store.read(read)

        cursor = request.headers.get("last-event-id") or request.query_params.get("cursor", "")
        del staff  # the stream reads the member anew with every batch, because roles and sessions change
        return stream(self._feed, cursor, shown, Told(self._streams, client, details=True))

    async def photo(self, request: Request, staff: StaffIdentity) -> Response:
        """A photo that a resident sent."""
        photo_id = row_id(request, "photo")
        file = await self._deps.store.read(lambda session: stored_file(session, staff, photo_id))
        return photo_response(self._photos, file)

    async def _alarms_context(self, _request: Request, staff: StaffIdentity) -> dict[str, Any]:
        now = self._deps.clock()

        def read(session: Session) -> tuple[tuple[QueueRow, ...], str, EstateCard]:
            return alarms(session, staff, now), newest(session), estate_by_id(session, staff.community_id)

        rows, cursor, estate = await self._deps.store.read(read)
        return frame(staff, estate, now) | {"rows": rows, "cursor": cursor}


def frame(staff: StaffIdentity, estate: EstateCard, now: datetime) -> dict[str, Any]:
    """What every page of the console shows around its content."""
    return {
        "staff": staff,
        "estate": estate,
        "now": now,
        "tz": ZoneInfo(estate.timezone),
        "may_see_tickets": allows(staff, Permission.TICKET_SEE),
        "may_see_alarms": allows(staff, Permission.ALARM_ACKNOWLEDGE),
        "may_paste": allows(staff, Permission.TICKET_REPLY) and allows(staff, Permission.CONVERSATION_SEE),
        "may_edit_content": allows(staff, Permission.CONTENT_EDIT),
        "may_bind": allows(staff, Permission.BINDING_MANAGE),
        "may_see_logs": allows(staff, Permission.LOG_SEE) or allows(staff, Permission.AUDIT_SEE),
        "may_search_logs": allows(staff, Permission.LOG_SEE),
        "may_see_record": allows(staff, Permission.AUDIT_SEE),
        "may_see_board": allows(staff, Permission.BOARD_SEE),
        "may_see_bills": allows(staff, Permission.BILL_SEE),
        "may_manage_staff": allows(staff, Permission.STAFF_MANAGE),
        "may_roster": allows(staff, Permission.ROSTER_MANAGE),
    }
