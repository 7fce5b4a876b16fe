"""The kinds of facts that scripts state: what a ticket number, a time or a sum must look like (domain.md A11)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from words.content import ContentFiles
from words.errors import ContentError
from words.fields import Fields

FACTS_FILE = "replies/facts.yml"


@dataclass(frozen=True, slots=True)
class FactKinds:
    """The form that each fact has, by its name; a fact without one may be any text that is not blank."""

    likes: Mapping[str, re.Pattern[str]]

    def fits(self, name: str, value: str) -> bool:
        """Whether a value is one of its fact's kind."""
        if not value.strip():
            return False
        like = self.likes.get(name)
        return like is None or like.search(value) is not None

    @classmethod
    def read(cls, files: ContentFiles) -> "FactKinds":
        """Read the file; without one every fact is a text. Raises ContentError for a pattern that is none."""
        if FACTS_FILE not in files.texts:
            return cls({})
        top = Fields.of(FACTS_FILE, 1, files.read(FACTS_FILE))
        likes: dict[str, re.Pattern[str]] = {}
        for kind in top.node:
            fields = Fields.of(FACTS_FILE, top.line_of(kind), top.node[kind])
            fields.only(("facts", "like"))
            pattern = "|".join(f"(?:{like})" for like in fields.patterns("like"))
            if not pattern:
                raise ContentError(FACTS_FILE, fields.line, f"the kind `{kind}` does not say what it is like")
            for name in fields.texts("facts"):
                if name in likes:
                    raise fields.error("facts", f"the fact `{name}` is of two kinds")
                likes[name] = re.compile(pattern)
        return cls(likes)
