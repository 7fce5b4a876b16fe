"""Takes what happens at a bot: stored first and committed, then answered for, so that no crash loses anything."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from telegram import Update
from telegram.constants import ChatAction
from telegram.error import TelegramError

from actions import addresses
from actions.communities import facts_of
from actions.conversations import Words, say
from actions.doorstep import bot_answers, has_unsent, is_stored, link_key, pressed_button
from actions.intake import Inbound, Received, Upload, reach, receive
from actions.store import Session, Store
from actions.tables import MessageKind
from bot.channels.telegram import links
from bot.channels.telegram.faults import told
from bot.channels.telegram.keyboard import pressed
from bot.channels.telegram.line import CHANNEL, Line
from bot.channels.telegram.phrases import TelegramPhrases
from bot.channels.telegram.reading import Happening, Me, Moved, Pressed, Shut, Written, read
from words.replies import Replies

log = structlog.get_logger(__name__)

_AT_ONCE = 16
_CALM = 5
_START = "start"
_LASTING = "rate"
# What a wrongly made update may raise while it is read.
_UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, RuntimeError)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one happening: what was stored of it, and the calls to be made once it is committed.

    `types` is the chat that is shown that an answer is being written.
    """

    stored: Received | None = None
    calls: tuple[Callable[[], Awaitable[object]], ...] = ()
    types: int | None = None


