"""The words of `channels/telegram.yml`: the menu, and how what has no words is put into words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from words.content import ContentFiles
from words.errors import ContentError

SOURCE = "channels/telegram.yml"


@dataclass(frozen=True, slots=True)
class TelegramPhrases:
    """Phrases of one content snapshot; `commands` maps a command to its words in the menu."""

    commands: Mapping[str, str]
    location: str
    venue: str
    contact: str
    other_contact: str
    files: Mapping[str, str]
    refused: Mapping[str, str]
    open_private: str

    @classmethod
    def read(cls, files: ContentFiles) -> "TelegramPhrases":
        """Read the file. Raises ContentError when a phrase is missing or of the wrong kind."""
        data: Any = files.read(SOURCE)
        try:
            return cls(
                commands={str(name): str(text) for name, text in data["commands"].items()},
                location=str(data["location"]),
                venue=str(data["venue"]),
                contact=str(data["contact"]),
                other_contact=str(data["other_contact"]),
                files={kind: str(data["files"][kind]) for kind in ("voice", "video", "audio", "file")},
                refused={why: str(data["refused"][why]) for why in ("too_large", "unreadable", "gone")},
                open_private=str(data["open_private"]),
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ContentError(SOURCE, 1, f"lacks the phrase {error} or holds it in the wrong form") from error
