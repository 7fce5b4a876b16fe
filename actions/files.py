"""Files under the hash of their content that no message holds any more, because it was erased."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from actions.tables import Attachment


def still_held(session: Session, hashes: Collection[str]) -> frozenset[str]:
    """Of these hashes, those of files that some message of any community still holds."""
    if not hashes:
        return frozenset()
    return frozenset(session.execute(select(Attachment.sha256).where(Attachment.sha256.in_(hashes))).scalars())
