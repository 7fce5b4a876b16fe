"""What every response carries and every unsafe request must show: headers, and proof that it is from our own pages."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.deps import WebSettings

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_CONSOLE = "/staff"
_ASSETS = "/assets/"


class SecurityMiddleware:
    """Sets the headers of every response and refuses unsafe requests that come from somewhere else."""

    def __init__(self, app: ASGIApp, settings: WebSettings, refused: Response) -> None:
        self._app = app
        self._settings = settings
        self._refused = refused

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = str(scope["path"])

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                # A copy: one response may be sent many times.
                message["headers"] = list(message["headers"])
                self._add_headers(MutableHeaders(scope=message), path)
            await send(message)

        from_us = scope["method"] in _SAFE_METHODS or is_from_us(Headers(scope=scope), self._settings)
        answer: ASGIApp = self._app if from_us else self._refused
        await answer(scope, receive, send_with_headers)

    def _add_headers(self, headers: MutableHeaders, path: str) -> None:
        for name, value in security_headers(path, self._settings).items():
            headers.setdefault(name, value)


def security_headers(path: str, settings: WebSettings) -> Mapping[str, str]:
    """The headers of every response; a response may carry a stricter policy of its own."""
    headers = {
        "content-security-policy": content_security_policy(path, settings),
        "x-content-type-options": "nosniff",
        "referrer-policy": "same-origin",
        "permissions-policy": "camera=(self), microphone=(self), geolocation=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
    }
    if not _may_be_embedded(path, settings):
        headers["x-frame-options"] = "DENY"
    if settings.secure:
        headers["strict-transport-security"] = "max-age=31536000"
    if not path.startswith(_ASSETS):
        headers["cache-control"] = "no-store"
    return headers


def _may_be_embedded(path: str, settings: WebSettings) -> bool:
    return bool(settings.embed_origins) and not path.startswith(_CONSOLE)


def content_security_policy(path: str, settings: WebSettings) -> str:
    """Everything from this server and nothing inline; the console is never shown inside another page."""
    embedded = _may_be_embedded(path, settings)
    ancestors = " ".join(("'self'", *settings.embed_origins)) if embedded else "'none'"
    return (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none'; "
        f"form-action 'self'; frame-ancestors {ancestors}"
    )


def is_from_us(headers: Headers, settings: WebSettings) -> bool:
    """Whether a browser says that the request comes from one of our own pages.

    Browsers send `Sec-Fetch-Site` only over HTTPS and to localhost; on a plain-HTTP network the origin must be ours.
    """
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    if origin is not None and origin in settings.trusted_origins:
        return True
    if site is not None:
        return site in {"same-origin", "none"}
    host = headers.get("host")
    return bool(origin and host) and urlsplit(origin).netloc == host
