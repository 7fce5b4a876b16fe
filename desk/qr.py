"""`desk qr`: a sheet of QR codes to print and put up; each opens the chat with the bot with its place known."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import segno
from markupsafe import Markup
from telegram.error import TelegramError

from actions.communities import facts_of
from actions.doorstep import link_key
from actions.errors import StoreError
from actions.estate import find_community
from actions.names import Names
from actions.sheets import LinkTarget, targets
from actions.store import Session, read_beside
from bot.channels.telegram.faults import told
from bot.channels.telegram.line import BotSettings, Line
from bot.channels.telegram.links import LinkedPlace, payload, start_link
from desk.settings import Problem, Settings, SettingsError, variable_of
from web.pages import Pages
from words.content import ContentFiles


@dataclass(frozen=True, slots=True)
class Code:
    """One code of the sheet."""

    label: str
    svg: Markup


@dataclass(frozen=True, slots=True)
class _Estate:
    community_id: int
    key: str
    name: str
    phone_duty: str
    places: tuple[LinkTarget, ...]


def write_sheet(settings: Settings, out: Path, *, buildings: frozenset[str], rooms: bool, bot: str | None) -> int:
    """Write the sheet as one HTML file and return how many codes are on it; works beside a running server.

    Raises SettingsError where the bot's name is neither given nor to be asked for, StoreError where the community or
    its key is not there yet.
    """
    estate = asyncio.run(
        read_beside(settings.database_url, lambda session: _read(session, settings.community, buildings, rooms=rooms))
    )
    name = bot or asyncio.run(_name_of_bot(settings))
    codes = [Code(place.label, _code(estate, place, name)) for place in estate.places]
    pages = Pages(Names.read(ContentFiles.load(settings.content)))
    sheet = pages.html("qr_sheet.html", community=estate.name, phone_duty=estate.phone_duty, codes=codes)
    out.write_text(sheet, encoding="utf-8")
    return len(codes)


def _read(session: Session, code: str, buildings: frozenset[str], *, rooms: bool) -> _Estate:
    community_id = find_community(session, code)
    key = None if community_id is None else link_key(session, community_id)
    if community_id is None or key is None:
        raise StoreError(f"the community {code} signs no links yet; run “desk serve” with TELEGRAM_TOKEN once")
    facts = facts_of(session, community_id)
    found = targets(session, community_id, buildings, rooms=rooms)
    return _Estate(community_id, key, facts.get("community", code), facts.get("phone_duty", ""), found)


def _code(estate: _Estate, place: LinkTarget, bot: str) -> Markup:
    given = payload(estate.key, estate.community_id, LinkedPlace(place.kind, place.row_id))
    drawn = segno.make(start_link(bot, given), error="m", micro=False)
    return Markup(drawn.svg_inline(scale=4, border=2))  # noqa: S704 - lines drawn by us, no text in them


async def _name_of_bot(settings: Settings) -> str:
    for given in settings.telegram_token:
        code, _, token = given.rpartition("=")
        if (code or settings.community) == settings.community:
            line = Line(BotSettings(0, settings.community, token, settings.telegram_api))
            try:
                user = await line.bot.get_me()
            except TelegramError as error:
                problem = Problem(variable_of("telegram_token"), f"could not ask who the bot is: {told(error)}")
                raise SettingsError((problem,)) from error
            finally:
                await line.close()
            return user.username or ""
    problem = Problem(variable_of("telegram_token"), "is not set; set it, or name the bot with --bot")
    raise SettingsError((problem,))
