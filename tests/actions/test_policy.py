"""The rules: what holds for each kind of ticket, and what is refused when they are read."""

import json
from datetime import timedelta

import pytest

from actions.errors import FieldError
from actions.names import PauseReason, PromiseKind
from actions.policy import CEILING, Policy, TicketPolicy
from actions.tables import DeadlineKind, Responsible, Severity, TicketStatus
from tests.actions.factories import changed, content, rules
from words.errors import ContentError


def kinds_and_categories() -> list[tuple[str, str | None]]:
    labels = rules().names.labels
    return [
        (kind, category or None)
        for label in labels
        for kind, _, category in [label.partition(".")]
        if kind in rules().prefixes
    ]


@pytest.mark.parametrize(("kind", "category"), kinds_and_categories())
def test_every_label_that_opens_tickets_has_a_policy_that_survives_storing(kind: str, category: str | None) -> None:
    policy = rules().for_ticket(kind, category)
    assert TicketPolicy.thaw(json.loads(json.dumps(policy.frozen()))) == policy
    assert policy.department in rules().names.departments
    assert policy.reply is None or policy.reply <= CEILING


@pytest.mark.parametrize("kind", ["repair", "complaint", "emergency"])
def test_every_category_of_the_vocabulary_has_a_rule_of_its_own(kind: str) -> None:
    labels = {label for label in rules().names.labels if label.startswith(f"{kind}.")}
    assert labels <= set(rules().rules)


def test_prefixes_tell_what_a_number_is() -> None:
    assert rules().prefixes == {
        "repair": "R",
        "complaint": "C",
        "emergency": "A",
        "fee": "F",
        "inquiry": "I",
        "suggestion": "S",
        "praise": "P",
        "human": "H",
    }


@pytest.mark.parametrize(
    ("category", "responsible", "paid"),
    [
        ("water_pipe", Responsible.INDOOR, True),
        ("elevator", Responsible.PUBLIC, False),
        ("outage", Responsible.UTILITY, False),
    ],
)
def test_each_repair_carries_who_is_responsible_and_whether_it_costs(
    category: str, responsible: Responsible, paid: bool
) -> None:
    policy = rules().for_ticket("repair", category)
    assert (policy.responsible, policy.paid, policy.department) == (responsible, paid, "engineering")


def test_an_unknown_category_follows_its_kind() -> None:
    assert rules().for_ticket("inquiry", "no_such").department == "service"


def test_a_kind_that_opens_no_tickets_is_refused() -> None:
    with pytest.raises(FieldError, match="'greet' opens no tickets"):
        rules().for_ticket("greet", None)


def test_an_emergency_is_an_alarm_with_a_clock_of_sixty_seconds() -> None:
    policy = rules().for_ticket("emergency", "gas")
    assert policy.severity is Severity.ALARM
    assert policy.times[DeadlineKind.ACKNOWLEDGE] == timedelta(seconds=60)


def test_a_leak_of_personal_data_is_major_whatever_was_asked_for() -> None:
    policy = rules().for_ticket("complaint", "privacy", Severity.NORMAL)
    assert (policy.severity, policy.first_contact) == (Severity.MAJOR, timedelta(minutes=30))


def test_a_rule_never_lowers_the_severity() -> None:
    assert rules().for_ticket("complaint", "noise", Severity.MAJOR).severity is Severity.MAJOR


def test_a_category_may_have_clocks_of_its_own() -> None:
    old = "      noise: {department: order}"
    policy = Policy.read(
        changed("rules/tickets.yml", old, f"{old[:-1]}, first_contact: 2h, on_site: 4h desk, reply: 8h}}")
    )
    noise, other = policy.for_ticket("complaint", "noise"), policy.for_ticket("complaint", "hygiene")
    assert (noise.first_contact, noise.reply) == (timedelta(hours=2), timedelta(hours=8))
    assert (noise.times[DeadlineKind.ON_SITE], DeadlineKind.ON_SITE in noise.desk_hours) == (timedelta(hours=4), True)
    assert (other.first_contact, DeadlineKind.ON_SITE in other.times) == (None, False)


