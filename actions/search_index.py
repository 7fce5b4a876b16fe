"""The index by which messages are found, written in the same transaction as the message itself.

On SQLite it is an FTS5 table without content whose rowid is the message's id, on PostgreSQL a table of `tsvector`s. The
words are made by `actions.search_words` on both. What is erased is taken out by the words that were put in: SQLite
before 3.43 cannot delete from such a table in any other way.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Text,
    bindparam,
    cast,
    column,
    func,
    insert,
    literal_column,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY, TSVECTOR
from sqlalchemy.orm import Session

from actions.search_words import Sought, words_of
from actions.statements import dialect_of

NAME = "message_words"

# `words` of the SQLite table is put in and matched, never read back.
_SQLITE = table(NAME, column("rowid", BigInteger), column("words", Text))
_POSTGRES = table(NAME, column("community_id", BigInteger), column("id", BigInteger), column("words", TSVECTOR))
_PUT = {
    "sqlite": insert(_SQLITE).values(rowid=bindparam("id"), words=bindparam("words")),
    "postgresql": insert(_POSTGRES).values(
        community_id=bindparam("community_id"),
        id=bindparam("id"),
        words=func.array_to_tsvector(bindparam("words", type_=ARRAY(Text))),
    ),
}
_TAKE_OUT = {
    "sqlite": text(f"INSERT INTO {NAME} ({NAME}, rowid, words) VALUES ('delete', :id, :words)"),  # noqa: S608 - our own name
    "postgresql": text(f"DELETE FROM {NAME} WHERE community_id = :community_id AND id = :id"),  # noqa: S608
}


def put_in(session: Session, community_id: int, messages: Iterable[tuple[int, str]]) -> None:
    """Make messages findable, given as id and text; a text without words is left out."""
    dialect = dialect_of(session)
    if rows := _rows(dialect, community_id, messages):
        session.execute(_PUT[dialect], rows)


def take_out(session: Session, community_id: int, messages: Iterable[tuple[int, str]]) -> None:
    """Let messages be found no more; each with the text that was put in."""
    dialect = dialect_of(session)
    if rows := _rows(dialect, community_id, messages):
        if dialect == "postgresql":
            rows = [{"community_id": row["community_id"], "id": row["id"]} for row in rows]
        session.execute(_TAKE_OUT[dialect], rows)


def _rows(dialect: str, community_id: int, messages: Iterable[tuple[int, str]]) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for message_id, said in messages:
        words = words_of(said)
        if not words:
            continue
        if dialect == "sqlite":
            rows.append({"id": message_id, "words": " ".join(words)})
        else:
            rows.append({"community_id": community_id, "id": message_id, "words": list(words)})
    return rows


def found_by(
    session: Session, community_id: int, sought: Sequence[Sought], first: int, last: int
) -> tuple[ColumnElement[int], list[ColumnElement[bool]]]:
    """The column with the ids of the messages that have all words, and what holds of them; ids from first to last."""
    if dialect_of(session) == "sqlite":
        # Quoted, so that no word is taken for an operator; words are letters and digits alone.
        query = " AND ".join(f'"{one.word}"{"*" if one.beginning else ""}' for one in sought)
        key: ColumnElement[int] = _SQLITE.c.rowid
        return key, [literal_column(NAME).op("MATCH")(query), key >= first, key <= last]
    query = " & ".join(f"'{one.word}'{':*' if one.beginning else ''}" for one in sought)
    key = _POSTGRES.c.id
    matches = _POSTGRES.c.words.op("@@")(cast(query, TSQUERY))
    return key, [_POSTGRES.c.community_id == community_id, matches, key >= first, key <= last]
