"""Who visits the residents' page: the estate, the visitor behind a random cookie, and how they like to read."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from actions.errors import NotFoundError
from actions.views import EstateCard
from web.deps import Deps, WebSettings
from web.limits import network_of
from web.sessions import address_of, keep_visitor, new_token, visitor_token
from words.language import Language

TAGS = {Language.CHINESE: "zh-CN", Language.ENGLISH: "en"}
"""The languages of the page, each with its name in HTML."""

LARGE, CONTRAST, LANGUAGE = "desk_text", "desk_contrast", "desk_language"
_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Look:
    """How a visitor likes to read."""

    language: Language
    large: bool
    contrast: bool

    @property
    def tag(self) -> str:
        """The language as HTML names it."""
        return TAGS[self.language]

    @property
    def classes(self) -> str:
        """The classes of the page."""
        return " ".join(name for name, on in (("large", self.large), ("contrast", self.contrast)) if on)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a visitor: the estate, who they are, and where its pages lie.

    `known` says that their browser brought the cookie; `network` is what they are counted by.
    """

    community: EstateCard
    token: str
    address: str
    network: str
    base: str
    known: bool
    look: Look


async def visit_of(request: Request, deps: Deps) -> Visit:
    """The visit behind a request. Raises NotFoundError for an estate that is not there."""
    code = request.path_params.get("code")
    community = await deps.community(code)
    if community is None:
        raise NotFoundError(f"there is no community {code}")
    token = visitor_token(request)
    known = token is not None
    token = token or new_token()
    return Visit(
        community=community,
        token=token,
        address=address_of(token),
        network=network_of(request.client.host if request.client else ""),
        base=f"/c/{community.code}" if code else "",
        known=known,
        look=look_of(request),
    )


def look_of(request: Request) -> Look:
    """What was chosen on the page, and for the language what the browser prefers otherwise."""
    chosen = request.cookies.get(LANGUAGE, "")
    accepted = request.headers.get("accept-language", "")
    language = Language(chosen) if chosen in set(Language) else preferred(accepted)
    return Look(language, request.cookies.get(LARGE) == "1", request.cookies.get(CONTRAST) == "1")


def preferred(accepted: str) -> Language:
    """The language that a browser wants most of those that the page speaks, by its `Accept-Language`; else Chinese."""
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accepted.split(",")[:20]):
        tag, _, rest = part.strip().partition(";")
        name, _, value = rest.strip().partition("=")
        try:
            weight = float(value) if name == "q" else 1.0
        except ValueError:
            continue
        language = tag.partition("-")[0].lower()
        if language in set(Language) and weight > 0:
            wanted.append((-weight, place, language))
    return Language(min(wanted)[2]) if wanted else Language.CHINESE


def remember(response: Response, visit: Visit, settings: WebSettings) -> None:
    """Have the browser of a new visitor keep their cookie."""
    if not visit.known:
        keep_visitor(response, visit.token, settings)


def keep_choice(response: Response, name: str, value: str, settings: WebSettings) -> None:
    """Have the browser keep for a year how the visitor likes to read."""
    if settings.secure and settings.embed_origins:
        # As with the visitor's cookie: in a frame of another site only a partitioned one is kept.
        cookie = f"{name}={value}; Max-Age={_YEAR}; Path=/; HttpOnly; Secure; SameSite=None; Partitioned"
        response.headers.append("set-cookie", cookie)
        return
    response.set_cookie(name, value, max_age=_YEAR, path="/", secure=settings.secure, httponly=True, samesite="lax")
