"""Photos: recognised by their content, made small, freed of everything but the picture, and kept under their hash."""

import struct
import tempfile
import zlib
from pathlib import Path
from typing import IO

import anyio
import anyio.to_thread
from PIL import Image, ImageOps, UnidentifiedImageError

from actions.intake import Upload
from actions.kept_files import keep_bytes, path_of
from web.forms import PostedFile

_FORMATS = ("JPEG", "PNG", "WEBP")
# What the decoders raise on files that were cut off or made to confuse them.
_BROKEN = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    TypeError,
    LookupError,
    ArithmeticError,
    struct.error,
    zlib.error,
)
_LONGEST_SIDE = 2048
_QUALITY = 85
_MOST_PIXELS = 40_000_000
# A JPEG is decoded at a fraction of its size, so that the large photos of today's phones do not fill the memory.
_MOST_PIXELS_JPEG = 64_000_000
_LONGEST_NAME = 120


class PhotoError(Exception):
    """A file cannot be kept; `reason` is the name of the sentence that tells the sender why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Photos:
    """The folder of photos. Two are worked on at a time, so that a burst of them does not fill the memory."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._at_once = anyio.CapacityLimiter(2)

    def path(self, sha256: str) -> Path:
        """Where the bytes of a hash lie."""
        return path_of(self._folder, sha256)

    async def keep(self, file: PostedFile) -> Upload:
        """Re-encode and store one posted file. Raises PhotoError when it is too large or no photo."""
        if file.surplus:
            raise PhotoError("photo_surplus")
        if file.too_large:
            raise PhotoError("photo_too_large")
        return await anyio.to_thread.run_sync(self._keep, file, limiter=self._at_once)

    def _keep(self, file: PostedFile) -> Upload:
        file.data.seek(0)
        content = reencoded(file.data)
        digest = keep_bytes(self._folder, content)
        return Upload("photo", digest, "image/jpeg", len(content), file.name[-_LONGEST_NAME:])


def reencoded(source: IO[bytes]) -> bytes:
    """A photo as a JPEG of at most 2048 pixels a side, upright, without place, time or camera in it.

    Raises PhotoError when the content is no JPEG, PNG or WebP, or would unfold into too many pixels.
    """
    try:
        with Image.open(source, formats=_FORMATS) as image:
            limit = _MOST_PIXELS_JPEG if image.format in {"JPEG", "MPO"} else _MOST_PIXELS
            if image.width * image.height > limit:
                raise PhotoError("photo_too_many_pixels")
            image.draft("RGB", (_LONGEST_SIDE, _LONGEST_SIDE))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
            return _as_jpeg(upright)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise PhotoError("photo_too_many_pixels") from error
    except _BROKEN as error:
        raise PhotoError("photo_unreadable") from error


def _as_jpeg(image: Image.Image) -> bytes:
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        paper = Image.new("RGB", image.size, "white")
        clear = image.convert("RGBA")
        paper.paste(clear, mask=clear.getchannel("A"))
        image = paper
    # A new picture takes over the pixels alone: profiles, comments and EXIF stay behind.
    bare = Image.new("RGB", image.size)
    bare.paste(image.convert("RGB"))
    with tempfile.SpooledTemporaryFile() as out:
        bare.save(out, "JPEG", quality=_QUALITY, optimize=True)
        out.seek(0)
        return out.read()