def test_an_everyday_matter_has_no_clock_of_first_contact() -> None:
    assert rules().for_ticket("complaint", "noise").first_contact is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("  reply: 24h", "  reply: 25h", r"rules/tickets.yml:\d+: reply: is above 24h"),
        ("reply: 4h}", "reply: 2d}", r"rules/tickets.yml:\d+: reply: is above 24h"),
        ("reply: 4h}", "reply: 0h}", r"rules/tickets.yml:\d+: reply: is no time at all"),
        ("reply: 4h}", "reply: soon}", r"rules/tickets.yml:\d+: reply: 'soon' is not a length of time"),
        ("default: 24h", "default: 2d", r"rules/tickets.yml:\d+: default: is above 24h"),
        ("late_word: 4h", "late_word: 30h", r"rules/tickets.yml:\d+: late_word: is above 24h"),
        ("holds: 2", "holds: zwei", r"rules/tickets.yml:\d+: holds: 'zwei' is not a whole number"),
        ("completion: 24h desk", "completion: 24h office", r"rules/tickets.yml:\d+: completion: '24h office' is not a"),
        ("call_back: 24h\n", "call_back: 24h desk\n", r"rules/tickets.yml:\d+: call_back: is counted in natural hours"),
        ("on_site: 8h desk", "on_site: 0h desk", r"rules/tickets.yml:\d+: on_site: is no time at all"),
        ("reply: 4h}", "reply: 4h desk}", r"rules/tickets.yml:\d+: reply: '4h desk' is not a length of time"),
        ("pause: {longest: 5d", "pause: {longest: x", r"rules/tickets.yml:\d+: longest: 'x' is not a length of time"),
        ("pass_on: {reminder: 2h, ", "pass_on: {", r"rules/tickets.yml: reminder: None is not a length"),
        ("department: engineering", "department: moon", r"rules/tickets.yml:\d+: department: 'moon' has no name"),
        ("prefix: C", "prefix: R", r"rules/tickets.yml:\d+: prefix: 'R' is not capital letters of its own"),
        ("  praise:", "  prose:", r"rules/tickets.yml:\d+: prose: is not an intent"),
        ("      elevator:", "      lift:", r"rules/tickets.yml:\d+: lift: is not a category of repair"),
        ("paid: true", "paid: 5", r"rules/tickets.yml:\d+: paid: 5 is neither true nor false"),
        ("{responsible: indoor", "{responsible: me", r"rules/tickets.yml:\d+: responsible: 'me' is not one of"),
        ("paid: true", "payed: true", r"rules/tickets.yml:\d+: payed: is not known here"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_file_and_line(old: str, new: str, message: str) -> None:
    with pytest.raises(ContentError, match=message):
        Policy.read(changed("rules/tickets.yml", old, new))


def test_a_word_without_a_name_is_refused() -> None:
    with pytest.raises(ContentError, match=r"rules/names.yml:\d+: statuses: has no name for resolved"):
        Policy.read(changed("rules/names.yml", "  resolved: 已办结\n", ""))
    with pytest.raises(ContentError, match=r"rules/names.yml:\d+: roles: names pilot"):
        Policy.read(changed("rules/names.yml", "  agent: 客服\n", "  agent: 客服\n  pilot: 机长\n"))


def test_a_rule_file_that_is_a_list_is_refused() -> None:
    with pytest.raises(ContentError, match="should hold a mapping"):
        Policy.read(type(content())({**content().texts, "rules/tickets.yml": "- a\n"}))


def test_names_are_told_in_chinese() -> None:
    assert rules().names.status(TicketStatus.RESOLVED) == "已办结"
    assert rules().names.matter("repair", "water_pipe") == "水管龙头"
    assert rules().names.matter("repair", None) == "报修"
    assert rules().names.departments["engineering"] == "工程组"
    assert rules().names.role("supervisor") == "客服主管"
    assert rules().names.severity(Severity.ALARM) == "警情"
    assert rules().names.deadline(DeadlineKind.PROMISE) == "承诺时限"
    assert rules().names.alert("breach") == "超时"
    assert rules().names.pause(PauseReason.KEY) == "等业主钥匙"
    assert rules().names.promise(PromiseKind.VISIT) == "上门"
