"""The console's page about the facts of a community: phones, hours, prices that replies and answers state."""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from actions.access import Permission, StaffIdentity, require
from actions.errors import ConflictError
from actions.facts import FactChange, facts_kept, keep_facts, last_changes
from actions.store import Session
from web.deps import Deps
from web.forms import Form, FormLimits, read_form
from web.office import REFUSALS, Office, Refusal
from web.sessions import signed_in

_FORM = FormLimits(body=65_536, text=65_536, fields=400)
_PAGE = "/staff/facts"
_LONGEST = 300


class FactPages:
    """The handlers of the page about facts."""

    def __init__(self, deps: Deps, office: Office) -> None:
        self._deps = deps
        self._office = office
        answers = [entry.answer for entry in deps.console.knowledge.entries]
        self._uses = deps.console.facts.uses(deps.replies, answers)
        self._needed = frozenset(key for key, uses in self._uses.items() if uses.replies)

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        return [
            Route(_PAGE, signed_in(self._deps, self.show)),
            Route(_PAGE, signed_in(self._deps, self.keep), methods=["POST"]),
        ]

    async def show(self, request: Request, staff: StaffIdentity) -> Response:
        """Every fact with its value, and what is missing."""
        return await self._show(staff, done=request.query_params.get("done", ""))

    async def keep(self, request: Request, staff: StaffIdentity) -> Response:
        """Keep what was changed; with one value that cannot be, nothing is."""
        require(staff, Permission.CONTENT_EDIT)
        form, now, book = await read_form(request, _FORM), self._deps.clock(), self._deps.console.facts
        changes = {
            key: FactChange(form.fields.get(f"was_{key}", ""), form.text(f"fact_{key}")[:_LONGEST])
            for key in book.entries
            if f"fact_{key}" in form.fields
        }
        try:
            await self._deps.store.write(
                lambda session: keep_facts(session, staff, changes, book, needed=self._needed, now=now)
            )
        except REFUSALS as error:
            return await self._show(staff, form=form, refused=error)
        return RedirectResponse(f"{_PAGE}?done=facts", status_code=303)

    async def _show(
        self, staff: StaffIdentity, *, form: Form | None = None, done: str = "", refused: Refusal | None = None
    ) -> Response:
        book = self._deps.console.facts
        wrong = refused.current if isinstance(refused, ConflictError) else getattr(refused, "field", "")

        def look(session: Session) -> dict[str, Any]:
            facts = facts_kept(session, staff)
            typed = {key: form.text(f"fact_{key}") for key in book.entries} if form else {}
            return {
                "groups": book.groups,
                "facts": facts,
                "typed": {**{key: facts.get(key, "") for key in book.entries}, **typed},
                "uses": self._uses,
                "needed": self._needed,
                "missing": [entry for entry in book.entries.values() if entry.key not in facts],
                "changed": last_changes(session, staff),
                "wrong": wrong,
            }

        return await self._office.page("facts.html", staff, look, done=done, refused=refused)
