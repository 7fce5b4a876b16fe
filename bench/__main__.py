"""`python -m bench NAME`: run one measurement."""

import argparse
import asyncio

from bench import kills, turns


def main() -> None:
    """Choose and run."""
    parser = argparse.ArgumentParser(prog="bench")
    names = parser.add_subparsers(dest="name", required=True)
    of_turns = names.add_parser("turns", help="whole stored turns a second beside the raw driver")
    of_turns.add_argument("--conversations", type=int, default=32)
    of_turns.add_argument("--seconds", type=float, default=10)
    of_turns.add_argument("--workers", type=int, help="loops that answer; else as DESK_WORKERS says")
    of_turns.add_argument("--profile", action="store_true")
    of_kills = names.add_parser("kills", help="kill the desk at random moments and count what is lost or doubled")
    of_kills.add_argument("--engine", choices=kills.ENGINES, help="only this one")
    of_kills.add_argument("--messages", type=int, default=500)
    of_kills.add_argument("--seed", type=int)
    given = parser.parse_args()
    if given.name == "kills":
        raise SystemExit(0 if kills.measure(given.engine, given.messages, given.seed) else 1)
    asyncio.run(turns.measure(given.conversations, given.seconds, workers=given.workers, profile=given.profile))


if __name__ == "__main__":
    main()
