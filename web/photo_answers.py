"""Sends a resident's file so that no browser can take it for anything else."""

from starlette.responses import FileResponse, Response

from actions.errors import NotFoundError
from actions.views.shown import StoredFile
from web.uploads import Photos

_YEAR = 31_536_000
# What a browser may show or play by itself; photos were made by us, and sound runs no program.
_SHOWN = frozenset({"image/jpeg", "audio/ogg", "audio/mpeg", "audio/mp4", "audio/x-m4a", "audio/aac"})


def photo_response(photos: Photos, file: StoredFile) -> Response:
    """The bytes of a photo or a voice message; any other file is only handed out to be saved.

    Raises NotFoundError when they are not in the folder.
    """
    path = photos.path(file.sha256)
    if not path.is_file():
        raise NotFoundError(f"the bytes of {file.sha256} are not there")
    shown = file.content_type in _SHOWN
    return FileResponse(
        path,
        media_type=file.content_type if shown else "application/octet-stream",
        filename=None if shown else file.name or "file",
        content_disposition_type="inline" if shown else "attachment",
        headers={
            "cache-control": f"private, max-age={_YEAR}, immutable",
            **({"content-disposition": "inline"} if shown else {}),
            "content-security-policy": "default-src 'none'; sandbox",
            "x-content-type-options": "nosniff",
        },
    )
