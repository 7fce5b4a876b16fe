"""The console's pages about staff: accounts, roles, areas, passwords, and what becomes of those who leave."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, require
from actions.account_list import Account, account, accounts, departments
from actions.accounts import Details, add_account, change_account
from actions.errors import FieldError
from actions.estate import building_ids
from actions.leaving import Returned, close_account, open_account, return_some
from actions.staffing import reset_password
from actions.store import Session
from actions.tables import Role
from web.deps import Deps
from web.forms import Form, FormLimits, read_form
from web.ids import number, row_id
from web.office import REFUSALS, Office, Refusal
from web.passwords import Passwords, first_password
from web.sessions import signed_in
from web.sse import Feed

# Every building may be ticked, and an estate may have hundreds.
_FORM = FormLimits(body=65_536, text=65_536, fields=1_000)
_LIST = "/staff/members"


class MemberPages:
    """The handlers of the pages about staff; all are the administrator's."""

    def __init__(self, deps: Deps, office: Office, passwords: Passwords, feed: Feed) -> None:
        self._deps = deps
        self._office = office
        self._passwords = passwords
        self._feed = feed

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps, one = self._deps, f"{_LIST}/{{member:int}}"
        return [
            Route(_LIST, signed_in(deps, self.overview)),
            Route(_LIST, signed_in(deps, self.add), methods=["POST"]),
            Route(one, signed_in(deps, self.member)),
            Route(one, signed_in(deps, self.change), methods=["POST"]),
            Route(f"{one}/password", signed_in(deps, self.reset), methods=["POST"]),
            Route(f"{one}/close", signed_in(deps, self.close), methods=["POST"]),
            Route(f"{one}/open", signed_in(deps, self.open), methods=["POST"]),
            Route(f"{one}/return", signed_in(deps, self.hand_over), methods=["POST"]),
        ]

    async def overview(self, request: Request, staff: StaffIdentity) -> Response:
        """Everybody, and the form for a new member."""
        return await self._overview(staff, done=request.query_params.get("done", ""))

    async def member(self, request: Request, staff: StaffIdentity) -> Response:
        """One member, with everything that can be changed."""
        return await self._member(staff, row_id(request, "member"), done=request.query_params.get("done", ""))

    async def add(self, request: Request, staff: StaffIdentity) -> Response:
        """Add a member and show the first password, once."""
        require(staff, Permission.STAFF_MANAGE)
        form, now, password = await read_form(request, _FORM), self._deps.clock(), first_password()
        hashed = await self._passwords.hash(password)
        try:
            details, login = _details(form), form.text("login")
            staff_id = await self._deps.store.write(
                lambda session: add_account(session, staff, login, details, hashed, now)
            )
        except REFUSALS as error:
            return await self._overview(staff, kept=form, refused=error)
        return await self._password(staff, staff_id, password)

    async def change(self, request: Request, staff: StaffIdentity) -> Response:
        """Change name, roles, department, areas and phone."""
        staff_id, now = row_id(request, "member"), self._deps.clock()
        form = await read_form(request, _FORM)
        try:
            details, mark = _details(form, phone_stays=not form.text("phone")), form.text("mark")
            await self._deps.store.write(
                lambda session: change_account(session, staff, staff_id, details, mark=mark, now=now)
            )
        except REFUSALS as error:
            return await self._member(staff, staff_id, refused=error)
        return RedirectResponse(f"{_LIST}/{staff_id}?done=changed", status_code=303)

    async def reset(self, request: Request, staff: StaffIdentity) -> Response:
        """Make a new password and show it, once; the member is signed out everywhere."""
        require(staff, Permission.STAFF_MANAGE)
        staff_id, now, password = row_id(request, "member"), self._deps.clock(), first_password()
        await read_form(request, _FORM)
        hashed = await self._passwords.hash(password)

        def change(session: Session) -> None:
            if not account(session, staff, staff_id).active:
                raise FieldError("active", "is closed; open the account first")
            if staff_id == staff.staff_id:
                raise FieldError("self", "is changed on the own page, where the old one is asked for")
            reset_password(session, staff, staff_id, hashed, now)

        try:
            await self._deps.store.write(change)
        except REFUSALS as error:
            return await self._member(staff, staff_id, refused=error)
        return await self._password(staff, staff_id, password)

    async def close(self, request: Request, staff: StaffIdentity) -> Response:
        """Close an account; what the member had in hand goes to the others."""
        staff_id, now = row_id(request, "member"), self._deps.clock()
        mark = (await read_form(request, _FORM)).text("mark")
        try:
            await self._deps.store.write(lambda session: close_account(session, staff, staff_id, mark=mark, now=now))
            await self._return(staff, staff_id)
        except REFUSALS as error:
            return await self._member(staff, staff_id, refused=error)
        return RedirectResponse(f"{_LIST}/{staff_id}?done=closed", status_code=303)

    async def open(self, request: Request, staff: StaffIdentity) -> Response:
        """Open a closed account again, with a new password that is shown once."""
        require(staff, Permission.STAFF_MANAGE)
        staff_id, now, password = row_id(request, "member"), self._deps.clock(), first_password()
        mark = (await read_form(request, _FORM)).text("mark")
        hashed = await self._passwords.hash(password)
        try:
            await self._deps.store.write(
                lambda session: open_account(session, staff, staff_id, hashed, mark=mark, now=now)
            )
        except REFUSALS as error:
            return await self._member(staff, staff_id, refused=error)
        return await self._password(staff, staff_id, password)

    async def hand_over(self, request: Request, staff: StaffIdentity) -> Response:
        """Go on with a return that was interrupted."""
        staff_id = row_id(request, "member")
        await read_form(request, _FORM)
        try:
            await self._return(staff, staff_id)
        except REFUSALS as error:
            return await self._member(staff, staff_id, refused=error)
        return RedirectResponse(f"{_LIST}/{staff_id}?done=returned", status_code=303)

    async def _return(self, staff: StaffIdentity, staff_id: int) -> None:
        """All that the member had in hand, in small transactions; each moves something or is the last."""
        now = self._deps.clock()
        moved = Returned(1)
        while moved:
            moved = await self._deps.store.write(lambda session: return_some(session, staff, staff_id, now))
        self._feed.ring()
        self._deps.ring()

    async def _overview(
        self, staff: StaffIdentity, *, done: str = "", kept: Form | None = None, refused: Refusal | None = None
    ) -> Response:
        def look(session: Session) -> dict[str, Any]:
            return {"members": accounts(session, staff), **_choices(session, staff), "kept": _kept(kept)}

        return await self._office.page("members.html", staff, look, done=done, refused=refused)

    async def _member(
        self, staff: StaffIdentity, staff_id: int, *, done: str = "", refused: Refusal | None = None
    ) -> Response:
        def look(session: Session) -> dict[str, Any]:
            member = account(session, staff, staff_id)
            return {"member": member, **_choices(session, staff), "kept": _kept_of(member)}

        return await self._office.page("member.html", staff, look, done=done, refused=refused)

    async def _password(self, staff: StaffIdentity, staff_id: int, password: str) -> Response:
        def look(session: Session) -> dict[str, Any]:
            return {"member": account(session, staff, staff_id), "password": password}

        return await self._office.page("member_password.html", staff, look)


