"""The limiter: transparent below its ceiling, never above it, the same for any blocks, gains that move smoothly."""

from __future__ import annotations

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.audio.limiter import CEILING, FORGOTTEN, RELEASE_S, Limiter, look_ahead_frames, memory_frames

RATE = 44_100
Frames = NDArray[np.float32]


def limited(frames: Frames, rate: int = RATE, blocks: int | list[int] = 2048, **places: int) -> tuple[Frames, Limiter]:
    """What a limiter makes of frames (2, n), taken in blocks of a length, or of several in turn."""
    limiter, parts, at = Limiter(rate, len(frames), **places), [], 0
    lengths = [blocks] if isinstance(blocks, int) else blocks
    for turn in range(1_000_000):
        if at >= frames.shape[1]:
            break
        length = lengths[turn % len(lengths)]
        parts.append(limiter.take(frames[:, at : at + length]))
        at += length
    return np.concatenate([*parts, limiter.finish()], axis=1), limiter


def noise(frames: int, level: float, seed: int = 1) -> Frames:
    return (np.random.default_rng(seed).uniform(-level, level, (2, frames))).astype(np.float32)


def peaks_in_quiet(frames: int, places: list[int], height: float) -> Frames:
    quiet = noise(frames, 0.3)
    quiet[0, places] = height
    return quiet


def reference_gain(frames: Frames, rate: int) -> NDArray[np.float64]:
    """The gain by its definition, frame by frame: needed, released, greatest of the look-ahead, smoothed."""
    reach, fall = look_ahead_frames(rate), 1.0 - 1.0 / (RELEASE_S * rate)
    needed = np.maximum(1.0 - float(CEILING) / np.maximum(np.abs(frames).max(axis=0), 1e-9), 0.0)
    released = np.zeros(len(needed) + 3 * reach)
    for i in range(len(released)):
        own = needed[i] if i < len(needed) else 0.0
        released[i] = max(own, released[i - 1] * fall if i else 0.0)
    kernel = np.convolve(np.ones(reach // 2 + 1), np.ones(reach - reach // 2))
    assert len(kernel) == reach
    greatest = np.array([released[max(i - reach + 1, 0) : i + 1].max() for i in range(len(released))])
    smooth = np.convolve(greatest, kernel / kernel.sum())
    return 1.0 - smooth[reach - 1 : reach - 1 + len(needed)]


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 5000])
def test_below_the_ceiling_every_bit_passes(count: int) -> None:
    frames = np.clip(noise(count, 1.0), -CEILING, CEILING)
    frames[:, 3::7] = -0.0
    found, limiter = limited(frames, blocks=100)
    assert found.dtype == np.float32 and found.shape == frames.shape
    assert np.array_equal(found.view(np.uint32), frames.view(np.uint32))
    assert (limiter.limited_frames, limiter.largest_reduction_db) == (0, 0.0)


@pytest.mark.parametrize("level", [0.97, 1.5, 30.0, 1000.0])
@pytest.mark.parametrize("rate", [8000, 44_100, 192_000])
def test_nothing_passes_the_ceiling(rate: int, level: float) -> None:
    found, limiter = limited(noise(20_000, level), rate)
    assert np.abs(found).max() <= CEILING
    assert np.abs(found).max() > 0.95
    assert limiter.limited_frames > 15_000


def test_what_is_far_too_loud_stays_finite() -> None:
    found, limiter = limited(noise(5000, 1e30))
    assert np.abs(found).max() <= CEILING
    assert 150.0 < limiter.largest_reduction_db < 200.0


def test_the_ceiling_is_0_3_db_under_full_scale() -> None:
    assert 20 * np.log10(float(CEILING)) == pytest.approx(-0.3, abs=1e-5)
    assert float(CEILING) <= 10 ** (-0.3 / 20)


