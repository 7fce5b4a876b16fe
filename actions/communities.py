"""The communities served, and the facts about them that replies may state."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from actions.errors import NotFoundError
from actions.statements import table
from actions.tables import Community

_COMMUNITY = table(Community)
_BY_CODE = select(_COMMUNITY.c.id, _COMMUNITY.c.code, _COMMUNITY.c.name, _COMMUNITY.c.timezone).where(
    _COMMUNITY.c.code == bindparam("this_code")
)
_FACTS = select(_COMMUNITY.c.facts).where(_COMMUNITY.c.id == bindparam("this_community"))


@dataclass(frozen=True, slots=True)
class CommunityCard:
    """A community as the doors know it."""

    id: int
    code: str
    name: str
    timezone: str


def by_code(session: Session, code: str) -> CommunityCard:
    """The community of a code. Raises NotFoundError."""
    row = session.execute(_BY_CODE, {"this_code": code}).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no community with the code {code!r}")
    return CommunityCard(*row)


def facts_of(session: Session, community_id: int) -> dict[str, str]:
    """Phone numbers, hours and prices as replies may tell them."""
    facts: dict[str, Any] = session.execute(_FACTS, {"this_community": community_id}).scalar_one()
    return {name: str(value) for name, value in facts.items()}
