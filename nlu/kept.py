"""Keeps what was trained on disk: written whole or not at all, and read only when it can be."""

import os
import zipfile
from collections.abc import Callable, Collection
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TypeVar

T = TypeVar("T")

_NEWEST = 4


def stored(path: Path, load: Callable[[Path], T]) -> T | None:
    """What `load` reads from a file, or None when there is none that this code can read.

    A damaged or foreign file counts as missing: it is trained anew and written over.
    """
    if not path.is_file():
        return None
    try:
        return load(path)
    except (ValueError, KeyError, OSError, EOFError, zipfile.BadZipFile):
        return None


def write(path: Path, save: Callable[[Path], None], spare: Collection[Path] = ()) -> None:
    """Have `save` write a file beside its place and rename it, so that two processes which start at once do no harm.

    What older content left behind goes, but for the newest few and what is to be spared. Raises OSError when the
    folder cannot be written.
    """
    with NamedTemporaryFile(dir=path.parent, prefix=path.stem, suffix=".part", delete=False) as file:
        part = Path(file.name)
    try:
        save(part)
        os.replace(part, path)  # noqa: PTH105  Path.replace is the same call; this one says that it is atomic.
    finally:
        part.unlink(missing_ok=True)
    _forget(path, spare)


def _forget(written: Path, spare: Collection[Path]) -> None:
    """Remove what older content left behind, apart from the newest few, which a change taken back needs again."""
    kind, _, _ = written.stem.rpartition("-")
    alike = [path for path in written.parent.glob(f"*{written.suffix}") if path.stem.rpartition("-")[0] == kind]
    for path in sorted(alike, key=lambda path: path.stat().st_mtime)[:-_NEWEST]:
        if path not in spare:
            path.unlink(missing_ok=True)
