"""The closed list of intents and categories with their names, read from `data/labels.yml`."""

from collections.abc import Mapping
from dataclasses import dataclass

from ruamel.yaml.comments import CommentedMap

from nlu.types import Intent
from words.content import ContentFiles, line_of
from words.errors import ContentError

SOURCE = "labels.yml"


@dataclass(frozen=True, slots=True)
class Label:
    """An intent or a category: its Chinese name for people and an English gloss for those who label."""

    name: str
    gloss: str


@dataclass(frozen=True, slots=True)
class Labels:
    """What a message can be: every intent, and for some intents their categories."""

    intents: Mapping[str, Label]
    categories: Mapping[str, Mapping[str, Label]]

    @classmethod
    def read(cls, files: ContentFiles) -> "Labels":
        """Read the vocabulary; raises ContentError when an intent is unknown, missing, or lacks a name or a gloss."""
        root = files.read(SOURCE)
        listed = root.get("intents") if isinstance(root, CommentedMap) else None
        if not isinstance(listed, CommentedMap):
            raise ContentError(SOURCE, 1, "should hold a mapping `intents`")
        known = {intent.value for intent in Intent}
        intents: dict[str, Label] = {}
        categories: dict[str, Mapping[str, Label]] = {}
        for intent, body in listed.items():
            if intent not in known:
                raise ContentError(SOURCE, line_of(listed, intent), f"there is no intent “{intent}” in nlu.types")
            intents[intent] = _label(listed, intent)
            inner = body.get("categories") or CommentedMap()
            categories[intent] = {str(category): _label(inner, category) for category in inner}
        missing = sorted(known - set(intents))
        if missing:
            raise ContentError(SOURCE, None, f"does not name the intents {', '.join(missing)}")
        return cls(intents, categories)

    def __contains__(self, label: object) -> bool:
        """Whether a label such as `greet` or `repair.water_pipe` belongs to the vocabulary."""
        intent, dot, category = str(label).partition(".")
        if not dot:
            return intent in self.intents
        return category in self.categories.get(intent, {})

    def all(self) -> tuple[str, ...]:
        """Every label that training data can carry: categories where an intent has them, else the intent."""
        return tuple(
            label
            for intent in self.intents
            for label in ([f"{intent}.{category}" for category in self.categories[intent]] or [intent])
        )

    def name(self, intent: str, category: str | None = None) -> str:
        """The Chinese name of a category, or of the intent when there is no category; KeyError when unknown."""
        return self.intents[intent].name if category is None else self.categories[intent][category].name


def _label(parent: CommentedMap, key: str) -> Label:
    body = parent[key]
    if not isinstance(body, CommentedMap) or not body.get("name") or not body.get("gloss"):
        raise ContentError(SOURCE, line_of(parent, key), f"“{key}” needs a `name` and a `gloss`")
    return Label(str(body["name"]), str(body["gloss"]))
