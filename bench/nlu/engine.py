"""How fast messages are understood, how much memory that takes, and what typing errors and courtesy cost."""

import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import opencc

from bench.nlu.reading import measure_growth, measure_speed
from nlu.engine import EmbeddedEngine
from nlu.evaluate import evaluate
from nlu.features import sound
from nlu.heldout import Heldout
from nlu.store import load_or_train
from nlu.training_data import Example
from words.content import ContentFiles, parse_yaml

# Of a hundred characters so many are mistyped; of these six in ten for one that sounds alike, the rest lost or doubled.
_MISTYPED, _ALIKE, _LOST = 0.12, 0.6, 0.8
_SEED = 20240824
# Small talk and answers are what fillers and courtesy are made of, so they are left out where those are added.
_ANSWERS = frozenset({"greet", "thanks", "bye", "chitchat", "affirm", "deny", "cancel", "correct", "rate"})
_SAID_AROUND = Path(__file__).with_name("around.yml")

Change = Callable[[str, random.Random], str]


@dataclass(frozen=True, slots=True)
class _Typist:
    """Types as people do who look at the screen too late."""

    homophones: dict[str, list[str]]

    @classmethod
    def of(cls, texts: Sequence[str]) -> "_Typist":
        """A typist who knows the characters of these texts."""
        by_sound: defaultdict[str, set[str]] = defaultdict(set)
        for char in {char for text in texts for char in text if "一" <= char <= "鿿"}:
            by_sound[sound(char)].add(char)
        return cls({char: sorted(same - {char}) for same in by_sound.values() for char in same})

    def __call__(self, text: str, chance: random.Random) -> str:
        typed: list[str] = []
        for char in text:
            if not "一" <= char <= "鿿" or chance.random() >= _MISTYPED:
                typed.append(char)
                continue
            slip = chance.random()
            if slip < _ALIKE:
                typed.append(chance.choice(self.homophones.get(char) or [char]))
            elif slip >= _LOST:
                typed.append(char + char)
        return "".join(typed) or text


def measure(heldout: Path, content: Path, home: Path, messages: int) -> None:
    """Print speed, memory and robustness on a folder of held-out messages."""
    files = ContentFiles.load(content)
    engine = load_or_train(files, home)
    subprocess.run([sys.executable, "-m", "bench.nlu.size", content, home, heldout], check=True)
    sets = Heldout.read(heldout)
    texts = [example.text for example in sets.examples]
    measure_speed(engine, (texts * (messages // len(texts) + 1))[:messages])
    measure_growth(engine, texts)
    _robustness(engine, Heldout(tuple(e for e in sets.examples if e.intent.partition(".")[0] not in _ANSWERS), ()))


def _robustness(engine: EmbeddedEngine, sets: Heldout) -> None:
    around = parse_yaml(_SAID_AROUND.name, _SAID_AROUND.read_text(encoding="utf-8"))
    traditional = opencc.OpenCC("s2t")
    fillers: list[str] = [str(line) for line in around["fillers"]]
    wrappers: list[list[str]] = [[str(part) for part in pair] for pair in around["wrappers"]]
    changes: dict[str, Change] = {
        "as written": lambda text, _: text,
        "mistyped": _Typist.of([example.text for example in sets.examples]),
        "traditional script": lambda text, _: str(traditional.convert(text)),
        "courtesy around": lambda text, chance: text.join(chance.choice(wrappers)),
        "three fillers": lambda text, chance: _among(chance.sample(fillers, 3), text),
    }
    for name, change in changes.items():
        chance = random.Random(_SEED)
        changed = tuple(_changed(example, change(example.text, chance)) for example in sets.examples)
        report = evaluate(engine, Heldout(changed, ()), now=datetime.now(UTC))
        print(f"{name}: accuracy {report.accuracy:.3f}, emergency recall {report.emergency.recall:.3f}")


def _among(fillers: Sequence[str], text: str) -> str:
    """A message after two sentences that ask for nothing and before a third."""
    end = "" if text[-1:] in "。！？!?…~～" else "。"
    return f"{fillers[0]}{fillers[1]}{text}{end}{fillers[2]}"


def _changed(example: Example, text: str) -> Example:
    return replace(example, text=text, marks=())
