"""The console's pages about bills: payments that residents told of, and the import of a sheet (domain.md B4)."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, allows, require
from actions.actors import Actor
from actions.bill_import import Importer, ImportReport, import_sheet
from actions.bill_sheet import SheetError, SheetFault
from actions.bills import BillLine
from actions.binding_requests import Closing
from actions.errors import FieldError
from actions.home_pages import told_payments
from actions.live import newest
from actions.payments import confirm_payment
from actions.store import Session
from actions.views import estate_by_id
from web.deps import Deps
from web.forms import FormLimits, read_form
from web.ids import number, row_id
from web.pages import Pages
from web.sessions import signed_in
from web.sse import Feed
from web.staff import frame

_FORM = FormLimits(body=32_768, text=32_768)
_SHEET_BYTES = 8 * 1024 * 1024
_SHEET = FormLimits(body=_SHEET_BYTES + 65_536, text=32_768, file=_SHEET_BYTES, files=1)
_MOST_SHOWN = 500
_CHOSEN = "bill_"


class BillPages:
    """The handlers of the pages about bills."""

    def __init__(self, deps: Deps, pages: Pages, feed: Feed) -> None:
        self._deps = deps
        self._pages = pages
        self._feed = feed

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps = self._deps
        return [
            Route("/staff/bills", signed_in(deps, self.overview)),
            Route("/staff/bills/import", signed_in(deps, self.take_sheet), methods=["POST"]),
            Route("/staff/bills/payments/{ticket:int}", signed_in(deps, self.confirm), methods=["POST"]),
        ]

    async def overview(self, request: Request, staff: StaffIdentity) -> Response:
        """The payments that wait to be confirmed, and the form for a sheet."""
        done = request.query_params.get("done", "")
        told = self._pages.text(done) if done.startswith("done_") and self._pages.has_text(done) else ""
        return await self._page(staff, message=told)

    async def take_sheet(self, request: Request, staff: StaffIdentity) -> Response:
        """Import a sheet, or try it; every row that is left out is listed with its line, its field and the reason."""
        require(staff, Permission.BILL_IMPORT)
        form = await read_form(request, _SHEET)
        try:
            file = next(iter(form.files), None)
            if form.cut or (file is not None and file.too_large):
                return await self._page(staff, fault=SheetFault.TOO_LARGE.value, status=422)
            if file is None:
                return await self._page(staff, fault="no_file", status=422)
            file.data.seek(0)
            importer = Importer(Actor.staff(staff.staff_id), staff.community_id, file.name)
            trial = form.text("trial") == "1"
            report = await import_sheet(
                self._deps.store, importer, file.data, self._deps.bills, self._deps.clock(), trial=trial
            )
        except SheetError as error:
            return await self._page(staff, fault=error.fault.value, status=422)
        finally:
            form.close()
        return await self._page(staff, report=report)

    async def confirm(self, request: Request, staff: StaffIdentity) -> Response:
        """Mark the chosen bills as paid; the resident hears it and the ticket is closed."""
        ticket_id, now = row_id(request, "ticket"), self._deps.clock()
        form = await read_form(request, _FORM)
        named = (number(name.removeprefix(_CHOSEN)) for name in form.fields if name.startswith(_CHOSEN))
        chosen = tuple(bill_id for bill_id in named if bill_id is not None)
        room_id = form.number("room_id") or 0
        closing = Closing(self._pages.text("paid_words"), self._deps.policy, self._deps.tell)
        try:
            await self._deps.store.write(
                lambda session: confirm_payment(
                    session, staff, ticket_id, room_id, chosen, closing=closing, written=self._written, now=now
                )
            )
        except FieldError:
            return await self._page(staff, message=self._pages.text("bills_not_chosen"), status=422)
        self._feed.ring()
        self._deps.ring()
        return RedirectResponse("/staff/bills?done=done_paid", status_code=303)

    def _written(self, bill: BillLine) -> str:
        return self._pages.text("bill_line", bill=bill)

    async def _page(
        self,
        staff: StaffIdentity,
        *,
        message: str = "",
        fault: str = "",
        report: ImportReport | None = None,
        status: int = 200,
    ) -> Response:
        require(staff, Permission.BILL_SEE)
        now = self._deps.clock()

        def look(session: Session) -> dict[str, Any]:
            return frame(staff, estate_by_id(session, staff.community_id), now) | {
                "cursor": newest(session),
                "payments": told_payments(session, staff),
            }

        context = await self._deps.store.read(look)
        return self._pages.page(
            "bills.html",
            status=status,
            **context,
            message=message,
            good=status < 400,  # noqa: PLR2004 - where errors begin
            fault=fault,
            report=report,
            most=_MOST_SHOWN,
            may_import=allows(staff, Permission.BILL_IMPORT),
        )
