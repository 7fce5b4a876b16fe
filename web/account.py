"""A member's own account: where they are signed in, and the second factor; and its recovery by an administrator."""

from typing import Any

import segno
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, allows
from actions.errors import FieldError
from actions.live import newest
from actions.own_sessions import OwnSession, end_session, own_sessions
from actions.second_factor import Guarded, SecondFactor, begin, confirm, give_up, guarded, recover, second_factor
from actions.store import Session
from actions.totp import link
from actions.views import EstateCard, estate_by_id
from web.deps import Deps
from web.forms import Form, FormLimits, read_form
from web.ids import row_id
from web.limits import Buckets
from web.pages import Pages
from web.sessions import STAFF_COOKIE, signed_in
from web.staff import frame

_FORM = FormLimits(body=8_192, text=8_192)
_LONGEST_CODE = 20
_TOLD = frozenset({"done_totp_on", "done_totp_off", "done_session_ended", "done_totp_recovered"})
_DEVICES = ("iPhone", "iPad", "Android", "Windows", "Macintosh", "Linux")
_BROWSERS = ("MicroMessenger", "Edg", "Firefox", "Chrome", "Safari")


class AccountPages:
    """The handlers of the account. Codes are counted by member, so that nobody tries them out at an open desk."""

    def __init__(self, deps: Deps, pages: Pages) -> None:
        limits = deps.settings.limits
        self._deps = deps
        self._pages = pages
        self._codes = Buckets(limits.sign_in_attempts, limits.sign_in_per_minute)

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps, one = self._deps, "/staff/account"
        return [
            Route(one, signed_in(deps, self.show)),
            Route(f"{one}/totp", signed_in(deps, self.begin), methods=["POST"]),
            Route(f"{one}/totp/confirm", signed_in(deps, self.confirm), methods=["POST"]),
            Route(f"{one}/totp/remove", signed_in(deps, self.remove), methods=["POST"]),
            Route(f"{one}/sessions/{{id:int}}/end", signed_in(deps, self.end), methods=["POST"]),
            Route("/staff/members/{id:int}/totp/remove", signed_in(deps, self.recover), methods=["POST"]),
        ]

    async def show(self, request: Request, staff: StaffIdentity) -> Response:
        """The page."""
        done = request.query_params.get("done", "")
        return await self._page(request, staff, self._pages.text(done) if done in _TOLD else "")

    async def begin(self, request: Request, staff: StaffIdentity) -> Response:
        """Make a secret; the page then shows its QR code."""
        try:
            await self._deps.store.write(lambda session: begin(session, staff))
        except FieldError as error:
            return await self._refused(request, staff, error)
        return RedirectResponse("/staff/account#totp", status_code=303)

    async def confirm(self, request: Request, staff: StaffIdentity) -> Response:
        """Switch the second factor on with a first code."""
        form, now = await read_form(request, _FORM), self._deps.clock()
        try:
            code = self._code(form, staff)
            await self._deps.store.write(lambda session: confirm(session, staff, code, now))
        except FieldError as error:
            return await self._refused(request, staff, error)
        return self._done("done_totp_on")

    async def remove(self, request: Request, staff: StaffIdentity) -> Response:
        """Switch it off, with a code."""
        form, now = await read_form(request, _FORM), self._deps.clock()
        try:
            code = self._code(form, staff)
            await self._deps.store.write(lambda session: give_up(session, staff, code, now))
        except FieldError as error:
            return await self._refused(request, staff, error)
        return self._done("done_totp_off")

    async def end(self, request: Request, staff: StaffIdentity) -> Response:
        """Sign out one of the member's own browsers."""
        session_id, now = row_id(request, "id"), self._deps.clock()
        await self._deps.store.write(lambda session: end_session(session, staff, session_id, now))
        return self._done("done_session_ended")

    async def recover(self, request: Request, staff: StaffIdentity) -> Response:
        """Take away the second factor of a member who has lost it."""
        member, now = row_id(request, "id"), self._deps.clock()
        reason = (await read_form(request, _FORM)).text("reason")
        try:
            await self._deps.store.write(lambda session: recover(session, staff, member, reason, now))
        except FieldError as error:
            return await self._refused(request, staff, error)
        return self._done("done_totp_recovered")

    def _code(self, form: Form, staff: StaffIdentity) -> str:
        """The typed code. Raises FieldError when too many were tried."""
        if not self._codes.take(staff.staff_id, self._deps.clock()):
            raise FieldError("code", "was tried too often; wait a few minutes")
        return form.text("code")[:_LONGEST_CODE]

    def _done(self, told: str) -> Response:
        return RedirectResponse(f"/staff/account?done={told}", status_code=303)

    async def _refused(self, request: Request, staff: StaffIdentity, error: FieldError) -> Response:
        known = f"field_{error.field}"
        words = self._pages.text(known if self._pages.has_text(known) else "field_other")
        return await self._page(request, staff, words, status=422)

    async def _page(self, request: Request, staff: StaffIdentity, message: str, *, status: int = 200) -> Response:
        now, token = self._deps.clock(), request.cookies.get(STAFF_COOKIE, "")
        manages = allows(staff, Permission.STAFF_MANAGE)

        def read(
            session: Session,
        ) -> tuple[tuple[OwnSession, ...], SecondFactor, tuple[Guarded, ...], EstateCard, str]:
            return (
                own_sessions(session, staff, token, now),
                second_factor(session, staff),
                guarded(session, staff) if manages else (),
                estate_by_id(session, staff.community_id),
                newest(session),
            )

        sessions, factor, others, estate, cursor = await self._deps.store.read(read)
        shown: dict[str, Any] = frame(staff, estate, now) | {
            "cursor": cursor,
            "message": message,
            "good": status == 200,  # noqa: PLR2004 - the status of a page that went well
            "sessions": [(one, _device(one.user_agent)) for one in sessions],
            "factor": factor,
            "code": _drawn(factor, estate) if factor.pending else None,
            "manages": manages,
            "others": [one for one in others if one.staff_id != staff.staff_id],
        }
        return self._pages.page("account.html", status=status, **shown)


def _drawn(factor: SecondFactor, estate: EstateCard) -> Markup:
    """The QR code of a secret that waits to be confirmed."""
    address = link(factor.pending or "", issuer=estate.name, account=factor.login)
    drawn = segno.make(address, error="m", micro=False)
    return Markup(drawn.svg_inline(scale=4, border=2))  # noqa: S704 - lines drawn by us, no text in them


def _device(user_agent: str) -> str:
    """What a browser calls itself, in two words at most; its own text otherwise."""
    found = [next((name for name in names if name in user_agent), "") for names in (_DEVICES, _BROWSERS)]
    return " · ".join(name for name in found if name) or user_agent[:40]
