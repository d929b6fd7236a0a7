"""Memory that cannot be had, in shared memory or in a folder: what was wrong is said, and what to do."""

from __future__ import annotations

import errno
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from farm.errors import FarmError, FileError, RenderError
from tests.pool.pools import ROOT
from tests.render.sound import frames
from workers import arena

TEXT = 'out: s "bd" # delay 3'


def refused(monkeypatch: pytest.MonkeyPatch, number: int, work_dir: str | None) -> FarmError:
    """The error of a render whose arena is refused for a reason."""

    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(arena, "reserve", refuse)
        with pytest.raises(FarmError) as caught:
            frames(TEXT, work_dir=work_dir)
    assert caught.value.hint
    return caught.value


@pytest.mark.parametrize(
    ("number", "message", "hint"),
    [
        (errno.ENOSPC, r"there is not enough shared memory: \d+\.\d MB are needed in /dev/shm", "--work-dir FOLDER"),
        (errno.ENOMEM, r"there is not enough memory: \d+\.\d MB are needed", "ulimit -v"),
        (errno.EFBIG, r"shared memory cannot be made: \d+\.\d MB are needed, .* size limit of files", "ulimit -f"),
        (errno.EMFILE, "too many files are open", "ulimit -n"),
        (errno.EACCES, "cannot be made in /dev/shm: no permission", "--work-dir FOLDER"),
        (errno.EROFS, "cannot be made in /dev/shm: its disk is mounted read-only", "--work-dir FOLDER"),
        (errno.EIO, "cannot be made in /dev/shm: Input/output error", "--work-dir FOLDER"),
    ],
)
def test_r26_shared_memory_that_is_refused(
    number: int, message: str, hint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = refused(monkeypatch, number, None)
    assert isinstance(error, RenderError)
    assert re.search(message, error.message)
    assert hint in (error.hint or "")
    assert ("--work-dir" in (error.hint or "")) == ("--work-dir" in hint)


@pytest.mark.parametrize(
    ("number", "kind", "reason"),
    [
        (errno.ENOSPC, RenderError, r"cannot take the \d+\.\d MB that are needed: the disk is full"),
        (errno.EFBIG, RenderError, r"cannot take the \d+\.\d MB that are needed: the file would pass the size limit"),
        (errno.EACCES, FileError, r"cannot be used: no permission"),
        (errno.EROFS, FileError, r"cannot be used: its disk is mounted read-only"),
        (errno.EIO, FileError, r"cannot be used: Input/output error"),
    ],
)
def test_r26_a_file_in_a_folder_that_is_refused(
    number: int, kind: type[FarmError], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    error = refused(monkeypatch, number, str(tmp_path))
    assert type(error) is kind
    assert re.fullmatch(f"--work-dir {tmp_path} {reason}", error.message)
    assert list(tmp_path.iterdir()) == []


def test_r26_folders_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    for folder, reason in (
        ("gone", f"the folder {tmp_path}/gone does not exist"),
        ("file", f"{tmp_path}/file is not a folder"),
        ("file/deep", f"{tmp_path}/file is not a folder"),
        ("circle", "its links lead in a circle"),
        ("x" * 300, "its name is too long"),
    ):
        with pytest.raises(FileError) as caught:
            frames(TEXT, work_dir=str(tmp_path / folder))
        assert caught.value.message == f"--work-dir {tmp_path / folder} cannot be used: {reason}"
        assert caught.value.hint


def test_r26_a_limit_of_file_sizes_is_named_and_not_the_disk(tmp_path: Path) -> None:
    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (100 << 10, 100 << 10))

    (tmp_path / "a.ph").write_text(TEXT, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-P", "-m", "farm", "render", "a.ph", "a.wav", "--cycles", "1"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=limited,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "passes the size limit of files" in done.stderr
    assert "ulimit -f" in done.stderr
    assert "--work-dir" not in done.stderr
