"""Sends a photo so that no browser can take it for anything else."""

from starlette.responses import FileResponse, Response

from actions.errors import NotFoundError
from actions.views.shown import StoredFile
from web.uploads import Photos

_YEAR = 31_536_000


def photo_response(photos: Photos, file: StoredFile) -> Response:
    """The bytes of a photo. Raises NotFoundError when they are no longer in the folder."""
    path = photos.path(file.sha256)
    if not path.is_file():
        raise NotFoundError(f"the bytes of {file.sha256} are not there")
    return FileResponse(
        path,
        media_type="image/jpeg",
        headers={
            "cache-control": f"private, max-age={_YEAR}, immutable",
            "content-disposition": "inline",
            "content-security-policy": "default-src 'none'; sandbox",
        },
    )
