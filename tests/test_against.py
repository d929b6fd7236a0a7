"""scripts/bench --against: the ratios, what is said of them, and a run against another commit."""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.benching.ratios import Compared, Spread, Turn, spread, table
from tests.copies import copied

GIT = ["git", "-c", "user.name=farm", "-c", "user.email=farm@example.org", "-c", "commit.gpgsign=false"]


def turns(cpu: list[float], wall: list[float | None] | None = None, sha256: str = "aa") -> tuple[Turn, ...]:
    return tuple(Turn(one, other, sha256) for one, other in zip(cpu, wall or cpu, strict=True))


def compared(these: tuple[Turn, ...], those: tuple[Turn, ...]) -> Compared:
    return Compared("q", "good", 2, these, those)


def test_a_spread_is_of_paired_ratios() -> None:
    assert spread([2.0, 3.0, 8.0], [1.0, 2.0, 2.0]) == Spread(1.5, 2.0, 4.0)
    assert spread([2.0, 3.0], [1.0, 3.0]) == Spread(1.0, 1.5, 2.0)
    with pytest.raises(ValueError, match="shorter"):
        spread([1.0, 2.0], [1.0])


def test_least_wall_times_are_not_paired() -> None:
    row = compared(turns([1.0, 1.0], [5.0, 3.0]), turns([1.0, 1.0], [2.0, 6.0]))
    assert row.least_wall == 1.5
    assert row.wall == Spread(0.5, 1.5, 2.5)


def test_a_part_of_a_process_has_no_wall_time() -> None:
    row = compared(turns([1.0], [None]), turns([2.0], [None]))
    assert (row.wall, row.least_wall, row.cpu.median) == (None, None, 0.5)
    assert row.as_json()["wall_ratio"] is None
    assert len(table([row]).splitlines()) == 2


@pytest.mark.parametrize(
    ("cpu", "marked"),
    [([1.05, 1.05, 1.05], False), ([1.06, 1.06, 1.0], True), ([9.0, 1.0, 1.0], False), ([1.2, 1.04, 1.3], True)],
)
def test_a_row_is_marked_by_its_middle_ratio(cpu: list[float], marked: bool) -> None:
    row = compared(turns(cpu), turns([1.0, 1.0, 1.0]))
    assert row.marked is marked
    assert ("ABOVE 1.05 x CPU" in table([row])) is marked
    assert row.as_json()["above"] is marked


def test_other_results_are_said() -> None:
    same = compared(turns([1.0, 1.0]), turns([1.0, 1.0]))
    other = compared(turns([1.0, 1.0], sha256="b" * 64), turns([1.0, 1.0]))
    unsteady = compared((Turn(1.0, 1.0, "aa"), Turn(1.0, 1.0, "bb")), turns([1.0, 1.0]))
    assert (same.differs, same.note) == (False, "")
    assert (other.differs, other.note) == (True, "results differ: bbbbbbbbbbbb here, aa there")
    assert (unsteady.differs, unsteady.note) == (True, "results DIFFER from turn to turn")


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone of one commit that holds this checkout's files, with its .venv."""
    root = copied(tmp_path_factory.mktemp("against") / "clone")
    for words in (["init", "--quiet"], ["add", "--all"], ["commit", "--quiet", "--message", "A commit"]):
        subprocess.run([*GIT, *words], cwd=root, check=True, capture_output=True)
    return root


