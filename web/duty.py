"""The console's page about the roster: who is on duty, where nobody is, and the shifts of the next two weeks."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, require
from actions.coverage import WATCHED, Gap, cover, gaps
from actions.duty import NewShifts, Shift, add_shifts, copy_week, posts, remove_shift, shifts_between
from actions.errors import FieldError
from actions.store import Session
from actions.tables import Role
from web.deps import Deps
from web.forms import Form, FormLimits, read_form
from web.ids import number, row_id
from web.office import REFUSALS, Office, Refusal, zone_of
from web.sessions import signed_in

_FORM = FormLimits(body=32_768, text=32_768)
_PAGE = "/staff/duty"
_DAYS = 14
_DAY = timedelta(days=1)
_WEEK = timedelta(days=7)
_WEEKS = 3


class DutyPages:
    """The handlers of the page about the roster."""

    def __init__(self, deps: Deps, office: Office) -> None:
        self._deps = deps
        self._office = office

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps = self._deps
        return [
            Route(_PAGE, signed_in(deps, self.show)),
            Route(_PAGE, signed_in(deps, self.add), methods=["POST"]),
            Route(f"{_PAGE}/copy", signed_in(deps, self.copy), methods=["POST"]),
            Route(f"{_PAGE}/{{shift:int}}/remove", signed_in(deps, self.remove), methods=["POST"]),
        ]

    async def show(self, request: Request, staff: StaffIdentity) -> Response:
        """Who is on duty now and in the next two weeks, and what is not covered."""
        return await self._show(staff, done=request.query_params.get("done", ""))

    async def add(self, request: Request, staff: StaffIdentity) -> Response:
        """Put somebody on duty on one day or several."""
        require(staff, Permission.ROSTER_MANAGE)
        form, now = await read_form(request, _FORM), self._deps.clock()
        try:
            new = _shifts(form)
            await self._deps.store.write(lambda session: add_shifts(session, staff, new, zone_of(session, staff), now))
        except REFUSALS as error:
            return await self._show(staff, form=form, refused=error)
        return RedirectResponse(f"{_PAGE}?done=added", status_code=303)

    async def remove(self, request: Request, staff: StaffIdentity) -> Response:
        """Take a shift away."""
        shift_id, now = row_id(request, "shift"), self._deps.clock()
        await read_form(request, _FORM)
        try:
            await self._deps.store.write(lambda session: remove_shift(session, staff, shift_id, now))
        except REFUSALS as error:
            return await self._show(staff, refused=error)
        return RedirectResponse(f"{_PAGE}?done=removed", status_code=303)

    async def copy(self, request: Request, staff: StaffIdentity) -> Response:
        """Repeat the shifts of one week in the next."""
        require(staff, Permission.ROSTER_MANAGE)
        form, now = await read_form(request, _FORM), self._deps.clock()
        try:
            monday = _day(form, "week")
            copied = await self._deps.store.write(
                lambda session: copy_week(session, staff, monday, zone_of(session, staff), now)
            )
        except REFUSALS as error:
            return await self._show(staff, refused=error)
        return RedirectResponse(f"{_PAGE}?done={'copied' if copied else 'nothing_copied'}", status_code=303)

    async def _show(
        self, staff: StaffIdentity, *, form: Form | None = None, done: str = "", refused: Refusal | None = None
    ) -> Response:
        now = self._deps.clock()

        def look(session: Session) -> dict[str, Any]:
            zone = zone_of(session, staff)
            today = now.astimezone(zone).date()
            begin = datetime.combine(today, time(0), zone)
            shifts = shifts_between(session, staff, begin, begin + _DAYS * _DAY)
            able = posts(session, staff)
            monday = today - timedelta(days=today.weekday())
            return {
                "covers": [cover(shifts, role, now) for role in WATCHED],
                "days": [_on(day, shifts, zone) for day in (today + offset * _DAY for offset in range(_DAYS))],
                "holes": _holes(shifts, now, begin + _DAYS * _DAY),
                "held": {post.role for post in able},
                "posts": able,
                "watched": WATCHED,
                "table_roles": [
                    role for role in Role if role in {post.role for post in able} | {shift.role for shift in shifts}
                ],
                "weeks": [(monday + week * _WEEK, monday + week * _WEEK + 6 * _DAY) for week in range(_WEEKS)],
                "kept": form.fields if form else {"first": (today + _DAY).isoformat()},
                "today": today,
            }

        return await self._office.page("duty.html", staff, look, done=done, refused=refused)


def _holes(shifts: Sequence[Shift], begin: datetime, end: datetime) -> list[Gap]:
    found = [hole for role in WATCHED for hole in gaps(shifts, role, begin, end)]
    return sorted(found, key=lambda hole: hole.begins)


def _on(day: date, shifts: Sequence[Shift], zone: ZoneInfo) -> tuple[date, dict[Role, list[Shift]]]:
    """The shifts that begin on a day, by role."""
    found: dict[Role, list[Shift]] = {}
    for shift in shifts:
        if shift.starts_at.astimezone(zone).date() == day:
            found.setdefault(shift.role, []).append(shift)
    return day, found


def _shifts(form: Form) -> NewShifts:
    """What the form says. Raises FieldError for what is missing or is no day, time, person or role."""
    staff_id, _, role = form.text("post").partition(":")
    if number(staff_id) is None or role not in set(Role):
        raise FieldError("post", "is missing")
    first = _day(form, "first")
    return NewShifts(
        staff_id=number(staff_id) or 0,
        role=Role(role),
        first=first,
        last=_day(form, "last") if form.text("last") else first,
        begins=_time(form, "begins"),
        ends=_time(form, "ends"),
        workdays_only=bool(form.text("workdays")),
    )


def _day(form: Form, field: str) -> date:
    try:
        return date.fromisoformat(form.text(field))
    except ValueError as error:
        raise FieldError(field, "is no day") from error


def _time(form: Form, field: str) -> time:
    try:
        given = time.fromisoformat(form.text(field))
    except ValueError as error:
        raise FieldError(field, "is no time of day") from error
    if given.tzinfo is not None:
        raise FieldError(field, "is no time of day")
    return given
