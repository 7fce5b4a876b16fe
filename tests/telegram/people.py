"""People who use Telegram: each method makes the update that it would cause."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.telegram.double import BOT_ID, BOT_NAME, BotApi, Sent


@dataclass(slots=True)
class Person:
    """Somebody with a private chat; updates go to the double and are returned, to be sent again if need be."""

    api: BotApi
    now: datetime
    id: int = 7001
    name: str = "王芳"
    update_id: int = 900_000_000

    def __post_init__(self) -> None:
        self.api.chats.add(self.id)

    @property
    def sender(self) -> dict[str, Any]:
        return {"id": self.id, "is_bot": False, "first_name": self.name}

    def message(self, chat: dict[str, Any] | None = None, message_id: int = 0, **content: Any) -> dict[str, Any]:
        return {
            "message_id": message_id or self.api.number(),
            "date": int(self.now.timestamp()),
            "from": self.sender,
            "chat": chat or {"id": self.id, "type": "private", "first_name": self.name},
            **content,
        }

    def does(self, **what: Any) -> dict[str, Any]:
        """Let an update arrive."""
        self.update_id += 1
        update = {"update_id": self.update_id, **what}
        self.api.push(update)
        return update

    def says(self, text: str, **content: Any) -> dict[str, Any]:
        if text.startswith("/") and "entities" not in content:
            content["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}]
        return self.does(message=self.message(text=text, **content))

    def sends(self, **content: Any) -> dict[str, Any]:
        return self.does(message=self.message(**content))

    def photo(self, file_id: str, **content: Any) -> dict[str, Any]:
        sizes = [
            {"file_id": f"small-{file_id}", "file_unique_id": "s", "width": 90, "height": 60},
            {"file_id": file_id, "file_unique_id": file_id, "width": 1280, "height": 960, "file_size": 4000},
        ]
        return self.sends(photo=sizes, **content)

    def edits(self, update: dict[str, Any], text: str) -> dict[str, Any]:
        return self.does(edited_message={**update["message"], "text": text, "edit_date": int(self.now.timestamp())})

    def presses(self, sent: Sent, label: str) -> dict[str, Any]:
        button = next(button for button in sent.buttons if button["text"] == label)
        return self.presses_data(sent, button["callback_data"])

    def presses_data(self, sent: Sent, data: str) -> dict[str, Any]:
        query = str(self.api.number())
        self.api.queries[query] = None
        message = {
            "message_id": sent.message_id,
            "date": int(self.now.timestamp()),
            "chat": {"id": sent.chat_id, "type": "private", "first_name": self.name},
            "text": sent.text,
        }
        return self.does(
            callback_query={"id": query, "from": self.sender, "chat_instance": "1", "message": message, "data": data}
        )

    def in_group(self, text: str, group: int = -1001, **content: Any) -> dict[str, Any]:
        self.api.chats.add(group)
        chat = {"id": group, "type": "supergroup", "title": "桂苑业主群"}
        mention = f"@{BOT_NAME}"
        if mention in text:
            place = len(text[: text.index(mention)].encode("utf-16-le")) // 2
            content["entities"] = [{"type": "mention", "offset": place, "length": len(mention)}]
        return self.does(message=self.message(chat=chat, text=text, **content))

    def shuts_out(self, *, out: bool = True) -> dict[str, Any]:
        bot = {"id": BOT_ID, "is_bot": True, "first_name": "桂苑物业", "username": BOT_NAME}
        old, new = ("member", "kicked") if out else ("kicked", "member")
        (self.api.blocked.add if out else self.api.blocked.discard)(self.id)
        kicked = {"until_date": 0}
        return self.does(
            my_chat_member={
                "chat": {"id": self.id, "type": "private", "first_name": self.name},
                "from": self.sender,
                "date": int(self.now.timestamp()),
                "old_chat_member": {"user": bot, "status": old, **(kicked if old == "kicked" else {})},
                "new_chat_member": {"user": bot, "status": new, **(kicked if new == "kicked" else {})},
            }
        )
