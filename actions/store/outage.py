"""Tells a database that is out of order for a while from a fault in what was asked of it."""

from sqlalchemy.exc import DBAPIError, OperationalError

# PostgreSQL's classes of errors that say nothing about the statement: connection lost, collision, too little of
# something, object in use, operator intervention, system error.
_PASSING = ("08", "40", "53", "55", "57", "58")


def is_outage(error: BaseException) -> bool:
    """Whether the same transaction may well succeed later, because the database was unreachable, busy or full."""
    if isinstance(error, OSError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or isinstance(error, OperationalError):
        return True
    return str(getattr(error.orig, "sqlstate", "")).startswith(_PASSING)
