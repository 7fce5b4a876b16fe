"""The audit record: looks and changes that must be accounted for (domain.md C6)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import insert
from sqlalchemy.orm import Session

from actions.actors import Actor
from actions.ids import new_id
from actions.statements import table
from actions.tables import AuditEntry

_INSERT = insert(table(AuditEntry))


def write_record(
    session: Session,
    actor: Actor,
    community_id: int,
    action: str,
    about: tuple[str, int | None],
    *,
    reason: str = "",
    detail: Mapping[str, object] | None = None,
    now: datetime,
) -> int:
    """Write down who did or saw what and return the record's id; `action` is `subject:verb`, such as `binding:ended`.

    `about` names the kind of row it concerns and its id.
    """
    record_id = new_id(session, now)
    session.execute(
        _INSERT,
        {
            "community_id": community_id,
            "id": record_id,
            "at": now,
            "actor": actor.kind,
            "actor_id": actor.id,
            "action": action,
            "subject": about[0],
            "subject_id": about[1],
            "reason": reason,
            "detail": dict(detail or {}),
        },
    )
    return record_id
