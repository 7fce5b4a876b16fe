"""The buttons below a reply: what is on them, what is said when they are pressed, and what that means."""

from dataclasses import dataclass, replace

from words.content import ContentFiles
from words.fields import Fields
from words.language import Language

BUTTONS_FILE = "replies/buttons.yml"


@dataclass(frozen=True, slots=True)
class Button:
    """A choice offered below a reply: what is on it, what is said when it is pressed, and what that means.

    `means` is a label such as `repair` or `progress.urge`: nothing needs to be understood when a button was pressed.
    Empty, the words are understood as if they had been typed. `english` is what is on it and said in English.
    """

    id: str
    label: str
    says: str
    means: str
    english: tuple[str, str] | None = None

    def shown_in(self, language: Language) -> "Button":
        """The button as a resident of that language sees it."""
        if language is Language.CHINESE or self.english is None:
            return self
        label, says = self.english
        return replace(self, label=label, says=says)


def read_buttons(files: ContentFiles) -> dict[str, Button]:
    """The buttons by id. Raises ContentError for an unknown key and a text that is missing."""
    top = Fields.of(BUTTONS_FILE, 1, files.read(BUTTONS_FILE))
    buttons = {}
    for name in top.node:
        fields = Fields.of(BUTTONS_FILE, top.line_of(name), top.node[name])
        fields.only(("label", "says", "means", "english"))
        english = None
        if "english" in fields.node:
            inner = Fields.of(BUTTONS_FILE, fields.line_of("english"), fields.node["english"])
            inner.only(("label", "says"))
            english = (inner.text("label"), inner.text("says"))
        means = str(fields.node.get("means", ""))
        buttons[str(name)] = Button(str(name), fields.text("label"), fields.text("says"), means, english)
    return buttons


def meanings_of(buttons: dict[str, Button]) -> dict[str, str]:
    """What each button's words mean, in both languages; buttons without a meaning are left out."""
    meanings = {}
    for button in buttons.values():
        if button.means:
            meanings[button.says] = button.means
            if button.english is not None:
                meanings[button.english[1]] = button.means
    return meanings
