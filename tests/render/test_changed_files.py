"""Files of samples that another program cuts short or writes to while they are played where they lie."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from farm.audio import keeping, planes
from farm.errors import RenderError
from farm.graph.score import understand
from farm.options import RenderOptions
from farm.rendering.ahead import Ahead
from farm.rendering.backends.inline import InlineBackend
from farm.rendering.rendering import Rendering
from farm.rendering.session import Session, render
from farm.score import Source
from tests.audio.files import chunk, fmt, noise, pcm_16, riff, written
from workers import lost
from workers.slab import PAGE, Extract, Slab, mapped, size_of

ROOT = Path(__file__).resolve().parents[2]
RATE = 44_100
TEXT = 'cps: 1\nout: s "kit" # speed 0.5\n'
FRAMES = 6 * RATE


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sample of 6 s that is played where it lies."""
    monkeypatch.setattr(keeping, "SOUNDS", str(tmp_path / "cache"))
    monkeypatch.setattr(planes, "DECODED_BYTES", 0)
    monkeypatch.delenv("FARM_SAMPLES", raising=False)
    return long_file(tmp_path / "B" / "kit" / "a.wav")


def long_file(path: Path, seed: int = 1) -> Path:
    written(path, riff(fmt(channels=2), chunk(b"data", pcm_16(noise(FRAMES, 2, seed)))))
    assert planes.planes_of(path, RATE).path == path
    return path


def options(sample: Path, **given: object) -> RenderOptions:
    asked = {"cycles": Fraction(12), "tail": "none", "rate": RATE, "window_frames": RATE, **given}
    return RenderOptions(samples=(str(sample.parents[1]),), **asked)  # type: ignore[arg-type]


def when_half_played(monkeypatch: pytest.MonkeyPatch, change: Callable[[], None]) -> list[int]:
    """Has something happen to a file after some tasks have run inline."""
    run, ran = InlineBackend.run_tasks, [0]

    def running(backend: InlineBackend, first: int, count: int) -> None:
        ran[0] += 1
        if ran[0] == 4:
            change()
        run(backend, first, count)

    monkeypatch.setattr(InlineBackend, "run_tasks", running)
    return ran


def shortened(path: Path) -> Callable[[], None]:
    return lambda: os.truncate(path, 100_000)


