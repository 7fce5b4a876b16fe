"""The console's pages about notices: written, checked, heard beforehand, corrected, withdrawn (domain.md D1, D7)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, require
from actions.bulletin import LONGEST_BODY, LONGEST_TITLE, Standing, bulletin, correct, notice_entry, publish, withdraw
from actions.errors import FieldError
from actions.estate import NewNotice, building_ids
from actions.notices import NoticeCard
from actions.store import Session
from actions.views import estate_by_id
from web.deps import Deps
from web.forms import Form, FormLimits, read_form
from web.ids import row_id
from web.office import REFUSALS, Office, Refusal, zone_of
from web.pages import Pages
from web.sessions import signed_in
from web.submitted import moment_of
from words.etiquette import Finding, Situation
from words.rules import Author, Severity

_FORM = FormLimits(body=65_536, text=65_536, fields=1_000)
_LIST = "/staff/notices"
_LEAST_LASTS = timedelta(hours=6)
# Notices are told before one of these is opened; questions are known by their words and need no label.
_EXPLAINED = ("repair.", "complaint.", "fee.")
_SCRIPT = "notice.explains"
_PREVIEWS = 2


@dataclass(frozen=True, slots=True)
class _Heard:
    """What the rules say of a notice, and how a resident would hear it."""

    findings: list[dict[str, Any]]
    said: tuple[str, ...] = ()

    @property
    def blocked(self) -> bool:
        return any(finding["block"] for finding in self.findings)


class BulletinPages:
    """The handlers of the pages about notices."""

    def __init__(self, deps: Deps, pages: Pages, office: Office) -> None:
        self._deps = deps
        self._pages = pages
        self._office = office
        self._labels = {label: name for label, name in deps.console.labels.items() if label.startswith(_EXPLAINED)}

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps, one = self._deps, f"{_LIST}/{{notice:int}}"
        return [
            Route(_LIST, signed_in(deps, self.overview)),
            Route(f"{_LIST}/new", signed_in(deps, self.blank)),
            Route(f"{_LIST}/new", signed_in(deps, self.write), methods=["POST"]),
            Route(one, signed_in(deps, self.notice)),
            Route(one, signed_in(deps, self.correct), methods=["POST"]),
            Route(f"{one}/withdraw", signed_in(deps, self.withdraw), methods=["POST"]),
        ]

    async def overview(self, request: Request, staff: StaffIdentity) -> Response:
        """The notices in force, to come, and over."""
        return await self._overview(staff, done=request.query_params.get("done", ""))

    async def blank(self, _request: Request, staff: StaffIdentity) -> Response:
        """An empty form."""
        require(staff, Permission.CONTENT_EDIT)
        return await self._form(staff, None)

    async def notice(self, request: Request, staff: StaffIdentity) -> Response:
        """One notice, in the form while it can still be corrected."""
        notice_id = row_id(request, "notice")
        return await self._form(staff, None, notice_id=notice_id, done=request.query_params.get("done", ""))

    async def write(self, request: Request, staff: StaffIdentity) -> Response:
        """Publish a notice, or let it be heard first."""
        return await self._take(request, staff, None)

    async def correct(self, request: Request, staff: StaffIdentity) -> Response:
        """Correct a notice, or let it be heard first."""
        return await self._take(request, staff, row_id(request, "notice"))

    async def withdraw(self, request: Request, staff: StaffIdentity) -> Response:
        """Take a notice back."""
        notice_id, now = row_id(request, "notice"), self._deps.clock()
        await read_form(request, _FORM)
        try:
            await self._deps.store.write(lambda session: withdraw(session, staff, notice_id, now))
        except REFUSALS as error:
            return await self._overview(staff, refused=error)
        return RedirectResponse(f"{_LIST}?done=withdrawn", status_code=303)

    async def _take(self, request: Request, staff: StaffIdentity, notice_id: int | None) -> Response:
        require(staff, Permission.CONTENT_EDIT)
        form, now = await read_form(request, _FORM), self._deps.clock()
        estate = await self._deps.store.read(lambda session: estate_by_id(session, staff.community_id))
        fields = form.fields
        try:
            new = _notice(form, ZoneInfo(estate.timezone), now)
            heard = self._hear(new, estate.facts, now)
            if form.text("do") != "publish" or heard.blocked:
                refused = FieldError("blocked", "breaks a rule") if form.text("do") == "publish" else None
                return await self._form(staff, fields, notice_id=notice_id, heard=heard, refused=refused)
            await self._deps.store.write(lambda session: self._keep(session, staff, notice_id, new, fields, now))
        except REFUSALS as error:
            return await self._form(staff, fields, notice_id=notice_id, refused=error)
        return RedirectResponse(f"{_LIST}?done={'corrected' if notice_id else 'published'}", status_code=303)

    def _keep(
        self,
        session: Session,
        staff: StaffIdentity,
        notice_id: int | None,
        new: NewNotice,
        fields: Mapping[str, str],
        now: datetime,
    ) -> None:
        if notice_id is None:
            publish(session, staff, new, self._labels.keys(), now)
        else:
            mark = fields.get("mark", "")
            correct(session, staff, notice_id, new, self._labels.keys(), mark=mark, now=now)

    def _hear(self, new: NewNotice, facts: Mapping[str, Any], now: datetime) -> _Heard:
        """Check title and text as what the desk says, and render what the bot would answer."""
        phones = tuple(str(value) for name, value in facts.items() if name.startswith("phone_"))
        situation = Situation(author=Author.STAFF, allowed_phones=phones)
        findings = self._deps.console.shown(self._deps.etiquette.check(new.body, situation), new.body)
        # A title is no sentence and greets nobody; only words that it should not have count.
        title = [one for one in self._deps.etiquette.check(new.title, situation) if _about_words(one)]
        findings += self._deps.console.shown(title, new.title)
        if not (new.title and new.explains):
            return _Heard(findings)
        until = self._deps.moment(new.ends_at, max(now, new.starts_at))
        word = self._deps.notice_word(new.explains[0])
        told = {"notice": new.title, "until": until, "word": word}
        said = (self._deps.replies.render(_SCRIPT, told, seed=seed).text for seed in range(_PREVIEWS))
        return _Heard(findings, tuple(dict.fromkeys(said)))

    async def _overview(self, staff: StaffIdentity, *, done: str = "", refused: Refusal | None = None) -> Response:
        now = self._deps.clock()

        def look(session: Session) -> dict[str, Any]:
            entries = bulletin(session, staff, now)
            return {
                "parts": [(one, [entry for entry in entries if entry.standing is one]) for one in Standing],
                "labels": self._labels,
            }

        return await self._office.page("notices.html", staff, look, done=done, refused=refused)

    async def _form(
        self,
        staff: StaffIdentity,
        fields: Mapping[str, str] | None,
        *,
        notice_id: int | None = None,
        heard: _Heard | None = None,
        done: str = "",
        refused: Refusal | None = None,
    ) -> Response:
        now = self._deps.clock()

        def look(session: Session) -> dict[str, Any]:
            entry = None if notice_id is None else notice_entry(session, staff, notice_id, now)
            zone = zone_of(session, staff)
            stored = _fields_of(entry.notice, zone) if entry else _fresh(now, zone)
            return {
                "entry": entry,
                "kept": fields or stored,
                "heard": heard,
                "labels": self._labels,
                "buildings": tuple(building_ids(session, staff.community_id)),
                "longest": {"title": LONGEST_TITLE, "body": LONGEST_BODY},
            }

        return await self._office.page("notice.html", staff, look, done=done, refused=refused)


def _about_words(finding: Finding) -> bool:
    return finding.end > finding.start and finding.severity is Severity.BLOCK


def _notice(form: Form, zone: ZoneInfo, now: datetime) -> NewNotice:
    """What the form says. Raises FieldError for a moment that is none or is missing."""
    starts, ends = moment_of(form, "starts_at", zone), moment_of(form, "ends_at", zone)
    if starts is None or ends is None:
        raise FieldError("ends_at" if starts else "starts_at", "is missing")
    return NewNotice(
        title=form.text("title"),
        body=form.text("body").replace("\r\n", "\n"),
        explains=tuple(name.removeprefix("label_") for name in form.fields if name.startswith("label_")),
        buildings=tuple(name.removeprefix("in_") for name in form.fields if name.startswith("in_")),
        published_at=moment_of(form, "published_at", zone) or now,
        starts_at=starts,
        ends_at=ends,
    )


def _fresh(now: datetime, zone: ZoneInfo) -> dict[str, str]:
    begins = (now + timedelta(hours=1)).replace(minute=0)
    return {"starts_at": _written(begins, zone), "ends_at": _written(begins + _LEAST_LASTS, zone)}


def _fields_of(notice: NoticeCard, zone: ZoneInfo) -> dict[str, str]:
    moments = {name: _written(getattr(notice, name), zone) for name in ("published_at", "starts_at", "ends_at")}
    ticked = {f"label_{label}": "1" for label in notice.explains} | {f"in_{name}": "1" for name in notice.buildings}
    return {"title": notice.title, "body": notice.body} | moments | ticked


def _written(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
