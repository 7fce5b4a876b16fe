"""The web application, made by one call with everything passed in."""

from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from actions.views import alive
from web.account import AccountPages
from web.asides import Asides
from web.assistant import AssistantPages
from web.bills import BillPages
from web.bulletin import BulletinPages
from web.deps import Deps
from web.duty import DutyPages
from web.errors import error_page, exception_handlers
from web.facts import FactPages
from web.follow_up import FollowUpPages
from web.homes import HomePages
from web.logs import LogPages
from web.members import MemberPages
from web.office import Office
from web.pages import ASSETS, Pages
from web.passwords import Passwords
from web.paste import Paste
from web.queue import QueuePages
from web.resident import ResidentDoor
from web.review import ReviewPages
from web.security import SecurityMiddleware
from web.sign_in import SignIn
from web.sse import Feed
from web.staff import Console
from web.suggesting import Suggesting
from web.tickets import TicketPages
from web.today import TodayPages
from web.uploads import Photos

_SMALL = 1_000


class _Assets(StaticFiles):
    """Styles and scripts; their addresses change with their content, so browsers keep them for ever."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """The file with a long life in caches."""
        response = super().file_response(*args, **kwargs)
        scope: Scope = args[2] if len(args) > 2 else kwargs["scope"]  # noqa: PLR2004 - the third is the scope
        if b"v=" in scope.get("query_string", b""):
            response.headers["cache-control"] = "public, max-age=31536000, immutable"
        else:
            # A script that another one imports has no version in its address, so the browser asks whether it changed.
            response.headers["cache-control"] = "no-cache"
        return response


def create_app(deps: Deps, *, passwords: Passwords | None = None) -> Starlette:
    """All pages of the desk. `app.state.feed.ring()` makes open pages look for changes at once."""
    pages = Pages(deps.policy.names)
    feed = Feed(deps.store)
    photos = Photos(deps.uploads)
    office = Office(deps, pages)
    passwords = passwords or Passwords()
    resident = ResidentDoor(deps, pages, feed, photos).routes()
    staff = [
        *SignIn(deps, pages, passwords).routes(),
        *QueuePages(deps, pages, feed).routes(),
        *Console(deps, pages, feed, photos).routes(),
        *HomePages(deps, pages, feed).routes(),
        *BillPages(deps, pages, feed).routes(),
        *FollowUpPages(deps, pages, feed).routes(),
        *AccountPages(deps, pages).routes(),
        *AssistantPages(deps, pages).routes(),
        *TodayPages(deps, pages, feed).routes(),
        *LogPages(deps, pages).routes(),
        *office.routes(),
        *MemberPages(deps, office, passwords, feed).routes(),
        *BulletinPages(deps, pages, office).routes(),
        *FactPages(deps, office).routes(),
        *DutyPages(deps, office).routes(),
        *Asides(deps, pages, feed).routes(),
        *Suggesting(deps, pages).routes(),
        *(ReviewPages(deps, pages, deps.review, deps.training).routes() if deps.review else ()),
        *Paste(deps, pages, feed).routes(),
        *TicketPages(deps, pages, feed).routes(),
    ]

    async def healthz(_request: Request) -> Response:
        await deps.store.read(alive)
        return PlainTextResponse("ok")

    routes: list[BaseRoute] = [
        Route("/healthz", healthz),
        Mount("/assets", _Assets(directory=ASSETS), name="assets"),
        *staff,
        *resident,
        Mount("/c/{code}", routes=resident),
    ]
    refused = error_page(pages, "/", 403, "refused")
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(SecurityMiddleware, settings=deps.settings, refused=refused),
            Middleware(GZipMiddleware, minimum_size=_SMALL),
        ],
        exception_handlers=exception_handlers(pages, deps.settings),
    )
    app.state.feed = feed
    return app
