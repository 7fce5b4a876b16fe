"""The queue: views with live counts, filters in the address, saved views, bulk assignment, and words to the member."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from actions import console, mentions
from actions.access import Permission, StaffIdentity, allows
from actions.alerts import AlertCard, acknowledge, mark_seen, open_alerts
from actions.console import Seen
from actions.errors import ConflictError, FieldError, NotAllowedError, NotFoundError, TransitionError
from actions.live import newest
from actions.mentions import MentionCard, open_mentions
from actions.saved_views import KeptView, drop_view, keep_view, kept_views
from actions.store import Session
from actions.tables import Severity
from actions.views import EstateCard, assignees, estate_by_id, queue
from actions.views.shown import Assignee, Queue
from actions.views.worklist import PAGE, Choices, QueueFilter, View, choices
from web.deps import Deps
from web.forms import Form, FormLimits, read_form
from web.ids import number, row_id
from web.office import may_enter
from web.pages import Pages
from web.sessions import signed_in
from web.sse import Feed
from web.staff import frame

_ALERTS = 12
_BULK = 50
_FOUND = 10
_PLACES = 100
_LONGEST_WORDS = 60
_FORM = FormLimits(body=32_768, text=32_768, fields=_PLACES)
_REFUSALS = (ConflictError, FieldError, NotAllowedError, NotFoundError, TransitionError)


@dataclass(frozen=True, slots=True)
class _Shown:
    """What the queue's page reads in one look."""

    queue: Queue | None
    alerts: tuple[AlertCard, ...]
    mentions: tuple[MentionCard, ...]
    views: tuple[KeptView, ...]
    choices: Choices
    people: tuple[Assignee, ...]
    cursor: str
    estate: EstateCard


