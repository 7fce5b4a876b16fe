"""Signing in and out, and choosing a password of one's own."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.access import StaffIdentity
from actions.errors import NotFoundError
from actions.second_factor import passes
from actions.staffing import (
    Credentials,
    change_password,
    find_credentials,
    normal_login,
    open_session,
    sign_out,
    stored_password,
)
from web.deps import Deps
from web.forms import Form, FormLimits, read_form
from web.limits import Buckets
from web.pages import Pages
from web.passwords import MAX_LENGTH, MIN_LENGTH, Passwords
from web.sessions import STAFF_COOKIE, drop_staff, keep_staff, safe_next, signed_in

_FORM = FormLimits(body=16_384, text=16_384)
_LONGEST_CODE = 20


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One attempt to sign in."""

    code: str | None
    login: str
    password: str
    target: str
    address: str
    one_time: str = ""


class SignIn:
    """The handlers for accounts. Attempts are counted by address and login, and by address over all logins."""

    def __init__(self, deps: Deps, pages: Pages, passwords: Passwords) -> None:
        limits = deps.settings.limits
        self._deps = deps
        self._pages = pages
        self._passwords = passwords
        self._attempts = Buckets(limits.sign_in_attempts, limits.sign_in_per_minute)
        # Whoever knows a password must not try out codes from many addresses.
        self._codes = Buckets(limits.sign_in_attempts, limits.sign_in_per_minute)
        self._addresses = Buckets(limits.address_sign_ins, limits.address_sign_ins_per_minute)

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        return [
            Route("/staff/sign-in", self.form),
            Route("/staff/sign-in", self.sign_in, methods=["POST"]),
            Route("/staff/sign-out", self.sign_out, methods=["POST"]),
            Route("/staff/password", signed_in(self._deps, self.password_form)),
            Route("/staff/password", signed_in(self._deps, self.change), methods=["POST"]),
        ]

    async def form(self, request: Request) -> Response:
        """The page on which one signs in."""
        code = request.query_params.get("c") or None
        return await self._page(code, target=safe_next(request.query_params.get("next", "/staff")))

    async def sign_in(self, request: Request) -> Response:
        """Check a password and open a session; wrong logins, passwords and codes look the same."""
        form = await read_form(request, _FORM)
        attempt = _Attempt(
            code=form.text("c") or None,
            login=normal_login(form.text("login"))[:100],
            password=form.fields.get("password", "")[:MAX_LENGTH],
            target=safe_next(form.text("next")),
            address=request.client.host if request.client else "",
            one_time=form.text("one_time")[:_LONGEST_CODE],
        )
        if (seconds := self._wait(attempt)) > 0:
            words = self._pages.text("sign_in_slow", minutes=seconds // 60 + 1)
            return await self._page(attempt.code, target=attempt.target, login=attempt.login, error=words, status=429)
        credentials = await self._check(attempt)
        if credentials is None:
            words = self._pages.text("sign_in_wrong")
            return await self._page(attempt.code, target=attempt.target, login=attempt.login, error=words, status=403)
        return await self._open(request, attempt, credentials)

    async def sign_out(self, request: Request) -> Response:
        """End the session; without one there is nothing to do."""
        token = request.cookies.get(STAFF_COOKIE, "")
        now = self._deps.clock()
        await self._deps.store.write(lambda session: sign_out(session, token, now))
        answer = RedirectResponse("/staff/sign-in", status_code=303)
        drop_staff(answer, self._deps.settings)
        return answer

    async def password_form(self, _request: Request, staff: StaffIdentity) -> Response:
        """The page on which one changes one's password."""
        return self._password_page(staff)

    async def change(self, request: Request, staff: StaffIdentity) -> Response:
        """Store a new password; all other browsers of the member are signed out."""
        form = await read_form(request, _FORM)
        stored = await self._deps.store.read(lambda session: stored_password(session, staff))
        if not await self._passwords.matches(form.fields.get("current", "")[:MAX_LENGTH], stored):
            return self._password_page(staff, self._pages.text("password_wrong"))
        if problem := self._problem(form):
            return self._password_page(staff, problem)
        hashed = await self._passwords.hash(form.fields["new"])
        now, token = self._deps.clock(), request.cookies.get(STAFF_COOKIE, "")
        await self._deps.store.write(lambda session: change_password(session, staff, hashed, keep=token, now=now))
        return RedirectResponse("/staff", status_code=303)

    def _problem(self, form: Form) -> str | None:
        new = form.fields.get("new", "")
        if not MIN_LENGTH <= len(new) <= MAX_LENGTH:
            return self._pages.text("password_short", least=MIN_LENGTH)
        if new != form.fields.get("again", ""):
            return self._pages.text("password_differs")
        if new == form.fields.get("current", ""):
            return self._pages.text("password_same")
        return None

    def _wait(self, attempt: _Attempt) -> int:
        """Count the attempt; how many seconds it must wait, 0 when it may go on."""
        now = self._deps.clock()
        key = (attempt.address, attempt.login)
        if not self._addresses.take(attempt.address, now):
            return self._addresses.seconds_until_next(attempt.address, now)
        return 0 if self._attempts.take(key, now) else self._attempts.seconds_until_next(key, now)

    async def _check(self, attempt: _Attempt) -> tuple[int, Credentials] | None:
        estate = await self._deps.community(attempt.code)
        if estate is None:
            raise NotFoundError(f"there is no community {attempt.code}")
        found = await self._deps.store.read(lambda session: find_credentials(session, estate.id, attempt.login))
        stored = found.password_hash if found is not None and found.active else None
        right = await self._passwords.matches(attempt.password, stored)
        if not right or found is None or not await self._passes(estate.id, found, attempt.one_time):
            return None
        return estate.id, found

    async def _passes(self, community_id: int, found: Credentials, code: str) -> bool:
        """Whether the code of the second factor is right, where there is one."""
        now = self._deps.clock()
        if not found.second_factor:
            return True
        if not self._codes.take(found.staff_id, now):
            return False
        right = await self._deps.store.write(lambda session: passes(session, community_id, found.staff_id, code, now))
        if right:
            self._codes.forget(found.staff_id)
        return right

    async def _open(self, request: Request, attempt: _Attempt, credentials: tuple[int, Credentials]) -> Response:
        community_id, found = credentials
        now, agent = self._deps.clock(), request.headers.get("user-agent", "")
        token = await self._deps.store.write(
            lambda session: open_session(session, community_id, found.staff_id, user_agent=agent, now=now)
        )
        self._attempts.forget((attempt.address, attempt.login))
        answer = RedirectResponse(attempt.target, status_code=303)
        keep_staff(answer, token, self._deps.settings)
        return answer

    async def _page(
        self, code: str | None, *, target: str, login: str = "", error: str = "", status: int = 200
    ) -> Response:
        estate = await self._deps.community(code)
        if estate is None:
            raise NotFoundError(f"there is no community {code}")
        return self._pages.page(
            "sign_in.html", status=status, community=estate, code=code or "", target=target, login=login, error=error
        )

    def _password_page(self, staff: StaffIdentity, error: str = "") -> Response:
        status = 422 if error else 200
        return self._pages.page("password.html", status=status, staff=staff, error=error, least=MIN_LENGTH)