@pytest.mark.parametrize("in_thread", [False, True])
def test_r17_a_file_cut_short_while_it_is_played_is_an_error(
    sample: Path, in_thread: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = signal.getsignal(signal.SIGBUS)
    ran = when_half_played(monkeypatch, shortened(sample))
    caught: list[BaseException] = []

    def rendering() -> None:
        with Session() as session:
            try:
                session.render(understand(Source("test.ph", TEXT)), options(sample, backend="inline"))
            except RenderError as error:
                caught.append(error)

    if in_thread:
        thread = threading.Thread(target=rendering)
        thread.start()
        thread.join()
    else:
        rendering()
    (error,) = caught
    assert str(error) == f"{sample} vanished or was changed while it was being rendered"
    assert 4 <= ran[0] < 12
    assert signal.getsignal(signal.SIGBUS) is before


def test_r17_two_sessions_at_once_each_lose_their_own(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = long_file(tmp_path / "C" / "kit" / "a.wav")
    whole = render(understand(Source("test.ph", TEXT)), options(other, backend="inline"))
    when_half_played(monkeypatch, shortened(sample))
    told: dict[Path, object] = {}

    def rendering(path: Path) -> None:
        try:
            told[path] = render(understand(Source("test.ph", TEXT)), options(path, backend="inline"))
        except RenderError as error:
            told[path] = str(error)

    threads = [threading.Thread(target=rendering, args=(path,)) for path in (sample, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert told[sample] == f"{sample} vanished or was changed while it was being rendered"
    np.testing.assert_array_equal(told[other], whole)


def test_r17_the_command_ends_with_an_error_and_leaves_nothing(sample: Path, tmp_path: Path) -> None:
    """A render is stopped, its file is cut, and it goes on."""
    program = f"""
import os, sys
from farm.rendering.backends.inline import InlineBackend
from farm.audio import planes
from farm.cli import main
planes.DECODED_BYTES = 0
run, ran = InlineBackend.run_tasks, [0]
def running(backend, first, count):
    ran[0] += 1
    if ran[0] == 4:
        os.truncate({str(sample)!r}, 100_000)
    run(backend, first, count)
InlineBackend.run_tasks = running
sys.argv = ["farm", "render", "a.ph", "a.wav", "--samples", "B", "--cycles", "12", "--backend", "inline"]
main()
"""
    (tmp_path / "a.ph").write_text(TEXT)
    shared = set(os.listdir("/dev/shm"))
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1, ran.stderr
    assert f"error: {sample} vanished or was changed while it was being rendered" in ran.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["B", "a.ph"]
    assert not [name for name in set(os.listdir("/dev/shm")) - shared if "farm" in name and str(os.getpid()) in name]


@pytest.mark.parametrize("backend", ["inline", "local"])
@pytest.mark.parametrize("how", ["other sound", "longer", "shorter at its end"])
def test_r17_a_file_that_is_written_to_while_it_is_played(
    sample: Path, how: str, backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What would be heard is partly the old sound, partly the new one."""

    def change() -> None:
        with open(sample, "r+b") as file:
            if how == "shorter at its end":
                file.truncate(sample.stat().st_size - 16)
            else:
                file.seek(0 if how == "longer" else 1000, 2 if how == "longer" else 0)
                file.write(bytes(100_000))

    windows = [0]
    window_ahead = Rendering.window_ahead

    def later(self: Rendering, first_chunk: int, stop_frame: int | None) -> Ahead:
        windows[0] += 1
        if windows[0] == 3:
            change()
        return window_ahead(self, first_chunk, stop_frame)

    monkeypatch.setattr(Rendering, "window_ahead", later)
    with pytest.raises(RenderError, match="vanished or was changed while it was being rendered"):
        render(
            understand(Source("test.ph", TEXT)),
            options(sample, backend=backend, threads=2 if backend == "local" else None),
        )


def test_r17_a_file_that_another_one_replaces_stays_as_it_is_mapped(
    sample: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs that write aside and rename do no harm, and the next render plays the new sound."""
    loaded = understand(Source("test.ph", TEXT))
    new = long_file(tmp_path / "new" / "kit" / "a.wav", seed=2)
    expected = {path: render(loaded, options(path)) for path in (sample, new)}
    aside = written(tmp_path / "aside", new.read_bytes())
    with Session() as session:
        for given in ({"backend": "inline"}, {"backend": "local", "threads": 2}):
            aside = written(tmp_path / "aside", new.read_bytes())
            old = written(tmp_path / "old", sample.read_bytes())
            with monkeypatch.context() as patch:
                if given["backend"] == "inline":
                    when_half_played(patch, lambda aside=aside: os.replace(aside, sample))  # type: ignore[misc]
                np.testing.assert_array_equal(session.render(loaded, options(sample, **given)), expected[sample])
            os.path.exists(aside) and os.replace(aside, sample)
            np.testing.assert_array_equal(session.render(loaded, options(sample, **given)), expected[new])
            os.replace(old, sample)
            np.testing.assert_array_equal(session.render(loaded, options(sample, **given)), expected[sample])


# Below renders.


def test_lost_pages_read_as_zeros_up_to_the_end_of_their_part(tmp_path: Path) -> None:
    paths = [written(tmp_path / str(number), bytes([number + 1]) * (20 * PAGE)) for number in range(3)]
    parts: list[Extract] = []
    for path in paths:
        parts.append(Extract(str(path), size_of(parts), 0, 20 * PAGE))
    slab = mapped(parts)
    os.truncate(paths[1], 5 * PAGE)
    with lost.reading(slab):
        sums = [int(slab.bytes[part.start : part.start + 20 * PAGE].sum()) for part in parts]
    assert sums == [20 * PAGE, 2 * 5 * PAGE, 3 * 20 * PAGE]
    assert slab.lost == str(paths[1])


def test_a_bus_error_of_somebody_else_ends_the_process_as_ever(tmp_path: Path) -> None:
    program = """
import mmap, os, sys
from workers.lost import reading
from workers.slab import Slab
open("f", "wb").write(bytes(3 * mmap.PAGESIZE))
with open("f", "rb") as file:
    mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
os.truncate("f", 0)
with reading(Slab(1 << 20)):
    mapped[mmap.PAGESIZE]
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=False)
    assert ran.returncode == -signal.SIGBUS


def test_a_slab_knows_only_its_own_addresses() -> None:
    slab = Slab(1 << 20)
    assert not slab.lose(slab.address)
    assert not slab.lose(0)
    assert slab.lost is None
