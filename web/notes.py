"""What a visitor is told beside the conversation: about a photo that could not be kept, or a text that was too long."""

from collections.abc import Mapping, Sequence

from actions.intake import Upload
from web.forms import Form
from web.pages import Pages
from words.replies import Replies

# Names travel through the page's address, so only these are known; each is a reply script or a text of texts.html.
_REPLIES: Mapping[str, str] = {"empty": "empty.message", "too_long": "too_long.note"}
_TEXTS = frozenset(
    {
        "cut",
        "photo_surplus",
        "photo_too_large",
        "photo_too_many_pixels",
        "photo_unreadable",
        "photo_only_too_large",
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


def told(names: Sequence[str], replies: Replies, pages: Pages) -> list[str]:
    """The sentences of notes; a name that a stranger put into the address is left out."""
    sentences: list[str] = []
    for name in names[:_MOST]:
        if name in _REPLIES:
            sentences.append(replies.render(_REPLIES[name], {}).text)
        elif name in _TEXTS:
            sentences.append(pages.text(name))
    return sentences
