"""Puts the parts together; nothing here decides anything."""

from collections.abc import Callable
from datetime import datetime, timedelta

from starlette.applications import Starlette

from actions.store import Store
from actions.turns import QuietTimes
from bot.telling import Teller
from desk.content import Content
from desk.health import Health
from desk.loops import utc_now
from desk.pulse import Pulse
from desk.settings import Settings, heldout_folder
from nlu.rasa import RasaEngine
from nlu.types import Engine
from web.app import create_app
from web.content import ConsoleContent
from web.deps import Deps, Limits, WebSettings, community_in
from web.reviewing import ReviewDesk, Training

_MEGABYTE = 1024 * 1024


def make_app(
    settings: Settings,
    content: Content,
    store: Store,
    ring: Callable[[], None],
    engine: Engine | None = None,
    *,
    training: Training | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> Starlette:
    """The pages for residents and staff; the time is the present unless a script brings a clock of its own."""
    return create_app(
        Deps(
            store=store,
            clock=clock,
            replies=content.replies,
            etiquette=content.etiquette,
            ring=ring,
            community=community_in(store, settings.community),
            uploads=settings.home / "uploads",
            settings=WebSettings(
                secure=settings.secure_cookies,
                embed_origins=settings.embed_origins,
                limits=Limits(photo_bytes=settings.max_upload_mb * _MEGABYTE),
            ),
            policy=content.rules.policy,
            calendar=content.calendar,
            tell=Teller(content.replies, content.rules.phrases),
            console=ConsoleContent.read(content.files, content.rules.knowledge, engine),
            bills=content.rules.bills,
            moment=content.rules.phrases.moment,
            review=ReviewDesk.build(store, content.files, settings.home, heldout_folder()),
            training=training,
            notice_word=content.rules.phrases.announcements.word,
        )
    )


def watched(app: Starlette, settings: Settings, store: Store, pulse: Pulse, engine: Engine | None = None) -> Starlette:
    """The application with the heartbeat of the loops and the numbers for a monitor."""
    standing = engine.standing if isinstance(engine, RasaEngine) else None
    health = Health(store, pulse, utc_now, settings.metrics_token, standing)
    app.router.routes[:0] = health.routes()
    return app


def quiet_times(settings: Settings) -> QuietTimes:
    """How long the desk waits for more before it answers."""
    return QuietTimes(
        usual=timedelta(seconds=settings.quiet_seconds),
        complaint=timedelta(seconds=settings.quiet_complaint_seconds),
        longest=timedelta(seconds=settings.quiet_longest_seconds),
    )
