"""Services that are plain from their words: codes, being bound and let go, personal data; and their open questions."""

from bot.dialogue import bills, binding, flow, memory, privacy, requests
from bot.dialogue.talk import Talk
from bot.phrases import bare
from bot.wishes import Wish
from nlu.types import Intent

_PERSONAL = frozenset({Wish.ERASE, Wish.EXPORT, Wish.HELD, Wish.PRIVACY})
_REPORTS = frozenset({Intent.REPAIR, Intent.COMPLAINT})
# A message with a code that is no longer than this tells of the code alone.
_CODE_ALONE = 16


def serve(talk: Talk) -> str | None:
    """A code that was typed, or a wish, whatever else is being asked at the moment; None when there is neither."""
    if binding.tell_code(talk):
        if len(bare(talk.heard.text)) > _CODE_ALONE:
            _reported_too(talk)
        return "binding code"
    wish = talk.heard.wish
    if wish is None or talk.state.pouring or (wish is Wish.UNBIND and talk.state.asked == binding.UNBIND):
        return None
    filled = talk.state.form
    if wish in _PERSONAL:
        privacy.wanted(talk, wish)
    else:
        binding.wanted(talk, wish)
    talk.state.not_understood = 0
    if filled is not None and talk.state.form is filled and filled.form != binding.FORM:
        flow.resume(talk)
    if len(talk.heard.understanding.requests) > 1:
        _reported_too(talk)
    return "wish"


def answer(talk: Talk, asked: str | None, about: str) -> bool:
    """An answer to a question about who is speaking, about their data, or about an earlier ticket."""
    match asked:
        case bills.CODE:
            return binding.answer_code_question(talk)
        case binding.UNBIND:
            return binding.answer_unbind(talk, about)
        case privacy.ERASE:
            return privacy.answer_erase(talk)
        case memory.VISIT:
            return memory.answer_visit(talk, about)
        case _:
            return False


def _reported_too(talk: Talk) -> None:
    """What is reported in the same message is not lost over what stands beside it."""
    if talk.heard.understanding.unsure:
        return
    for request in talk.heard.understanding.requests:
        if request.intent in _REPORTS:
            requests.handle(talk, request)
