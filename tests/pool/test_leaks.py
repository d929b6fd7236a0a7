"""What a render leaves behind: no process, no descriptor, no memory, no partial file, however it ends."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

import numpy as np
import psutil
import pytest

from farm.audio import partial
from farm.audio.partial import PartialFile
from farm.rendering.backends.local import LocalBackend
from farm.rendering.session import Session
from tests.render.scores import SCORES
from workers.arena import PREFIX, Arena, lay_out, sweep
from workers.ownership import claim, host, ownerless

from .pools import ROOT, inline, killing, pooled, rendered, segments

TEXT = SCORES["bus voices"]
LONG = 'cps: 0.5\n~w: saw 110 # lpf (sine 0.3 * 400 + 900) 1\nout: s "~w*64" # ar 0.1 2 # gain 0.02\n'


def footprint() -> tuple[int, int, int]:
    """Children, descriptors and segments of this process."""
    children = [one for one in psutil.Process().children(recursive=True) if one.status() != psutil.STATUS_ZOMBIE]
    return len(children), len(os.listdir("/proc/self/fd")), len(segments(os.getpid()))


def at_rest() -> tuple[int, int, int]:
    """The same when all is over. The traceback of an error may hold on to an arena until it is collected."""
    gc.collect()
    pooled(TEXT, 2)
    return footprint()


def eventually(holds: Callable[[], bool], within_s: float) -> bool:
    """Whether something comes true in time."""
    until = time.monotonic() + within_s
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(0.01)
    return True


def gone(pid: int) -> bool:
    """Whether a process has ended (one that nobody has waited for yet has ended, too)."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_fifty_renders_leave_nothing() -> None:
    before = at_rest()
    for number in range(50):
        pooled(TEXT, 1 + number % 3, chunk=(512, 2048)[number % 2])
    assert footprint() == before


def test_renders_with_deaths_leave_nothing() -> None:
    before = at_rest()
    replaced = 0
    for number in range(10):
        with killing(1 + number % 3) as killed:
            replaced += pooled(TEXT, 2, cycles=Fraction(6), chunk=64).replaced_workers
        assert all(gone(pid) for pid in killed)
    assert replaced > 3
    assert footprint() == before


def test_a_warm_session_does_not_grow() -> None:
    before = at_rest()
    with Session() as session:
        for number in range(50):
            rendered(TEXT, session, backend="local", threads=2, chunk=(512, 2048)[number % 2])
            if number == 1:
                warm = footprint()
        assert footprint() == warm
        assert warm[2] == 2, "an arena, and a stats file"
    assert footprint()[0] <= before[0] + 1, "the tracker of shared memory stays until the end"
    assert footprint()[2] == before[2]


def test_a_render_that_fails_leaves_nothing() -> None:
    before = at_rest()
    huge = "1000000000000000"
    for _ in range(3):
        with pytest.raises(Exception, match="not finite"):
            pooled(f"cps: 1\nout: sine 1 * {huge} * {huge} * 1000000000", 2)
    assert at_rest() == before
    seen = []

    def interrupted(block: np.ndarray) -> None:
        seen.append(len(block))
        raise KeyboardInterrupt

    from tests.render.sound import asked, run, score

    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            run(score(TEXT), asked(backend="local", threads=2, chunk=64), interrupted)
    assert len(seen) == 3
    assert at_rest() == before


def test_an_interrupted_session_goes_on() -> None:
    from tests.render.sound import asked, run, score

    def interrupted(block: np.ndarray) -> None:
        raise KeyboardInterrupt

    expected = inline(TEXT).sha256
    how = asked(backend="local", threads=2, chunk=64)
    with Session() as session:
        for _ in range(3):
            with pytest.raises(KeyboardInterrupt):
                run(score(TEXT), how, interrupted, session._warm)
            assert rendered(TEXT, session, backend="local", threads=2).sha256 == expected


