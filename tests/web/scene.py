"""A desk behind its web pages: the cast of `tests.actions.factories`, a clock that stands still, and browsers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx2
import pytest
from argon2 import PasswordHasher
from sqlalchemy import Update, select, update
from starlette.applications import Starlette

from actions.access import StaffIdentity
from actions.bill_rules import BillRules
from actions.staffing import set_password
from actions.store import Session, Store
from actions.tables import Community, Message, Role, Staff
from bot.phrases import Phrases
from bot.telling import Teller
from nlu.knowledge import Knowledge
from tests.actions.factories import STAFF, Desk, calendar, content, rules, settle_desk
from tests.conftest import NOW
from web.app import create_app
from web.content import ConsoleContent
from web.deps import Deps, Limits, WebSettings, community_in
from web.passwords import Passwords
from web.reviewing import ReviewDesk, TrainingState
from words.content import ContentFiles
from words.etiquette import Etiquette
from words.replies import Replies

PASSWORD = "correct horse battery"
FACTS = {
    "community": "翠湖花园",
    "phone_duty": "0571-88880110",
    "phone_desk": "0571-88880100",
    "phone_gas": "0571-88880777",
}
# As weak as argon2 allows, because tests sign in all the time.
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
OURS = {"sec-fetch-site": "same-origin"}
ON_BOTH = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)


GENEROUS = Limits(sign_in_attempts=50, address_sign_ins=500)


@cache
def replies() -> Replies:
    """The scripts that ship."""
    return Replies.read(content())


@cache
def etiquette() -> Etiquette:
    """The etiquette that ships."""
    return Etiquette.read(content())


@cache
def knowledge() -> Knowledge:
    """The knowledge that ships."""
    return Knowledge.read(content())


@cache
def phrases() -> Phrases:
    """The phrases that ship."""
    return Phrases.read(content(), ZoneInfo("Asia/Shanghai"))


@dataclass(slots=True)
class PlayedTraining:
    """A training that ends as a test says."""

    state: TrainingState = TrainingState.IDLE
    told: tuple[str, ...] = ()
    begun: int = 0

    def begin(self) -> bool:
        """Count, unless one runs."""
        if self.state is TrainingState.RUNNING:
            return False
        self.begun += 1
        self.state = TrainingState.RUNNING
        return True


@dataclass(slots=True)
class Scene:
    """A desk, its application, and its clock, which a test may set."""

    desk: Desk
    app: Starlette
    uploads: Path
    now: datetime = NOW
    rung: int = 0
    training: PlayedTraining = field(default_factory=PlayedTraining)
    _browsers: list[httpx2.AsyncClient] = field(default_factory=list)

    @property
    def store(self) -> Store:
        """The store behind the pages."""
        return self.desk.store

    def browser(self, headers: Mapping[str, str] = OURS, *, address: str = "10.0.0.9") -> httpx2.AsyncClient:
        """A browser with cookies of its own; by default its posts come from our own pages."""
        transport = httpx2.ASGITransport(app=self.app, client=(address, 4000), raise_app_exceptions=False)
        made = httpx2.AsyncClient(transport=transport, base_url="http://desk.test", headers=dict(headers))
        self._browsers.append(made)
        return made

    async def staff(self, name: str, *, address: str = "10.0.0.8") -> httpx2.AsyncClient:
        """A browser in which a member of the cast is signed in."""
        made = self.browser(address=address)
        answer = await made.post("/staff/sign-in", data={"login": login(name), "password": PASSWORD})
        assert answer.status_code == 303, answer.text
        return made

    def identity(self, name: str) -> StaffIdentity:
        """A member of the cast as the actions know them."""
        cast = self.desk.cast
        return StaffIdentity(cast.community_id, cast.staff[name], name, frozenset({STAFF[name][0]}))

    def ring(self) -> None:
        """Count how often the workers were woken."""
        self.rung += 1

    async def messages(self) -> list[tuple[str, str]]:
        """Direction and text of all messages, in order."""
        query = select(Message.direction, Message.text).order_by(Message.id)
        return await self.store.read(lambda session: [(way.value, text) for way, text in session.execute(query)])

    async def values(self, *columns: Any) -> list[Any]:
        """All rows of some columns."""
        return await self.store.read(lambda session: [tuple(row) for row in session.execute(select(*columns))])

    async def alter(self, statement: Update) -> None:
        """Change rows behind the desk's back."""

        def change(session: Session) -> None:
            session.execute(statement)

        await self.store.write(change)

    async def close(self) -> None:
        """Close all browsers."""
        for made in self._browsers:
            await made.aclose()


def login(name: str) -> str:
    """The login of a member of the cast."""
    return {
        "小陈": "chen",
        "老周": "zhou",
        "监控室": "monitoring",
        "孙主管": "sun",
        "赵经理": "zhao",
        "品质部": "quality",
        "管理员": "admin",
    }[name]


async def open_scene(store: Store, folder: Path, settings: WebSettings | None = None) -> Scene:
    """Settle the cast, give everybody a password, and make the application."""
    desk = await settle_desk(store)
    hashed = QUICK.hash(PASSWORD)
    await store.write(lambda session: _furnish(session, desk, hashed))
    scene = Scene(desk, Starlette(), folder)
    deps = Deps(
        store=store,
        clock=lambda: scene.now,
        replies=replies(),
        etiquette=etiquette(),
        ring=scene.ring,
        community=community_in(store, "guiyuan"),
        uploads=folder,
        settings=settings or WebSettings(limits=GENEROUS),
        policy=rules(),
        calendar=calendar(),
        tell=Teller(replies(), phrases()),
        console=ConsoleContent.read(content(), knowledge()),
        bills=BillRules.read(content()),
        moment=phrases().moment,
        notice_word=phrases().announcements.word,
        review=ReviewDesk.build(store, _few_examples(), folder.parent / "home", folder.parent / "held"),
        training=scene.training,
    )
    scene.app = create_app(deps, passwords=Passwords(QUICK))
    return scene


@cache
def _few_examples() -> ContentFiles:
    """The content without the training examples, which take half a second to read."""
    return ContentFiles({name: text for name, text in content().texts.items() if not name.startswith("nlu/")})


def _furnish(session: Session, desk: Desk, hashed: str) -> None:
    cast = desk.cast
    session.execute(update(Community).values(facts=FACTS))
    session.execute(update(Community).where(Community.id == cast.community_id).values(name="翠湖花园"))
    for name, staff_id in cast.staff.items():
        session.execute(update(Staff).where(Staff.id == staff_id).values(login=login(name)))
        set_password(session, cast.community_id, staff_id, hashed, must_change=False)


ROLES: Mapping[str, Role] = {name: role for name, (role, _) in STAFF.items()}
