"""The limiter's kernels: as written in Python and as machine code, bit for bit; what they give does not show chunks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.plan.limiting import TARGET, Limiting, limiting
from farm.plan.path import GUARD, SPARE
from tests.workers.harness import Machine
from workers.catalog import catalog
from workers.dsp import true_peak
from workers.targets import objects

Floats = NDArray[np.float32]
CHANNELS = 2
NODES = ("cell_peaks", "limiter")


@pytest.fixture(scope="module", params=objects.host_levels())
def machine(request: pytest.FixtureRequest) -> Machine:
    return Machine(request.param, [catalog()[name] for name in NODES])


def called(machine: Machine | None, name: str, arrays: dict[str, Floats], numbers: dict[str, int]) -> None:
    """Runs a kernel on arrays and numbers by name."""
    definition = catalog()[name]
    given = {**arrays, **numbers}
    if machine is None:
        with np.errstate(all="ignore"):
            definition.kernel(**{need: given[need] for need in definition.needs})
        return
    needs = [need for need in definition.needs if need not in ("frame", "frames")]
    words = [int(given[need].ctypes.data) if need in arrays else int(given[need]) for need in needs]
    machine.call(f"{name}_constant", [numbers["frames"], numbers["frame"], *words])


def reductions(machine: Machine | None, sound: Floats, cuts: list[int], made: Limiting, first: int = 0) -> Floats:
    """Every reduction that the kernels give for sound (channels, frames) from number `first` on in chunks."""
    carried = np.zeros(made.past_floats + CHANNELS * made.delay, np.float32)
    work = np.zeros(made.work_floats, np.float32)
    eights = {
        "quiet": made.quiet,
        "ceiling": made.ceiling,
        "target": made.ceiling * TARGET,
        "fast": made.fast,
        "slow": made.slow,
        "share": 1.0 / (made.first_mean * made.second_mean),
    }
    fixed = {name: np.full(8, value, np.float32) for name, value in eights.items()}
    fixed |= {"taps": np.array(true_peak.TAPS, np.float32), "work": work, "carried": carried}
    found = []
    for begin, end in zip([0, *cuts], [*cuts, sound.shape[1]], strict=True):
        frames = end - begin
        step = made.delay + (frames + 15) // 16 * 16 + GUARD
        mixed = np.full((CHANNELS, step), 9.0, np.float32)
        mixed[:, made.delay : made.delay + frames] = sound[:, begin:end]
        peaks = np.zeros(frames // 8 + made.segment // 8 + SPARE, np.float32)
        nodes = np.full(frames // made.segment + SPARE, 7.0, np.float32)
        arrays = {**fixed, "mixed": mixed.reshape(-1), "peaks": peaks, "nodes": nodes}
        numbers = {"channel_count": CHANNELS, "step": step, "delay": made.delay, "segment": made.segment}
        numbers |= {"window": made.window, "sustain": made.sustain}
        numbers |= {"first_mean": made.first_mean, "second_mean": made.second_mean}
        numbers |= {"frame": first + begin, "frames": frames}
        for name in NODES:
            called(machine, name, arrays, numbers)
        before = (first + begin - 16) // made.segment
        found.append(nodes[8 : 8 + (first + end - 16) // made.segment - before].copy())
    return np.concatenate(found)


def loud(frames: int) -> Floats:
    """Quiet noise with a burst, a click and a tone that is too loud only between its frames."""
    chance = np.random.default_rng(2)
    sound = chance.uniform(-0.3, 0.3, (CHANNELS, frames))
    sound[0, frames // 4 : frames // 4 + 60] *= 9.0
    sound[1, frames // 2] = -3.0
    at = np.arange(frames // 2 + 200, frames)
    sound[:, at] = 1.1 * np.sin(2 * np.pi * (at / 4.0 + 0.125))
    return sound.astype(np.float32)


@pytest.mark.parametrize("rate", [8000, 44100])
def test_machine_code_is_what_is_written(machine: Machine, rate: int) -> None:
    made = limiting(rate, -1.0)
    sound = loud(900)
    cuts = [64, 301, 620]
    written = reductions(None, sound, cuts, made)
    assert 0.5 < written.max() < 1.0
    assert reductions(machine, sound, cuts, made).tobytes() == written.tobytes()


@pytest.mark.parametrize("rate", [8000, 44100, 96000, 384000])
def test_chunks_do_not_show(machine: Machine, rate: int) -> None:
    made = limiting(rate, -1.0)
    sound = loud(20_000)
    whole = reductions(machine, sound, [], made)
    chance = np.random.default_rng(rate)
    for least in (64, 333):
        lengths = chance.integers(least, 3 * least, 20_000 // least)
        cuts = [cut for cut in np.cumsum(lengths).tolist() if cut < 20_000 - 64]
        assert reductions(machine, sound, cuts, made).tobytes() == whole.tobytes()


def test_a_part_has_the_gain_of_the_whole_once_the_past_is_forgotten(machine: Machine) -> None:
    made = limiting(8000, -1.0)
    sound = np.concatenate([8.0 * loud(4000), 0.1 * loud(30_000), loud(4000)], axis=1).astype(np.float32)
    whole = reductions(machine, sound, [], made)
    begin = 34_000 - made.memory
    for start in (begin // 64 * 64, (begin - 1000) // 64 * 64):
        part = reductions(machine, sound[:, start:], [], made, start)
        segments = 4000 // made.segment
        assert part[-segments:].tobytes() == whole[-segments:].tobytes()
        assert part[-segments:].any()


def test_no_reduction_lasts_longer_than_is_said(machine: Machine) -> None:
    made = limiting(8000, -1.0)
    sound = np.zeros((CHANNELS, 60_000), np.float32)
    sound[:, :8000] = 1e6
    heard = np.flatnonzero(reductions(machine, sound, [], made))
    assert 0 < heard[-1] * made.segment < 8000 + made.memory < 40_000


def test_the_taps_are_a_sinc_under_a_window() -> None:
    def tap(distance: float) -> float:
        """A sinc under a Kaiser window (beta 4.5) over 12 frames."""
        inside = math.sqrt(1.0 - (distance / 12.0) ** 2)
        return float(np.sinc(distance) * np.i0(4.5 * inside) / np.i0(4.5))

    for row, place, sign in ((true_peak.HALF, 0.5, 1), (true_peak.EVEN, 0.25, 1), (true_peak.ODD, 0.25, -1)):
        left = np.array([tap(k + place) for k in range(true_peak.PAIRS)])
        right = np.array([tap(k + 1 - place) for k in range(true_peak.PAIRS)])
        expected = (left + sign * right) / (2.0 * (left + right).sum())
        np.testing.assert_allclose(np.array(row) / true_peak.UNITS, expected, atol=0.6 / true_peak.UNITS)
