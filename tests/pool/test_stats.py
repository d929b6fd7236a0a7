"""What workers note: every task once, whole whenever it is read, by whoever; and renders that can note nothing."""

from __future__ import annotations

import ctypes
import errno
import multiprocessing
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.plan.plan import StaticPlan, WindowPlan
from farm.rendering.backends.over_arena import OverArena
from farm.rendering.session import Session
from tests.pool.pools import inline, killing, rendered, segments
from tests.render.scores import SCORES
from workers import stats
from workers.run import note
from workers.stats import NOTED, StatsError, StatsFile, StatsReader, key_word
from workers.targets import objects
from workers.targets.numba import emit_object, loop_function
from workers.wire import RING_RECORDS, Group, Noted, RingHead, StatsHeader, Task
from workers.words import read_word, write_word

TEXT = SCORES["bus voices"]
SHORT = {"chunk": 512, "cycles": Fraction(2)}


@contextmanager
def planned() -> Iterator[list[tuple[StaticPlan, WindowPlan]]]:
    """The plans of all windows that are run meanwhile."""
    found: list[tuple[StaticPlan, WindowPlan]] = []
    with pytest.MonkeyPatch.context() as patch:
        write = OverArena.write

        def written(backend: OverArena, window: WindowPlan, joins: bool) -> None:
            if backend.rings:
                found.append((backend.plan, window))
            write(backend, window, joins)

        patch.setattr(OverArena, "write", written)
        yield found


def rows(records: NDArray[Any]) -> list[tuple[int, ...]]:
    """What was done, without when and by whom."""
    wanted = ("frame", "frames", "key", "slice", "voices")
    return sorted(zip(*(records[name].tolist() for name in wanted)))


def meant(windows: list[tuple[StaticPlan, WindowPlan]]) -> list[tuple[int, ...]]:
    """The same by the plans."""
    found = []
    for plan, window in windows:
        for task in window.tasks:
            key = key_word(plan.groups[int(task[Task.GROUP])].key)
            frame, frames, part, lanes = (int(task[one]) for one in (Task.FRAME, Task.FRAMES, Task.SLICE, Task.LANES))
            found.append((frame, frames, key, part, lanes))
    return sorted(found)


def read(session: Session) -> tuple[StatsReader, NDArray[Any]]:
    """The records of a session, of which none was missed."""
    (file,) = session._warm.stats.values()
    reader = StatsReader(file.path)
    seen = reader.take()
    assert seen.missed == 0
    return reader, seen.records


@pytest.mark.parametrize("options", [{"backend": "inline"}, {"backend": "local", "threads": 3}])
def test_every_task_is_noted_once(options: dict[str, Any]) -> None:
    before = time.monotonic_ns()
    with Session() as session, planned() as windows:
        # Small windows: the arena grows, and the file is the same.
        rendered(TEXT, session, window_frames=1024, **SHORT, **options)
        reader, records = read(session)
        assert len(windows) > 4
        assert rows(records) == meant(windows)
        keys = {group.key for plan, _ in windows for group in plan.groups}
        assert {reader.names()[int(word)] for word in records["key"]} <= keys == {*reader.names().values()}
        assert (records["edition"] == 1).all()
        assert (records["start_ns"] <= records["end_ns"]).all()
        assert records["start_ns"].min() > before
        assert records["end_ns"].max() < time.monotonic_ns()
        (file,) = session._warm.stats.values()
        assert len(file.rings) == options.get("threads", 1)
        for ring in file.rings:
            own = np.frombuffer(records[: int(ring.words[RingHead.WRITTEN])].tobytes(), NOTED)
            records = records[len(own) :]
            # One after another, and all their time is in the sums.
            assert (own["start_ns"][1:] >= own["end_ns"][:-1]).all()
            summed = int(ring.words[RingHead.KERNELS_NS] + ring.words[RingHead.OUTPUT_NS])
            assert summed == int((own["end_ns"] - own["start_ns"]).sum())
        # On a busy machine a worker may have come too late for any task.
        assert sum(int(ring.words[RingHead.KERNELS_NS]) for ring in file.rings) > 0
        assert sum(int(ring.words[RingHead.OUTPUT_NS]) for ring in file.rings) > 0


