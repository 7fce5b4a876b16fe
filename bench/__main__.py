"""`python -m bench NAME`: run one measurement."""

import argparse
import asyncio
from pathlib import Path

from bench import due, etiquette, kills, residents, search, turns
from bench.databases import ENGINES
from bench.nlu import engine, rasa


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench")
    names = parser.add_subparsers(dest="name", required=True)
    of_turns = names.add_parser("turns", help="whole stored turns a second beside the raw driver")
    of_turns.add_argument("--engine", choices=ENGINES, help="only this one")
    of_turns.add_argument("--conversations", type=int, nargs="+", default=[1, 8, 32])
    of_turns.add_argument("--stored", type=int, default=0, help="compare a turn among few stored messages and so many")
    of_turns.add_argument("--seconds", type=float, default=10)
    of_turns.add_argument("--workers", type=int, help="loops that answer; else as DESK_WORKERS says")
    of_turns.add_argument("--profile", action="store_true")
    of_kills = names.add_parser("kills", help="kill the desk at random moments and count what is lost or doubled")
    of_kills.add_argument("--engine", choices=kills.ENGINES, help="only this one")
    of_kills.add_argument("--messages", type=int, default=500)
    of_kills.add_argument("--seed", type=int)
    of_etiquette = names.add_parser("etiquette", help="the etiquette check of one text beside a plain scan")
    of_etiquette.add_argument("--rounds", type=int, default=300)
    of_nlu = names.add_parser("nlu", help="how fast messages are understood, and what typing errors cost")
    of_nlu.add_argument("--heldout", type=Path, default=Path("tests/nlu/development"))
    of_nlu.add_argument("--content", type=Path, default=Path("data"))
    of_nlu.add_argument("--home", type=Path, default=Path("var"), help="where the trained model is kept")
    of_nlu.add_argument("--messages", type=int, default=3000)
    of_rasa = names.add_parser("rasa", help="the embedded engine beside Rasa, on the same held-out messages")
    of_rasa.add_argument("--heldout", type=Path, default=Path("tests/nlu/heldout"))
    of_rasa.add_argument("--home", type=Path, default=Path("var"), help="where both keep their models")
    of_rasa.add_argument("--environment", type=Path, default=Path(".venv-rasa"))
    of_rasa.add_argument("--pipeline", choices=("light", "diet"), default="diet")
    of_residents = names.add_parser("residents", help="residents on page and Telegram at once: waits, losses, memory")
    of_residents.add_argument("--residents", type=int, default=60)
    of_residents.add_argument("--telegram", type=int, help="how many of them are on Telegram; else a third")
    of_residents.add_argument("--messages", type=int, default=300)
    of_residents.add_argument("--pace", type=float, default=12, help="messages a second, all residents together")
    of_residents.add_argument("--seed", type=int)
    of_due = names.add_parser("due", help="finding what is due among very many open tickets, and taking a step")
    of_due.add_argument("--engine", choices=ENGINES, help="only this one")
    of_due.add_argument("--tickets", type=int, default=100_000)
    of_search = names.add_parser("search", help="searching the logs among very many messages")
    of_search.add_argument("--engine", choices=ENGINES, help="only this one")
    of_search.add_argument("--messages", type=int, default=50_000)
    of_search.add_argument("--seed", type=int)
    return parser.parse_args()


def main() -> None:
    """Choose and run."""
    given = _asked()
    if given.name == "search":
        search.measure(given.engine, given.messages, given.seed)
        return
    if given.name == "due":
        due.measure(given.engine, given.tickets)
        return
    if given.name == "residents":
        healthy = residents.measure(
            given.residents,
            given.residents // 3 if given.telegram is None else given.telegram,
            given.messages,
            given.pace,
            given.seed,
        )
        raise SystemExit(0 if healthy else 1)
    if given.name == "etiquette":
        raise SystemExit(0 if etiquette.measure(Path(__file__).parents[1] / "data", given.rounds) else 1)
    if given.name == "nlu":
        engine.measure(given.heldout, given.content, given.home, given.messages)
        return
    if given.name == "rasa":
        rasa.measure(given.heldout, given.home, given.environment, given.pipeline)
        return
    if given.name == "kills":
        raise SystemExit(0 if kills.measure(given.engine, given.messages, given.seed) else 1)
    wanted = turns.Wanted(given.conversations, given.seconds, given.workers, given.profile, given.stored)
    asyncio.run(turns.measure(given.engine, wanted))


if __name__ == "__main__":
    main()
