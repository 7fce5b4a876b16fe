"""What a monitor watches: the heartbeat at /healthz and the numbers at /metrics."""

import hmac
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from actions.gauges import Gauges, gauges
from actions.store import Store
from actions.views import alive
from desk.pulse import Pulse
from nlu.rasa import Standing
from nlu.rasa_answer import Failure

_LOOPBACK = frozenset({"127.0.0.1", "::1"})
_BEARER = "Bearer "


@dataclass(frozen=True, slots=True)
class Health:
    """The two pages; `token` opens the numbers, and without one they are for programs on this machine only."""

    store: Store
    pulse: Pulse
    clock: Callable[[], datetime]
    token: str = ""
    rasa: Callable[[], Standing] | None = None
    """How the Rasa engine stands, where one is used."""

    def routes(self) -> list[Route]:
        """The addresses, to be looked at before those of the pages."""
        return [Route("/healthz", self.healthz), Route("/metrics", self.metrics)]

    async def healthz(self, _request: Request) -> Response:
        """Whether the database answers and every loop comes round: 200, or 503 with the names of those that do not."""
        await self.store.read(alive)
        stale = self.pulse.stale()
        ages = {name: round(age, 1) for name, age in self.pulse.ages().items()}
        told: dict[str, object] = {"status": "stale" if stale else "ok", "stale": list(stale), "loops": ages}
        if self.rasa is not None:
            # Without Rasa messages are still understood, so the desk is healthy; but whoever looks should see it.
            standing = self.rasa()
            told["rasa"] = {"up": standing.up, "answered": standing.answered, "fallbacks": dict(standing.fallbacks)}
        return JSONResponse(told, status_code=503 if stale else 200, headers={"cache-control": "no-store"})

    async def metrics(self, request: Request) -> Response:
        """The numbers in Prometheus' text format; 404 for whoever may not see them."""
        if not self._may_see(request):
            return PlainTextResponse("not found", status_code=404)
        now = self.clock()
        counted = await self.store.read(lambda session: gauges(session, now))
        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Numbers(counted, self.pulse))
        if self.rasa is not None:
            registry.register(_RasaNumbers(self.rasa()))
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    def _may_see(self, request: Request) -> bool:
        if self.token:
            given = request.headers.get("authorization", "")
            return hmac.compare_digest(given.encode(), f"{_BEARER}{self.token}".encode())
        # A proxy on this machine brings strangers too, and says so in a header.
        forwarded = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip"))
        return request.client is not None and request.client.host in _LOOPBACK and not forwarded


class _Numbers(Collector):
    """The numbers of one look, as the library wants them."""

    def __init__(self, counted: Gauges, pulse: Pulse) -> None:
        self._counted = counted
        self._pulse = pulse

    def collect(self) -> Iterator[Metric]:
        """Every number with what it means."""
        counted = self._counted
        yield _labelled("desk_open_tickets", "Open tickets by state", "state", counted.open_tickets)
        yield _labelled("desk_outbox_messages", "Messages that have not arrived, last week", "state", counted.outbox)
        yield _labelled("desk_loop_age_seconds", "Since each loop came round", "loop", self._pulse.ages())
        for name, meaning, value in (
            ("desk_unanswered_tickets", "Tickets whose resident waits for a person", counted.unanswered),
            ("desk_overdue_tickets", "Those past their due moment", counted.overdue),
            ("desk_oldest_unanswered_seconds", "How long the longest wait is", counted.oldest_unanswered),
            ("desk_watch_late_seconds", "How late the most overdue step of a deadline is", counted.watch_late),
            ("desk_deferred_deadlines", "Deadlines that could not be enforced", counted.deferred),
            ("desk_unacknowledged_alarms", "Alarms that ring", counted.alarms),
            ("desk_unseen_alerts", "Alerts that nobody has seen, last week", counted.unseen_alerts),
            ("desk_messages_not_understood", "Messages that wait to be understood", counted.not_understood),
            ("desk_audit_findings", "Findings of the last audit, -1 before the first", _or(self._pulse.findings)),
        ):
            yield GaugeMetricFamily(name, meaning, value=value)
        for name, meaning, counts in (
            ("desk_loop_steps", "Steps that did something", self._pulse.steps),
            ("desk_loop_faults", "Steps that failed", self._pulse.faults),
        ):
            family = CounterMetricFamily(name, meaning, labels=["loop"])
            for loop, count in sorted(counts.items()):
                family.add_metric([loop], count)
            yield family


class _RasaNumbers(Collector):
    """How often Rasa was asked and what came of it."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def collect(self) -> Iterator[Metric]:
        """Every number with what it means."""
        standing = self._standing
        yield GaugeMetricFamily("desk_rasa_up", "Whether Rasa answered when it was last asked", value=standing.up)
        for name, meaning, value in (
            ("desk_rasa_answers", "Messages that Rasa read", standing.answered),
            ("desk_rasa_guarded", "Dangers told without asking Rasa", standing.guarded),
            ("desk_rasa_retries", "Messages that Rasa was asked about twice", standing.retried),
        ):
            yield CounterMetricFamily(name, meaning, value=value)
        family = CounterMetricFamily("desk_rasa_fallbacks", "Messages read without Rasa, and why", labels=["why"])
        for failure in Failure:
            family.add_metric([failure.value], standing.fallbacks.get(failure, 0))
        yield family


def _labelled(name: str, meaning: str, label: str, values: Mapping[str, float]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, meaning, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _or(value: int | None) -> int:
    return -1 if value is None else value
