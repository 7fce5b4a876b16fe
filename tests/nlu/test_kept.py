"""What was trained is kept whole, and what older content left behind goes."""

import os
from pathlib import Path

import pytest

from nlu import kept


def put(path: Path, *, age: int) -> Path:
    """A file that was written so many seconds ago."""
    path.write_text(path.stem)
    os.utime(path, (path.stat().st_mtime - age,) * 2)
    return path


def test_the_newest_few_of_a_kind_stay(tmp_path: Path) -> None:
    models = [put(tmp_path / f"m{age}.npz", age=age) for age in range(10, 70, 10)]
    indexes = [put(tmp_path / f"knowledge-{age}.npz", age=age) for age in range(10, 40, 10)]
    other = put(tmp_path / "notes.txt", age=100)
    kept.write(tmp_path / "new.npz", Path.touch)
    assert sorted(path.name for path in tmp_path.glob("*.npz") if path not in indexes) == [
        "m10.npz",
        "m20.npz",
        "m30.npz",
        "new.npz",
    ]
    assert not models[-1].exists()
    assert all(path.exists() for path in (*indexes, other))


def test_what_cannot_be_written_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = put(tmp_path / "a.npz", age=0)

    def fail(part: Path) -> None:
        part.write_text("half")
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
        kept.write(path, fail)
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("a.npz", "a")]
