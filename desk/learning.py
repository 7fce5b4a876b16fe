"""`desk train` and `desk evaluate`: new models, measured against the one in use before they take its place."""

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from desk.content import Content, engine_for, in_tenths, read_content
from desk.engines import measured_on, with_rasa
from desk.loops import utc_now
from desk.settings import EXIT_CODE, Settings, heldout_folder, read_settings
from nlu.compare import Comparison
from nlu.engine import EmbeddedEngine
from nlu.evaluate import evaluate as evaluate_on
from nlu.heldout import Heldout
from nlu.knowledge_evaluate import evaluate_knowledge, evaluate_left_out, read_asked
from nlu.rasa_project import PIPELINES
from nlu.store import InUse, ModelError, choose, in_use, load_candidate, load_kept
from nlu.store import version as version_of
from nlu.types import EngineKind

REFUSED = 1
"""What `desk train` ends with when the new model is worse and the old one goes on."""
HeldoutFolder = Annotated[
    Path | None, typer.Option(help="A folder of held-out messages.", show_default="those of the program")
]


def train(
    heldout: HeldoutFolder = None,
    force: Annotated[bool, typer.Option("--force", help="Use the new model even where it is worse.")] = False,
) -> None:
    """Train the embedded engine from data/nlu and the estate's own examples, and the search in data/knowledge.

    A model that does worse on the held-out messages than the one in use is kept aside, and the old one goes on.
    """
    settings = read_settings(os.environ)
    content = read_content(settings.content, settings.timezone, settings.home)
    engine = load_candidate(content.files, settings.home, in_tenths(_progress))
    wanted, chosen = version_of(content.files), in_use(settings.home)
    previous = _previous(content, settings, chosen, engine)
    # The search index is no part of the choice.
    content.rules.knowledge.prepare(settings.home / "model")
    if previous is not None and not _good_enough(previous, engine, heldout or heldout_folder(), settings, force=force):
        choose(settings.home, InUse(previous.version, wanted, chosen.before if chosen else ""))
        print(f"model {engine.version} is refused; model {previous.version} goes on. --force uses it all the same")
        raise typer.Exit(REFUSED)
    if chosen is None or chosen.version != engine.version:
        choose(settings.home, InUse(engine.version, wanted, chosen.version if chosen else ""))
    elif chosen.wanted != wanted:
        choose(settings.home, InUse(engine.version, wanted, chosen.before))
    print(f"model {engine.version} is ready in {settings.home / 'model'}")


def evaluate(
    heldout: HeldoutFolder = None,
    train_on: Annotated[Path | None, typer.Option("--train", help="Train on this Rasa data set instead.")] = None,
    test_on: Annotated[Path | None, typer.Option("--test", help="Test on this Rasa data set instead.")] = None,
    knowledge: Annotated[Path | None, typer.Option(help="Ask the knowledge base these questions instead.")] = None,
    left_out: Annotated[
        int | None, typer.Option(min=2, help="Ask it its own, divided in so many parts, each left out once.")
    ] = None,
    kind: Annotated[
        EngineKind | None, typer.Option("--engine", help="Measure this engine.", case_sensitive=False)
    ] = None,
    pipeline: Annotated[str, typer.Option(help="How Rasa is trained: light or diet.")] = PIPELINES[0],
) -> None:
    """Measure understanding on held-out messages, or on any data set in Rasa's format."""
    settings = read_settings(os.environ)
    settings = settings.model_copy(update={"nlu": kind or settings.nlu})
    if train_on is not None and test_on is not None:
        print(measured_on(train_on, test_on, settings, pipeline))
        return
    if train_on is not None or test_on is not None:
        print("desk: --train and --test go together", file=sys.stderr)
        raise typer.Exit(EXIT_CODE)
    content = read_content(settings.content, settings.timezone, settings.home)
    now = _now(settings)
    if knowledge is not None:
        print(evaluate_knowledge(content.rules.knowledge, read_asked(knowledge, now.date())))
        return
    if left_out is not None:
        for audience, figures in evaluate_left_out(content.rules.knowledge, now.date(), left_out).items():
            print(f"{audience}:\n{figures}")
        return
    embedded = engine_for(content, settings.home, _progress)
    held = Heldout.read(heldout or heldout_folder())
    report = evaluate_on(with_rasa(settings, content, embedded), held, now=now)
    print(report)
    if settings.nlu is not EngineKind.EMBEDDED:
        return
    before = _before(content, settings.home, embedded.version)
    if before is not None:
        comparison = Comparison(evaluate_on(before, held, now=now), report)
        print(f"compared with model {before.version}, which was in use before:", *comparison.lines(), sep="\n")


def _good_enough(
    previous: EmbeddedEngine, engine: EmbeddedEngine, heldout: Path, settings: Settings, *, force: bool
) -> bool:
    """Whether the new model may take the place of the one in use; says what both do on the held-out messages."""
    if not heldout.is_dir():
        print(f"there are no held-out messages at {heldout}, so the models are not compared")
        return True
    now, held = _now(settings), Heldout.read(heldout)
    _progress(f"  comparing on {len(held.examples)} held-out messages")
    comparison = Comparison(evaluate_on(previous, held, now=now), evaluate_on(engine, held, now=now))
    print(f"model {previous.version} → model {engine.version}:", *comparison.lines(), sep="\n")
    for reason in comparison.worse:
        print(f"worse: {reason}")
    return force or not comparison.worse


def _previous(
    content: Content, settings: Settings, chosen: InUse | None, engine: EmbeddedEngine
) -> EmbeddedEngine | None:
    """The engine in use, when it is another one than the new and can go on."""
    if chosen is None or chosen.version == engine.version:
        return None
    try:
        return load_kept(content.files, settings.home, chosen.version)
    except ModelError as error:
        print(f"not compared: {error}")
        return None


def _before(content: Content, home: Path, used: str) -> EmbeddedEngine | None:
    """The engine that was in use before this one, when it is still kept and can be read by this code."""
    chosen = in_use(home)
    if chosen is None or not chosen.before or chosen.before == used:
        return None
    try:
        return load_kept(content.files, home, chosen.before)
    except ModelError as error:
        _progress(f"not compared: {error}")
        return None


def _now(settings: Settings) -> datetime:
    return utc_now().astimezone(settings.timezone)


def _progress(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
