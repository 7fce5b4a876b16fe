"""The house rules that no linter knows: each takes a parsed module and yields the lines that break it."""

import ast
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("desk", "bot", "web", "actions", "nlu", "words")
LONGEST_FILE = 300

_HAN = re.compile(r"[\u3400-\u9fff]")
_CLOCKS = {
    ("datetime", "now"),
    ("datetime", "today"),
    ("datetime", "utcnow"),
    ("date", "today"),
    ("time", "time"),
    ("time", "time_ns"),
}


@dataclass(frozen=True, slots=True)
class Module:
    """A source file as the rules see it: its path below the root, its text and its tree."""

    path: str
    text: str
    tree: ast.Module

    @classmethod
    def of(cls, path: str, text: str) -> "Module":
        """Parse a text; tests use it for examples that lie in no file."""
        return cls(path, text, ast.parse(text, filename=path))


Rule = Callable[[Module], Iterator[int]]


@cache
def modules() -> list[Module]:
    """All modules of the packages."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return [Module.of(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")) for path in paths]


def reads_the_clock(module: Module) -> Iterator[int]:
    """Time is an argument (`now`); only the edge of the process asks what time it is."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and (_last_name(node.value), node.attr) in _CLOCKS:
            yield node.lineno
        if isinstance(node, ast.ImportFrom) and node.module == "time":
            yield from (node.lineno for name in node.names if name.name in {"time", "time_ns"})


def commits(module: Module) -> Iterator[int]:
    """Transactions begin and end in the store; an action that commits cannot be part of a larger one."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit":
            yield node.lineno


def speaks_chinese(module: Module) -> Iterator[int]:
    """What people read lies in `data/` or in page templates. Docstrings may name a Chinese term."""
    docstrings = {id(node) for node in _docstrings(module.tree)}
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Constant) or id(node) in docstrings:
            continue
        if isinstance(node.value, str) and _HAN.search(node.value):
            yield node.lineno


def speaks_chinese_in_code(module: Module) -> Iterator[int]:
    """The same, but a constant of the module may hold Chinese data, such as the double surnames."""
    constants = [
        (node.lineno, node.end_lineno or node.lineno)
        for node in module.tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
    ]
    for line in speaks_chinese(module):
        if not any(first <= line <= last for first, last in constants):
            yield line


def is_too_long(module: Module) -> Iterator[int]:
    """A file of more than 300 lines holds more than one matter."""
    if len(module.text.splitlines()) > LONGEST_FILE:
        yield LONGEST_FILE + 1


def catches_everything(module: Module) -> Iterator[int]:
    """Whoever catches everything hides the fault that nobody thought of. To tidy up and raise it again is fine."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.ExceptHandler) and not _raises_again(node):
            caught = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
            if any(kind is None or _last_name(kind) in {"Exception", "BaseException"} for kind in caught):
                yield node.lineno


@dataclass(frozen=True, slots=True)
class HouseRule:
    """A rule, where it holds, and where it does not and why; a folder's name ends with a slash."""

    rule: Rule
    holds_in: tuple[str, ...]
    except_in: Mapping[str, str]

    def breaches(self, module: Module) -> list[str]:
        """`path:line` of every line that breaks the rule in a module to which it applies."""
        if not module.path.startswith(self.holds_in) or module.path.startswith(tuple(self.except_in)):
            return []
        return [f"{module.path}:{line}" for line in self.rule(module)]


_EVERYWHERE = tuple(f"{package}/" for package in PACKAGES)
HOUSE_RULES = (
    HouseRule(reads_the_clock, _EVERYWHERE, {"desk/": "the process starts here"}),
    HouseRule(
        commits,
        _EVERYWHERE,
        {"actions/store/": "the store", "actions/migrate.py": "a pragma must stand outside the transaction"},
    ),
    HouseRule(speaks_chinese, ("bot/", "desk/"), {}),
    HouseRule(speaks_chinese_in_code, ("actions/", "web/"), {}),
    HouseRule(is_too_long, _EVERYWHERE, {"actions/migrations/versions/": "generated"}),
    HouseRule(
        catches_everything,
        _EVERYWHERE,
        {
            "desk/loops.py": "a loop outlives the step that failed; it logs and defers",
            "actions/store/sqlite.py": "the writer's thread hands every error to the caller whose it is",
        },
    ),
)


def _raises_again(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None


def _last_name(node: ast.AST) -> str:
    """`datetime` for both `datetime` and `datetime.datetime`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    """Docstrings of modules, classes and functions, and the sentences below fields: strings that stand alone."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield node.value
