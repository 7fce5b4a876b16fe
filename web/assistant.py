"""The staff assistant: members ask in their own words and are answered from staff knowledge, with the source.

What is written for staff stands in an index of its own, which residents' questions never reach.
"""

import re
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actions.access import StaffIdentity
from actions.live import newest
from actions.views import estate_by_id
from nlu.knowledge import Audience, Entry, Hit
from web.deps import Deps
from web.pages import Pages
from web.sessions import signed_in
from web.staff import frame

LONGEST_QUESTION = 200

_FACT = re.compile(r"\{\{\s*(\w+)\s*\}\}")
_ALIKE = 3


class AssistantPages:
    """The handlers of the assistant."""

    def __init__(self, deps: Deps, pages: Pages) -> None:
        self._deps = deps
        self._pages = pages

    def routes(self) -> list[Route]:
        """The addresses of this module."""
        return [Route("/staff/assistant", signed_in(self._deps, self.show))]

    async def show(self, request: Request, staff: StaffIdentity) -> Response:
        """The question, its answer with the source, or what comes near; without a question what can be asked."""
        question = request.query_params.get("q", "").strip()[:LONGEST_QUESTION]
        now = self._deps.clock()
        estate, cursor = await self._deps.store.read(
            lambda session: (estate_by_id(session, staff.community_id), newest(session))
        )
        today = now.astimezone(ZoneInfo(estate.timezone)).date()
        knowledge = self._deps.console.knowledge
        hits = knowledge.search(question, audience=Audience.STAFF, today=today, limit=_ALIKE + 1) if question else ()
        sure = hits[0] if hits and hits[0].confident else None
        shown = frame(staff, estate, now) | {
            "cursor": cursor,
            "question": question,
            "answer": _filled(sure, estate.facts) if sure else None,
            "near": [_filled(hit, estate.facts) for hit in hits if hit is not sure and hit.likely][:_ALIKE],
            "topics": [_topic(entry) for entry in knowledge.entries if _for_staff(entry) and entry.valid(today)],
        }
        return self._pages.page("assistant.html", **shown)


def _for_staff(entry: Entry) -> bool:
    return entry.audience is Audience.STAFF


def _topic(entry: Entry) -> tuple[str, str]:
    """What can be asked about, as it is shown and as it is asked."""
    return entry.title, entry.questions[0]


def _filled(hit: Hit, facts: Any) -> dict[str, Any]:
    """An answer with the community's own facts; a fact that is not on record stays empty in brackets."""
    text = _FACT.sub(lambda found: str(facts.get(found[1], f"〔{found[1]}〕")), hit.entry.answer)
    return {
        "title": hit.entry.questions[0],
        "text": text,
        "source": hit.entry.source,
        "for_staff": _for_staff(hit.entry),
    }