def test_frames_count_from_the_start_of_the_score() -> None:
    with Session() as session:
        report = rendered("cps: 1\nout: sine 220", session, chunk=512, cycles=Fraction(4), from_=Fraction(3))
        assert report.frames == 8000
        _, records = read(session)
        ends = records["frame"] + records["frames"]
        assert (int(records["frame"].min()), int(ends.max())) == (23552, 32000)


def test_renders_of_a_session_are_told_apart_and_at_once_share_no_ring() -> None:
    with Session() as session:
        for _ in range(2):
            rendered(TEXT, session, backend="local", threads=2, **SHORT)
        _, records = read(session)
        assert np.bincount(records["edition"]).tolist()[1:] == [len(records) // 2] * 2
        (file,) = session._warm.stats.values()
        one, other = file.borrow(2, ()), file.borrow(2, ())
        assert len({ring.offset for ring in (*one, *other)}) == 4
        file.give_back((*one, *other))


def test_what_was_done_twice_is_noted_twice_and_nothing_is_lost() -> None:
    with Session() as session, planned() as windows:
        with killing(3):
            report = rendered(TEXT, session, backend="local", threads=2, chunk=64, cycles=Fraction(16))
        assert report.replaced_workers >= 1
        _, records = read(session)
        assert {*rows(records)} == {*meant(windows)}
        assert len(records) <= len(meant(windows)) + 3
        assert report.sha256 == inline(TEXT, chunk=64, cycles=Fraction(16)).sha256


# The file.


def test_the_file_is_its_owners_and_goes_with_the_session() -> None:
    with Session() as session:
        rendered(TEXT, session)
        (file,) = session._warm.stats.values()
        path = Path(file.path)
        assert path.name in segments(os.getpid())
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        header = StatsReader(file.path).header()
        assert header[StatsHeader.CREATOR] == os.getpid()
        assert path.stat().st_size == header[StatsHeader.RINGS_AT] + header[StatsHeader.RING_STEP]
    assert not path.exists()


def test_what_is_no_stats_file_is_refused(tmp_path: Path) -> None:
    for text in (b"", bytes(8192)):
        (tmp_path / "other").write_bytes(text)
        with pytest.raises(StatsError, match="is no stats file"):
            StatsReader(str(tmp_path / "other"))
    file = StatsFile(str(tmp_path))
    file.header[StatsHeader.VERSION] += 1
    with pytest.raises(StatsError, match="of version"):
        StatsReader(file.path)
    file.close()
    assert not os.path.exists(file.path)


def test_names_that_find_no_room_are_left_out(tmp_path: Path) -> None:
    file = StatsFile(str(tmp_path))
    keys = [f"bus {number:05}{'x' * 1000}" for number in range(2000)]
    file.name(keys)
    names = StatsReader(file.path).names()
    assert 900 < len(names) < len(keys)
    assert list(names.values()) == keys[: len(names)]
    assert all(key_word(name) == word for word, name in names.items())
    file.close()


@pytest.mark.parametrize("options", [{"backend": "inline"}, {"backend": "local", "threads": 2}])
@pytest.mark.parametrize("fails", ["open", "grown"])
def test_without_a_file_the_render_goes_on(
    monkeypatch: pytest.MonkeyPatch, options: dict[str, Any], fails: str
) -> None:
    noted = rendered(TEXT, **SHORT, **options)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*((stats, "claim") if fails == "open" else (StatsFile, "grown")), full)
    report = rendered(TEXT, **SHORT, **options)
    (notice,) = (one for one in report.notices if one not in noted.notices)
    assert notice.message.startswith("nothing is noted of when tasks ran: no file can be made for it in /dev/shm: No")
    assert (report.sha256, report.frames) == (noted.sha256, noted.frames)
    assert segments(os.getpid()) == []