class QueuePages:
    """The handlers of the queue."""

    def __init__(self, deps: Deps, pages: Pages, feed: Feed) -> None:
        self._deps = deps
        self._pages = pages
        self._feed = feed

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        deps = self._deps
        return [
            Route("/staff", signed_in(deps, self.show)),
            Route("/staff/queue", signed_in(deps, self.piece)),
            Route("/staff/find", signed_in(deps, self.find)),
            Route("/staff/queue/assign", signed_in(deps, self.assign), methods=["POST"]),
            Route("/staff/views", signed_in(deps, self.keep), methods=["POST"]),
            Route("/staff/views/{view:int}/drop", signed_in(deps, self.drop), methods=["POST"]),
            Route("/staff/alerts/{alert:int}", signed_in(deps, self.take_note), methods=["POST"]),
            Route("/staff/mentions/{mention:int}", signed_in(deps, self.take_note_of_call), methods=["POST"]),
        ]

    async def show(self, request: Request, staff: StaffIdentity) -> Response:
        """The open tickets by the time that is left; whoever has no part in tickets goes on to what is theirs."""
        if not allows(staff, Permission.TICKET_SEE) and may_enter(staff):
            return RedirectResponse("/staff/office", status_code=303)
        return self._pages.page("queue.html", **await self._context(request, staff))

    async def piece(self, request: Request, staff: StaffIdentity) -> Response:
        """The list alone, for a script that refreshes it."""
        return self._pages.page("_queue.html", **await self._context(request, staff))

    async def find(self, request: Request, staff: StaffIdentity) -> Response:
        """The open tickets that fit some words, for the command bar."""
        words, now = request.query_params.get("q", "").strip()[:_LONGEST_WORDS], self._deps.clock()
        if not words or not allows(staff, Permission.TICKET_SEE):
            return JSONResponse([])
        found = await self._deps.store.read(
            lambda session: queue(session, staff, now, self._named(QueueFilter(words=words)))
        )
        return JSONResponse(
            [
                {"title": f"{row.number} {row.summary}", "sample": row.place, "to": f"/staff/tickets/{row.id}"}
                for row in found.rows[:_FOUND]
            ]
        )

    async def assign(self, request: Request, staff: StaffIdentity) -> Response:
        """Put a member in charge of the chosen tickets; those that somebody changed meanwhile are left and counted."""
        form = await read_form(request, _FORM)
        to, reason = form.number("staff_id"), form.text("reason")
        chosen = _chosen(form)
        back = _back(form.text("back"))
        if to is None or not chosen:
            return RedirectResponse(f"/staff?{urlencode(back | {'told': 'bulk_nothing'})}", status_code=303)
        now, tell = self._deps.clock(), self._deps.tell
        left = 0
        for ticket_id, version in chosen:

            def change(session: Session, ticket_id: int = ticket_id, version: int | None = version) -> None:
                seen = Seen(ticket=version)
                console.assign(session, staff, ticket_id, staff_id=to, reason=reason, seen=seen, tell=tell, now=now)

            try:
                await self._deps.store.write(change)
            except _REFUSALS:
                left += 1
        self._feed.ring()
        self._deps.ring()
        told = {"told": "bulk_left" if left else "bulk_done", "n": len(chosen) - left, "left": left}
        return RedirectResponse(f"/staff?{urlencode(back | told)}", status_code=303)

    async def keep(self, request: Request, staff: StaffIdentity) -> Response:
        """Keep the present view under a name."""
        form = await read_form(request, _FORM)
        query, now = urlencode(_back(form.text("back"))), self._deps.clock()
        try:
            await self._deps.store.write(lambda session: keep_view(session, staff, form.text("name"), query, now))
        except FieldError:
            return RedirectResponse(f"/staff?{query}&told=view_name", status_code=303)
        return RedirectResponse(f"/staff?{query}", status_code=303)

    async def drop(self, request: Request, staff: StaffIdentity) -> Response:
        """Forget a view."""
        view_id = row_id(request, "view")
        await self._deps.store.write(lambda session: drop_view(session, staff, view_id))
        return RedirectResponse("/staff", status_code=303)

    async def take_note(self, request: Request, staff: StaffIdentity) -> Response:
        """Record that the member has taken note of a word that was meant for them, and of all like it."""
        alert_id, now = row_id(request, "alert"), self._deps.clock()

        def change(session: Session) -> None:
            acknowledge(session, staff.community_id, staff.staff_id, alert_id, now)
            waiting = open_alerts(session, staff.community_id, staff.staff_id)
            for one in waiting:
                if (one.ticket_id, one.kind) == noted.get(alert_id):
                    acknowledge(session, staff.community_id, staff.staff_id, one.id, now)

        before = await self._deps.store.read(lambda session: open_alerts(session, staff.community_id, staff.staff_id))
        noted = {one.id: (one.ticket_id, one.kind) for one in before}
        await self._deps.store.write(change)
        self._feed.ring()
        return RedirectResponse("/staff", status_code=303)

    async def take_note_of_call(self, request: Request, staff: StaffIdentity) -> Response:
        """Record that the member has read the note in which they were called."""
        mention_id, now = row_id(request, "mention"), self._deps.clock()
        await self._deps.store.write(lambda session: mentions.take_note(session, staff, mention_id, now))
        return RedirectResponse("/staff", status_code=303)

    async def _context(self, request: Request, staff: StaffIdentity) -> dict[str, Any]:
        now = self._deps.clock()
        chosen = self._named(filter_of(request.query_params))
        may_assign = allows(staff, Permission.TICKET_ASSIGN)

        def read(session: Session) -> _Shown:
            return _Shown(
                queue=queue(session, staff, now, chosen) if allows(staff, Permission.TICKET_SEE) else None,
                alerts=open_alerts(session, staff.community_id, staff.staff_id),
                mentions=open_mentions(session, staff),
                views=kept_views(session, staff),
                choices=choices(session, staff),
                people=assignees(session, staff, now) if may_assign else (),
                cursor=newest(session),
                estate=estate_by_id(session, staff.community_id),
            )

        shown = await self._deps.store.read(read)
        if unseen := [alert.id for alert in shown.alerts if alert.seen_at is None]:
            await self._deps.store.write(
                lambda session: mark_seen(session, staff.community_id, staff.staff_id, unseen, now)
            )
        context = frame(staff, shown.estate, now)
        return context | {
            "shown": shown,
            "alerts": _alike(shown.alerts)[:_ALERTS],
            "queue": shown.queue,
            "rows": shown.queue.rows if shown.queue else (),
            "chosen": chosen,
            "query": urlencode(query_of(chosen)),
            "view_links": [
                (view.value, urlencode(query_of(chosen, view=view.value)), self._pages.text(f"view_{view.value}"))
                for view in View
            ],
            "kinds": tuple(self._deps.policy.prefixes),
            "severities": tuple(Severity),
            "more": _more(chosen, shown.queue),
            "may_assign": may_assign,
            "quiet": self._deps.console.quiet.hold(now.astimezone(context["tz"])),
            "told": self._told(request),
            "cursor": shown.cursor,
        }

    def _named(self, chosen: QueueFilter) -> QueueFilter:
        """The filter with the kinds and categories that the words name, as the rows show them."""
        return replace(chosen, matters=self._deps.policy.names.labels_with(chosen.words))

    def _told(self, request: Request) -> str:
        name = request.query_params.get("told", "")
        if name == "bulk_done":
            return self._pages.text(name, n=number(request.query_params.get("n", "")) or 0)
        if name == "bulk_left":
            counts = {key: number(request.query_params.get(key, "")) or 0 for key in ("n", "left")}
            return self._pages.text(name, **counts)
        return self._pages.text(name) if name in {"bulk_nothing", "view_name"} else ""


