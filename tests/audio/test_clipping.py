"""What is too loud: each way of --clip over blocks of any length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.audio.block import Block
from farm.audio.clipping import CEILING, CLIPPINGS, Clipping, Normalizing, Rescaling, through
from farm.errors import FileError, RenderError

RATE = 8000
LOUD = 20_000
Frames = NDArray[np.float32]


def piece(frames: int = 40_000) -> Frames:
    """Quiet noise with a loud stretch around frame LOUD."""
    made = np.random.default_rng(5).uniform(-0.5, 0.5, (frames, 2)).astype(np.float32)
    made[LOUD : LOUD + 900] *= np.float32(5.0)
    return made


def passed(way: str, frames: Frames, block: int = 1000) -> tuple[Frames, Clipping]:
    """Frames after passing in blocks, and what was counted."""
    clipping = CLIPPINGS[way](RATE, 2)
    blocks = (given(way, frames, at, min(at + block, len(frames))) for at in range(0, len(frames), block))
    found = [one.frames for one in through([clipping], blocks)]
    return np.concatenate([*found, np.zeros((0, 2), np.float32)]), clipping


def given(way: str, frames: Frames, at: int, end: int) -> Block:
    """A block as workers give it."""
    block = frames[at:end]
    loud = int((np.abs(block) > 1.0).any(axis=1).sum()) if way == "warn" else 0
    heard = np.clip(block, np.float32(-1.0), np.float32(1.0)) if way == "warn" else block
    return Block(at, heard, peak=float(np.abs(block).max(initial=0.0)), cut_off=loud)


@pytest.mark.parametrize("way", CLIPPINGS)
@pytest.mark.parametrize("block", [7, 64, 1000, 40_000])
def test_what_is_not_too_loud_stays_as_it_is(way: str, block: int) -> None:
    quiet = piece(3000)
    found, clipping = passed(way, quiet, block)
    assert found.tobytes() == quiet.tobytes()
    assert (clipping.clipped_frames, clipping.limited_frames, clipping.reduction_db) == (0, 0, 0.0)
    assert clipping.peak == np.abs(quiet).max()


def test_what_was_turned_down_is_counted() -> None:
    frames = piece(2000)
    blocks = [Block(0, frames[:1000]), Block(1000, frames[1000:], limited=70, reduction=0.5)]
    clipping = CLIPPINGS["limit"](RATE, 2)
    assert [one.first for one in through([clipping], blocks)] == [0, 1000]
    assert clipping.limited_frames == 70
    assert clipping.reduction_db == pytest.approx(20 * np.log10(2))


def test_cut_off_at_full_scale_and_counted() -> None:
    frames = piece()
    found, clipping = passed("warn", frames)
    assert found.tobytes() == np.clip(frames, -1.0, 1.0).tobytes()
    assert clipping.clipped_frames == np.count_nonzero((np.abs(frames) > 1.0).any(axis=1))
    assert clipping.reduction_db == pytest.approx(20 * np.log10(np.abs(frames).max()))
    assert clipping.peak == 1.0


def test_refused_with_the_first_frame_that_is_too_loud() -> None:
    frames = piece()
    first = int(np.argmax((np.abs(frames) > 1.0).any(axis=1)))
    with pytest.raises(RenderError, match=rf"frame {first} \({first / RATE:.3f} s\) is above full scale"):
        passed("error", frames)
    passed("error", frames[: LOUD - 1])


def test_one_gain_for_all() -> None:
    frames = piece()
    found, clipping = passed("rescale", frames)
    ratio = found[np.abs(frames) > 0.1] / frames[np.abs(frames) > 0.1]
    assert np.ptp(ratio) < 1e-6
    assert np.abs(found).max() == pytest.approx(CEILING, rel=1e-6) and np.abs(found).max() <= CEILING
    assert clipping.reduction_db == pytest.approx(20 * np.log10(np.abs(frames).max() / CEILING), abs=1e-4)


def test_left_alone() -> None:
    frames = piece()
    found, clipping = passed("none", frames)
    assert found.tobytes() == frames.tobytes()
    assert clipping.peak == np.abs(frames).max()


@pytest.mark.parametrize("folder", ["/nowhere", None])
def test_a_disk_that_takes_no_frames_is_named(folder: str | None, tmp_path: Path) -> None:
    clipping = CLIPPINGS["rescale"](RATE, 2)
    assert isinstance(clipping, Rescaling)
    clipping.folder = folder or str(tmp_path)
    if folder is None:
        clipping.spool = open("/dev/full", "wb", buffering=0)  # noqa: SIM115
    where = folder or str(tmp_path)
    with pytest.raises(FileError, match=rf"frames that wait for their gain cannot be kept in {where}: No s") as caught:
        list(through([clipping], [given("rescale", piece(100), 0, 100)]))
    assert "--clip limit needs no such file" in (caught.value.hint or "")
    assert not list(tmp_path.iterdir())


def test_gains_of_a_normal_do_not_pass_what_is_asked() -> None:
    clipping = Normalizing(RATE, 2)
    clipping.wanted, clipping.most = lambda peak: 0.5 / peak, 0.5
    frames = piece()
    found = np.concatenate([one.frames for one in through([clipping], [given("none", frames, 0, len(frames))])])
    assert np.abs(found).max() == np.float32(0.5)
    np.testing.assert_allclose(found, frames * (0.5 / np.abs(frames).max()), atol=1e-7)
