"""What was announced is told before anything is opened, with the choice to report it all the same (domain.md D7)."""

from actions.notices import NoticeCard, concerning
from bot.announcements import Announcements
from bot.dialogue import flow
from bot.dialogue.steps import Say
from bot.dialogue.talk import Talk
from bot.wishes import Wish
from nlu.types import EntityType, Intent, Request

ASKED = "notice"
_TOLD = "notice.explains"
_REPORTS = frozenset({Intent.REPAIR, Intent.COMPLAINT})
_QUESTIONS = frozenset({Intent.INQUIRY, Intent.PROGRESS, Intent.OUT_OF_SCOPE})
_EXPLAINED = _REPORTS | _QUESTIONS | {Intent.FEE}
# A longer text is told by its title and its time.
_LONGEST_BODY = 90


def tell(talk: Talk, request: Request) -> bool:
    """Tell the notice that explains a request; False when none does, or it was heard and there is more to be done."""
    if request.intent not in _EXPLAINED:
        return False
    label = _label(request)
    asks = request.intent in _QUESTIONS or _words(talk).asks_when(request.text)
    for notice in concerning(talk.situation.notices, _building(talk)):
        if not _explains(talk, notice, request, label):
            continue
        new = notice.id not in talk.state.notices_told
        if not new and any(isinstance(step, Say) and step.reply_id == _TOLD for step in talk.steps):
            return True
        waits = request.intent is Intent.PROGRESS and bool(talk.open_cards())
        if not new and (waits or not asks):
            return False
        _say(talk, notice, label if request.intent in _REPORTS else _reported_as(notice))
        return not waits
    return False


def tell_unsure(talk: Talk) -> bool:
    """Tell the notice that the words of a message speak of, whatever it was that was not understood for sure."""
    text = talk.heard.text
    return tell(talk, Request(Intent.INQUIRY, None, text, 0, len(text), 0.0))


def answer(talk: Talk, label: str) -> bool:
    """The answer to a notice that was told: enough, or to be registered all the same."""
    understanding, phrases = talk.heard.understanding, talk.situation.rules.phrases
    intent = understanding.intent
    insisted = _words(talk).insisted(talk.heard.text)
    insists = insisted or talk.heard.pressed or phrases.wishes.says(Wish.ACCEPTS, talk.heard.text)
    if not insists and intent in {Intent.THANKS, Intent.DENY, Intent.AFFIRM}:
        talk.say("thanks.reply")
        return True
    # “报修” alone takes up what was told before; a message with a matter of its own is read as such.
    bare_wish = intent in _REPORTS and not phrases.matter(talk.heard.text, longest=len(talk.heard.text))
    elsewhere = intent in _REPORTS and understanding.first(EntityType.BUILDING) is not None
    if not (insists or bare_wish or elsewhere):
        return False
    if (
        (bare_wish or (insisted and intent in _REPORTS))
        and not talk.heard.pressed
        and not label.startswith(intent.value)
    ):
        label = intent.value
    form = talk.situation.rules.forms.for_label(*_parts(label))
    said, talk.state.unclear = talk.state.unclear, ""
    if form is not None:
        flow.start(talk, form, label, said)
    return form is not None


def _say(talk: Talk, notice: NoticeCard, label: str) -> None:
    phrases = talk.situation.rules.phrases
    talk.state.notices_told = [*(told for told in talk.state.notices_told if told != notice.id), notice.id]
    if notice.starts_at > talk.now or not notice.explains:
        period = phrases.period(notice.starts_at, notice.ends_at, talk.now)
        short = f"{notice.title}{phrases.separator}{period}{phrases.stop}"
        told = notice.body if len(notice.body) <= _LONGEST_BODY else short
        talk.say("inquiry.answer", {"answer": told, "source": _words(talk).source})
        return
    if talk.state.form is None:
        talk.state.asked, talk.state.asked_about = ASKED, label
        talk.state.unclear = talk.heard.text
    facts = {"until": phrases.moment(notice.ends_at, talk.now), "word": phrases.name(_words(talk).word(label))}
    talk.say(_TOLD, {"notice": notice.title, **facts})


def _explains(talk: Talk, notice: NoticeCard, request: Request, label: str) -> bool:
    """Whether a notice says what a request is about: by its label while it lasts, or by the words of the message."""
    said, phrases = request.text, talk.situation.rules.phrases
    begun = notice.starts_at <= talk.now
    if begun and label in notice.explains:
        return phrases.same_supply(talk.heard.text, notice.title)
    if not begun and request.intent not in _QUESTIONS:
        # Tomorrow's works explain no fault of today.
        return False
    if request.intent is Intent.REPAIR:
        return False
    if _words(talk).speaks_of(said, notice.explains):
        return phrases.same_supply(talk.heard.text, notice.title)
    return request.intent in _QUESTIONS and _words(talk).names(said, notice.title)


def _building(talk: Talk) -> str | None:
    told = talk.heard.understanding.first(EntityType.BUILDING)
    if told is not None:
        return told.value
    known = {home.building for home in talk.situation.known.homes}
    if not known and talk.state.home is not None:
        return talk.state.home.building
    return known.pop() if len(known) == 1 else None


def _label(request: Request) -> str:
    return f"{request.intent}.{request.category}" if request.category else request.intent.value


def _reported_as(notice: NoticeCard) -> str:
    """Under what a question about a notice is registered when the resident wants it registered all the same."""
    return next((label for label in notice.explains if label.partition(".")[0] in _REPORTS), Intent.INQUIRY.value)


def _parts(label: str) -> tuple[str, str | None]:
    intent, _, category = label.partition(".")
    return intent, category or None


def _words(talk: Talk) -> Announcements:
    return talk.situation.rules.phrases.announcements
