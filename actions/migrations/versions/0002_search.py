"""Messages are found by their words"""

from alembic import op
from sqlalchemy import Connection, text

from actions.search_words import words_of

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_AT_ONCE = 500


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE message_words USING fts5(words, content='', columnsize=0, detail=none, "
            'tokenize="unicode61 remove_diacritics 0")'
        )
    else:
        op.execute(
            "CREATE TABLE message_words (community_id BIGINT NOT NULL, id BIGINT NOT NULL, words TSVECTOR NOT NULL, "
            "CONSTRAINT pk_message_words PRIMARY KEY (community_id, id), "
            "CONSTRAINT fk_message_words_community_id FOREIGN KEY (community_id, id) "
            "REFERENCES messages (community_id, id))"
        )
        op.execute("CREATE INDEX ix_message_words_words ON message_words USING gin (words)")
    _fill(connection)


def _fill(connection: Connection) -> None:
    """What was said before is found as well."""
    lite = connection.dialect.name == "sqlite"
    put = (
        "INSERT INTO message_words (rowid, words) VALUES (:id, :words)"
        if lite
        else "INSERT INTO message_words VALUES (:community_id, :id, array_to_tsvector(CAST(:words AS TEXT[])))"
    )
    last = 0
    query = text("SELECT community_id, id, text FROM messages WHERE id > :last ORDER BY id LIMIT :most")
    while rows := connection.execute(query, {"last": last, "most": _AT_ONCE}).all():
        last = rows[-1].id
        for row in rows:
            if words := words_of(row.text):
                found = {"id": row.id, "words": " ".join(words) if lite else list(words)}
                connection.execute(text(put), found if lite else found | {"community_id": row.community_id})


def downgrade() -> None:
    op.execute("DROP TABLE message_words")
