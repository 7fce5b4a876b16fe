"""What a visitor is told beside the conversation: about a photo that could not be kept, or a text that was too long."""

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from actions.intake import Upload
from web.deps import Limits
from web.forms import Form
from web.pages import Pages
from words.language import Language
from words.replies import Replies

_MEGABYTE = 1024 * 1024
# These are reply scripts, which are edited with the others.
REPLIES: Mapping[str, str] = {"empty": "empty.message", "too_long": "too_long.note", "slow_down": "limit.slow_down"}
# Names travel through the page's address, so only these are known.
NAMES = frozenset(
    {
        *REPLIES,
        "cut",
        "rated",
        "photo_surplus",
        "photo_too_large",
        "photo_too_many_now",
        "photo_too_many_pixels",
        "photo_unreadable",
        "photo_only_too_large",
        "photo_only_too_many_now",
        "photo_only_too_many_pixels",
        "photo_only_unreadable",
    }
)
_MOST = 4


def notes_of(text: str, uploads: Sequence[Upload], failures: Sequence[str], form: Form, comfortable: int) -> list[str]:
    """The names of what to tell the sender; `failures` are the reasons for which photos were not kept."""
    alone = not (text or uploads)
    notes = sorted({reason.replace("photo_", "photo_only_") if alone else reason for reason in failures})
    if form.cut and not failures:
        notes.append("cut")
    if len(text) > comfortable:
        notes.append("too_long")
    if alone and not notes:
        notes.append("empty")
    return notes


class Notes:
    """The sentences of notes, in the language of the page."""

    def __init__(self, replies: Replies, pages: Pages, limits: Limits) -> None:
        self._replies = replies
        self._pages = pages
        self._limits = limits

    def told(self, names: Sequence[str], language: Language) -> list[str]:
        """The sentences; a name that a stranger put into the address is left out."""
        return [self._sentence(name, language) for name in names[:_MOST] if name in NAMES]

    def _sentence(self, name: str, language: Language) -> str:
        if name in REPLIES:
            return self._replies.render(REPLIES[name], {}, language=language).text
        limits = self._limits
        facts = {"megabytes": limits.photo_bytes // _MEGABYTE, "photos": limits.photos}
        rendered = self._pages.html("chat_note.html", language=language, name=name, **facts)
        return Markup(rendered).unescape().strip()  # noqa: S704 - our own template, escaped by it
