"""The page of what else a person has to see to: messages that did not arrive, group complaints, alerts put together."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, allows
from actions.errors import ActionError, FieldError
from actions.follow_up import answer_homes, follow_up, release, settle
from actions.live import newest
from actions.standing import standing
from actions.store import Session
from actions.views import EstateCard, estate_by_id
from actions.views.shown import SpeakingTo
from web.deps import Deps
from web.forms import FormLimits, read_form
from web.ids import row_id
from web.pages import Pages
from web.sessions import signed_in
from web.speaking import check, moment
from web.sse import Feed
from web.staff import frame
from words.mood import Mood

_FORM = FormLimits(body=65_536, text=32_768)
# One transaction answers some homes; a group is never so large that this is not enough.
_MOST_ROUNDS = 50


class FollowUpPages:
    """The handlers of the page."""

    def __init__(self, deps: Deps, pages: Pages, feed: Feed) -> None:
        self._deps = deps
        self._pages = pages
        self._feed = feed

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps = self._deps
        return [
            Route("/staff/follow-up", signed_in(deps, self.page)),
            Route("/staff/outbox/{row:int}/release", signed_in(deps, self.release), methods=["POST"]),
            Route("/staff/outbox/{row:int}/settle", signed_in(deps, self.settle), methods=["POST"]),
            Route("/staff/groups/{lead:int}/answer", signed_in(deps, self.answer), methods=["POST"]),
        ]

    async def page(self, request: Request, staff: StaffIdentity) -> Response:
        """Everything that waits."""
        done = request.query_params.get("done", "")
        return await self._page(staff, message=self._pages.text(done) if done == "done_follow_up" else "")

    async def release(self, request: Request, staff: StaffIdentity) -> Response:
        """Send a message after all."""
        row, now = row_id(request, "row"), self._deps.clock()
        await self._deps.store.write(lambda session: release(session, staff, row, now))
        return self._done()

    async def settle(self, request: Request, staff: StaffIdentity) -> Response:
        """The resident was told in another way."""
        row, now = row_id(request, "row"), self._deps.clock()
        reason = (await read_form(request, _FORM)).text("reason")
        try:
            await self._deps.store.write(lambda session: settle(session, staff, row, reason, now))
        except FieldError as error:
            return await self._page(staff, error=error)
        return self._done()

    async def answer(self, request: Request, staff: StaffIdentity) -> Response:
        """Answer every home of a group in one wording, a few at a time."""
        lead, now = row_id(request, "lead"), self._deps.clock()
        text = (await read_form(request, _FORM)).text("text").replace("\r\n", "\n")
        estate, stands = await self._deps.store.read(
            lambda session: (
                estate_by_id(session, staff.community_id),
                standing(session, staff, ticket_id=lead, conversation_id=None, now=now),
            )
        )
        at = moment(self._deps, ZoneInfo(estate.timezone), stands, closing=True)
        checked = check(self._deps, text, Mood.COMPLAINT, SpeakingTo(None, ()), estate.facts, at)
        if checked.blocked:
            return await self._page(staff, message=self._pages.text("reply_blocked"), status=422)
        spoken, policy = checked.spoken(text, ""), self._deps.policy
        try:
            for _ in range(_MOST_ROUNDS):
                left = await self._deps.store.write(
                    lambda session: answer_homes(session, staff, lead, spoken, policy=policy, now=now)
                )
                if not left:
                    break
        except FieldError as error:
            return await self._page(staff, error=error)
        return self._done()

    def _done(self) -> Response:
        self._feed.ring()
        self._deps.ring()
        return RedirectResponse("/staff/follow-up?done=done_follow_up", status_code=303)

    async def _page(
        self, staff: StaffIdentity, *, message: str = "", status: int = 200, error: ActionError | None = None
    ) -> Response:
        now = self._deps.clock()

        def look(session: Session) -> tuple[Any, EstateCard, str]:
            return follow_up(session, staff), estate_by_id(session, staff.community_id), newest(session)

        found, estate, cursor = await self._deps.store.read(look)
        if isinstance(error, FieldError):
            known = f"field_{error.field}"
            message, status = self._pages.text(known if self._pages.has_text(known) else "field_other"), 422
        shown = frame(staff, estate, now) | {
            "found": found,
            "cursor": cursor,
            "message": message,
            "good": status < 400,  # noqa: PLR2004 - the first status of refusals
            "unknown_years": self._unknown_years(staff, now),
        }
        return self._pages.page("follow_up.html", status=status, **shown)

    def _unknown_years(self, staff: StaffIdentity, now: datetime) -> tuple[int, ...]:
        return self._deps.calendar.unknown_years(now) if allows(staff, Permission.CONTENT_EDIT) else ()
