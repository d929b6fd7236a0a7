"""What is kept of names is used while its sources are as they were, and for nothing else."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from workers import cache, index
from workers.index import Findings

ROWS = (("sine", "oscillators", ""), ("lpf", "filters", "", "lowpass"))


class Names:
    """A kind of names in a package of one's own: how often they were found, and what is found."""

    def __init__(self, root: Path) -> None:
        self.found = 0
        self.findings = Findings(ROWS)
        self.package, self.folder = root / "package", root / "folder"
        for path in (self.package / "family" / "one.py", self.package / "two.py", self.folder / "own.py"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("ONE = 1\n", encoding="utf-8")

    def find(self) -> Findings:
        self.found += 1
        return self.findings

    def rows(self) -> tuple[tuple[str, ...], ...]:
        return index.index("names", self.find, [str(self.package)], [str(self.folder)])

    def is_found_anew(self) -> bool:
        before = self.found
        assert self.rows() == self.findings.rows
        return self.found > before


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that indexes are kept in; what lies there counts as old enough."""
    monkeypatch.setenv("FARM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(index, "_began_ns", time.time_ns() + 60_000_000_000)
    cache.told()
    return tmp_path / "cache" / index.BELOW


@pytest.fixture
def names(tmp_path: Path, store: Path) -> Names:
    made = Names(tmp_path)
    assert made.is_found_anew()
    assert len(list(store.iterdir())) == 1
    return made


def test_rows_are_found_once(names: Names) -> None:
    assert not names.is_found_anew()
    assert not names.is_found_anew()


def edit(path: Path) -> None:
    """Another text of the same length, and the time of the last change as it was."""
    about = path.stat()
    path.write_text("ONE = 2\n", encoding="utf-8")
    os.utime(path, ns=(about.st_atime_ns, about.st_mtime_ns))


CHANGES: dict[str, Callable[[Names], object]] = {
    "edited": lambda names: edit(names.package / "two.py"),
    "edited in a family": lambda names: edit(names.package / "family" / "one.py"),
    "edited in a folder": lambda names: edit(names.folder / "own.py"),
    "added": lambda names: (names.package / "three.py").write_text("", encoding="utf-8"),
    "added, compiled": lambda names: (names.package / "three.pyc").write_bytes(b""),
    "added in a family": lambda names: (names.package / "family" / "three.py").write_text("", encoding="utf-8"),
    "added in a folder": lambda names: (names.folder / "three.py").write_text("", encoding="utf-8"),
    "a link to nothing": lambda names: (names.folder / "gone.py").symlink_to("nowhere.py"),
    "removed": lambda names: (names.package / "two.py").unlink(),
    "renamed": lambda names: (names.package / "two.py").rename(names.package / "three.py"),
    "moved": lambda names: (names.package / "two.py").rename(names.package / "family" / "two.py"),
    "replaced": lambda names: os.replace(names.folder / "own.py", names.package / "two.py"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_of_the_sources_is_seen(names: Names, change: str) -> None:
    CHANGES[change](names)
    assert names.is_found_anew()
    assert not names.is_found_anew()


def test_what_is_no_source_is_no_change(names: Names) -> None:
    for path in (names.package / "notes.txt", names.package / "two.py~", names.folder / "deeper" / "own.py"):
        path.parent.mkdir(exist_ok=True)
        path.write_text("", encoding="utf-8")
    (names.package / "__pycache__").mkdir()
    (names.package / "__pycache__" / "two.pyc").write_bytes(b"")
    assert not names.is_found_anew()


def test_files_beside_are_sources_too(names: Names, tmp_path: Path) -> None:
    beside = tmp_path / "beside.py"
    beside.write_text("ONE = 1\n", encoding="utf-8")
    names.findings = Findings(ROWS, (str(beside),))
    edit(names.package / "two.py")
    assert names.is_found_anew()
    assert not names.is_found_anew()
    edit(beside)
    assert names.is_found_anew()
    beside.unlink()
    assert names.is_found_anew()


def test_each_kind_and_place_has_its_own(names: Names, tmp_path: Path) -> None:
    other = Names(tmp_path / "other")
    other.findings = Findings((("saw", "oscillators"),))
    assert other.is_found_anew()
    assert not names.is_found_anew()
    assert not other.is_found_anew()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[:-3],
        lambda content: content.replace(b"lowpass", b"highpass"),
        lambda content: content.replace(b"index", b"xedni", 1),
        lambda content: b"\xff" * 100,
        lambda content: content + b"\n",
    ],
)
def test_a_damaged_index_is_made_again(names: Names, store: Path, damage: Callable[[bytes], bytes]) -> None:
    [path] = store.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert names.is_found_anew()
    assert not names.is_found_anew()


def test_an_index_that_others_may_write_is_not_believed(names: Names, store: Path) -> None:
    [path] = store.iterdir()
    path.chmod(0o666)
    assert names.is_found_anew()
    assert [one.message for one in cache.told()] == [f"{path} is not used: others may write to it (mode 666)"]


def test_nothing_is_kept_of_sources_that_are_young(names: Names, monkeypatch: pytest.MonkeyPatch) -> None:
    # This process may have imported them before they were changed.
    monkeypatch.setattr(index, "_began_ns", time.time_ns() - 60_000_000_000)
    edit(names.package / "two.py")
    assert names.is_found_anew()
    assert names.is_found_anew()
    # A change within the same tick could not be told from the one before.
    monkeypatch.setattr(index, "_began_ns", (names.package / "two.py").stat().st_ctime_ns + index.TICK_NS // 2)
    assert names.is_found_anew()
    assert names.is_found_anew()
    monkeypatch.setattr(index, "_began_ns", (names.package / "two.py").stat().st_ctime_ns + index.TICK_NS + 1)
    assert names.is_found_anew()
    assert not names.is_found_anew()


@pytest.mark.parametrize("row", [("a\tb", "home"), ("a", "ho\nme"), ("a", "", "\n\n")])
def test_what_cannot_be_written_down_is_found_each_time(names: Names, row: tuple[str, ...]) -> None:
    names.findings = Findings((row,))
    edit(names.package / "two.py")
    assert names.is_found_anew()
    assert names.is_found_anew()


def test_a_mistake_is_told_each_time(names: Names) -> None:
    def fails() -> Findings:
        raise ValueError("broken")

    edit(names.package / "two.py")
    for _ in range(2):
        with pytest.raises(ValueError, match="broken"):
            index.index("names", fails, [str(names.package)], [str(names.folder)])
    assert names.is_found_anew()


def test_rows_are_found_each_time_where_nothing_can_be_written(
    names: Names, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cache, "candidates", list)
    monkeypatch.setattr(cache, "temporary_folders", list)
    assert names.is_found_anew()
    assert names.is_found_anew()


def test_what_is_not_used_for_long_goes(names: Names, store: Path) -> None:
    [path] = store.iterdir()
    old = store / "names-of-something-gone"
    old.write_bytes(b"")
    recent = store / "names-of-something-else"
    recent.write_bytes(b"")
    then = time.time() - index.UNUSED_S - 60
    os.utime(old, (then, then))
    edit(names.package / "two.py")
    assert names.is_found_anew()
    assert {*store.iterdir()} == {path, recent}
