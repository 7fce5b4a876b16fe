"""What keeps the clock besides the deadlines: alerts that nobody has seen, requests to a person that have no clock."""

from datetime import datetime

import structlog

from actions import passing_on, unanswered
from actions.store import Store
from bot.answering import Mind

log = structlog.get_logger(__name__)


async def keep(store: Store, mind: Mind, now: datetime) -> bool:
    """Pass one alert on, or start the clock of one request; False when there was nothing to do."""
    return await _pass_on(store, now) or await _look_at_held(store, mind, now)


async def _pass_on(store: Store, now: datetime) -> bool:
    moment = await store.read(passing_on.next_moment)
    if moment is None or moment > now:
        return False
    try:
        return await store.write(lambda session: passing_on.pass_on_one(session, now))
    except passing_on.StuckAlertError as error:
        log.exception("alert_set_aside", alert=error.alert_id)
        alert_id = error.alert_id
        await store.write(lambda session: passing_on.set_aside(session, alert_id))
        return True


async def _look_at_held(store: Store, mind: Mind, now: datetime) -> bool:
    if not await store.read(lambda session: unanswered.anything_waiting(session, now)):
        return False
    return await store.write(lambda session: unanswered.start_clock(session, mind.rules.policy, mind.calendar, now))
