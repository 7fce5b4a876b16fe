"""The console's page of messages that wait for a label: given one by one here, or on a sheet; and a new training."""

import asyncio
import io
from collections.abc import Sequence
from functools import partial
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, require
from actions.bill_sheet import SheetError, SheetFault
from actions.live import newest
from actions.records import write_record
from actions.review_sheet import FilledRow, ReviewRow, read_review_sheet, write_review_sheet
from actions.reviewing import SINCE_DAYS, Reviewer, record_export, record_look
from actions.store import Session
from actions.views import estate_by_id
from nlu.reviewed import Refused
from web.deps import Deps
from web.forms import FormLimits, read_form
from web.ids import number
from web.pages import Pages
from web.reviewing import Outcome, ReviewDesk, Training
from web.sessions import signed_in
from web.staff import frame

_FORM = FormLimits(body=32_768, text=32_768)
_SHEET_BYTES = 4 * 1024 * 1024
_SHEET = FormLimits(body=_SHEET_BYTES + 65_536, text=32_768, file=_SHEET_BYTES, files=1)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_HERE = "/staff/review"
_SHOWN = 20
_MOST_REFUSED = 200


class ReviewPages:
    """The handlers of the page; every one asks for the permission to edit content before anything is read."""

    def __init__(self, deps: Deps, pages: Pages, desk: ReviewDesk, training: Training | None) -> None:
        self._deps = deps
        self._pages = pages
        self._desk = desk
        self._training = training

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps = self._deps
        return [
            Route(_HERE, signed_in(deps, self.page)),
            Route(_HERE, signed_in(deps, self.save), methods=["POST"]),
            Route(f"{_HERE}/sheet", signed_in(deps, self.sheet)),
            Route(f"{_HERE}/sheet", signed_in(deps, self.take_sheet), methods=["POST"]),
            Route(f"{_HERE}/train", signed_in(deps, self.train), methods=["POST"]),
        ]

    async def page(self, request: Request, staff: StaffIdentity) -> Response:
        """The messages that wait, the commonest first."""
        return await self._page(staff, done=request.query_params.get("done", "")[:20])

    async def save(self, request: Request, staff: StaffIdentity) -> Response:
        """Take the label of one line, or pass it over."""
        require(staff, Permission.CONTENT_EDIT)
        form = await read_form(request, _FORM)
        ids = tuple(number(one) or 0 for one in form.text("ids").split())
        given = FilledRow(1, ids, form.text("text"), "" if form.text("do") == "pass" else form.text("label"))
        if not given.label and form.text("do") != "pass":
            return RedirectResponse(_HERE, status_code=303)
        outcome = await self._desk.take(_reviewer(staff), [given], self._deps.clock())
        if outcome.refused:
            return await self._page(staff, refused=outcome.refused[0], given=given, status=422)
        return RedirectResponse(f"{_HERE}?done={_done(outcome)}", status_code=303)

    async def sheet(self, _request: Request, staff: StaffIdentity) -> Response:
        """All that wait, on a sheet; taking it goes on record before it is handed out."""
        by, now = _reviewer(staff), self._deps.clock()
        rows = await self._desk.waiting(by, now, SINCE_DAYS)
        await self._deps.store.write(partial(record_export, by=by, shown=len(rows), days=SINCE_DAYS, now=now))
        made = io.BytesIO()
        await asyncio.to_thread(write_review_sheet, made, rows, self._desk.words, self._desk.names)
        return Response(
            made.getvalue(),
            media_type=_XLSX,
            headers={"content-disposition": 'attachment; filename="review.xlsx"', "cache-control": "no-store"},
        )

    async def take_sheet(self, request: Request, staff: StaffIdentity) -> Response:
        """Learn the labels of a sheet; when any line is wrong all wrong ones are listed and nothing is learned."""
        require(staff, Permission.CONTENT_EDIT)
        form = await read_form(request, _SHEET)
        try:
            file = next(iter(form.files), None)
            if form.cut or (file is not None and file.too_large):
                return await self._page(staff, fault=SheetFault.TOO_LARGE.value, status=422)
            if file is None:
                return await self._page(staff, fault="no_file", status=422)
            file.data.seek(0)
            filled = await asyncio.to_thread(read_review_sheet, file.data, self._desk.words, self._desk.names)
        except SheetError as error:
            return await self._page(staff, fault=error.fault.value, status=422)
        finally:
            form.close()
        outcome = await self._desk.take(_reviewer(staff), filled, self._deps.clock())
        return await self._page(staff, outcome=outcome, status=422 if outcome.refused else 200)

    async def train(self, _request: Request, staff: StaffIdentity) -> Response:
        """Begin to train with what was learned, unless a training runs; the server takes a good model up by itself."""
        require(staff, Permission.CONTENT_EDIT)
        if self._training is None or not self._training.begin():
            return RedirectResponse(_HERE, status_code=303)
        by, now = _reviewer(staff), self._deps.clock()
        await self._deps.store.write(
            lambda session: write_record(
                session, by.actor, staff.community_id, "review:trained", ("review", None), now=now
            )
        )
        return RedirectResponse(f"{_HERE}?done=training", status_code=303)

    async def _page(
        self,
        staff: StaffIdentity,
        *,
        done: str = "",
        refused: Refused | None = None,
        given: FilledRow | None = None,
        fault: str = "",
        outcome: Outcome | None = None,
        status: int = 200,
    ) -> Response:
        by, now = _reviewer(staff), self._deps.clock()
        rows = await self._desk.waiting(by, now, SINCE_DAYS)
        shown, lost = _with_given(rows, given)

        def look(session: Session) -> dict[str, Any]:
            record_look(session, by, len(shown), now)
            return frame(staff, estate_by_id(session, staff.community_id), now) | {"cursor": newest(session)}

        context = await self._deps.store.write(look)
        return self._pages.page(
            "review.html",
            status=status,
            **context,
            rows=shown,
            left=len(rows) - len(shown),
            label_names=self._desk.names,
            reasons=self._desk.words.reasons,
            days=SINCE_DAYS,
            done=done,
            refused=refused,
            given=given,
            lost=lost,
            fault=fault,
            outcome=outcome,
            most=_MOST_REFUSED,
            training=self._training,
        )


def _reviewer(staff: StaffIdentity) -> Reviewer:
    return Reviewer(staff.community_id, staff)


def _done(outcome: Outcome) -> str:
    return "learned" if outcome.learned else "known" if outcome.known else "passed"


def _with_given(rows: Sequence[ReviewRow], given: FilledRow | None) -> tuple[Sequence[ReviewRow], bool]:
    """The lines of the page, the one that was given first, and whether that one waits no longer."""
    if given is None:
        return rows[:_SHOWN], False
    first = [row for row in rows if set(row.message_ids) & set(given.message_ids)]
    return (first + [row for row in rows if row not in first])[:_SHOWN], not first