def _choices(session: Session, staff: StaffIdentity) -> dict[str, Any]:
    return {
        "departments": departments(session, staff),
        "buildings": building_ids(session, staff.community_id),
        "all_roles": tuple(Role),
    }


def _details(form: Form, *, phone_stays: bool = False) -> Details:
    """What the form says of a member. Raises FieldError for a role or a department that is none."""
    roles = [name.removeprefix("role_") for name in form.fields if name.startswith("role_")]
    if not set(roles) <= set(Role):
        raise FieldError("roles", "names one that is not known")
    areas = (number(name.removeprefix("area_")) for name in form.fields if name.startswith("area_"))
    phone = "".join(sign for sign in form.text("phone") if not sign.isspace())
    if form.text("department") and form.number("department") is None:
        raise FieldError("department", "is none")
    return Details(
        name=form.text("name"),
        roles=frozenset(Role(role) for role in roles),
        department_id=form.number("department"),
        building_ids=frozenset(area for area in areas if area is not None),
        phone="" if form.text("no_phone") else None if phone_stays else phone,
    )


def _kept(form: Form | None) -> dict[str, Any]:
    """What was typed into the form for a new member, so that a refusal loses nothing."""
    fields = form.fields if form else {}
    return {
        "login": fields.get("login", ""),
        "name": fields.get("name", ""),
        "phone": fields.get("phone", ""),
        "department": fields.get("department", ""),
        "roles": {name.removeprefix("role_") for name in fields if name.startswith("role_")},
        "areas": {name.removeprefix("area_") for name in fields if name.startswith("area_")},
    }


def _kept_of(member: Account) -> dict[str, Any]:
    return {
        "name": member.name,
        "phone": "",
        "department": str(member.department_id or ""),
        "roles": set(member.roles),
        "areas": {str(building_id) for building_id in member.buildings},
    }
