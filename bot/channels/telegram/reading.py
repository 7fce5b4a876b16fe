"""Reads an update of the Bot API: what happened, in the desk's own terms, without looking anything up."""

import re
from dataclasses import dataclass
from datetime import datetime

from telegram import (
    Chat,
    ChatMember,
    Contact,
    Message,
    MessageEntity,
    MessageOriginChannel,
    MessageOriginChat,
    MessageOriginHiddenUser,
    MessageOriginUser,
    Update,
)

from actions.tables import MessageKind
from bot.channels.telegram.phrases import TelegramPhrases

_LONGEST_QUOTE = 500
_GROUPS = frozenset({Chat.GROUP, Chat.SUPERGROUP})
_SHUT_OUT = frozenset({ChatMember.BANNED, ChatMember.LEFT})


@dataclass(frozen=True, slots=True)
class Me:
    """The bot itself, as Telegram knows it."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file that Telegram still holds; `kind` is photo, voice, video, audio or file, `size` in bytes or 0."""

    kind: str
    file_id: str
    name: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True)
class Written:
    """Somebody wrote. `group` is the group's name, empty in a private chat; `answerable` says that a person wrote.

    `command` is a word of the menu, without its slash, and `argument` what follows it.
    """

    update_id: int
    chat_id: int
    message_id: int
    sender_id: int
    sender_name: str
    answerable: bool
    sent_at: datetime
    kind: MessageKind
    text: str
    files: tuple[RemoteFile, ...]
    group: str = ""
    addressed: bool = True
    edited: bool = False
    quote: str = ""
    origin: str = ""
    command: str = ""
    argument: str = ""


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody pressed a button; `callback_id` must be answered, `data` is what we had put into the button."""

    update_id: int
    callback_id: str
    chat_id: int | None
    message_id: int | None
    sender_name: str
    data: str | None


@dataclass(frozen=True, slots=True)
class Shut:
    """A chat has shut the bot out, or let it in again."""

    chat_id: int
    reachable: bool


@dataclass(frozen=True, slots=True)
class Moved:
    """A group got another id."""

    old: int
    new: int


Happening = Written | Pressed | Shut | Moved


def read(update: Update, me: Me, phrases: TelegramPhrases) -> Happening | None:
    """What an update tells; None for what is none of the desk's business."""
    if update.callback_query is not None:
        query = update.callback_query
        message = query.message
        return Pressed(
            update.update_id,
            query.id,
            None if message is None else message.chat.id,
            None if message is None else message.message_id,
            query.from_user.full_name,
            query.data,
        )
    if (change := update.my_chat_member) is not None:
        return Shut(change.chat.id, reachable=change.new_chat_member.status not in _SHUT_OUT)
    told = update.message or update.edited_message
    if told is None:
        return None
    if told.migrate_to_chat_id is not None:
        return Moved(told.chat.id, told.migrate_to_chat_id)
    return _written(update, told, me, phrases)


def _written(update: Update, message: Message, me: Me, phrases: TelegramPhrases) -> Written | None:
    sender = message.from_user
    in_group = message.chat.type in _GROUPS
    edited = update.edited_message is not None
    content = _content(message, phrases)
    # A live location is told anew every few seconds; where it began is enough.
    if sender is None or content is None or (edited and content[0] is MessageKind.LOCATION):
        return None
    if message.chat.type != Chat.PRIVATE and not in_group:
        return None
    kind, text, files = content
    command, addressee, argument = _command(message)
    ours = addressee.lower() in {"", me.username.lower()}
    return Written(
        update_id=update.update_id,
        chat_id=message.chat.id,
        message_id=message.message_id,
        sender_id=sender.id,
        sender_name=sender.full_name,
        answerable=not sender.is_bot and message.sender_chat is None,
        sent_at=message.date,
        kind=kind,
        text=_without_mention(text, me) if in_group else text,
        files=files,
        group=(message.chat.title or str(message.chat.id)) if in_group else "",
        addressed=not in_group or (ours if command else _addressed(message, me)),
        edited=edited,
        quote=_quote(message),
        origin=_origin(message),
        command=command if ours else "",
        argument=argument if ours else "",
    )