def test_a_file_that_is_removed_meanwhile_stops_nothing() -> None:
    with Session() as session:
        first = rendered(TEXT, session, backend="local", threads=2, **SHORT)
        (file,) = session._warm.stats.values()
        os.unlink(file.path)
        again = rendered(TEXT, session, backend="local", threads=3, **SHORT)
        assert first.sha256 == again.sha256


# Readers, while machine code writes as fast as it can.

ROUNDS, TASK, GROUP, RING = 0, 1, 2, 3
T_FRAME, T_FRAMES, T_SLICE, T_LANES = int(Task.FRAME), int(Task.FRAMES), int(Task.SLICE), int(Task.LANES)
G_KEY = int(Group.KEY)


def noting(record: int) -> None:
    """Notes tasks whose words are all the same number, one more each time."""
    task, group = read_word(record, TASK), read_word(record, GROUP)
    for number in range(read_word(record, ROUNDS)):
        write_word(task, T_FRAME, number)
        write_word(task, T_FRAMES, number)
        write_word(task, T_SLICE, number)
        write_word(task, T_LANES, number)
        write_word(group, G_KEY, number)
        note(read_word(record, RING), task, group, number)


def write_fast(address: int, path: str, offset: int, rounds: int) -> None:
    """A process that notes tasks."""
    ring = stats.mapped(path, offset)
    task, group = np.zeros(len(Task), np.int64), np.zeros(len(Group), np.int64)
    record = np.array([rounds, task.ctypes.data, group.ctypes.data, ring.address], np.int64)
    ctypes.CFUNCTYPE(None, ctypes.c_int64)(address)(int(record.ctypes.data))


def whole(records: NDArray[Any]) -> bool:
    """Whether nothing in them is of two different tasks."""
    same = [records[name] == records["frame"] for name in ("frames", "key", "slice", "voices", "start_ns")]
    return bool(np.all(same)) and bool((np.diff(records["frame"]) >= 0).all())


@pytest.mark.parametrize("killed", [False, True])
def test_no_record_is_torn_in_another_process(tmp_path: Path, killed: bool) -> None:
    level = objects.host_levels()[0]
    code = objects.load({"noting": emit_object("noting", level, loop_function(noting, level))})
    file = StatsFile(str(tmp_path))
    (ring,) = file.borrow(1, ())
    rounds, most = (1 << 40, 300) if killed else (20_000_000, 1 << 20)
    writer = multiprocessing.get_context("fork").Process(
        target=write_fast, args=(code.addresses["noting"], file.path, ring.offset, rounds)
    )
    reader = StatsReader(file.path)
    writer.start()
    taken, looks, last = 0, 0, -1
    try:
        while writer.is_alive() and looks < most:
            seen = reader.take()
            assert whole(seen.records)
            if len(seen.records):
                assert seen.records["frame"][0] > last
                last = int(seen.records["frame"][-1])
                looks += 1
            taken += len(seen.records) + seen.missed
    finally:
        if killed:
            writer.kill()
        writer.join()
    assert looks > 10
    assert taken > 2 * RING_RECORDS, "the ring went round"
    if killed:
        # Whoever comes after goes on where it stood.
        written = int(ring.words[RingHead.WRITTEN])
        write_fast(code.addresses["noting"], file.path, ring.offset, 1)
        assert int(ring.words[RingHead.WRITTEN]) == written + 1
        seen = StatsReader(file.path).take()
        assert len(seen.records) == RING_RECORDS - 1
        assert whole(seen.records[:-1])
        assert seen.records["frame"][-1] == 0
    file.close()


def test_the_layout_is_what_numpy_reads() -> None:
    assert NOTED.itemsize == 8 * len(Noted)
    assert [NOTED.fields[word.name.lower()][1] for word in Noted] == [8 * word for word in Noted]  # type: ignore[index]
