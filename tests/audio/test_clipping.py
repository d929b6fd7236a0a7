"""What is too loud: each way of --clip over blocks of any length."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.audio.clipping import CLIPPINGS, Clipping, margins
from farm.audio.limiter import CEILING, Limiter
from farm.errors import RenderError

RATE = 8000
LOUD = 20_000
Frames = NDArray[np.float32]


def piece(frames: int = 40_000) -> Frames:
    """Quiet noise with a loud stretch around frame LOUD."""
    made = np.random.default_rng(5).uniform(-0.5, 0.5, (frames, 2)).astype(np.float32)
    made[LOUD : LOUD + 900] *= np.float32(5.0)
    return made


def passed(way: str, frames: Frames, block: int = 1000, first: int = 0, **kept: int) -> tuple[Frames, Clipping]:
    """Frames after passing in blocks, and what was counted."""
    clipping = CLIPPINGS[way](RATE, 2, first, **kept)
    blocks = (frames[at : at + block] for at in range(first, len(frames), block))
    return np.concatenate([*clipping.through(blocks), np.zeros((0, 2), np.float32)]), clipping


@pytest.mark.parametrize("way", CLIPPINGS)
@pytest.mark.parametrize("block", [7, 64, 1000, 40_000])
def test_what_is_not_too_loud_stays_as_it_is(way: str, block: int) -> None:
    quiet = piece(3000)
    found, clipping = passed(way, quiet, block)
    assert found.tobytes() == quiet.tobytes()
    assert (clipping.clipped_frames, clipping.limited_frames, clipping.reduction_db) == (0, 0, 0.0)
    assert clipping.peak == np.abs(quiet).max()


@pytest.mark.parametrize("block", [63, 1000, 2048, 40_000])
def test_the_limiter_gives_what_one_from_the_start_gives(block: int) -> None:
    frames = piece()
    alone = Limiter(RATE)
    expected = np.concatenate([alone.take(frames.T), alone.finish()], axis=1).T
    found, clipping = passed("limit", frames, block)
    assert found.tobytes() == np.ascontiguousarray(expected).tobytes()
    assert (clipping.limited_frames, clipping.reduction_db) == (alone.limited_frames, alone.largest_reduction_db)
    assert clipping.limited_frames > 900
    assert 5.0 < clipping.reduction_db < 8.3
    assert clipping.peak <= CEILING


@pytest.mark.parametrize("begin", [LOUD - 500, LOUD + 400, LOUD + 3000, 30_000])
@pytest.mark.parametrize("end", [LOUD + 500, LOUD + 4000, 39_000])
@pytest.mark.parametrize("block", [500, 2048])
def test_a_limited_part_has_the_frames_of_the_whole(begin: int, end: int, block: int) -> None:
    if end <= begin:
        end = begin + 700
    frames = piece()
    whole, _ = passed("limit", frames)
    before, after = margins("limit", RATE)
    first = max(begin - before, 0)
    found, _ = passed("limit", frames[: end + after], block, first, kept_from=begin, kept_frames=end - begin)
    assert found.tobytes() == whole[begin:end].tobytes()


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
    passed("error", frames, kept_from=0, kept_frames=LOUD - 1)


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
