"""The facts about a community that replies may state."""

from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from actions.statements import table
from actions.tables import Community

_COMMUNITY = table(Community)
_FACTS = select(_COMMUNITY.c.facts).where(_COMMUNITY.c.id == bindparam("this_community"))


def facts_of(session: Session, community_id: int) -> dict[str, str]:
    """Phone numbers, hours and prices as replies may tell them."""
    facts: dict[str, Any] = session.execute(_FACTS, {"this_community": community_id}).scalar_one()
    return {name: str(value) for name, value in facts.items()}
