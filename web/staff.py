"""The console's front: the queue by time left, the alarms, photos, and the stream that keeps pages fresh."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, allows
from actions.alerts import AlertCard, acknowledge, mark_seen, open_alerts
from actions.live import Change, newest
from actions.staffing import session_of
from actions.store import Session
from actions.views import EstateCard, alarms, estate_by_id, queue, stored_file, visible
from actions.views.shown import Queue, QueueRow
from web.deps import Deps
from web.ids import row_id
from web.pages import Pages
from web.photo_answers import photo_response
from web.sessions import STAFF_COOKIE, signed_in
from web.sse import Feed, StreamCount, Told, stream
from web.uploads import Photos

_ALERTS = 12
FILTERS = ("all", "mine", "unassigned", "overdue")


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
            Route("/staff", signed_in(deps, self.queue)),
            Route("/staff/queue", signed_in(deps, self.queue_piece)),
            Route("/staff/alarms", signed_in(deps, self.alarms)),
            Route("/staff/alarms/list", signed_in(deps, self.alarms_piece)),
            Route("/staff/events", signed_in(deps, self.events)),
            Route("/staff/photos/{photo:int}", signed_in(deps, self.photo)),
            Route("/staff/alerts/{alert:int}", signed_in(deps, self.take_note), methods=["POST"]),
        ]

    async def queue(self, request: Request, staff: StaffIdentity) -> Response:
        """All open tickets by the time that is left; without a part in tickets, what the member can do instead."""
        return self._pages.page("queue.html", **await self._queue_context(request, staff))

    async def queue_piece(self, request: Request, staff: StaffIdentity) -> Response:
        """The list alone, for a script that refreshes it."""
        return self._pages.page("_queue.html", **await self._queue_context(request, staff))

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

    async def take_note(self, request: Request, staff: StaffIdentity) -> Response:
        """Record that the member has taken note of a word that was meant for them."""
        alert_id, now = row_id(request, "alert"), self._deps.clock()
        await self._deps.store.write(
            lambda session: acknowledge(session, staff.community_id, staff.staff_id, alert_id, now)
        )
        self._feed.ring()
        return RedirectResponse("/staff", status_code=303)

    async def _queue_context(self, request: Request, staff: StaffIdentity) -> dict[str, Any]:
        now = self._deps.clock()
        may_see = allows(staff, Permission.TICKET_SEE)

        def read(session: Session) -> tuple[Queue | None, tuple[AlertCard, ...], str, EstateCard]:
            shown = queue(session, staff, now) if may_see else None
            words = open_alerts(session, staff.community_id, staff.staff_id, limit=_ALERTS)
            return shown, words, newest(session), estate_by_id(session, staff.community_id)

        shown, alerts, cursor, estate = await self._deps.store.read(read)
        if unseen := [alert.id for alert in alerts if alert.seen_at is None]:
            await self._deps.store.write(
                lambda session: mark_seen(session, staff.community_id, staff.staff_id, unseen, now)
            )
        wanted = request.query_params.get("show", "all")
        wanted = wanted if wanted in FILTERS else "all"
        rows = tuple(row for row in shown.rows if _matches(row, wanted, staff)) if shown else ()
        return frame(staff, estate, now) | {
            "queue": shown,
            "rows": rows,
            "alerts": alerts,
            "show": wanted,
            "cursor": cursor,
        }

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
    }


def _matches(row: QueueRow, wanted: str, staff: StaffIdentity) -> bool:
    if wanted == "mine":
        return row.assignee_id == staff.staff_id
    if wanted == "unassigned":
        return row.assignee_id is None
    if wanted == "overdue":
        return row.seconds_left is not None and row.seconds_left < 0
    return True
