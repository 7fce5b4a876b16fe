"""Answers one conversation that is ready: read, decide, act and speak in a single transaction."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import TracebackType

import structlog

from actions import conversations, turns
from actions.calendar import Calendar
from actions.conversations import Words
from actions.errors import ConflictError
from actions.intake import was_cut
from actions.store import Session, Store, is_outage
from actions.tables import Author
from actions.turns import Pending, Turn
from bot.dialogue.decide import decide
from bot.dialogue.situation import Heard, Rules
from bot.dialogue.state import State
from bot.gathering import Gatherer
from bot.performing import Performer
from bot.plain import without_markup
from bot.understanding import from_stored
from nlu.rasa import at_hand
from nlu.types import Engine, Intent, Request, Understanding
from words.etiquette import Etiquette
from words.etiquette import Situation as Outgoing
from words.language import Language, language_of
from words.mood import Mood
from words.replies import Replies
from words.rules import Author as OutgoingAuthor

log = structlog.get_logger(__name__)

# What is answered beside whatever else is being done.
_QUESTIONS = frozenset({Intent.INQUIRY, Intent.FEE, Intent.HUMAN})
_GREET_AGAIN_AFTER = timedelta(hours=12)
_COURTESY = frozenset({Intent.GREET, Intent.THANKS, Intent.BYE})


# Shown in an error, its parts would fill megabytes.
@dataclass(frozen=True, slots=True, repr=False)
class Mind:
    """Everything an answer is made from besides the database: one snapshot of content, and the engine."""

    engine: Engine
    rules: Rules
    calendar: Calendar
    replies: Replies
    etiquette: Etiquette


class TurnError(Exception):
    """A conversation could not be answered because of a fault of code or content; the cause says which."""

    def __init__(self, conversation_id: int, error: Exception) -> None:
        super().__init__(f"conversation {conversation_id}: {type(error).__name__}: {error}")
        self.conversation_id = conversation_id
        self.reason = type(error).__name__


async def answer_one(store: Store, mind: Mind, now: datetime) -> int | None:
    """Answer the conversation that has been ready longest and return its id; None when none is ready.

    Raises TurnError, to be answered by giving that conversation to a person; a database that is out of order, and a
    conversation that somebody took over meanwhile, are raised as they are: the turn is simply tried again.
    """
    return await store.write(lambda session: answer_in(session, mind, now))


def answer_in(session: Session, mind: Mind, now: datetime) -> int | None:
    """The transaction of `answer_one`: the claim lasts exactly as long as it does."""
    turn = turns.claim_turn(session, now)
    if turn is None:
        return None
    with _Blaming(turn.conversation_id):
        _answer(session, mind, turn, now)
        session.flush()
    return turn.conversation_id


class _Blaming:
    """Says which conversation a fault belongs to; what passes by itself, and what is no error, goes on as it is."""

    __slots__ = ("_conversation_id",)

    def __init__(self, conversation_id: int) -> None:
        self._conversation_id = conversation_id

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, ConflictError) and not is_outage(error):
            raise TurnError(self._conversation_id, error) from error


def _answer(session: Session, mind: Mind, turn: Turn, now: datetime) -> None:
    state = State.load(turn.state)
    heard = _heard(turn, mind)
    if heard is None and turn.more_waiting:
        # Something arrived that nobody has understood yet; look again when that is done.
        turns.postpone(session, turn, now + timedelta(milliseconds=200))
        return
    before = Language(state.language)
    language = before if heard is None else language_of(heard.text, before=before)
    state.language = language.value
    rules = replace(mind.rules, phrases=mind.rules.phrases.spoken_in(language))
    situation = Gatherer(rules, mind.calendar).situation(session, turn, heard, state, now)
    first = state.last_talk_at is None or now - state.last_talk_at > _GREET_AGAIN_AFTER
    decision = decide(situation, heard, state)
    performer = Performer(session, rules, mind.calendar, mind.replies, turn, situation, heard, language)
    performed = performer.perform(decision, greet=first and heard is not None)
    said = []
    for place, words in enumerate(performed.words):
        outgoing = Outgoing(
            OutgoingAuthor.BOT,
            language=language,
            first=performed.greeted and place == 0,
            salutation=situation.known.salutation,
            allowed_phones=tuple(situation.facts.values()),
        )
        said.append(_checked(turn, mind, words, decision.why, outgoing))
    conversations.say_all(session, turn.community_id, turn.conversation_id, said, now)
    turns.finish_turn(session, turn, state=performed.state, wake_at=decision.wake_at, owner=decision.owner, now=now)


def _checked(turn: Turn, mind: Mind, words: Words, why: Mapping[str, object], outgoing: Outgoing) -> Words:
    """Check a text as every outgoing text is checked; what the check found is kept with the reason."""
    mood = mind.replies.reply(words.reply_id).mood if words.reply_id else Mood.NEUTRAL
    text = words.text
    for quote in words.quotes:
        text = text.replace(quote, "“”")
    findings = mind.etiquette.check(text, replace(outgoing, mood=mood))
    decision = {**why, "turn": turn.number}
    if findings:
        decision["etiquette"] = [finding.rule for finding in findings]
        log.warning("etiquette", reply=words.reply_id, rules=decision["etiquette"])
    return replace(words, author=Author.BOT, decision=decision)


def _heard(turn: Turn, mind: Mind) -> Heard | None:
    """All messages of a turn, read as one: joined when that is understood better than the single ones."""
    if not turn.messages:
        return None
    messages = _last_versions(turn.messages)
    text = "\n".join(message.text for message in messages if message.text.strip())
    photos = sum(message.photos for message in turn.messages)
    first, last = messages[0], messages[-1]
    understanding = _read(first) if len(messages) == 1 else _joined(messages, text, mind)
    if last.pressed and (meaning := mind.replies.meaning(last.text)) is not None:
        understanding = _pressed(understanding, meaning)
    if language_of(text) is Language.ENGLISH:
        understanding = mind.rules.phrases.english.understood(understanding, text)
    present = {message.message_id for message in turn.messages}
    return Heard(
        text,
        understanding,
        turn.messages[0].stored_at,
        photos,
        pressed=last.pressed,
        kinds=frozenset(message.kind for message in messages),
        quote="\n".join(message.quote for message in messages if message.quote),
        edited=all(message.edit_of is not None and message.edit_of not in present for message in messages),
        cut=any(was_cut(message.text) for message in messages),
        wish=mind.rules.phrases.wishes.asked(text),
    )


def _last_versions(messages: tuple[Pending, ...]) -> tuple[Pending, ...]:
    """The messages of a turn without those of which a later version came; a version stands where it was written."""
    last = {message.edit_of or message.message_id: message for message in messages}
    return tuple(last.values())


def _pressed(understanding: Understanding, meaning: str) -> Understanding:
    """A button means what it says, whatever its words look like to the engine."""
    intent, _, category = meaning.partition(".")
    text = understanding.text
    request = Request(Intent(intent), category or None, text, 0, len(text), 1.0)
    return replace(
        understanding,
        intent=Intent(intent),
        category=category or None,
        confidence=1.0,
        unsure=False,
        emergency=None,
        requests=(request,),
    )


def _read(message: Pending) -> Understanding:
    return from_stored(message.text, message.understanding)


def _joined(messages: tuple[Pending, ...], text: str, mind: Mind) -> Understanding:
    # This is within the transaction of the turn, where nothing may wait for another process.
    engine = at_hand(mind.engine)
    joined = engine.understand(without_markup(text), now=messages[-1].sent_at.astimezone(mind.rules.phrases.zone))
    single = [_read(message) for message in messages]
    danger = next((reading.emergency for reading in single if reading.emergency), None)
    if danger is not None and joined.emergency is None:
        return replace(joined, emergency=danger, intent=Intent.EMERGENCY, unsure=False)
    # A greeting among the fragments is always sure of itself and never what the turn is about.
    asking = [reading for reading in single if reading.intent not in _COURTESY] or single
    best = max(asking, key=lambda reading: (not reading.unsure, reading.confidence))
    if joined.unsure and not best.unsure:
        return replace(
            joined,
            intent=best.intent,
            category=best.category,
            confidence=best.confidence,
            unsure=False,
            requests=best.requests,
            trace=best.trace,
        )
    return replace(joined, requests=(*joined.requests, *_overheard(joined, single, text)))


def _overheard(joined: Understanding, single: list[Understanding], text: str) -> Iterator[Request]:
    """Questions that one message asked clearly, and that the others drowned when all were read as one."""
    heard = {request.intent for request in joined.requests}
    for reading in single:
        if reading.unsure or reading.text not in text:
            continue
        start = text.index(reading.text)
        for request in reading.requests:
            if request.intent in _QUESTIONS and request.intent not in heard:
                yield replace(request, start=start + request.start, end=start + request.end)
