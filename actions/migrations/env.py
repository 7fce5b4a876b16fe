"""The migration environment: works on the connection it is handed, never makes one."""

from typing import Any

from alembic import context

from actions.search_index import NAME
from actions.tables import Base


def _compared(_object: Any, name: str | None, kind: str, *_others: Any) -> bool:
    """The tables of the search index differ by engine, so a revision of their own makes them."""
    return not (kind == "table" and (name or "").startswith(NAME))


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    compare_type=True,
    include_object=_compared,
)
with context.begin_transaction():
    context.run_migrations()