@pytest.fixture
def bench(clone: Path, tmp_path: Path) -> Iterator[list[str]]:
    """What runs the clone's scripts/bench, with a folder for temporary files that must be empty in the end."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    yield ["env", f"TMPDIR={temporary}", str(clone / "scripts" / "bench"), "--runs", "1"]
    assert list(temporary.iterdir()) == []
    trees = subprocess.run([*GIT, "worktree", "list"], cwd=clone, capture_output=True, check=False)
    assert len(trees.stdout.splitlines()) <= 1


def ran(command: list[str]) -> tuple[int, str, str]:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_against_itself(bench: list[str]) -> None:
    status, out, err = ran([*bench, "--against", "HEAD", "help", "--json"])
    assert status == 0, err
    found = json.loads(out)
    (row,) = found["rows"]
    assert (found["runs"], found["failed"], row["row"], row["differs"]) == (1, {}, "help", False)
    assert found["this"] == found["against"]
    assert len(found["this"]) == 12
    (this,), (that,) = row["this"], row["that"]
    assert row["cpu_ratio"]["median"] == this["cpu_s"] / that["cpu_s"]
    assert row["least_wall_ratio"] == this["wall_s"] / that["wall_s"]


def test_the_other_commit_runs_its_own_files(clone: Path, bench: list[str]) -> None:
    file = clone / "farm" / "__main__.py"
    text = file.read_text(encoding="utf-8")
    busy = "import time as t\nwhile t.process_time() < 2.0:\n    pass\n"
    try:
        file.write_text(text.replace("try:\n", f"{busy}try:\n", 1), encoding="utf-8")
        status, out, err = ran([*bench, "--against", "HEAD", "help"])
    finally:
        file.write_text(text, encoding="utf-8")
    assert status == 0, err
    assert "with changes that are not committed" in out
    assert "ABOVE 1.05 x CPU" in out.splitlines()[-1]


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["--against", "nowhere", "help"], 1, "this clone has no commit nowhere"),
        (["--against", "--help", "help"], 2, "--against: expected one argument"),
        (["--against", "HEAD", "nothing"], 2, "--against has no row called nothing"),
        (["--against", "HEAD", "scaling"], 2, "--against has no row called scaling"),
        (["--against", "HEAD", "--into", "README.md"], 2, "--against does not go with --into"),
    ],
)
def test_what_cannot_be_is_said(bench: list[str], words: list[str], status: int, said: str) -> None:
    found, out, err = ran([*bench, *words])
    assert (found, out) == (status, "")
    assert said in err
    assert "Traceback" not in err


def test_without_a_clone_there_is_nothing_to_be_against(clone: Path, bench: list[str]) -> None:
    aside = clone.parent / "aside"
    (clone / ".git").rename(aside)
    try:
        status, out, err = ran([*bench, "--against", "HEAD", "help"])
    finally:
        aside.rename(clone / ".git")
    assert (status, out) == (1, "")
    assert f"{clone} is not a git clone" in err


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_an_interrupt_leaves_nothing(bench: list[str], tmp_path: Path, number: int, status: int) -> None:
    with subprocess.Popen(
        [*bench, "--against", "HEAD", "q"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        until = time.monotonic() + 60.0
        while not list((tmp_path / "temporary").glob("*/out/*")):
            assert time.monotonic() < until
            assert process.poll() is None
            time.sleep(0.02)
        os.kill(process.pid, number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (status, b"")
    assert b"Traceback" not in err


@pytest.mark.parametrize(
    ("theirs", "shared"),
    [("one==1\n", True), ("# other words\none==1\ntwo==2\n", True), ("one==2\n", False), ("one==1\nthree==3\n", False)],
)
def test_a_venv_is_shared_when_it_holds_all_that_is_needed(
    theirs: str, shared: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(Path(__file__).resolve().parent.parent / "scripts" / "benching")
    checkouts = importlib.import_module("checkouts")
    here, there = tmp_path / "here", tmp_path / "there"
    for root, lock in ((here, "one==1\ntwo==2\n"), (there, theirs)):
        (root / "configs").mkdir(parents=True)
        (root / "configs" / "lock.txt").write_text(lock, encoding="utf-8")
    (here / ".venv" / "bin").mkdir(parents=True)
    (here / ".venv" / "lock.sha256").write_text("mine\n", encoding="utf-8")
    (there / "scripts").mkdir()
    script = there / "scripts" / "venv.sh"
    script.write_text('ensure_venv() { mkdir "$1/.venv" && touch "$1/.venv/made"; }\n', encoding="utf-8")
    checkouts.environment(here, there)
    assert (there / ".venv" / "made").exists() is not shared
    assert (there / ".venv" / "bin").is_symlink() is shared
    if shared:
        stamp = hashlib.sha256(theirs.encode()).hexdigest()
        assert (there / ".venv" / "lock.sha256").read_text(encoding="ascii") == f"{stamp}\n"
    assert (here / ".venv" / "lock.sha256").read_text(encoding="utf-8") == "mine\n"
    if not shared:
        shutil.rmtree(there / ".venv")
        script.write_text("ensure_venv() { return 1; }\n", encoding="utf-8")
        with pytest.raises(checkouts.Failed, match=r"its \.venv could not be made"):
            checkouts.environment(here, there)
