"""Errors of the words package."""


class WordsError(Exception):
    """The base of what this package raises."""


class ContentError(WordsError):
    """A content file says something that cannot be used; the message names the file, the line and what is right."""

    def __init__(self, source: str, line: int | None, message: str) -> None:
        self.source = source
        self.line = line
        self.message = message
        place = source if line is None else f"{source}:{line}"
        super().__init__(f"{place}: {message}")


class ReplyError(WordsError):
    """A reply was asked for that does not exist, or without a fact that its text needs."""
