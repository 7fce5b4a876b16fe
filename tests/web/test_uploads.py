"""Photos, and what is sent in their place."""

import contextlib
import io
import struct
import zlib
from tempfile import SpooledTemporaryFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from actions.tables import Attachment
from tests.web.scene import ON_BOTH, Scene
from tests.web.test_resident import JSON
from web.forms import PostedFile
from web.uploads import PhotoError, Photos, reencoded


def picture(kind: str = "JPEG", size: tuple[int, int] = (800, 600), **details: object) -> bytes:
    """A small photo."""
    out = io.BytesIO()
    mode = "RGBA" if kind == "PNG" else "RGB"
    Image.new(mode, size, "teal").save(out, kind, **details)
    return out.getvalue()


def located() -> bytes:
    """A photo that says where it was taken, lying on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "SECRETPHONE"
    exif.get_ifd(0x8825)[1] = "N"
    return picture(exif=exif, comment=b"SECRETCOMMENT", icc_profile=b"SECRETPROFILE" * 20)


def bomb(width: int = 30_000, height: int = 30_000) -> bytes:
    """A PNG of a few bytes that claims nine hundred million pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"\0" * 99)) + chunk(b"IEND", b"")


async def post(scene: Scene, text: str, *files: tuple[str, bytes, str]) -> dict[str, object]:
    """Send a message with photos, as a script does."""
    browser = scene.browser()
    await browser.get("/")
    posted = await browser.post(
        "/messages", data={"text": text}, files=[("photo", file) for file in files], headers=JSON
    )
    found: dict[str, object] = posted.json()
    return found


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_photo_becomes_a_jpeg_of_at_most_2048_pixels(kind: str) -> None:
    small = Image.open(io.BytesIO(reencoded(io.BytesIO(picture(kind, (3000, 1500))))))
    assert small.format == "JPEG"
    assert small.size == (2048, 1024)


def test_a_photo_loses_its_place_its_camera_and_its_comments_but_stands_upright() -> None:
    kept = reencoded(io.BytesIO(located()))
    assert b"SECRET" not in kept
    image = Image.open(io.BytesIO(kept))
    assert image.size == (600, 800)
    assert not image.getexif()
    assert "icc_profile" not in image.info


def test_what_is_transparent_becomes_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (10, 10), (255, 0, 0, 0)).save(out, "PNG")
    shown = Image.open(io.BytesIO(reencoded(io.BytesIO(out.getvalue()))))
    assert min(shown.convert("RGB").getpixel((5, 5))) > 250  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "photo_unreadable"),
        (b"this is a text", "photo_unreadable"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "photo_unreadable"),
        (b"GIF89a" + b"\0" * 50, "photo_unreadable"),
        (b"%PDF-1.7", "photo_unreadable"),
        (b"MZ\x90\0", "photo_unreadable"),
        (picture()[:200], "photo_unreadable"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 30, "photo_unreadable"),
        (bomb(), "photo_too_many_pixels"),
        (bomb(8_000, 8_000), "photo_too_many_pixels"),
    ],
)
def test_what_is_no_photo_is_refused_with_a_reason(content: bytes, reason: str) -> None:
    with pytest.raises(PhotoError) as caught:
        reencoded(io.BytesIO(content))
    assert caught.value.reason == reason


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.integers(0, 10_000), st.binary(min_size=1, max_size=20))
def test_a_photo_that_was_damaged_is_kept_or_refused_and_nothing_else(kind: str, place: int, noise: bytes) -> None:
    content = bytearray(picture(kind, (64, 48)))
    at = place % len(content)
    content[at : at + len(noise)] = noise
    with contextlib.suppress(PhotoError):
        assert reencoded(io.BytesIO(bytes(content)))


@ON_BOTH
async def test_a_photo_is_stored_under_its_hash_and_shown_to_its_sender(scene: Scene) -> None:
    browser = scene.browser()
    await browser.get("/")
    sent = await browser.post(
        "/messages", data={"text": "就是这里"}, files={"photo": ("漏水.jpg", located(), "image/jpeg")}
    )
    assert sent.headers["location"] == "/#latest"
    ((attachment_id, digest, kind, size),) = await scene.values(
        Attachment.id, Attachment.sha256, Attachment.content_type, Attachment.size
    )
    assert f"/photos/{attachment_id}" in (await browser.get("/")).text
    photo = await browser.get(f"/photos/{attachment_id}")
    assert photo.status_code == 200
    assert photo.headers["content-type"] == "image/jpeg" == kind
    assert photo.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert photo.headers["x-content-type-options"] == "nosniff"
    assert len(photo.content) == size
    assert b"SECRET" not in photo.content
    assert (scene.uploads / digest[:2] / digest).read_bytes() == photo.content


