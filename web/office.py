"""What the pages of the administration have in common: their frame, and where staff without tickets begin."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, allows
from actions.account_list import accounts
from actions.alerts import mark_seen, open_alerts
from actions.bulletin import Standing, bulletin
from actions.coverage import WATCHED, gaps
from actions.duty import shifts_between
from actions.errors import ConflictError, FieldError, NotAllowedError, TransitionError
from actions.facts import facts_kept
from actions.live import newest
from actions.store import Session
from actions.views import estate_by_id
from web.deps import Deps
from web.pages import Pages
from web.sessions import signed_in
from web.staff import frame

Look = Callable[[Session], Mapping[str, Any]]
Refusal = ConflictError | FieldError | TransitionError

REFUSALS = (ConflictError, FieldError, TransitionError)
"""What is told beside the form; everything else has a page of its own."""

_SOON = timedelta(days=14)
_ALERTS = 12


class Office:
    """Shows the pages of the administration: every one reads in one look and tells what came of the last change."""

    def __init__(self, deps: Deps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        return [Route("/staff/office", signed_in(self._deps, self.start))]

    async def start(self, request: Request, staff: StaffIdentity) -> Response:
        """What the member can look after, with what is missing in it, and the words that are meant for them."""
        if not may_enter(staff):
            raise NotAllowedError("nothing in the administration is this role's")
        now = self._deps.clock()

        def read(session: Session) -> dict[str, Any]:
            return _standing(session, staff, self._deps, now) | {
                "alerts": open_alerts(session, staff.community_id, staff.staff_id)[:_ALERTS]
            }

        answer, context = await self._shown("office.html", staff, read, done=request.query_params.get("done", ""))
        if unseen := [alert.id for alert in context["alerts"] if alert.seen_at is None]:
            await self._deps.store.write(
                lambda session: mark_seen(session, staff.community_id, staff.staff_id, unseen, now)
            )
        return answer

    async def page(
        self, template: str, staff: StaffIdentity, look: Look, *, done: str = "", refused: Refusal | None = None
    ) -> Response:
        """A page; `done` names what was done last, `refused` is why it could not be."""
        return (await self._shown(template, staff, look, done=done, refused=refused))[0]

    async def _shown(
        self, template: str, staff: StaffIdentity, look: Look, *, done: str = "", refused: Refusal | None = None
    ) -> tuple[Response, Mapping[str, Any]]:
        now = self._deps.clock()

        def read(session: Session) -> dict[str, Any]:
            around = frame(staff, estate_by_id(session, staff.community_id), now)
            return around | {"cursor": newest(session)} | dict(look(session))

        context = await self._deps.store.read(read)
        status = 200 if refused is None else 422 if isinstance(refused, FieldError) else 409
        told = {"done": done[:40], "fault": fault_of(refused)}
        answer = self._pages.page(template, status=status, **(told | context))
        # A password that was shown once must not come back with the browser's button.
        answer.headers["cache-control"] = "no-store"
        return answer, context


def may_enter(staff: StaffIdentity) -> bool:
    """Whether any page of the administration is open to the member."""
    wanted = (Permission.STAFF_MANAGE, Permission.CONTENT_EDIT, Permission.ROSTER_MANAGE)
    return any(allows(staff, permission) for permission in wanted)


def fault_of(refused: Refusal | None) -> str:
    """The name under which the templates know what went wrong; empty when nothing did."""
    if refused is None:
        return ""
    return (
        refused.field
        if isinstance(refused, FieldError)
        else "over"
        if isinstance(refused, TransitionError)
        else "stale"
    )


def zone_of(session: Session, staff: StaffIdentity) -> ZoneInfo:
    """The zone in which a member's community reads the clock."""
    return ZoneInfo(estate_by_id(session, staff.community_id).timezone)


def _standing(session: Session, staff: StaffIdentity, deps: Deps, now: datetime) -> dict[str, Any]:
    """How things stand in each part that the member looks after."""
    shown: dict[str, Any] = {"people": None, "in_force": None, "missing": None, "uncovered": None}
    shown["may_review"] = deps.review is not None
    if allows(staff, Permission.STAFF_MANAGE):
        everybody = accounts(session, staff)
        shown["people"] = sum(one.active for one in everybody)
        shown["left_over"] = sum(one.tickets for one in everybody if not one.active)
    if allows(staff, Permission.CONTENT_EDIT):
        shown["in_force"] = sum(one.standing is Standing.ACTIVE for one in bulletin(session, staff, now))
        shown["missing"] = len(deps.console.facts.entries.keys() - facts_kept(session, staff).keys())
    if allows(staff, Permission.ROSTER_MANAGE):
        shifts = shifts_between(session, staff, now, now + _SOON)
        shown["uncovered"] = [role for role in WATCHED if gaps(shifts, role, now, now + _SOON)]
    return shown
