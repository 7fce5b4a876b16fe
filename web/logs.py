"""The logs for those who lead: search, the whole conversation with its events, transcripts, and the record of looks."""

from collections import defaultdict
from datetime import datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, allows, require
from actions.colleagues import everybody
from actions.errors import FieldError
from actions.live import newest
from actions.logs import LONGEST_REASON, note_export, note_replay, note_search, open_look, reason_of, replay, transcript
from actions.masking import mask_name, mask_numbers
from actions.record_lines import record_lines
from actions.search import LogFilter, LogPage, search
from actions.store import Session
from actions.tables import TicketStatus
from actions.views import EstateCard, estate_by_id
from web.deps import Deps
from web.forms import FormLimits, read_form
from web.ids import number, place, row_id
from web.log_view import CHANNELS, by_talk, filter_of, masked_lines, masked_message, query_of
from web.pages import Pages
from web.sessions import signed_in
from web.speaking import own_phones
from web.staff import frame

_FORM = FormLimits(body=8_192, text=8_192)
_ACTIONS = (
    *("logs", "etiquette:overruled", "phone", "home", "binding", "bill", "session", "staff", "personal", "outbox"),
    "review",
)


class LogPages:
    """The handlers of the logs; nothing is shown before the member has said what it is for."""

    def __init__(self, deps: Deps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps = self._deps
        one = "/staff/logs/{conversation:int}"
        return [
            Route("/staff/logs", signed_in(deps, self.show)),
            Route("/staff/logs/look", signed_in(deps, self.look), methods=["POST"]),
            Route("/staff/logs/record", signed_in(deps, self.record)),
            Route(one, signed_in(deps, self.replay)),
            Route(f"{one}/transcript", signed_in(deps, self.transcript)),
            Route(f"{one}/export", signed_in(deps, self.export), methods=["POST"]),
        ]

    async def look(self, request: Request, staff: StaffIdentity) -> Response:
        """Say what the logs are looked at for."""
        form, now = await read_form(request, _FORM), self._deps.clock()
        conversation = form.number("conversation")
        reason = form.text("reason")[: LONGEST_REASON + 1]
        look = await self._deps.store.write(lambda session: open_look(session, staff, reason, now))
        where = "/staff/logs" if conversation is None else f"/staff/logs/{conversation}"
        return RedirectResponse(f"{where}?look={look}", status_code=303)

    async def show(self, request: Request, staff: StaffIdentity) -> Response:
        """The search, and what it found; each search goes on record."""
        require(staff, Permission.LOG_SEE)
        now, query = self._deps.clock(), request.query_params
        estate, cursor, people = await self._deps.store.read(
            lambda session: (estate_by_id(session, staff.community_id), newest(session), everybody(session, staff))
        )
        zone = ZoneInfo(estate.timezone)
        chosen, look = filter_of(query, zone), number(query.get("look", ""))
        reason = await self._reason(staff, look, now)
        found = LogPage((), None)
        if reason and query.get("go"):
            found = await self._search(staff, chosen, reason, zone)
        shown = self._frame(staff, estate, cursor, now) | {
            "entry": look if reason else None,
            "reason": reason,
            "chosen": defaultdict(str, query_of(chosen, zone)),
            "searched": bool(reason and query.get("go")),
            "talks": by_talk(found, chosen.words, own_phones(estate.facts)),
            "more": urlencode(query_of(chosen, zone) | {"look": look, "go": 1, "before": found.next_id})
            if found.next_id
            else "",
            "people": people,
        }
        return self._pages.page("logs.html", **shown)

    async def replay(self, request: Request, staff: StaffIdentity) -> Response:
        """A whole conversation with all that happened, for reading alone; each look goes on record."""
        conversation, now = row_id(request, "conversation"), self._deps.clock()
        look, before = number(request.query_params.get("look", "")), place(request, "before")
        talk, estate, cursor = await self._deps.store.read(
            lambda session: (
                replay(session, staff, conversation, now, before_seq=before),
                estate_by_id(session, staff.community_id),
                newest(session),
            )
        )
        reason = await self._reason(staff, look, now)
        if reason:
            await self._deps.store.write(lambda session: note_replay(session, staff, conversation, reason, now))
        shown = self._frame(staff, estate, cursor, now) | {
            "entry": look if reason else None,
            "reason": reason,
            "conversation": conversation,
            "talk": talk if reason else None,
            "resident": mask_name(talk.resident.name, staff) if reason else "",
            "lines": masked_lines(talk, own_phones(estate.facts)) if reason else [],
            "may_talk": allows(staff, Permission.CONVERSATION_TAKE_OVER),
        }
        return self._pages.page("replay.html", **shown)

    async def transcript(self, request: Request, staff: StaffIdentity) -> Response:
        """The conversation on one sheet, for the printer."""
        context = await self._transcript(request, staff, number(request.query_params.get("look", "")))
        return self._pages.page("transcript.html", **context)

    async def export(self, request: Request, staff: StaffIdentity) -> Response:
        """The conversation as a file of text."""
        look = (await read_form(request, _FORM)).number("look")
        context = await self._transcript(request, staff, look)
        name = f"conversation-{context['talk'].id}.txt"
        return PlainTextResponse(
            self._pages.plain("transcript.txt", **context),
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )

    async def record(self, request: Request, staff: StaffIdentity) -> Response:
        """Who looked at what, and why; and what was sent against the rules of courtesy."""
        require(staff, Permission.AUDIT_SEE)
        now, query = self._deps.clock(), request.query_params
        action = query.get("action", "")
        action = action if action in _ACTIONS else ""
        who, before = number(query.get("staff", "")), number(query.get("before", ""))

        def read(session: Session) -> tuple[Any, tuple[tuple[int, str], ...], EstateCard, str]:
            found = record_lines(session, staff, action=action, staff_id=who, before_id=before)
            return found, everybody(session, staff), estate_by_id(session, staff.community_id), newest(session)

        (found, following), people, estate, cursor = await self._deps.store.read(read)
        kept = {name: value for name, value in (("action", action), ("staff", who)) if value}
        shown = self._frame(staff, estate, cursor, now) | {
            "found": found,
            "people": people,
            "by_id": dict(people),
            "action": action,
            "actions": _ACTIONS,
            "who": who,
            "more": urlencode(kept | {"before": following}) if following else "",
            "may_search": allows(staff, Permission.LOG_SEE),
        }
        return self._pages.page("record.html", **shown)

    async def _reason(self, staff: StaffIdentity, look: int | None, now: datetime) -> str:
        """What the member is looking for; empty when they have not said."""
        try:
            return await self._deps.store.read(lambda session: reason_of(session, staff, look, now))
        except FieldError:
            return ""

    async def _search(self, staff: StaffIdentity, chosen: LogFilter, reason: str, zone: ZoneInfo) -> LogPage:
        now = self._deps.clock()
        found = await self._deps.store.read(lambda session: search(session, staff, chosen))
        # A number that was looked for is not kept whole in yet another place.
        sought = {
            name: mask_numbers(value) if isinstance(value, str) else value
            for name, value in query_of(chosen, zone).items()
        }
        count = len(found.messages)
        await self._deps.store.write(lambda session: note_search(session, staff, reason, sought, count, now))
        return found

    async def _transcript(self, request: Request, staff: StaffIdentity, look: int | None) -> dict[str, Any]:
        """What a transcript shows; taking one goes on record. Raises FieldError without a look's reason."""
        conversation, now = row_id(request, "conversation"), self._deps.clock()

        def change(session: Session) -> tuple[Any, EstateCard, str]:
            reason = reason_of(session, staff, look, now)
            found = transcript(session, staff, conversation, now)
            note_export(session, staff, conversation, reason, now)
            return found, estate_by_id(session, staff.community_id), reason

        (talk, said), estate, reason = await self._deps.store.write(change)
        return self._frame(staff, estate, "", now) | {
            "talk": talk,
            "said": [masked_message(message, own_phones(estate.facts)) for message in said],
            "reason": reason,
            "resident": mask_name(talk.resident.name, staff),
        }

    def _frame(self, staff: StaffIdentity, estate: EstateCard, cursor: str, now: datetime) -> dict[str, Any]:
        return frame(staff, estate, now) | {
            "cursor": cursor,
            "labels": self._deps.console.labels,
            "statuses": tuple(TicketStatus),
            "channels": CHANNELS,
            "kinds": tuple(self._deps.policy.prefixes),
        }
