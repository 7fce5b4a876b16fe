"""What a resident sends: messages with photos, stored once, and how satisfied they are with what was done."""

import asyncio
import re
import secrets
from collections.abc import Callable
from datetime import datetime

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from actions.errors import FieldError
from actions.intake import Inbound, Upload, receive
from actions.satisfaction import rate_own
from actions.store import Session
from web.deps import Deps
from web.forms import Form, FormError, FormLimits, PostedFile, read_form
from web.ids import row_id
from web.notes import Notes, notes_of
from web.resident_buttons import PageButtons
from web.resident_gate import Gate
from web.resident_visit import Visit, remember
from web.sessions import wants_json
from web.uploads import PhotoError, Photos

_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,80}")
_FORM_BYTES = 2_000


class TooFastError(Exception):
    """The visitor has to wait; `text` is what they wrote, as far as it was read."""

    def __init__(self, seconds: int, text: str = "") -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds
        self.text = text


class Sending:
    """Takes what residents send."""

    def __init__(self, deps: Deps, gate: Gate, photos: Photos, notes: Notes, committed: Callable[[], None]) -> None:
        self._deps = deps
        self._gate = gate
        self._photos = photos
        self._notes = notes
        self._buttons = PageButtons(deps.replies)
        self._committed = committed
        self._limits = deps.settings.limits

    async def message(self, request: Request, visit: Visit) -> Response:
        """Store what was sent, once, whatever became of its photos. Raises TooFastError, and FormError for no form."""
        now = self._deps.clock()
        if wait := self._gate.send(visit, now):
            raise TooFastError(wait, await self._text_of(request))
        with self._gate.posting(visit):
            form = await self._read(request)
            try:
                uploads, failures = await self._keep_photos(visit, form.files, now)
            finally:
                form.close()
            text = form.text("text").replace("\r\n", "\n")
            names = notes_of(text, uploads, failures, form, self._limits.comfortable_text)
            stored = bool(text or uploads)
            if stored and (wait := await self._store(visit, form, text, uploads)):
                raise TooFastError(wait, text)
        return self._done(request, visit, stored=stored, names=names)

    async def rating(self, request: Request, visit: Visit) -> Response:
        """Record what a resident says of a ticket that is done; the buttons are those of the conversation."""
        now = self._deps.clock()
        if wait := self._gate.send(visit, now):
            raise TooFastError(wait)
        ticket_id = row_id(request, "ticket")
        form = await read_form(request, FormLimits(_FORM_BYTES, _FORM_BYTES))
        pressed = self._buttons.rating(form.text("says"))
        if pressed is None:
            raise FieldError("says", f"{form.text('says')!r} is not a rating; press one of the buttons")
        says, policy = pressed.says, self._deps.policy

        def rate(session: Session) -> None:
            rate_own(
                session,
                visit.community.id,
                visit.address,
                ticket_id,
                stars=policy.stars(says),
                fixed=not policy.says_not_fixed(says),
                words=says,
                tell=self._deps.tell,
                now=now,
            )

        await self._deps.store.write(rate)
        self._committed()
        return self._done(request, visit, stored=True, names=["rated"])

    async def _read(self, request: Request) -> Form:
        limits = self._limits
        sizes = FormLimits(limits.body_bytes, limits.form_bytes, limits.photo_bytes, limits.photos)
        try:
            async with asyncio.timeout(limits.post_seconds):
                return await read_form(request, sizes)
        except (TimeoutError, ClientDisconnect) as error:
            raise FormError("the form did not come to its end") from error

    async def _text_of(self, request: Request) -> str:
        """The text of a post that is refused, so that its page can keep it; photos are not read."""
        sizes = FormLimits(self._limits.form_bytes, self._limits.form_bytes)
        if wants_json(request):
            return ""  # the script still has it
        try:
            return (await read_form(request, sizes)).text("text")
        except FormError:
            return ""

    async def _keep_photos(
        self, visit: Visit, files: list[PostedFile], now: datetime
    ) -> tuple[tuple[Upload, ...], list[str]]:
        taken = self._gate.photos(visit, len(files), now)
        kept: list[Upload] = []
        failures = ["photo_too_many_now"] if taken < len(files) else []
        for file in files[:taken]:
            try:
                kept.append(await self._photos.keep(file))
            except PhotoError as error:
                failures.append(error.reason)
        return tuple(kept), failures

    async def _store(self, visit: Visit, form: Form, text: str, uploads: tuple[Upload, ...]) -> int:
        """Store the message; or how many seconds to wait when all processes together have had enough."""
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

        def store(session: Session) -> int:
            wait = self._gate.shared(session, visit, now)
            if not wait:
                receive(session, inbound, now)
            return wait

        wait = await self._deps.store.write(store)
        if not wait:
            self._committed()
            self._deps.ring()
            await self._gate.tidy(now)
        return wait

    def _done(self, request: Request, visit: Visit, *, stored: bool, names: list[str]) -> Response:
        answer: Response
        if wants_json(request):
            answer = JSONResponse({"stored": stored, "notes": self._notes.told(names, visit.look.language)})
        else:
            query = f"?note={','.join(names)}" if names else ""
            answer = RedirectResponse(f"{visit.base}/{query}#latest", status_code=303)
        remember(answer, visit, self._deps.settings)
        return answer
