"""The residents' page: one conversation with the desk, which works in any browser, with a script or without."""

import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from actions.live import Change, newest
from actions.store import Session
from actions.views import conversation_of, own_file, resident_view
from actions.views.shown import QuickReply, ResidentView
from web.deps import Deps, text_fact
from web.ids import place, row_id
from web.notes import Notes
from web.pages import Pages
from web.photo_answers import photo_response
from web.resident_buttons import RATINGS, STARTERS, PageButtons
from web.resident_gate import Gate
from web.resident_sending import Sending, TooFastError
from web.resident_visit import CONTRAST, LANGUAGE, LARGE, Visit, keep_choice, remember, visit_of
from web.sessions import wants_json
from web.sse import Feed, StreamCount, Told, stream
from web.uploads import Photos
from words.language import Language

_Answer = Callable[[Request, Visit], Awaitable[Response]]


class ResidentDoor:
    """The handlers of the residents' page."""

    def __init__(self, deps: Deps, pages: Pages, feed: Feed, photos: Photos) -> None:
        limits = deps.settings.limits
        self._deps = deps
        self._pages = pages
        self._feed = feed
        self._photos = photos
        self._limits = limits
        self._gate = Gate(limits, deps.store)
        self._notes = Notes(deps.replies, pages, limits)
        self._sending = Sending(deps, self._gate, photos, self._notes, feed.ring)
        self._page_buttons = PageButtons(deps.replies)
        self._streams = StreamCount(limits.streams_per_address)

    def routes(self) -> list[Route]:
        """The addresses of this door, relative to the estate's own."""
        return [
            Route("/", self._visited(self._page)),
            Route("/messages", self._visited(self._sending.message), methods=["POST"]),
            Route("/tickets/{ticket:int}/rating", self._visited(self._sending.rating), methods=["POST"]),
            Route("/updates", self._visited(self._updates)),
            Route("/events", self._visited(self._events)),
            Route("/photos/{photo:int}", self._visited(self._photo)),
            Route("/display", self._visited(self._display)),
        ]

    def _visited(self, answer: _Answer) -> Callable[[Request], Awaitable[Response]]:
        """Find out who asks; whoever is too fast is told so in any case."""

        async def visited(request: Request) -> Response:
            visit = await visit_of(request, self._deps)
            if request.method != "POST" and (wait := self._gate.look(visit, self._deps.clock())):
                return await self._slow_down(request, visit, TooFastError(wait))
            try:
                return await answer(request, visit)
            except TooFastError as error:
                return await self._slow_down(request, visit, error)

        return visited

    async def _page(self, request: Request, visit: Visit) -> Response:
        """The conversation as it stands."""
        note = self._notes.told(request.query_params.get("note", "").split(","), visit.look.language)
        return await self._render(request, visit, note=" ".join(note))

    async def _updates(self, request: Request, visit: Visit) -> Response:
        """What is new since the last message that a script has shown, or older than its first, in pieces of HTML."""
        after_seq, before_seq = place(request, "after") or 0, place(request, "before")
        now = self._deps.clock()
        view = await self._deps.store.read(
            lambda session: resident_view(
                session, visit.community.id, visit.address, now, after_seq=after_seq, before_seq=before_seq
            )
        )
        context = self._context(visit, view, now)
        context |= {"since": _moment(request.query_params.get("at")), "before": request.query_params.get("who", "")}
        return JSONResponse(
            {
                "messages": self._pages.html("chat_messages.html", **context),
                "cards": self._pages.html("chat_cards.html", **context) if view and view.cards else "",
                "replies": self._pages.html("chat_replies.html", **context),
                "seq": view.last_seq if view else 0,
                "more": bool(view and view.more_before),
                "working": bool(view and view.working),
                "person": bool(view and view.person_holds),
            }
        )

    async def _events(self, request: Request, visit: Visit) -> Response:
        """The stream that tells a script when to ask for updates; 204 while there is no conversation to follow."""
        if self._streams.full(visit.network):
            return Response(status_code=429)
        conversation_id = await self._deps.store.read(
            lambda session: _conversation_id(session, visit.community.id, visit.address)
        )
        if conversation_id is None:
            return Response(status_code=204)

        async def own(changes: tuple[Change, ...]) -> tuple[Change, ...]:
            return tuple(
                change
                for change in changes
                if change.community_id == visit.community.id
                and change.conversation_id == conversation_id
                and change.kind != "message:note"
            )

        cursor = request.headers.get("last-event-id") or request.query_params.get("cursor", "")
        return stream(self._feed, cursor, own, Told(self._streams, visit.network, details=False), conversation_id)

    async def _photo(self, request: Request, visit: Visit) -> Response:
        """A photo of the visitor's own conversation."""
        photo_id = row_id(request, "photo")
        file = await self._deps.store.read(
            lambda session: own_file(session, visit.community.id, visit.address, photo_id)
        )
        return photo_response(self._photos, file)

    async def _display(self, request: Request, visit: Visit) -> Response:
        """Remember how the visitor likes to read: large text, high contrast, the language."""
        asked = request.query_params
        answer: Response = RedirectResponse(f"{visit.base}/", status_code=303)
        if wants_json(request):
            answer = Response(status_code=204)
        for name, cookie in (("large", LARGE), ("contrast", CONTRAST)):
            if name in asked:
                keep_choice(answer, cookie, "1" if asked[name] == "1" else "0", self._deps.settings)
        if asked.get("language") in set(Language):
            keep_choice(answer, LANGUAGE, asked["language"], self._deps.settings)
        return answer

    async def _slow_down(self, request: Request, visit: Visit, error: TooFastError) -> Response:
        words = self._notes.told(["slow_down"], visit.look.language)
        if wants_json(request):
            answer: Response = JSONResponse({"stored": False, "notes": words, "wait": error.seconds}, status_code=429)
        elif request.method == "POST":
            answer = await self._render(request, visit, note=words[0], kept=error.text, status=429)
        else:
            # Whoever looks too often gets a small page, which costs no look into the database.
            answer = self._pages.page("chat_slow.html", status=429, look=visit.look, note=words[0], base=visit.base)
        answer.headers["retry-after"] = str(error.seconds)
        return answer

    async def _render(
        self, request: Request, visit: Visit, *, note: str = "", kept: str = "", status: int = 200
    ) -> Response:
        now = self._deps.clock()
        before_seq = place(request, "before")

        def read(session: Session) -> tuple[ResidentView | None, str]:
            shown = resident_view(session, visit.community.id, visit.address, now, before_seq=before_seq)
            return shown, newest(session)

        view, cursor = await self._deps.store.read(read)
        local = now.astimezone(ZoneInfo(visit.community.timezone))
        context = self._context(visit, view, now) | {
            "archive": before_seq is not None,
            "cursor": cursor,
            "note": note,
            "kept": kept,
            "limits": self._limits,
            "desk_open": self._deps.calendar.is_open(now),
            "hello": self._deps.replies.hello(local, visit.look.language),
            "starters": STARTERS,
            "phone": text_fact(visit.community.facts, "phone_duty"),
            "more_before": bool(view and view.more_before),
            "working": bool(view and view.working),
        }
        answer = self._pages.page("chat.html", status=status, **context)
        remember(answer, visit, self._deps.settings)
        return answer

    def _context(self, visit: Visit, view: ResidentView | None, now: datetime) -> dict[str, Any]:
        return {
            "community": visit.community,
            "look": visit.look,
            "base": visit.base,
            "tz": ZoneInfo(visit.community.timezone),
            "now": now,
            "messages": view.messages if view else (),
            "buttons": _buttons(view),
            "cards": view.cards if view else (),
            "offered": self._page_buttons.offered(visit.look.language),
            "labels": self._page_buttons.labels(visit.look.language),
            "ratings": RATINGS,
            "last_seq": view.last_seq if view else 0,
            "once": secrets.token_urlsafe(16),
            "since": None,
            "before": "",
        }


def _buttons(view: ResidentView | None) -> tuple[QuickReply, ...]:
    """The quick replies of the desk's last message, as long as nothing was answered to it."""
    if view is None or not view.messages or view.messages[-1].direction == "in":
        return ()
    return view.messages[-1].buttons


def _conversation_id(session: Session, community_id: int, address: str) -> int | None:
    found = conversation_of(session, community_id, address)
    return None if found is None else found[0].id


def _moment(given: str | None) -> datetime | None:
    try:
        moment = datetime.fromisoformat(given or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
