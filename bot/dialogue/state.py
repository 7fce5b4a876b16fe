"""What the desk remembers of a conversation between two turns, typed; stored as JSON on its row."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.dialogue.steps import Place


@dataclass(slots=True)
class FormState:
    """A form being filled.

    `asked` is what the last question was about: a slot's name, `confirm`, `more`, `change`, or None. `tried` counts
    failed answers to it, `resumed` how often it was put again after something else, `wanted` names the slots that the
    read-back asked for. `ticket_id` is set when the ticket is open and only something optional is still asked. `texts`
    are the slots that hold words, by name.
    """

    form: str
    label: str
    matter: str
    said: str
    received_at: datetime
    place: Place = field(default_factory=Place)
    public: bool = False
    phone: str | None = None
    phone_skipped: bool = False
    visit: tuple[datetime, datetime] | None = None
    visit_words: str = ""
    person: str | None = None
    role: str | None = None
    asked: str | None = None
    tried: int = 0
    confirmed: bool = False
    major: str | None = None
    ticket_id: int | None = None
    last_question: str | None = None
    wanted: list[str] = field(default_factory=list)
    resumed: int = 0
    texts: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class State:
    """All that is remembered.

    `waiting` holds further requests of an earlier message whose turn comes when the form is done. `asked` is a question
    outside a form (`choices`, `cancel`, `notice`, `code`, `unbind`, `erase`, `visit` …), `asked_about` the ticket, the
    label or the home it is about. Until `adding_until`, more words about the ticket `adding_to`, opened by
    `adding_form`, go to it.
    `topic` is the knowledge entry that was told last, at `topic_at`; `child_told` says that a child was asked for a
    grown-up. `home` is the home that somebody who is not bound reported a matter of. `alarm_calm` says that the
    resident called the danger over, `outbursts` counts messages of pure anger in a row.
    """

    last_talk_at: datetime | None = None
    form: FormState | None = None
    waiting: list[FormState] = field(default_factory=list)
    asked: str | None = None
    asked_about: str | None = None
    not_understood: int = 0
    unclear: str = ""
    handover_ticket: int | None = None
    handover_noted: bool = False
    alarm_ticket: int | None = None
    alarm_kind: str | None = None
    alarm_at: datetime | None = None
    alarm_calm: bool = False
    language: str = "zh"
    outbursts: int = 0
    focus: int | None = None
    notices_told: list[int] = field(default_factory=list)
    last_variants: dict[str, int] = field(default_factory=dict)
    pouring: bool = False
    adding_to: int | None = None
    adding_form: str = ""
    adding_until: datetime | None = None
    child_told: bool = False
    topic: str | None = None
    topic_at: datetime | None = None
    home: Place | None = None

    @classmethod
    def load(cls, stored: Mapping[str, Any]) -> "State":
        """Rebuild from the stored form; an unknown name is an error, a missing one has its default."""
        values = dict(stored)
        for name in ("last_talk_at", "alarm_at", "adding_until", "topic_at"):
            if values.get(name):
                values[name] = datetime.fromisoformat(values[name])
        if values.get("form"):
            values["form"] = _load_form(values["form"])
        if values.get("home"):
            values["home"] = Place(**values["home"])
        values["waiting"] = [_load_form(form) for form in values.get("waiting", [])]
        return cls(**values)

    def dump(self) -> dict[str, object]:
        """The stored form; only what differs from the default, since most conversations are at rest."""
        blank = State()
        values: dict[str, object] = {}
        for name in self.__slots__:
            value = getattr(self, name)
            if value == getattr(blank, name):
                continue
            if isinstance(value, datetime):
                value = value.isoformat()
            elif isinstance(value, Place):
                value = {part: getattr(value, part) for part in value.__slots__}
            elif isinstance(value, FormState):
                value = _dump_form(value)
            elif name == "waiting":
                value = [_dump_form(form) for form in value]
            values[name] = value
        return values


def put(stored: dict[str, Any], path: str, value: int) -> None:
    """Set a place of the stored state, such as `focus` or `form.ticket_id`."""
    *folders, name = path.split(".")
    target = stored
    for folder in folders:
        target = target[folder]
    target[name] = value


def _dump_form(form: FormState) -> dict[str, object]:
    values: dict[str, object] = {name: getattr(form, name) for name in form.__slots__}
    values["received_at"] = form.received_at.isoformat()
    values["place"] = {name: getattr(form.place, name) for name in form.place.__slots__}
    values["visit"] = [moment.isoformat() for moment in form.visit] if form.visit else None
    return values


def _load_form(stored: Mapping[str, Any]) -> FormState:
    values = dict(stored)
    values["received_at"] = datetime.fromisoformat(values["received_at"])
    values["place"] = Place(**values["place"])
    if values["visit"]:
        start, end = values["visit"]
        values["visit"] = (datetime.fromisoformat(start), datetime.fromisoformat(end))
    return FormState(**values)
