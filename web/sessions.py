"""Who is at the other end: a visitor known by a random cookie, or a signed-in staff member."""

import hashlib
import re
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from actions.access import StaffIdentity
from actions.staffing import SESSION_LASTS, note_seen, session_of
from web.deps import Deps, WebSettings

VISITOR_COOKIE = "desk_visitor"
STAFF_COOKIE = "desk_staff"
_YEAR = 365 * 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_WHILE_PASSWORD_IS_OLD = ("/staff/password", "/staff/sign-out")

StaffPage = Callable[[Request, StaffIdentity], Awaitable[Response]]


def new_token() -> str:
    """An unguessable token of 256 bits."""
    return secrets.token_urlsafe(32)


def visitor_token(request: Request) -> str | None:
    """The visitor's token, or None when there is none or it is not one of ours by its form."""
    token = request.cookies.get(VISITOR_COOKIE, "")
    return token if _TOKEN.fullmatch(token) else None


def address_of(token: str) -> str:
    """The contact's address on the web chat: whoever reads the database cannot pass for the visitor."""
    return hashlib.sha256(token.encode()).hexdigest()


def keep_visitor(response: Response, token: str, settings: WebSettings) -> None:
    """Have the browser keep the visitor's token for a year."""
    if settings.secure and settings.embed_origins:
        # Inside a frame of another site only a partitioned cookie is kept, and `set_cookie` knows it from 3.14 on.
        value = f"{VISITOR_COOKIE}={token}; Max-Age={_YEAR}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"
        response.headers.append("set-cookie", value)
        return
    response.set_cookie(
        VISITOR_COOKIE, token, max_age=_YEAR, path="/", secure=settings.secure, httponly=True, samesite="lax"
    )


def keep_staff(response: Response, token: str, settings: WebSettings) -> None:
    """Have the browser keep a staff session's token as long as the session lasts."""
    response.set_cookie(
        STAFF_COOKIE,
        token,
        max_age=int(SESSION_LASTS.total_seconds()),
        path="/staff",
        secure=settings.secure,
        httponly=True,
        samesite="lax",
    )


def drop_staff(response: Response, settings: WebSettings) -> None:
    """Have the browser forget a staff session."""
    response.delete_cookie(STAFF_COOKIE, path="/staff", secure=settings.secure, httponly=True, samesite="lax")


async def staff_of(request: Request, deps: Deps) -> StaffIdentity | None:
    """The signed-in member, read anew for every request so that a revoked session ends at once."""
    token = request.cookies.get(STAFF_COOKIE, "")
    if not _TOKEN.fullmatch(token):
        return None
    now = deps.clock()
    signed_in = await deps.store.read(lambda session: session_of(session, token, now))
    if signed_in is None:
        return None
    if signed_in.stale:
        await deps.store.write(lambda session: note_seen(session, token, now))
    return signed_in.staff


def signed_in(deps: Deps, page: StaffPage) -> Callable[[Request], Awaitable[Response]]:
    """Make a page that only a signed-in member reaches, and only with a password of their own choosing."""

    async def guarded(request: Request) -> Response:
        staff = await staff_of(request, deps)
        if staff is None:
            return _to_sign_in(request)
        if staff.must_change_password and request.url.path not in _WHILE_PASSWORD_IS_OLD:
            return RedirectResponse("/staff/password", status_code=303)
        return await page(request, staff)

    return guarded


def safe_next(path: str) -> str:
    """Where to go after signing in: a page of the console, never another site."""
    plain = path.startswith("/staff") and not path.startswith("//") and "\\" not in path
    return path if plain and "\n" not in path and "\r" not in path else "/staff"


def _to_sign_in(request: Request) -> Response:
    if wants_json(request) or request.method != "GET" or "text/event-stream" in request.headers.get("accept", ""):
        return Response(status_code=401)
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return RedirectResponse(f"/staff/sign-in?next={quote(target, safe='')}", status_code=303)


def wants_json(request: Request) -> bool:
    """Whether a script asks, which gets JSON, rather than a form, which gets a page."""
    return "application/json" in request.headers.get("accept", "")