class TelegramDoor:
    """The door of one bot."""

    def __init__(
        self, line: Line, store: Store, replies: Replies, phrases: TelegramPhrases, clock: Callable[[], datetime]
    ) -> None:
        self._line = line
        self._store = store
        self._replies = replies
        self._phrases = phrases
        self._clock = clock
        self._at_once = asyncio.Semaphore(_AT_ONCE)

    @property
    def _community(self) -> int:
        return self._line.community_id

    async def take_all(self, raw: Sequence[Mapping[str, Any]], me: Me) -> tuple[Received, ...]:
        """Store a batch of updates, those of one chat in their order, and answer for them; what was stored.

        When this returns all of them are committed: only then may Telegram be told that they arrived.
        """
        chats: dict[object, list[Happening]] = defaultdict(list)
        for one in raw:
            if (happening := self._read(one, me)) is not None:
                chats[_chat_of(happening)].append(happening)
        done = await asyncio.gather(*(self._take_chat(happenings) for happenings in chats.values()))
        taken = [one for chat in done for one in chat]
        calls = [call for one in taken for call in one.calls]
        if len(chats) <= _CALM:
            # To show that somebody types costs a call of its own, which a rush has no room for.
            calls += [self._typing(one.types) for one in taken if one.types is not None]
        await asyncio.gather(*(self._call(call) for call in calls))
        return tuple(one.stored for one in taken if one.stored is not None)

    def _read(self, raw: Mapping[str, Any], me: Me) -> Happening | None:
        try:
            update = Update.de_json(dict(raw), self._line.bot)
            return read(update, me, self._phrases)
        except _UNREADABLE as error:
            # The words in it are a resident's; only where it stands is written down.
            log.warning("telegram_update_unreadable", update=raw.get("update_id"), error=type(error).__name__)
            return _wreck(raw)

    async def _take_chat(self, happenings: Sequence[Happening]) -> list[Taken]:
        async with self._at_once:
            return [await self._take(happening) for happening in happenings]

    async def _take(self, happening: Happening) -> Taken:
        now = self._clock()
        match happening:
            case Written(group=""):
                taken = await self._store.write(lambda session: self._written(session, happening, now))
            case Written():
                taken = await self._store.write(lambda session: self._in_group(session, happening, now))
            case Pressed():
                taken = await self._store.write(lambda session: self._pressed(session, happening, now))
            case Shut():
                taken = await self._store.write(lambda session: self._shut(session, happening, now))
            case Moved():
                taken = await self._store.write(lambda session: self._moved(session, happening))
        return taken

    def _written(self, session: Session, written: Written, now: datetime) -> Taken:
        """Somebody wrote to the bot alone."""
        if not written.answerable:
            return Taken()
        received = self._receive(session, written, now)
        addresses.note_reachable(session, self._community, CHANNEL, str(written.chat_id), now)
        if written.command == _START and written.argument and not received.duplicate:
            self._came_by(session, received, written.argument)
        typing = bot_answers(session, self._community, received.conversation_id)
        return Taken(received, types=written.chat_id if typing and not received.duplicate else None)

    def _receive(self, session: Session, written: Written, now: datetime) -> Received:
        ref = f"{written.chat_id}:{written.message_id}"
        known = written.command == _START or written.command in self._phrases.commands
        command = bool(written.command) and known and not written.group
        uploads = tuple(
            Upload(file.kind, "", file.content_type, file.size, file.name, remote=file.file_id)
            for file in written.files
        )
        inbound = Inbound(
            community_id=self._community,
            channel=CHANNEL,
            address=str(written.sender_id),
            external_id=f"{written.update_id}:{ref}",
            # What stands behind /start is no word of the resident but what the link carries.
            text=f"/{written.command}" if command else written.text,
            sent_at=written.sent_at,
            attachments=uploads,
            display_name=written.sender_name,
            pressed=command,
            kind=MessageKind.COMMAND if command else written.kind,
            ref=ref,
            edits=ref if written.edited else "",
            quote=written.quote,
            origin=written.origin or written.group,
        )
        return receive(session, inbound, now)

    def _came_by(self, session: Session, received: Received, argument: str) -> None:
        """The place behind a link; one that we did not sign, or whose place is gone, starts an ordinary chat."""
        key = link_key(session, self._community)
        linked = links.place_of(key, self._community, argument) if key else None
        if linked is None:
            return
        place = addresses.place_of(session, self._community, linked.kind, linked.row_id)
        if place is not None:
            addresses.tell_place(session, self._community, received.contact_id, place)

    def _in_group(self, session: Session, written: Written, now: datetime) -> Taken:
        """In a group only who speaks to the bot is heard, and answered in private: nothing personal is said there."""
        if not written.addressed:
            return Taken()
        known = None
        received = None
        if written.answerable:
            known = addresses.is_reachable(session, self._community, CHANNEL, str(written.sender_id))
            received = self._receive(session, written, now)
            if received.duplicate:
                return Taken(received)
            if known is None:
                # A bot may not write first: the answer waits until this person opens the chat with it.
                addresses.note_unreachable(session, self._community, CHANNEL, str(written.sender_id), now)
        _, group_id = reach(session, self._community, CHANNEL, str(written.chat_id), now)
        if not has_unsent(session, self._community, group_id):
            self._say_in_group(session, written, "group.answered" if known else "group.start_first", now)
        return Taken(received)

    def _say_in_group(self, session: Session, written: Written, reply_id: str, now: datetime) -> None:
        conversation_id, _ = reach(session, self._community, CHANNEL, str(written.chat_id), now)
        rendered = self._replies.render(reply_id, facts_of(session, self._community), seed=written.update_id)
        name = self._line.me.username if self._line.me is not None else ""
        button = {"label": self._phrases.open_private, "says": "", "url": f"https://t.me/{name}"}
        words = Words(rendered.text, reply_id=reply_id, buttons=(button,), decision={"because": "spoken to in a group"})
        say(session, self._community, conversation_id, words, now)

    def _pressed(self, session: Session, press: Pressed, now: datetime) -> Taken:
        """A button was pressed: stored once however often; every press is answered, one of a past question in words."""
        where = pressed(press.data)
        address = str(press.chat_id)
        button = where and pressed_button(session, self._community, CHANNEL, address, where)
        if not button or where is None or press.chat_id is None:
            return Taken(calls=(self._answer(press, self._words_of("button.unknown")),))
        message_id, place = where
        inbound = Inbound(
            community_id=self._community,
            channel=CHANNEL,
            address=address,
            external_id=f"button:{message_id}:{place}",
            text=button.says,
            sent_at=now,
            display_name=press.sender_name,
            pressed=True,
        )
        if is_stored(session, inbound):
            return Taken(receive(session, inbound, now), (self._answer(press, ""),))
        if button.gone_on and self._replies.meaning(button.says) != _LASTING:
            words = self._words_of("button.stale")
            return Taken(calls=(self._answer(press, words), self._without_buttons(press)))
        received = receive(session, inbound, now)
        calls = (self._answer(press, ""), self._without_buttons(press))
        return Taken(received, calls, types=press.chat_id)

    def _shut(self, session: Session, shut: Shut, now: datetime) -> Taken:
        change = addresses.note_reachable if shut.reachable else addresses.note_unreachable
        change(session, self._community, CHANNEL, str(shut.chat_id), now)
        return Taken()

    def _moved(self, session: Session, moved: Moved) -> Taken:
        addresses.move(session, self._community, CHANNEL, str(moved.old), str(moved.new))
        return Taken()

    def _words_of(self, reply_id: str) -> str:
        return self._replies.render(reply_id, {}).text

    def _typing(self, chat_id: int) -> Callable[[], Awaitable[object]]:
        return lambda: self._line.bot.send_chat_action(chat_id, ChatAction.TYPING)

    def _answer(self, press: Pressed, words: str) -> Callable[[], Awaitable[object]]:
        return lambda: self._line.bot.answer_callback_query(press.callback_id, words or None, show_alert=bool(words))

    def _without_buttons(self, press: Pressed) -> Callable[[], Awaitable[object]]:
        return lambda: self._line.bot.edit_message_reply_markup(press.chat_id, press.message_id)

    async def _call(self, call: Callable[[], Awaitable[object]]) -> None:
        """Make a call that may fail: a press that is too old to be answered, a keyboard that is gone already."""
        async with self._at_once:
            try:
                await call()
            except TelegramError as error:
                log.info("telegram_call_refused", community=self._line.settings.community, error=told(error))


def _chat_of(happening: Happening) -> object:
    """Whose order must be kept: that of one private chat, which is also where somebody's group messages go."""
    match happening:
        case Written():
            return happening.sender_id
        case Pressed():
            return happening.chat_id
        case Shut():
            return happening.chat_id
        case Moved():
            return happening.old


def _wreck(raw: Mapping[str, Any]) -> Written | None:
    """What can still be told of an update that cannot be read: that somebody sent something."""
    try:
        message = raw["message"]
        sender, chat = message["from"], message["chat"]
        if chat["type"] != "private" or sender.get("is_bot"):
            return None
        return Written(
            update_id=int(raw["update_id"]),
            chat_id=int(chat["id"]),
            message_id=int(message["message_id"]),
            sender_id=int(sender["id"]),
            sender_name=str(sender.get("first_name", "")),
            answerable=True,
            sent_at=datetime.fromtimestamp(int(message["date"]), tz=UTC),
            kind=MessageKind.OTHER,
            text=str(message.get("text") or message.get("caption") or ""),
            files=(),
        )
    except _UNREADABLE:
        return None
