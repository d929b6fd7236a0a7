"""The cache is read where nobody else can have written to it, and kept wherever something can be written."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from workers import cache
from workers.targets import objects

from .users import A, B, can_be_others, give, needs_root, run_as

NAME = "lpf_constant"
SHELF = objects.Shelf("of-the-tests", "v2")
CODE = b"machine code" * 100

others = pytest.mark.skipif(not can_be_others(), reason="processes of other users cannot be started here")


@pytest.fixture(autouse=True)
def nothing_around(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No cache, no home, no temporary folder, and nothing that was noted before."""
    for name in ("FARM_CACHE", "XDG_CACHE_HOME", "TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "none")
    monkeypatch.setattr(cache, "TEMPORARY", ())
    monkeypatch.setattr(cache, "_further", {})
    monkeypatch.setattr(objects, "_unsaved", {})
    monkeypatch.chdir(tmp_path)
    cache.told()


def put(code: bytes = CODE) -> None:
    """Keeps code as `NAME`."""
    with cache.writable(*SHELF.below) as folder:
        objects.keep(folder, SHELF, NAME, code)


def got() -> bytes | None:
    """What the cache has for `NAME`."""
    return objects.stored([NAME], SHELF).get(NAME)


def told() -> str:
    """What was noted, in lines."""
    return "\n".join(one.message for one in cache.told())


def named(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    monkeypatch.setenv("FARM_CACHE", str(folder))
    return folder


def usual(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    return folder / "ph-farm"


def temporary(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder / f"ph-farm-{os.geteuid()}"


Kind = Callable[[pytest.MonkeyPatch, Path], Path]
KINDS = [named, usual, temporary]
every_kind = pytest.mark.parametrize("kind", KINDS, ids=[one.__name__ for one in KINDS])
STEPS = ["", "objects", "objects/of-the-tests", "objects/of-the-tests/v2", f"objects/of-the-tests/v2/{NAME}.o"]


@every_kind
def test_what_is_kept_is_read_again(kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = kind(monkeypatch, tmp_path / "c")
    assert got() is None
    put()
    assert got() == CODE
    assert (folder / STEPS[-1]).is_file()
    assert told() == ""
    assert cache.roots("objects").write == cache.roots("objects").read[0]


@every_kind
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("mode", [0o020, 0o002, 0o022])
def test_r13_code_where_others_may_write_is_not_believed(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, mode: int
) -> None:
    path = kind(monkeypatch, tmp_path / "c") / step
    put()
    path.chmod(path.stat().st_mode | mode)
    assert got() is None
    said = told()
    assert str(path) in said
    assert f"others may write to it (mode {stat.S_IMODE(path.stat().st_mode):o})" in said


@needs_root
@every_kind
@pytest.mark.parametrize("step", STEPS)
def test_r13_code_of_another_user_is_not_believed(
    kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = kind(monkeypatch, tmp_path / "c") / step
    put()
    os.chown(path, B, B)
    if kind is named and not step:
        # Who names a folder believes its owner.
        assert got() == CODE
        give(path, B)
        assert got() == CODE
        give(path / "objects", A)
    assert got() is None
    assert f"it belongs to user {A if kind is named and not step else B}" in told()


@every_kind
@pytest.mark.parametrize("step", STEPS[1:])
def test_r13_links_are_not_followed(kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    path = kind(monkeypatch, tmp_path / "c") / step
    put()
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    assert got() is None
    assert "link" in told()
    put()
    assert got() == CODE, "kept beside, or in its place"


def test_a_cache_may_lie_behind_a_link(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    named(monkeypatch, tmp_path / "link")
    put()
    assert got() == CODE
    assert (tmp_path / "disk" / STEPS[-1]).exists()


@pytest.mark.parametrize("other", [("lpf_signal", SHELF), (NAME, objects.Shelf("older", "v2"))])
def test_r13_code_under_another_name_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, other: tuple[str, objects.Shelf]
) -> None:
    folder = named(monkeypatch, tmp_path / "c")
    name, shelf = other
    with cache.writable(*shelf.below) as where:
        objects.keep(where, shelf, name, CODE)
    put()
    (folder.joinpath(*shelf.below) / f"{name}.o").replace(folder / STEPS[-1])
    assert got() is None


def test_r13_what_is_checked_is_what_is_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = named(monkeypatch, tmp_path / "c") / STEPS[-1]
    put()
    whole, opened = os.open, []

    def swapping(name: str, flags: int, *mode: int, **where: int) -> int:
        descriptor = whole(name, flags, *mode, **where)
        if str(name).endswith(".o"):
            opened.append(name)
            path.unlink()
            path.write_bytes(b"another's")
        return descriptor

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", swapping)
        assert got() == CODE
    assert opened == [f"{NAME}.o"], "the file is looked up once"
    assert got() is None


@pytest.mark.parametrize("how", ["others may write", "a link", "a file", pytest.param("another's", marks=needs_root)])
def test_r13_a_temporary_folder_that_somebody_prepared_is_not_used(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = temporary(monkeypatch, tmp_path / "t")
    put(b"theirs")
    if how == "others may write":
        folder.chmod(0o777)
    elif how == "another's":
        give(folder, B)
    else:
        folder.rename(tmp_path / "theirs")
        if how == "a link":
            folder.symlink_to(tmp_path / "theirs")
        else:
            folder.write_bytes(b"")
    assert got() is None
    assert f"the cache folder {folder} " in told()
    put()
    assert got() == CODE
    root = cache.roots("objects").write
    assert root is not None
    assert Path(root.path).parent == folder.parent
    assert Path(root.path).name.startswith(f"{folder.name}-")
    assert stat.S_IMODE(os.stat(root.path).st_mode) == 0o700
    # The next process finds it again, and makes no other.
    monkeypatch.setattr(cache, "_further", {})
    assert got() == CODE
    assert len(list(folder.parent.iterdir())) == 2


@needs_root
def test_r13_further_temporary_folders_of_others_are_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = temporary(monkeypatch, tmp_path / "t")
    put(b"theirs")
    give(folder.rename(folder.parent / f"{folder.name}-abc"), B)
    give(folder, B) if folder.exists() else folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    assert got() is None
    put()
    assert got() == CODE
    assert (folder.parent / f"{folder.name}-abc" / STEPS[-1]).read_bytes().endswith(b"theirs")


FILL = """
import sys
from workers import cache
from workers.targets import objects
shelf = objects.Shelf("of-the-tests", "v2")
cache.TEMPORARY = ()
for name in sys.argv[1:]:
    print(name, name in objects.stored([name], shelf))
    with cache.writable(*shelf.below) as folder:
        objects.keep(folder, shelf, name, b"machine code" * 100)
    print(objects.stored([name], shelf)[name] == b"machine code" * 100, not objects._unsaved)
    print(*(one.message for one in cache.told()), sep="; ")
"""


@others
def test_r14_users_share_a_folder_where_all_may_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    folder = named(monkeypatch, tmp_path / "c")
    folder.mkdir()
    folder.chmod(0o1777)
    for number in (B, A, B):
        done = run_as(number, FILL, tmp_path, f"of_{number}", FARM_CACHE=str(folder))
        assert done.returncode == 0, done.stderr
        assert done.stdout.splitlines()[1:] == ["True True", ""]
    assert f"of_{B} True" in done.stdout, "B finds his own again"
    asked = run_as(A, FILL, tmp_path, f"of_{B}", FARM_CACHE=str(folder))
    assert asked.stdout.startswith(f"of_{B} False"), "A does not read B's"
    put()
    asked = run_as(A, FILL, tmp_path, NAME, FARM_CACHE=str(folder))
    assert asked.stdout.startswith(f"{NAME} True"), "A reads root's"
    assert got() == CODE
    # Root reads nobody's but root's own.
    assert objects.stored([f"of_{B}"], SHELF) == {}


@others
def test_r15_a_folder_that_another_filled_is_read_where_it_cannot_be_written(tmp_path: Path) -> None:
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    folder, home = tmp_path / "c", tmp_path / "home"
    for one, owner in ((folder, B), (home, A)):
        one.mkdir()
        give(one, owner)
    assert run_as(B, FILL, tmp_path, "first", FARM_CACHE=str(folder)).returncode == 0
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)
    before = sorted(folder.rglob("*"))
    done = run_as(A, FILL, tmp_path, "first", "second", FARM_CACHE=str(folder), XDG_CACHE_HOME=str(home))
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert (lines[0], lines[3]) == ("first True", "second False")
    assert lines[4] == "True True"
    assert lines[5] == f"the cache folder {folder} cannot be written: permission denied"
    assert sorted(folder.rglob("*")) == before
    again = run_as(A, FILL, tmp_path, "second", FARM_CACHE=str(folder), XDG_CACHE_HOME=str(home))
    assert again.stdout.startswith("second True"), "his own comes next"
    # Nobody else's folder is believed unless it is named.
    foreign = run_as(A, FILL, tmp_path, "first", XDG_CACHE_HOME=str(tmp_path))
    assert foreign.stdout.startswith("first False")


def test_r16_without_any_folder_code_stays_in_memory(tmp_path: Path) -> None:
    assert cache.roots("objects").write is None
    put()
    assert got() == CODE
    assert list(tmp_path.iterdir()) == []


@others
def test_r16_every_reason_is_told_where_nothing_can_be_written(tmp_path: Path) -> None:
    for parent in (tmp_path, *tmp_path.parents[:2]):
        parent.chmod(0o755)
    (tmp_path / "c").mkdir()
    (tmp_path / "home").mkdir()
    where = {"FARM_CACHE": str(tmp_path / "c"), "XDG_CACHE_HOME": str(tmp_path / "home")}
    done = run_as(A, FILL, tmp_path, "first", **where)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[1] == "True False"
    for path in (tmp_path / "c", tmp_path / "home/ph-farm"):
        assert f"the cache folder {path} cannot be written: permission denied" in said[2]


@pytest.mark.parametrize("name", ["relcache", "./relcache", "~/.cache"])
def test_r25_a_relative_cache_home_is_not_one(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    put()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]
    assert (tmp_path / "home/.cache/ph-farm" / STEPS[-1]).exists()


@pytest.mark.parametrize("variable", ["HOME", "TMPDIR"])
def test_r25_no_folder_is_made_where_farm_is_called(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.setenv(variable, "here")
    put()
    assert list((tmp_path / "here").iterdir()) == []


def test_a_named_folder_may_be_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_CACHE", "mine")
    put()
    assert (tmp_path / "mine" / STEPS[-1]).exists()


@pytest.mark.parametrize(("umask", "folder", "file"), [(0o022, 0o755, 0o644), (0o077, 0o700, 0o600), (0, 0o755, 0o644)])
def test_modes_go_by_the_umask_and_never_let_others_write(
    umask: int, folder: int, file: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named(monkeypatch, tmp_path / "c")
    before = os.umask(umask)
    try:
        put()
    finally:
        os.umask(before)
    for path in (tmp_path / "c").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (folder if path.is_dir() else file), path


def test_a_file_where_a_folder_should_be_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, tmp_path / "c").write_bytes(b"")
    usual(monkeypatch, tmp_path)
    put()
    assert got() == CODE
    assert told() == f"the cache folder {tmp_path / 'c'} cannot be written: not a directory"