def test_a_worker_killed_between_two_windows_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """All others stand still, and stay so until the next window is written."""
    expected = inline(TEXT, cycles=Fraction(4), window_frames=2000, chunk=128)
    holds, starts = [], []
    hold, start = LocalBackend.hold, LocalBackend.start

    def killed_while_held(backend: LocalBackend) -> None:
        if backend.pool is not None and backend.attached:
            os.kill(backend.pool.workers[len(holds) % 2].pid, signal.SIGKILL)
            holds.append(len(starts))
        hold(backend)
        assert not backend.attached or backend.all_parked()

    def started(backend: LocalBackend, *arguments: object) -> None:
        starts.append(1)
        start(backend, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(LocalBackend, "hold", killed_while_held)
    monkeypatch.setattr(LocalBackend, "start", started)
    report = pooled(TEXT, 2, cycles=Fraction(4), window_frames=2000, chunk=128)
    assert len(holds) >= 1
    assert report.sha256 == expected.sha256
    assert report.replaced_workers >= max(len(holds) // 2, 1)


# The command line.


@contextmanager
def rendering(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """`farm render` of a long score on a pool, once it is well under way: the process, and its workers."""
    (folder / "long.ph").write_text(LONG, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "farm",
        "render",
        "long.ph",
        "out.wav",
        "--cycles",
        "100000",
        "--bits",
        "16",
        *options,
    ]
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:

        def under_way() -> bool:
            assert process.poll() is None, (process.stderr.read() if process.stderr is not None else b"").decode()
            sizes = [path.stat().st_size for path in folder.iterdir() if path.name != "long.ph"]
            return any(size > 1 << 20 for size in sizes)

        assert eventually(under_way, 60)
        found = psutil.Process(process.pid).children(recursive=True)
        yield process, [one.pid for one in found if one.name().startswith("farm-worker")]
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_everything(tmp_path: Path, number: signal.Signals, status: int) -> None:
    with rendering(tmp_path, "--backend", "local", "--threads", "2") as (process, workers):
        assert len(workers) == 2
        assert segments(process.pid)
        process.send_signal(number)
        assert process.wait(10) == status
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
        assert eventually(lambda: all(gone(pid) for pid in workers), 2)
        assert segments(process.pid) == []
        assert [path.name for path in tmp_path.iterdir()] == ["long.ph"]


def test_ctrl_c_reaches_the_whole_group_and_the_workers_leave_it_to_the_coordinator(tmp_path: Path) -> None:
    with rendering(tmp_path, "--backend", "local", "--threads", "2") as (process, workers):
        for pid in workers:
            os.kill(pid, signal.SIGINT)
        time.sleep(0.2)
        assert not any(gone(pid) for pid in workers)
        assert process.poll() is None


@pytest.mark.parametrize("work_dir", [False, True])
def test_workers_die_with_their_coordinator_and_the_next_render_sweeps(tmp_path: Path, work_dir: bool) -> None:
    work = tmp_path / "work"
    work.mkdir()
    options = ("--work-dir", str(work)) if work_dir else ()
    (tmp_path / "render").mkdir()
    with rendering(tmp_path / "render", "--backend", "local", "--threads", "3", *options) as (process, workers):
        assert len(workers) == 3
        where = work if work_dir else Path("/dev/shm")
        arenas = [path for path in where.iterdir() if path.name.startswith(f"{PREFIX}{process.pid}-")]
        assert arenas
        trackers = [one for one in psutil.Process(process.pid).children() if one.pid not in workers]
        for tracker in trackers:
            tracker.kill()  # of multiprocessing: it would tidy up first
        process.kill()
        process.wait()
        assert eventually(lambda: all(gone(pid) for pid in workers), 2)
        if work_dir:
            # In /dev/shm another test's render may have swept it by now.
            assert all(path.exists() for path in arenas), "nobody was there to unlink it"
            rendered(TEXT, work_dir=str(work))
        else:
            inline(TEXT)
        assert not any(path.exists() for path in arenas)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGQUIT])
def test_the_next_render_removes_what_a_killed_one_left_beside_its_file(tmp_path: Path, number: signal.Signals) -> None:
    with rendering(tmp_path, "--backend", "local", "--threads", "2") as (process, workers):
        process.send_signal(number)
        assert process.wait(10) == -number
        assert eventually(lambda: all(map(gone, workers)), 2)
        (left,) = tmp_path.glob(".farm-*.part")
        PartialFile(tmp_path / "another.wav").abort()
        assert not left.exists()


def test_what_is_locked_is_in_use_whatever_its_number_says(tmp_path: Path) -> None:
    """In another container the number of a process that runs here is nobody's."""
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    arena = tmp_path / f"farm-{int(ended.stdout)}-0123abcd.arena"
    part = tmp_path / f".farm-{host()}-{int(ended.stdout)}-0123abcd.part"
    for path in (arena, part):
        path.write_bytes(b"x")
    held = [os.open(path, os.O_RDWR) for path in (arena, part)]
    for descriptor in held:
        claim(descriptor)
    sweep(str(tmp_path))
    partial.sweep(tmp_path)
    assert arena.exists() and part.exists()
    for descriptor in held:
        os.close(descriptor)
    sweep(str(tmp_path))
    partial.sweep(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_what_another_host_writes_is_left_alone(tmp_path: Path) -> None:
    """Where locks are local to a host, neither they nor the numbers of processes tell of another one's."""
    nobody = 1 << 22
    here, there = (tmp_path / f".farm-{name}-{nobody}-0123abcd.part" for name in (host(), f"{host()}x"))
    for path in (here, there):
        path.write_bytes(b"x")
    partial.sweep(tmp_path)
    assert [*tmp_path.iterdir()] == [there]


def test_a_folder_is_listed_once_however_many_files_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[Path] = []
    monkeypatch.setattr(partial, "sweep", swept.append)
    for number in range(5):
        PartialFile(tmp_path / f"{number}.wav").commit()
    assert swept == [tmp_path.resolve()]


def test_arenas_and_partial_files_are_locked_while_they_are_in_use(tmp_path: Path) -> None:
    arena = Arena(lay_out({("state", 0): 64}), str(tmp_path))
    written = PartialFile(tmp_path / "a.wav")
    nobody = 1 << 22
    assert not Path(f"/proc/{nobody}").exists()
    found = sorted(path.name for path in tmp_path.iterdir())
    assert len(found) == 2
    assert not any(ownerless(str(tmp_path / name), nobody) for name in found)
    arena.close()
    written.commit()
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
    assert ownerless(str(tmp_path / "a.wav"), nobody), "the finished file is no longer locked"


def test_a_process_that_has_ended_owns_nothing_before_its_parent_looks(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"")
    process = subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE)
    assert not ownerless(str(tmp_path / "a"), process.pid)
    process.kill()
    until = time.monotonic() + 5
    while not ownerless(str(tmp_path / "a"), process.pid) and time.monotonic() < until:
        time.sleep(0.01)
    assert ownerless(str(tmp_path / "a"), process.pid)
    assert os.path.exists(f"/proc/{process.pid}"), "nobody has waited for it yet"
    process.wait()
    assert ownerless(str(tmp_path / "a"), process.pid)


def test_the_sweep_takes_only_what_is_ownerless(tmp_path: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    names = {
        f"farm-{int(ended.stdout)}-0123abcd": True,
        f"farm-{int(ended.stdout)}-0123abcd.arena": True,
        f"farm-{os.getpid()}-0123abcd": False,
        "farm-notes": False,
        f"farms-{int(ended.stdout)}-0123abcd": False,
    }
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    sweep(str(tmp_path))
    assert {name: not (tmp_path / name).exists() for name in names} == names
