"""Bytes of files, kept under the hash of their content: written whole or not at all, the same ones once."""

import hashlib
import os
import tempfile
from pathlib import Path


def path_of(folder: Path, sha256: str) -> Path:
    """Where the bytes of a hash lie."""
    return folder / sha256[:2] / sha256


def keep_bytes(folder: Path, content: bytes) -> str:
    """Write the bytes of a file and return their hash; what is there already is left alone."""
    digest = hashlib.sha256(content).hexdigest()
    path = path_of(folder, digest)
    if path.exists():
        return digest
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    with os.fdopen(handle, "wb") as new:
        new.write(content)
        new.flush()
        os.fsync(new.fileno())
    Path(temporary).replace(path)
    return digest
