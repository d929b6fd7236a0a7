"""What goes wrong on the way into files: the disk, the reader, the sound itself; in this process and on pools."""

from __future__ import annotations

import resource
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from farm.audio.block import Block
from farm.audio.files import Files
from farm.errors import FileError, RenderError
from farm.rendering.session import Session
from tests.render.sound import RATE, asked, frames, score
from tests.render.test_faults import overflow
from tests.render.test_paths import ALL, delivery, made

LOUD = 'cps: 2\no1: s "bd*4 [sn, hh] bd" * 3 # delay 0.2 0.4 0.3\no2: sine 50 * 0.6 + noise * 0.3\n'
RISING = LOUD.replace("* 3", "* (line 0 3 2)").replace("* 0.6", "* (line 0 1 2)")
WAYS: tuple[dict[str, Any], ...] = (
    {"backend": "inline", "chunk": 4096},
    {"backend": "inline", "chunk": 100},
    {"backend": "local", "threads": 1, "chunk": 512},
    {"backend": "local", "threads": 2, "chunk": 128},
)
every_way = pytest.mark.parametrize("how", WAYS, ids=lambda how: f"{how['backend']}-{how['chunk']}")
FILES = (
    delivery("mix.flac", ALL, "24", "limit"),
    delivery("o1.wav", ("o1",), "24", "limit"),
    delivery("o2.wav", ("o2",), "16", "none"),
)


@pytest.fixture
def small_files() -> Iterator[None]:
    """Puts limits back."""
    old_limits, old_action = resource.getrlimit(resource.RLIMIT_FSIZE), signal.getsignal(signal.SIGXFSZ)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, old_limits)
    signal.signal(signal.SIGXFSZ, old_action)


def limited(put: Callable[[Files, Block], None]) -> Callable[[Files, Block], None]:
    """Takes blocks; from the first one on no file of this process may pass 20 kB. The arena is there by then."""

    def limiting(files: Files, block: Block) -> None:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
        put(files, block)

    return limiting


@every_way
@pytest.mark.usefixtures("small_files")
def test_a_disk_that_refuses_one_of_several_files_leaves_none(how: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "o1.wav").write_bytes(b"old")
    with Session() as session, pytest.MonkeyPatch.context() as patch:
        patch.setattr(Files, "put", limited(Files.put))
        with pytest.raises(FileError, match=r"(mix\.flac|o[12]\.wav): the file would pass the size limit"):
            made(tmp_path, FILES, session._warm, duration=8, **how)
    assert [path.name for path in tmp_path.iterdir()] == ["o1.wav"]
    assert (tmp_path / "o1.wav").read_bytes() == b"old"


@every_way
def test_a_reader_that_leaves_ends_the_render(how: dict[str, Any]) -> None:
    # In a process of its own: workers would hold the other end of a pipe as well.
    reader = subprocess.Popen(["head", "-c", "5000"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, bufsize=0)
    assert reader.stdin is not None
    with Session() as session, pytest.raises(BrokenPipeError):
        session.render_stream(score(LOUD), reader.stdin, asked(duration=20, clip="limit", **how))  # type: ignore[arg-type]
    reader.stdin.close()
    assert reader.wait() == 0


@every_way
@pytest.mark.parametrize("bits", ["24", "32f"])
def test_error_names_the_first_frame_above_full_scale(how: dict[str, Any], bits: Any, tmp_path: Path) -> None:
    heard = frames(RISING, duration=2)
    first = int(np.argmax((np.abs(heard) > 1.0).any(axis=1)))
    assert first > 1000
    with Session() as session, pytest.raises(RenderError, match=rf"^frame {first} \({first / RATE:.3f} s\) is above"):
        session.render_file(score(RISING), tmp_path / "a.wav", asked(duration=2, clip="error", bits=bits, **how))
    assert not list(tmp_path.iterdir())


GROWING = "cps: 1\n~b: tri 50 + ~b * 1.02\no1: ~b # lpf 900 1\no2: saw 100\n"


@every_way
@pytest.mark.parametrize("takes", [ALL, ("o1",), ("~b",)])
def test_what_is_no_number_is_named_whatever_takes_it(
    how: dict[str, Any], takes: tuple[str, ...] | None, tmp_path: Path
) -> None:
    files = (delivery("mix.flac", ALL, "24", "limit"), delivery("part.wav", takes, "24", "limit"))
    frame = overflow(1.02)
    assert 1000 < frame < 2 * RATE
    where = r"^test.ph:2:17: `\*` in `~b`"
    with pytest.raises(RenderError, match=rf"{where} gives a value that is not finite at frame {frame} "):
        made(tmp_path, files, text=GROWING, **how)
    assert not list(tmp_path.iterdir())


@every_way
def test_a_sum_that_is_too_large_is_named_by_who_takes_it(how: dict[str, Any], tmp_path: Path) -> None:
    loud = f"sine 1 * {10**13} * {10**13} * {10**12}"
    text = f"cps: 1\no1: {loud}\no2: {loud} * -1\no3: {loud}\n"
    two = delivery("two.wav", ("o1", "o3"), "24", "limit", gain=2.0)
    whole = np.sin(2 * np.pi * np.arange(RATE) / RATE) * 1e38
    over = int(np.flatnonzero(4 * whole > float(np.finfo(np.float32).max))[0])
    with pytest.raises(RenderError, match=rf"^the stem `two.wav` is too large for a number at frame {over} "):
        made(tmp_path, (delivery("mix.flac", ALL, "24", "limit"), two), text=text, **how)
