"""Starts everything: model, database, demo community, pages and loops, in one process."""

import asyncio
import errno
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
import uvicorn

from actions.errors import StoreError
from actions.holding import HoldingRules
from actions.migrate import is_newest, upgrade
from actions.store import Store, open_store
from desk.content import Content, engine_for, read_content
from desk.demo import demo_loaded, demo_steps, hash_passwords, new_passwords, roster_steps
from desk.engines import with_rasa
from desk.loops import Bell, Desk, utc_now
from desk.retraining import Retraining
from desk.settings import EXIT_CODE, Settings
from desk.swapping import Swapper
from desk.sweeping import sweep
from desk.wiring import make_app, quiet_times, watched
from nlu.live import LiveEngine
from nlu.store import is_trained

if TYPE_CHECKING:
    from desk.telegram import Telegram

# A bot's token is part of the addresses that its library calls.
_TOKEN = re.compile(r"\d+:[A-Za-z0-9_-]{20,}")
_LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def serve(settings: Settings) -> None:
    """Prepare what is missing and serve until interrupted."""
    started = time.monotonic()
    _prepare_home(settings.home)
    _configure_log(settings)
    listener = _listen(settings)
    _say("reading content …")
    content = read_content(settings.content, settings.timezone, settings.home)
    _train_apart(content, settings)
    live = LiveEngine(engine_for(content, settings.home, _say))
    swapper = Swapper(live, settings.content, settings.home, utc_now)
    engine = with_rasa(settings, content, live)
    desk_mind = content.mind(engine, settings.home)

    async def run() -> None:
        _say("preparing the database …")
        if not await is_newest(settings.database_url):
            await asyncio.to_thread(_apart, "migrate", silent=True)
        await upgrade(settings.database_url)
        store = await open_store(settings.database_url)
        try:
            passwords = await _load_demo(store, content, settings)
            await sweep(store, settings.home / "uploads", utc_now())
            bell = Bell()
            application = make_app(settings, content, store, bell.ring, engine, training=Retraining())
            owner = f"{socket.gethostname()}:{os.getpid()}"
            telegram = await _open_telegram(settings, content, store, owner)
            desk = Desk(
                store,
                desk_mind,
                quiet_times(settings),
                {telegram.channel.name: telegram.channel} if telegram else {},
                owner,
                bell,
                doors=(("model", swapper.step), *(telegram.loops if telegram else ())),
                committed=application.state.feed.ring,
                holding=HoldingRules.read(content.files),
            )
            watched(application, settings, store, desk.pulse, engine)
            _tell_where(settings, passwords, time.monotonic() - started)
            try:
                pages = telegram.with_hooks(application, bell.ring) if telegram else application
                await _serve_until_stopped(pages, desk, settings, listener, ending=application.state.feed.end)
            finally:
                if telegram is not None:
                    await telegram.close()
        finally:
            await store.close()

    with suppress(KeyboardInterrupt):
        asyncio.run(run())


def _train_apart(content: Content, settings: Settings) -> None:
    """Train where there is no model yet, or no index of the knowledge base."""
    if is_trained(content.files, settings.home) and content.rules.knowledge.is_prepared(settings.home / "model"):
        return
    _say("training the model, about half a minute …")
    _apart("train")


def _apart(command: str, *, silent: bool = False) -> None:
    """Run a command in a process of its own, so that the memory it takes is given back with it.

    When it fails, what follows does the same in this process, and tells why it cannot.
    """
    told = subprocess.DEVNULL if silent else None
    # It inherits the environment, so it sees the same settings.
    subprocess.run([sys.executable, "-m", "desk", command], check=False, stdout=told, stderr=told)  # noqa: S603


class _Server(uvicorn.Server):
    """Leaves the signals alone: the library raises them again when it has ended, before the store is closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing."""
        yield


async def _serve_until_stopped(
    application: object, desk: Desk, settings: Settings, listener: socket.socket, *, ending: Callable[[], None]
) -> None:
    server = _Server(
        uvicorn.Config(
            application,  # type: ignore[arg-type]
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=3,
            proxy_headers=True,
            server_header=False,
        )
    )

    def stop(number: int) -> None:
        # Open streams first: cut off in the middle, each would leave a line of complaint.
        ending()
        server.handle_exit(number, None)

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    loops = asyncio.create_task(desk.run(settings.workers))
    pages = asyncio.create_task(server.serve([listener]))
    done, _ = await asyncio.wait({loops, pages}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    loops.cancel()
    await asyncio.gather(pages, loops, return_exceptions=True)
    for task in done:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error


async def _load_demo(store: Store, content: Content, settings: Settings) -> dict[str, str]:
    """On a database without the demo community, load it; returns the first passwords, which are told once."""
    now = utc_now()
    if settings.community != "demo":
        return {}
    if await store.read(lambda session: demo_loaded(session, settings.community)):
        for step in roster_steps(content.files, now):
            await store.write(step)
        return {}
    _say("loading the demo community …")
    passwords = dict(new_passwords(content.files))
    hashes = await asyncio.to_thread(hash_passwords, passwords)
    for step in demo_steps(content.files, now, password_hashes=hashes):
        await store.write(step)
    return passwords


async def _open_telegram(settings: Settings, content: Content, store: Store, owner: str) -> "Telegram | None":
    if not settings.telegram_token:
        return None
    # The library is large; a desk without a bot does without it.
    from desk.telegram import open_telegram  # noqa: PLC0415

    return await open_telegram(settings, content, store, owner, utc_now)


def _prepare_home(home: Path) -> None:
    try:
        (home / "uploads").mkdir(parents=True, exist_ok=True)
        (home / "desk.log").open("a", encoding="utf-8").close()
    except OSError as error:
        raise StoreError(f"DESK_HOME: {home} cannot be written ({error.strerror}); name a folder that can") from error


def _listen(settings: Settings) -> socket.socket:
    """Take the port before the long steps, so that a taken one is told at once."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        reason = (
            "is taken by another program" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        )
        another = f"choose another, for example DESK_PORT={settings.port + 1}"
        print(f"desk: DESK_PORT: port {settings.port} {reason}; {another}", file=sys.stderr)
        raise SystemExit(EXIT_CODE) from error
    listener.listen(128)
    listener.setblocking(False)  # noqa: FBT003 - the library's own signature
    return listener


def _tell_where(settings: Settings, passwords: dict[str, str], seconds: float) -> None:
    base = f"http://{settings.host}:{settings.port}"
    print(f"\nready after {seconds:.1f} s\n  residents  {base}/\n  staff      {base}/staff")
    if passwords:
        print("\n  first passwords, shown this once; each is changed at the first sign-in:")
        for login, password in passwords.items():
            print(f"    {login:<12} {password}")
    for given in settings.telegram_token:
        code = given.rpartition("=")[0] or settings.community
        how = "by polling" if settings.telegram_webhook == "no" else f"by webhook {settings.telegram_webhook}"
        print(f"  telegram   {code} {how}; desk.log tells when it is connected")
    print("\nstop with Ctrl+C", flush=True)


def _say(line: str) -> None:
    print(line, flush=True)


def _without_tokens(_logger: object, _name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """No line of the log holds a bot's token, whatever library put it into an error."""
    return {name: _TOKEN.sub("TOKEN", value) if isinstance(value, str) else value for name, value in event.items()}


def _configure_log(settings: Settings) -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _without_tokens,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[settings.log_level.value]),
        logger_factory=structlog.WriteLoggerFactory(file=(settings.home / "desk.log").open("a", encoding="utf-8")),
    )
