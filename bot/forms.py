"""Forms as data: `data/forms/<service>.yml` says what is asked, what is confirmed and which ticket opens."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from typing import Any

from bot.wishes import Words, squeezed
from words.content import ContentFiles, line_of
from words.errors import ContentError
from words.fields import check_pattern


class SlotKind(StrEnum):
    """What a slot holds, which decides how it is read from a message."""

    MATTER = "matter"
    PLACE = "place"
    TIME = "time"
    PHONE = "phone"
    PERSON = "person"
    ROLE = "role"
    TEXT = "text"


class Record(StrEnum):
    """What a form writes down beside its ticket."""

    BINDING_REQUEST = "binding_request"


class Need(StrEnum):
    """When something is needed: always, only for matters inside a home, or never."""

    ALWAYS = "always"
    INDOOR = "indoor"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Slot:
    """One thing a form wants to know; `ask` is the script that asks for it alone.

    `again` asks once more after an answer that could not be read, `once_more` after one that said nothing about it.
    `finds` is how a text is known in a message, such as a number plate; without it a text is what answers its question.
    """

    name: str
    kind: SlotKind
    required: Need
    ask: str | None
    ask_public: str | None
    again: str | None
    once_more: str | None = None
    finds: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Confirm:
    """How the form is read back: `replies` maps the slots still missing, such as `visit phone`, to the script."""

    when: Need
    replies: Mapping[str, str]
    changed: str | None
    what: str | None
    more: bool


@dataclass(frozen=True, slots=True)
class Later:
    """A slot that is asked for when the ticket is open already, in some categories only or (None) in all."""

    ask: str
    categories: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Form:
    """One service; `summary` is what its ticket says where the matter is always the same.

    Matters of `building_categories` need no more than a building; those of `never_home` are never inside a home.
    A service that no label starts is known by its `words`; `tells` is the knowledge entry told when it begins, and
    after an answer from one of `knowledge` it is offered. Of a service that is wanted `once`, no second ticket is
    opened while the first is open. `within` is how soon it must be answered at the latest, `label` what its ticket is
    filed under, `major` why it is always a major matter, `between` the hours outside which its words mean something
    else; `over` names the labels that its words stand above even where a message was surely understood as one. No label
    of danger may stand there: `harmless` says, by kind of alarm, what is surely none.
    """

    id: str
    name: str
    starts: tuple[str, ...]
    ticket: str
    silence: timedelta
    public_categories: frozenset[str]
    slots: tuple[Slot, ...]
    confirm: Confirm | None
    opened: Mapping[str, str]
    added: str | None
    complete: str | None
    afterwards: Mapping[str, Later]
    notes: Mapping[str, str]
    summary: str | None = None
    record: Record | None = None
    building_categories: frozenset[str] = frozenset()
    never_home: frozenset[str] = frozenset()
    words: Words | None = None
    tells: str | None = None
    knowledge: tuple[str, ...] = ()
    once: bool = False
    within: timedelta | None = None
    label: str = ""
    major: str | None = None
    between: tuple[time, time] | None = None
    over: frozenset[str] = frozenset()
    harmless: Mapping[str, Words] = field(default_factory=dict)

    def slot(self, kind: SlotKind) -> Slot | None:
        """The form's slot of a kind, if it has one."""
        return next((slot for slot in self.slots if slot.kind is kind), None)

    def asked_for(self, said: str, at: time) -> bool:
        """Whether squeezed words that are said at a time of day ask for this service."""
        if self.words is None or not self.words.fit_squeezed(said):
            return False
        if self.between is None:
            return True
        start, end = self.between
        return start <= at < end if start < end else at >= start or at < end

    def reply_ids(self) -> set[str]:
        """Every script the form names, for the content check."""
        named = {
            text for slot in self.slots for text in (slot.ask, slot.ask_public, slot.again, slot.once_more) if text
        }
        named |= set(self.opened.values()) | set(self.notes.values())
        named |= {later.ask for later in self.afterwards.values()}
        if self.confirm is not None:
            named |= set(self.confirm.replies.values())
            named |= {text for text in (self.confirm.changed, self.confirm.what) if text}
        return named | {text for text in (self.added, self.complete) if text}


