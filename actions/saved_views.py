"""Views of the queue that a member keeps under a name of their own."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from actions.access import Permission, StaffIdentity, require
from actions.errors import FieldError
from actions.ids import new_id
from actions.tables import SavedView

LONGEST_NAME = 20
MOST = 30


@dataclass(frozen=True, slots=True)
class KeptView:
    """A view under its name; `query` is what follows the question mark of the queue's address."""

    id: int
    name: str
    query: str


def kept_views(session: Session, staff: StaffIdentity) -> tuple[KeptView, ...]:
    """The member's own views in the order in which they were kept."""
    rows = session.execute(
        select(SavedView.id, SavedView.name, SavedView.query)
        .where(SavedView.community_id == staff.community_id, SavedView.staff_id == staff.staff_id)
        .order_by(SavedView.id)
    )
    return tuple(KeptView(*row) for row in rows)


def keep_view(session: Session, staff: StaffIdentity, name: str, query: str, now: datetime) -> None:
    """Keep a view; one of the same name is replaced.

    Raises FieldError for a name that is empty or long, or when the member has too many views.
    """
    require(staff, Permission.TICKET_SEE)
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise FieldError("name", f"should be 1 to {LONGEST_NAME} characters")
    own = (SavedView.community_id == staff.community_id, SavedView.staff_id == staff.staff_id)
    present = session.execute(select(SavedView).where(*own, SavedView.name == name)).scalar_one_or_none()
    if present is not None:
        present.query = query
        return
    if session.execute(select(func.count()).select_from(SavedView).where(*own)).scalar_one() >= MOST:
        raise FieldError("name", f"is one too many; {MOST} views can be kept")
    session.add(
        SavedView(
            community_id=staff.community_id,
            id=new_id(session, now),
            staff_id=staff.staff_id,
            name=name,
            query=query,
            created_at=now,
        )
    )


def drop_view(session: Session, staff: StaffIdentity, view_id: int) -> None:
    """Forget one of the member's own views; another's is left alone."""
    session.execute(
        delete(SavedView).where(
            SavedView.community_id == staff.community_id,
            SavedView.staff_id == staff.staff_id,
            SavedView.id == view_id,
        )
    )
