"""Files are fetched after their messages were stored, and nothing about them delays an answer."""

import io
from datetime import timedelta
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from actions.kept_files import path_of
from actions.tables import Attachment
from bot.channels.telegram.fetching import Fetcher
from desk.telegram import _keep
from tests.telegram.desk import PHRASES, TelegramDesk
from tests.telegram.double import Fault
from web.uploads import Photos


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(out, "PNG")
    return out.getvalue()


class Fetching:
    """The fetcher of a desk, with a folder of its own."""

    def __init__(self, telegram: TelegramDesk, folder: Path) -> None:
        self.telegram = telegram
        self.folder = folder
        stage, photos = telegram.stage, Photos(folder)
        self.fetcher = Fetcher(
            {stage.community_id: telegram.line},
            stage.store,
            lambda wanted, content: _keep(folder, photos, wanted, content),
            stage.mind.replies,
            PHRASES,
            lambda: stage.now,
            largest=1000_000,
        )

    async def all(self) -> None:
        while await self.fetcher.step():
            pass

    async def files(self) -> list[tuple[str, str, str, bool]]:
        query = select(Attachment).order_by(Attachment.id)

        def look(session: object) -> list[tuple[str, str, str, bool]]:
            return [
                (file.kind, file.content_type, file.sha256, file.fetch_at is None)
                for file in session.execute(query).scalars()  # type: ignore[attr-defined]
            ]

        return await self.telegram.stage.store.read(look)


@pytest.fixture
def fetching(telegram: TelegramDesk, tmp_path: Path) -> Fetching:
    return Fetching(telegram, tmp_path / "uploads")


async def test_a_photo_is_answered_before_it_is_here_and_kept_as_a_small_jpeg(fetching: Fetching) -> None:
    telegram = fetching.telegram
    telegram.api.files["p1"] = picture()
    telegram.person().photo("p1")
    await telegram.settle()
    assert "照片" in telegram.api.texts(7001)[-1]
    assert await fetching.files() == [("photo", "image/jpeg", "", False)]
    await fetching.all()
    ((kind, content_type, digest, done),) = await fetching.files()
    assert (kind, content_type, done) == ("photo", "image/jpeg", True)
    with Image.open(path_of(fetching.folder, digest)) as kept:
        assert (kept.format, kept.size) == ("JPEG", (60, 40))


async def test_a_voice_message_and_a_document_are_kept_as_they_are(fetching: Fetching) -> None:
    telegram = fetching.telegram
    telegram.api.files |= {"v1": b"OggS...", "d1": b"%PDF..."}
    wang = telegram.person()
    wang.sends(voice={"file_id": "v1", "file_unique_id": "v", "duration": 12, "mime_type": "audio/ogg"})
    wang.sends(document={"file_id": "d1", "file_unique_id": "d", "file_name": "a.pdf", "mime_type": "application/pdf"})
    await telegram.settle()
    await fetching.all()
    files = await fetching.files()
    assert [(kind, content_type) for kind, content_type, _, _ in files] == [
        ("voice", "audio/ogg"),
        ("file", "application/pdf"),
    ]
    assert [path_of(fetching.folder, digest).read_bytes() for _, _, digest, _ in files] == [b"OggS...", b"%PDF..."]


async def test_a_file_that_is_no_picture_is_refused_courteously(fetching: Fetching) -> None:
    telegram = fetching.telegram
    telegram.api.files["p1"] = b"<script>alert(1)</script>"
    telegram.person().photo("p1")
    await telegram.settle()
    await fetching.all()
    await telegram.settle()
    assert "不是能识别的照片" in telegram.api.texts(7001)[-1]
    assert await fetching.files() == [("photo", "image/jpeg", "", True)]


async def test_a_file_that_is_too_large_is_not_even_asked_for(fetching: Fetching) -> None:
    telegram = fetching.telegram
    telegram.person().sends(document={"file_id": "d", "file_unique_id": "d", "file_size": 2_000_000})
    await telegram.settle()
    await fetching.all()
    await telegram.settle()
    assert "文件太大" in telegram.api.texts(7001)[-1]
    assert telegram.api.of("getFile") == []


async def test_a_download_that_fails_is_tried_again_and_in_the_end_told(fetching: Fetching) -> None:
    telegram = fetching.telegram
    telegram.api.files["p1"] = picture()
    telegram.person().photo("p1")
    await telegram.settle()
    telegram.api.faults["getFile"] += [Fault(500), Fault(drop="before")]
    await fetching.all()
    assert await fetching.files() == [("photo", "image/jpeg", "", False)]
    for _ in range(3):
        telegram.stage.now += timedelta(seconds=20)
        await fetching.all()
    assert (await fetching.files())[0][2] != ""


async def test_a_file_that_telegram_no_longer_has_is_told(fetching: Fetching) -> None:
    telegram = fetching.telegram
    telegram.person().photo("gone")
    await telegram.settle()
    await fetching.all()
    await telegram.settle()
    assert "Telegram" in telegram.api.texts(7001)[-1]
    assert not await fetching.fetcher.step()
