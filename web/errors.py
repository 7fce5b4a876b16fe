"""What goes wrong, as pages: one table from the error to its status and its text."""

from collections.abc import Mapping

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ExceptionHandler

from actions.errors import ConflictError, FieldError, NotAllowedError, NotFoundError, TransitionError
from web.deps import WebSettings
from web.forms import FormError
from web.pages import Pages
from web.security import security_headers
from web.sessions import wants_json

log = structlog.get_logger(__name__)

ERRORS: Mapping[type[Exception], tuple[int, str]] = {
    NotFoundError: (404, "not_found"),
    NotAllowedError: (403, "not_allowed"),
    ConflictError: (409, "conflict"),
    TransitionError: (409, "conflict"),
    FieldError: (422, "wrong_input"),
    FormError: (400, "wrong_input"),
}
_STATUSES = {404: "not_found", 405: "wrong_method", 400: "wrong_input"}
_CONSOLE = "/staff"


def error_page(pages: Pages, path: str, status: int, kind: str) -> Response:
    """A page that says what happened and how to go on; it never says what the program knows."""
    home = _CONSOLE if path.startswith(_CONSOLE) else "/"
    return pages.page("error.html", status=status, kind=kind, home=home)


def exception_handlers(pages: Pages, settings: WebSettings) -> Mapping[type[Exception], ExceptionHandler]:
    """The handlers of all errors, known and unknown."""

    def answer(request: Request, status: int, kind: str) -> Response:
        if wants_json(request):
            return JSONResponse({"error": kind}, status_code=status)
        return error_page(pages, request.url.path, status, kind)

    async def known(request: Request, error: Exception) -> Response:
        status, kind = next(ERRORS[one] for one in type(error).__mro__ if one in ERRORS)
        return answer(request, status, kind)

    async def from_framework(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return answer(request, status, _STATUSES.get(status, "failure"))

    async def unknown(request: Request, error: Exception) -> Response:
        log.error("request_failed", path=request.url.path, method=request.method, error=type(error).__name__)
        response = answer(request, 500, "failure")
        # This handler stands outside the middleware that sets the headers of all other responses.
        response.headers.update(security_headers(request.url.path, settings))
        return response

    return dict.fromkeys(ERRORS, known) | {HTTPException: from_framework, Exception: unknown}
