import subprocess
import sys

import pytest

from tests.house_rules import (
    HOUSE_RULES,
    LONGEST_FILE,
    PACKAGES,
    ROOT,
    HouseRule,
    Module,
    Rule,
    catches_everything,
    commits,
    is_too_long,
    modules,
    reads_the_clock,
    speaks_chinese,
    speaks_chinese_in_code,
)

_LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"

EXAMPLES: dict[Rule, tuple[list[str], list[str]]] = {
    reads_the_clock: (
        [
            "due = now + timedelta(hours=24)",
            "started = time.monotonic()",
            "at = datetime.combine(day, given, zone)",
            "from time import monotonic",
        ],
        [
            "now = datetime.now(UTC)",
            "now = datetime.datetime.utcnow()",
            "today = date.today()",
            "seconds = time.time()",
            "def f(clock=datetime.now): ...",
            "from time import time",
        ],
    ),
    commits: (
        ["session.flush()", "committed = True", "session.execute(statement)"],
        ["session.commit()", "def f(session):\n    session.commit()", "connection.begin().commit()"],
    ),
    speaks_chinese: (
        ['"""A ticket (工单)."""', 'text = "hello"', "# 工单 is a ticket\nx = 1", 'class A:\n    x: int\n    """房"""'],
        ['text = "您好"', 'f"{name}您好"', 'send(text="请稍等")', '"{name}，".format(name=name) + "好"'],
    ),
    speaks_chinese_in_code: (
        ['_DOUBLE = "欧阳上官"', '_TITLES = (\n    "先生",\n    "女士",\n)'],
        ['def f():\n    return "您好"', 'def f(title="女士"): ...'],
    ),
    is_too_long: (["x = 1\n" * LONGEST_FILE], ["x = 1\n" * (LONGEST_FILE + 1)]),
    catches_everything: (
        [
            "try: ...\nexcept ValueError: ...",
            "try: ...\nexcept (OSError, KeyError): ...",
            "try: ...\nexcept BaseException:\n    close()\n    raise",
        ],
        [
            "try: ...\nexcept Exception: ...",
            "try: ...\nexcept BaseException as error: ...",
            "try: ...\nexcept (OSError, Exception): ...",
            "try: ...\nexcept: ...",
        ],
    ),
}


def test_imports_run_in_the_allowed_directions_only() -> None:
    ended = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", _LINT_IMPORTS], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "0 broken" in ended.stdout


@pytest.mark.parametrize("house_rule", HOUSE_RULES, ids=lambda house_rule: house_rule.rule.__name__)
def test_no_module_breaks_a_house_rule(house_rule: HouseRule) -> None:
    breaches = [breach for module in modules() for breach in house_rule.breaches(module)]
    assert not breaches, f"{house_rule.rule.__doc__}\n" + "\n".join(breaches)


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, (good, _) in EXAMPLES.items() for text in good])
def test_a_rule_lets_good_code_pass(rule: Rule, text: str) -> None:
    assert list(rule(Module.of("actions/example.py", text))) == []


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, (_, bad) in EXAMPLES.items() for text in bad])
def test_a_rule_catches_bad_code(rule: Rule, text: str) -> None:
    assert list(rule(Module.of("actions/example.py", text)))


def test_every_rule_has_examples() -> None:
    assert {house_rule.rule for house_rule in HOUSE_RULES} == set(EXAMPLES)


def test_an_exception_to_a_rule_is_for_a_place_that_exists() -> None:
    places = [place for house_rule in HOUSE_RULES for place in house_rule.except_in]
    assert all((ROOT / place).exists() for place in places)


def test_a_rule_holds_where_it_says_and_nowhere_else() -> None:
    by_rule = {house_rule.rule: house_rule for house_rule in HOUSE_RULES}
    clock = "now = datetime.now(UTC)"
    assert by_rule[reads_the_clock].breaches(Module.of("web/a.py", clock)) == ["web/a.py:1"]
    assert by_rule[reads_the_clock].breaches(Module.of("desk/a.py", clock)) == []
    assert by_rule[speaks_chinese].breaches(Module.of("nlu/a.py", 'x = "栋"')) == []


def test_all_packages_are_looked_at() -> None:
    assert {module.path.split("/")[0] for module in modules()} == set(PACKAGES)