def _content(message: Message, phrases: TelegramPhrases) -> tuple[MessageKind, str, tuple[RemoteFile, ...]] | None:
    """Kind, words and files of a message; None for a service message such as “joined the group”."""
    text = message.text or message.caption or ""
    plain = MessageKind.TEXT if message.forward_origin is None else MessageKind.FORWARD
    if message.sticker is not None:
        return MessageKind.STICKER, message.sticker.emoji or "", ()
    if message.contact is not None:
        own = message.from_user is not None and message.contact.user_id == message.from_user.id
        # Only one's own number is something to agree on; anybody else's is part of what is said.
        return MessageKind.CONTACT if own else plain, _contact(message.contact, phrases, own=own), ()
    if message.venue is not None:
        place = phrases.venue.format(title=message.venue.title, address=message.venue.address)
        return MessageKind.LOCATION, place, ()
    if message.location is not None:
        spot = message.location
        here = phrases.location.format(latitude=f"{spot.latitude:.5f}", longitude=f"{spot.longitude:.5f}")
        return MessageKind.LOCATION, here, ()
    if (file := _file(message, phrases)) is not None:
        kind = {"photo": plain, "voice": MessageKind.VOICE}.get(file.kind, MessageKind.FILE)
        return kind, text, (file,)
    if text:
        return plain, text, ()
    return None if message.effective_attachment is None else (MessageKind.OTHER, "", ())


def _file(message: Message, phrases: TelegramPhrases) -> RemoteFile | None:
    if message.photo:
        # The last size is the largest.
        photo = message.photo[-1]
        return RemoteFile("photo", photo.file_id, "", "image/jpeg", photo.file_size or 0)
    if message.voice is not None:
        voice = message.voice
        content_type = voice.mime_type or "audio/ogg"
        return RemoteFile("voice", voice.file_id, phrases.files["voice"], content_type, voice.file_size or 0)
    if message.video_note is not None:
        note = message.video_note
        return RemoteFile("video", note.file_id, phrases.files["video"], "video/mp4", note.file_size or 0)
    for kind, file in (("video", message.animation), ("video", message.video), ("audio", message.audio)):
        if file is not None:
            name, content_type = file.file_name or phrases.files[kind], file.mime_type or f"{kind}/mp4"
            return RemoteFile(kind, file.file_id, name, content_type, file.file_size or 0)
    if (document := message.document) is None:
        return None
    content_type = document.mime_type or "application/octet-stream"
    # A picture sent “as a file” is a photo like any other.
    kind = "photo" if content_type in {"image/jpeg", "image/png", "image/webp"} else "file"
    name = document.file_name or phrases.files["file"]
    return RemoteFile(kind, document.file_id, name, content_type, document.file_size or 0)


def _contact(contact: Contact, phrases: TelegramPhrases, *, own: bool) -> str:
    phone = contact.phone_number.removeprefix("+")
    # In China numbers are told without the country's code.
    phone = phone.removeprefix("86") if len(phone) == len("8613812345678") else phone
    if own:
        return phrases.contact.format(phone=phone)
    name = " ".join(part for part in (contact.first_name, contact.last_name) if part)
    return phrases.other_contact.format(name=name, phone=phone)


def _command(message: Message) -> tuple[str, str, str]:
    """The command that a text begins with, the bot it is for, and what follows; empty where it begins with none."""
    commands = message.parse_entities([MessageEntity.BOT_COMMAND]) if message.text else {}
    for entity, said in commands.items():
        if entity.offset == 0:
            name, _, addressee = said.removeprefix("/").partition("@")
            return name.lower(), addressee, (message.text or "")[len(said) :].strip()
    return "", "", ""


def _addressed(message: Message, me: Me) -> bool:
    answered = message.reply_to_message
    if answered is not None and answered.from_user is not None and answered.from_user.id == me.id:
        return True
    entities = message.parse_entities() if message.text else {}
    entities |= message.parse_caption_entities() if message.caption else {}
    mention = f"@{me.username}".lower()
    return any(
        (entity.type == MessageEntity.MENTION and said.lower() == mention)
        or (entity.type == MessageEntity.TEXT_MENTION and entity.user is not None and entity.user.id == me.id)
        for entity, said in entities.items()
    )


def _without_mention(text: str, me: Me) -> str:
    return re.sub(rf"@{re.escape(me.username)}\b", "", text, count=1, flags=re.IGNORECASE).strip()


def _quote(message: Message) -> str:
    if message.quote is not None:
        return message.quote.text[:_LONGEST_QUOTE]
    answered = message.reply_to_message
    return "" if answered is None else (answered.text or answered.caption or "")[:_LONGEST_QUOTE]


def _origin(message: Message) -> str:
    """Whose words are passed on."""
    match message.forward_origin:
        case MessageOriginUser(sender_user=user):
            return user.full_name
        case MessageOriginHiddenUser(sender_user_name=name):
            return name
        case MessageOriginChat(sender_chat=chat) | MessageOriginChannel(chat=chat):
            return chat.title or ""
        case _:
            return ""