async def test_a_photo_alone_is_a_message(scene: Scene) -> None:
    assert await post(scene, "", ("a.png", picture("PNG"), "image/png")) == {"stored": True, "notes": []}
    assert await scene.messages() == [("in", "")]


async def test_a_photo_of_thirty_megabytes_is_refused_and_its_text_kept(scene: Scene) -> None:
    found = await post(scene, "厨房漏水了", ("huge.jpg", picture() + b"\0" * 30_000_000, "image/jpeg"))
    assert found["stored"] is True
    assert "超过10 MB" in str(found["notes"])
    assert await scene.messages() == [("in", "厨房漏水了")]
    assert await scene.values(Attachment.id) == []


async def test_a_text_that_calls_itself_a_photo_is_refused_and_its_message_kept(scene: Scene) -> None:
    found = await post(scene, "看照片", ("photo.jpg", b"<?php system('id'); ?>", "image/jpeg"))
    assert found["stored"] is True
    assert "不是能识别的照片" in str(found["notes"])
    assert not scene.uploads.exists()


async def test_without_a_script_the_reason_is_on_the_next_page(scene: Scene) -> None:
    browser = scene.browser()
    await browser.get("/")
    sent = await browser.post("/messages", data={"text": "看"}, files={"photo": ("a.jpg", b"no", "image/jpeg")})
    assert sent.status_code == 303
    shown = await browser.get(sent.headers["location"])
    assert "不是能识别的照片" in shown.text
    alone = await browser.post("/messages", data={"text": ""}, files={"photo": ("a.jpg", b"no", "image/jpeg")})
    assert "文字已经收到" not in (await browser.get(alone.headers["location"])).text


async def test_good_photos_are_kept_beside_bad_ones(scene: Scene) -> None:
    found = await post(
        scene, "三张", ("1.jpg", picture(), "image/jpeg"), ("2.jpg", b"x", "image/jpeg"), ("3.png", bomb(), "image/png")
    )
    assert found["stored"] is True
    assert len(found["notes"]) == 2  # type: ignore[arg-type]
    assert len(await scene.values(Attachment.id)) == 1


async def test_the_seventh_photo_is_asked_for_again(scene: Scene) -> None:
    files = [(f"{number}.jpg", picture(size=(10 + number, 10)), "image/jpeg") for number in range(8)]
    found = await post(scene, "很多照片", *files)
    assert "一次最多收6张" in str(found["notes"])
    assert len(await scene.values(Attachment.id)) == 6


async def test_a_file_name_is_kept_as_a_name_and_never_as_a_path_or_markup(scene: Scene) -> None:
    name = "../../<img src=x onerror=alert(1)>.jpg"
    await post(scene, "看", (name, picture(), "image/jpeg"))
    ((kept,),) = await scene.values(Attachment.name)
    assert "onerror" in kept
    inside = [path for path in scene.uploads.rglob("*") if path.is_file()]
    assert len(inside) == 1
    assert len(inside[0].name) == 64


async def test_the_same_photo_is_stored_once(scene: Scene) -> None:
    photos = Photos(scene.uploads)
    found = []
    for _ in range(2):
        with SpooledTemporaryFile[bytes]() as spool:
            spool.write(picture())
            found.append(await photos.keep(PostedFile("a.jpg", spool, 10)))
    assert found[0] == found[1]
    assert len([path for path in scene.uploads.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize("photo", ["0", "1", "9223372036854775807", "9223372036854775808", "1" * 40])
async def test_photos_cannot_be_found_by_guessing(scene: Scene, photo: str) -> None:
    assert (await scene.browser().get(f"/photos/{photo}")).status_code == 404


async def test_a_photo_of_somebody_else_is_not_there(scene: Scene) -> None:
    await post(scene, "我家", ("a.jpg", picture(), "image/jpeg"))
    ((photo,),) = await scene.values(Attachment.id)
    stranger = scene.browser()
    await stranger.get("/")
    await stranger.post("/messages", data={"text": "你好"})
    assert (await stranger.get(f"/photos/{photo}")).status_code == 404
    assert (await stranger.get(f"/c/other/photos/{photo}")).status_code == 404