def filter_of(query: Any) -> QueueFilter:
    """What an address asks for; anything unknown in it narrows nothing."""
    view = query.get("view", "")
    severity = query.get("severity", "")
    return QueueFilter(
        view=View(view) if view in set(View) else View.ALL,
        kind=query.get("kind", "")[:_LONGEST_WORDS],
        severity=severity if severity in set(Severity) else "",
        department_id=number(query.get("department", "")),
        building=query.get("building", "")[:_LONGEST_WORDS],
        words=query.get("q", "").strip()[:_LONGEST_WORDS],
        page=number(query.get("page", "1"), below=_PLACES) or 1,
    )


def query_of(chosen: QueueFilter, **changed: object) -> dict[str, object]:
    """The address's query for a filter, without what is empty; a change of filter begins on the first page."""
    full: dict[str, object] = {
        "view": "" if chosen.view is View.ALL else chosen.view.value,
        "kind": chosen.kind,
        "severity": chosen.severity,
        "department": chosen.department_id or "",
        "building": chosen.building,
        "q": chosen.words,
        "page": "" if changed or chosen.page == 1 else chosen.page,
    } | changed
    return {name: value for name, value in full.items() if value and (name, value) != ("view", View.ALL.value)}


def _alike(alerts: Sequence[AlertCard]) -> list[tuple[AlertCard, int]]:
    """The newest of all words of one kind about one ticket, and how many: nobody reads the same twenty times."""
    counted = Counter((one.ticket_id, one.kind) for one in alerts)
    newest_of = {(one.ticket_id, one.kind): one for one in reversed(alerts)}
    return [(newest_of[key], counted[key]) for key in dict.fromkeys((one.ticket_id, one.kind) for one in alerts)]


def _more(chosen: QueueFilter, shown: Queue | None) -> dict[str, str]:
    """The addresses of the pages before and after this one."""
    links: dict[str, str] = {}
    if shown and chosen.page > 1:
        links["before"] = urlencode(query_of(chosen, page=chosen.page - 1))
    if shown and chosen.page * PAGE < shown.total:
        links["after"] = urlencode(query_of(chosen, page=chosen.page + 1))
    return links


def _chosen(form: Form) -> list[tuple[int, int | None]]:
    """The tickets whose boxes were ticked, each with the version that the page showed."""
    boxes = ((name, number(name[1:])) for name in form.fields if name.startswith("t"))
    return [(ticket_id, form.number(name)) for name, ticket_id in boxes if ticket_id is not None][:_BULK]


def _back(query: str) -> dict[str, object]:
    """The filters that a form carries along, read as an address is, so that nothing else comes back."""
    return query_of(filter_of(dict(parse_qsl(query))))
