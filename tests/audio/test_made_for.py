"""Folders that are made for files go again when those do not come, whatever keeps them from it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from farm.audio.files import made_for

ENDS_WHILE_OPENING = """
import sys
from pathlib import Path
from farm.audio.files import made_for
from farm.audio.partial import PartialFile

folder = Path(sys.argv[1])
try:
    with made_for([folder / "a" / "b" / "x.wav"]):
        held = PartialFile(folder / "a" / "b" / "x.wav")
        raise KeyboardInterrupt
except KeyboardInterrupt:
    print([one.suffix for one in (folder / "a" / "b").iterdir()])
"""


def test_a_folder_goes_at_the_end_where_a_file_within_stays_that_long(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ENDS_WHILE_OPENING, str(tmp_path)]
    done = subprocess.run(command, text=True, capture_output=True, timeout=60, check=True)
    assert done.stdout == "['.part']\n"
    assert list(tmp_path.iterdir()) == []


def test_folders_go_at_once_and_only_those_that_were_missing(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    seen = []

    def fails() -> None:
        with made_for([tmp_path / "there" / "new" / "x.wav", tmp_path / "y" / "x.wav"]):
            seen.extend(sorted(one.name for one in tmp_path.rglob("*")))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert seen == ["new", "there", "y"]
    assert [one.name for one in tmp_path.rglob("*")] == ["there"]
    with made_for([tmp_path / "kept" / "x.wav"]):
        pass
    assert (tmp_path / "kept").is_dir()
