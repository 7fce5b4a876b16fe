"""The residents' page: one conversation with the desk, which works in any browser, with a script or without."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from actions.errors import NotFoundError
from actions.intake import Inbound, Upload, receive
from actions.live import Change, newest
from actions.store import Session
from actions.views import EstateCard, conversation_of, own_file, resident_view
from actions.views.shown import QuickReply, ResidentView
from web.deps import Deps, text_fact
from web.forms import Form, FormError, FormLimits, PostedFile, read_form
from web.ids import place, row_id
from web.limits import Buckets
from web.notes import notes_of, told
from web.pages import Pages
from web.photo_answers import photo_response
from web.sessions import address_of, keep_visitor, new_token, visitor_token, wants_json
from web.sse import Feed, StreamCount, Told, stream
from web.uploads import PhotoError, Photos

_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,80}")
TEXT_COOKIE = "desk_text"


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a visitor: the estate, who they are, and where its pages lie."""

    community: EstateCard
    token: str
    address: str
    base: str
    known: bool


class ResidentDoor:
    """The handlers of the residents' page."""

    def __init__(self, deps: Deps, pages: Pages, feed: Feed, photos: Photos) -> None:
        limits = deps.settings.limits
        self._deps = deps
        self._pages = pages
        self._feed = feed
        self._photos = photos
        self._limits = limits
        self._visitors = Buckets(limits.visitor_burst, limits.visitor_per_minute)
        self._addresses = Buckets(limits.address_burst, limits.address_per_minute)
        self._streams = StreamCount(limits.streams_per_address)

    def routes(self) -> list[Route]:
        """The addresses of this door, relative to the estate's own."""
        return [
            Route("/", self.page),
            Route("/messages", self.send, methods=["POST"]),
            Route("/updates", self.updates),
            Route("/events", self.events),
            Route("/photos/{photo:int}", self.photo),
            Route("/text-size", self.text_size),
        ]

    async def page(self, request: Request) -> Response:
        """The conversation as it stands."""
        visit = await self._visit(request)
        note = told(request.query_params.get("note", "").split(","), self._deps.replies, self._pages)
        return await self._render(request, visit, note=" ".join(note))

    async def send(self, request: Request) -> Response:
        """Store what was sent, once, whatever became of its photos; then show it."""
        visit = await self._visit(request)
        if self._too_fast(request, visit):
            return await self._slow_down(request, visit)
        limits = self._limits
        form = await read_form(
            request, FormLimits(limits.body_bytes, limits.form_bytes, limits.photo_bytes, limits.photos)
        )
        try:
            uploads, failures = await self._keep_photos(form.files)
        finally:
            form.close()
        text = form.text("text").replace("\r\n", "\n")
        notes = notes_of(text, uploads, failures, form, limits.comfortable_text)
        stored = bool(text or uploads)
        if stored:
            await self._store(visit, form, text[: limits.longest_text], uploads)
        return self._after_sending(request, visit, stored=stored, notes=notes)

    async def updates(self, request: Request) -> Response:
        """What is new since the last message that a script has shown, as pieces of the page."""
        visit = await self._visit(request)
        after_seq = place(request, "after") or 0
        now = self._deps.clock()
        view = await self._deps.store.read(
            lambda session: resident_view(session, visit.community.id, visit.address, now, after_seq=after_seq)
        )
        context = self._context(visit, view, now)
        context |= {"since": _moment(request.query_params.get("at")), "before": request.query_params.get("who", "")}
        return JSONResponse(
            {
                "messages": self._pages.html("_messages.html", **context),
                "cards": self._pages.html("_cards.html", **context) if view and view.cards else "",
                "replies": self._pages.html("_replies.html", **context),
                "seq": view.last_seq if view else 0,
                "answered": bool(view and view.messages and view.messages[-1].direction != "in"),
                "person": bool(view and view.person_holds),
            }
        )

    async def events(self, request: Request) -> Response:
        """The stream that tells a script when to ask for updates; 204 while there is no conversation to follow."""
        visit = await self._visit(request)
        client = _client(request)
        if self._streams.full(client):
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
        return stream(self._feed, cursor, own, Told(self._streams, client, details=False))

    async def photo(self, request: Request) -> Response:
        """A photo of the visitor's own conversation."""
        visit = await self._visit(request)
        photo_id = row_id(request, "photo")
        file = await self._deps.store.read(
            lambda session: own_file(session, visit.community.id, visit.address, photo_id)
        )
        return photo_response(self._photos, file)

    async def text_size(self, request: Request) -> Response:
        """Remember whether the visitor wants large text."""
        visit = await self._visit(request)
        answer = RedirectResponse(f"{visit.base}/", status_code=303)
        large = "1" if request.query_params.get("large") == "1" else "0"
        # Not hidden from scripts: the page's own script changes it without a reload.
        answer.set_cookie(TEXT_COOKIE, large, max_age=31_536_000, path="/", secure=self._deps.settings.secure)
        return answer

    async def _visit(self, request: Request) -> Visit:
        code = request.path_params.get("code")
        community = await self._deps.community(code)
        if community is None:
            raise NotFoundError(f"there is no community {code}")
        token = visitor_token(request)
        known = token is not None
        token = token or new_token()
        return Visit(community, token, address_of(token), f"/c/{community.code}" if code else "", known)

    async def _render(
        self, request: Request, visit: Visit, *, note: str = "", kept: str = "", status: int = 200
    ) -> Response:
        now = self._deps.clock()
        before_seq = place(request, "before")

        def read(session: Session) -> tuple[ResidentView | None, str]:
            shown = resident_view(session, visit.community.id, visit.address, now, before_seq=before_seq)
            return shown, newest(session)

        view, cursor = await self._deps.store.read(read)
        context = self._context(visit, view, now) | {
            "cursor": cursor,
            "note": note,
            "kept": kept,
            "limits": self._limits,
            "large": request.cookies.get(TEXT_COOKIE) == "1",
            "desk_open": self._deps.calendar.is_open(now),
            "hello": self._deps.replies.hello(now.astimezone(ZoneInfo(visit.community.timezone))),
            "phone": text_fact(visit.community.facts, "phone_duty"),
            "more_before": bool(view and view.more_before),
        }
        answer = self._pages.page("chat.html", status=status, **context)
        if not visit.known:
            keep_visitor(answer, visit.token, self._deps.settings)
        return answer

    def _context(self, visit: Visit, view: ResidentView | None, now: datetime) -> dict[str, Any]:
        return {
            "community": visit.community,
            "base": visit.base,
            "tz": ZoneInfo(visit.community.timezone),
            "now": now,
            "messages": view.messages if view else (),
            "buttons": _buttons(view),
            "cards": view.cards if view else (),
            "last_seq": view.last_seq if view else 0,
            "once": secrets.token_urlsafe(16),
            "since": None,
            "before": "",
        }

    def _too_fast(self, request: Request, visit: Visit) -> bool:
        now = self._deps.clock()
        # A visitor without a cookie is counted by address alone: new cookies must not buy new tokens.
        slow_visitor = visit.known and not self._visitors.take(visit.address, now)
        return slow_visitor or not self._addresses.take(_client(request), now)

    async def _slow_down(self, request: Request, visit: Visit) -> Response:
        words = self._deps.replies.render("limit.slow_down", {}).text
        if wants_json(request):
            return JSONResponse({"stored": False, "notes": [words]}, status_code=429)
        try:
            limits = FormLimits(self._limits.form_bytes, self._limits.form_bytes)
            kept = (await read_form(request, limits)).text("text")
        except FormError:
            kept = ""
        return await self._render(request, visit, note=words, kept=kept, status=429)

    async def _keep_photos(self, files: list[PostedFile]) -> tuple[tuple[Upload, ...], list[str]]:
        kept: list[Upload] = []
        failures: list[str] = []
        for file in files:
            try:
                kept.append(await self._photos.keep(file))
            except PhotoError as error:
                failures.append(error.reason)
        return tuple(kept), failures

    async def _store(self, visit: Visit, form: Form, text: str, uploads: tuple[Upload, ...]) -> None:
        given = form.text("id")
        now = self._deps.clock()
        inbound = Inbound(
            community_id=visit.community.id,
            channel="web",
            address=visit.address,
            external_id=given if _CLIENT_ID.fullmatch(given) else secrets.token_urlsafe(16),
            text=text,
            sent_at=now,
            attachments=uploads,
            pressed=form.text("pressed") == "1",
        )
        await self._deps.store.write(lambda session: receive(session, inbound, now))
        self._feed.ring()
        self._deps.ring()

    def _after_sending(self, request: Request, visit: Visit, *, stored: bool, notes: list[str]) -> Response:
        answer: Response
        if wants_json(request):
            answer = JSONResponse({"stored": stored, "notes": told(notes, self._deps.replies, self._pages)})
        else:
            query = f"?note={','.join(notes)}" if notes else ""
            answer = RedirectResponse(f"{visit.base}/{query}#latest", status_code=303)
        if not visit.known:
            keep_visitor(answer, visit.token, self._deps.settings)
        return answer


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


def _client(request: Request) -> str:
    return request.client.host if request.client else ""