@dataclass(frozen=True, slots=True)
class Forms:
    """All forms, by id and by the label that starts them."""

    by_id: Mapping[str, Form]
    by_label: Mapping[str, Form]

    @classmethod
    def read(cls, files: ContentFiles) -> "Forms":
        """Read `data/forms`. Raises ContentError with file and line for an unknown key or a label started twice."""
        by_id: dict[str, Form] = {}
        by_label: dict[str, Form] = {}
        for name in files.below("forms"):
            form = _read_form(name, files)
            by_id[form.id] = form
            for label in form.starts:
                if label in by_label:
                    raise ContentError(name, None, f"label `{label}` already starts the form `{by_label[label].id}`")
                by_label[label] = form
        return cls(by_id, by_label)

    def asked_for(self, text: str, at: time) -> Form | None:
        """The service that a message asks for in so many words, the first by its id; None when it asks for none."""
        said = squeezed(text)
        return next((form for form in self.by_id.values() if form.asked_for(said, at)), None)

    def told_by(self, entry_id: str) -> Form | None:
        """The service that an entry of the knowledge base speaks of."""
        return next((form for form in self.by_id.values() if entry_id in form.knowledge), None)

    def for_label(self, intent: str, category: str | None) -> Form | None:
        """The form that a label starts; the label with its category goes first."""
        return self.by_label.get(f"{intent}.{category}") or self.by_label.get(intent)


_KEYS = {
    "name",
    "starts",
    "ticket",
    "silence_minutes",
    "public_categories",
    "slots",
    "confirm",
    "opened",
    "added",
    "complete",
    "afterwards",
    "notes",
    "summary",
    "record",
    "building_categories",
    "never_home",
    "words",
    "tells",
    "knowledge",
    "once",
    "within_minutes",
    "label",
    "major",
    "between",
    "over",
    "harmless",
}


def _read_form(name: str, files: ContentFiles) -> Form:
    data: Any = files.read(name)
    for key in data:
        if key not in _KEYS:
            raise ContentError(name, line_of(data, key), f"unknown key `{key}`; known are {', '.join(sorted(_KEYS))}")
    if any(str(label).startswith("emergency") for label in data.get("over", ())):
        message = "`over` may not name a label of danger; say under `harmless` what is surely none"
        raise ContentError(name, line_of(data, "over"), message)
    try:
        return Form(
            id=name.removeprefix("forms/").removesuffix(".yml"),
            name=str(data["name"]),
            starts=tuple(map(str, data["starts"])),
            ticket=str(data["ticket"]),
            silence=timedelta(minutes=int(data["silence_minutes"])),
            public_categories=frozenset(map(str, data.get("public_categories", ()))),
            slots=tuple(_read_slot(name, str(slot), value) for slot, value in data["slots"].items()),
            confirm=_read_confirm(data["confirm"]) if "confirm" in data else None,
            opened={str(case): str(reply) for case, reply in data["opened"].items()},
            added=data.get("added"),
            complete=data.get("complete"),
            afterwards={str(slot): _read_later(value) for slot, value in data.get("afterwards", {}).items()},
            notes=dict(data.get("notes", {})),
            summary=data.get("summary"),
            building_categories=frozenset(map(str, data.get("building_categories", ()))),
            never_home=frozenset(map(str, data.get("never_home", ()))),
            record=Record(data["record"]) if "record" in data else None,
            words=Words.read(name, line_of(data, "words"), data["words"]) if "words" in data else None,
            tells=data.get("tells"),
            knowledge=tuple(map(str, data.get("knowledge", ()))),
            once=bool(data.get("once", False)),
            label=str(data.get("label", next(iter(data["starts"]), ""))),
            major=data.get("major"),
            between=_read_hours(data["between"]) if "between" in data else None,
            over=frozenset(map(str, data.get("over", ()))),
            harmless={
                str(kind): Words.read(name, line_of(data["harmless"], kind), words)
                for kind, words in data.get("harmless", {}).items()
            },
            within=timedelta(minutes=int(data["within_minutes"])) if "within_minutes" in data else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ContentError(name, 1, f"lacks or misuses {error}; see docs/adding-things.md for a whole form") from error


def _read_slot(source: str, name: str, value: Any) -> Slot:
    if "finds" in value:
        check_pattern(source, line_of(value, "finds"), value["finds"])
    return Slot(
        name=name,
        kind=SlotKind(value["kind"]),
        required=Need(value["required"]),
        ask=value.get("ask"),
        ask_public=value.get("ask_public"),
        again=value.get("again"),
        once_more=value.get("once_more"),
        finds=re.compile(str(value["finds"])) if "finds" in value else None,
    )


def _read_hours(value: Any) -> tuple[time, time]:
    start, end = (time.fromisoformat(str(one)) for one in value)
    return start, end


def _read_later(value: Any) -> Later:
    if isinstance(value, str):
        return Later(value, None)
    return Later(str(value["ask"]), frozenset(map(str, value["only"])))


def _read_confirm(value: Mapping[str, Any]) -> Confirm:
    return Confirm(
        when=Need(value["when"]),
        replies={str(missing): str(reply) for missing, reply in value["replies"].items()},
        changed=value.get("changed"),
        what=value.get("what"),
        more=bool(value.get("more", False)),
    )