@pytest.mark.parametrize("rate", [8000, 44_100])
def test_gain_by_its_definition(rate: int) -> None:
    frames = peaks_in_quiet(6000, [5, 1000, 1010, 1300, 4000, 5999], 2.5)
    frames[:, 2000:2600] *= 6.0
    found, limiter = limited(frames, rate)
    gain = reference_gain(frames, rate)
    assert np.abs(found - frames * gain).max() < 1e-6
    assert limiter.lowest_gain == pytest.approx(gain.min(), abs=1e-6)
    assert limiter.largest_reduction_db == pytest.approx(-20 * np.log10(gain.min()), abs=1e-4)
    assert limiter.limited_frames == pytest.approx(np.count_nonzero(gain < 1 - FORGOTTEN), abs=5)


def test_a_peak_is_reached_in_time_and_left_slowly() -> None:
    """The gain falls within the look-ahead before the peak, without a step, and is back by 1/e after the release."""
    frames = np.full((2, 12_000), 0.25, np.float32)
    frames[1, 3000] = 2.0
    found, _ = limited(frames)
    gain = (found[0] / frames[0]).astype(np.float64)
    reach = look_ahead_frames(RATE)
    assert reach == 66
    assert np.all(gain[: 3000 - reach + 1] == 1.0) and gain[3000 - reach + 2] < 1.0
    assert found[1, 3000] == pytest.approx(CEILING, abs=2e-7)
    depth = 1.0 - gain[3000]
    assert depth == pytest.approx(1 - float(CEILING) / 2.0, abs=1e-6)
    assert np.abs(np.diff(gain)).max() < depth * 2.1 / reach
    assert np.all(np.diff(gain[: 3000 - 1]) <= 0) and np.all(np.diff(gain[3000 + reach :]) >= -1e-7)
    after = np.flatnonzero(1.0 - gain[3000:] < depth / np.e)[0]
    assert after == pytest.approx(RELEASE_S * RATE + reach / 2, abs=20)


def test_both_channels_move_together() -> None:
    frames = noise(20_000, 0.9)
    frames[0] *= 4.0
    found, _ = limited(frames)
    loud = np.abs(frames).min(axis=0) > 0.05
    gains = (found[:, loud] / frames[:, loud]).astype(np.float64)
    inside = np.abs(found[0, loud]) < CEILING
    assert np.abs(gains[0] - gains[1])[inside].max() < 1e-6


@pytest.mark.parametrize("blocks", [1, 64, 777, 100_000, [1, 500, 0, 63, 64, 65]])
def test_blocks_do_not_show(blocks: int | list[int]) -> None:
    frames = noise(9000, 1.4)
    frames[:, 3000:7000] *= 0.4
    expected, whole = limited(frames, blocks=4096)
    found, limiter = limited(frames, blocks=blocks)
    assert np.array_equal(found.view(np.uint32), expected.view(np.uint32))
    assert (limiter.limited_frames, limiter.lowest_gain) == (whole.limited_frames, whole.lowest_gain)


@pytest.mark.parametrize("part", [60_000, 60_001, 70_033])
def test_a_part_equals_the_whole_after_its_memory(part: int) -> None:
    frames = noise(80_000, 0.5)
    frames[:, :9000] *= 40.0
    frames[:, part - 3000 : part - 2900] *= 3.0
    frames[:, part + 100 : part + 200] *= 4.0
    expected, _ = limited(frames)
    first = part - memory_frames(RATE)
    found, limiter = limited(frames[:, first:], first_frame=first, kept_from=part)
    assert np.array_equal(found.view(np.uint32), expected[:, part:].view(np.uint32))
    changed = np.abs(found) < np.abs(frames[:, part:])
    assert limiter.limited_frames >= np.count_nonzero(changed.any(axis=0)) > 1000


def test_a_second_of_stereo_is_quick() -> None:
    """At most 5 ms where the machine is idle; the best of several runs, with room for a busy one."""
    frames = noise(RATE, 1.5)
    best = 1e9
    for _ in range(7):
        start = time.process_time()
        limited(frames, blocks=8192)
        best = min(best, time.process_time() - start)
    assert best < 0.015
