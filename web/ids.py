"""Numbers that come with an address: ids of rows, and places in a conversation."""

from starlette.requests import Request

from actions.errors import NotFoundError

_IDS = 2**63
_PLACES = 2**31


def row_id(request: Request, name: str) -> int:
    """An id from the path. Raises NotFoundError for one that no row can have."""
    value: int = request.path_params[name]
    if value >= _IDS:
        raise NotFoundError(f"{name} {value} is not there")
    return value


def number(text: str, *, below: int = _IDS) -> int | None:
    """A number of a form or an address, or None when it is none that a row or a version can have."""
    plain = text.isascii() and text.isdecimal() and len(text) <= len(str(_IDS))
    return int(text) if plain and int(text) < below else None


def place(request: Request, name: str) -> int | None:
    """A place in a conversation from the query, or None."""
    return number(request.query_params.get(name, ""), below=_PLACES)
