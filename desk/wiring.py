"""Puts the parts together; nothing here decides anything."""

from collections.abc import Callable
from datetime import timedelta

from starlette.applications import Starlette

from actions.store import Store
from actions.turns import QuietTimes
from bot.telling import Teller
from desk.content import Content
from desk.loops import utc_now
from desk.settings import Settings
from web.app import create_app
from web.deps import Deps, Limits, WebSettings, community_in

_MEGABYTE = 1024 * 1024


def make_app(settings: Settings, content: Content, store: Store, ring: Callable[[], None]) -> Starlette:
    """The pages for residents and staff."""
    return create_app(
        Deps(
            store=store,
            clock=utc_now,
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
        )
    )


def quiet_times(settings: Settings) -> QuietTimes:
    """How long the desk waits for more before it answers."""
    return QuietTimes(
        usual=timedelta(seconds=settings.quiet_seconds),
        complaint=timedelta(seconds=settings.quiet_complaint_seconds),
        longest=timedelta(seconds=settings.quiet_longest_seconds),
    )
