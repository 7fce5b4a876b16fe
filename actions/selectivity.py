"""Tells SQLite how selective its indexes are, so that no query of the desk ever reads a whole table.

Without figures SQLite takes a community for as rare as a ticket: it walked through everything that a community had ever
written to spare itself the sorting of ten rows. Figures that it collects itself are those of the day on which it did;
these are given once, for a large community, and hold for a small one as well.
"""

from sqlalchemy import Connection

_ROWS = 1_000_000
# Partial indexes hold what waits.
_WAITING = 1_000
_PER_VALUE = 10
# Of these many rows have the same value; what is not named here tells its rows apart.
_SHARED = frozenset(
    {"kind", "status", "state", "category", "role", "purpose", "channel", "action", "fee_type", "owner", "period"}
)
_SHARED_BY = 20


def describe_indexes(connection: Connection) -> None:
    """Write the figures of every index of an SQLite database; they count for connections that are opened later."""
    connection.exec_driver_sql("ANALYZE sqlite_schema")
    connection.exec_driver_sql("DELETE FROM sqlite_stat1")
    tables = connection.exec_driver_sql(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
    ).scalars()
    rows = [row for table in tables for row in _figures(connection, table)]
    connection.exec_driver_sql("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (?, ?, ?)", rows)


def _figures(connection: Connection, table: str) -> list[tuple[str, str, str]]:
    """One row for each index: how many entries it has, and how many share the first column, the first two and so on."""
    found = []
    for _, index, unique, _, partial in connection.exec_driver_sql(f'PRAGMA index_list("{table}")').all():
        columns = [row[2] for row in connection.exec_driver_sql(f'PRAGMA index_info("{index}")')]
        left = entries = _WAITING if partial else _ROWS
        figures = [entries]
        for place, column in enumerate(columns):
            if column in _SHARED:
                left = max(left // _SHARED_BY, 1)
            elif column != "community_id":
                left = min(left, _PER_VALUE)
            figures.append(1 if unique and place == len(columns) - 1 else left)
        found.append((table, index, " ".join(map(str, figures))))
    return found
