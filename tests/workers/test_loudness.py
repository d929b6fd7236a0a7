"""The kernel of loudness: as written in Python and as machine code, bit for bit; chunks do not show; known figures."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.audio.loudness import Loudness, LoudnessReport
from farm.plan.weighting import cell_frames, weights
from tests.workers.harness import Machine
from workers.catalog import catalog
from workers.dsp.true_peak import TAPS, WORK
from workers.targets import objects
from workers.wire import HELD, PLANE

Floats = NDArray[np.float32]
RATE = 48_000


@pytest.fixture(scope="module", params=objects.host_levels())
def machine(request: pytest.FixtureRequest) -> Machine:
    return Machine(request.param, [catalog()["loudness"]])


@pytest.fixture(scope="module")
def best() -> Machine:
    return Machine(objects.host_levels()[0], [catalog()["loudness"]])


def measured(
    machine: Machine | None, sound: Floats, cuts: list[int], rate: int = RATE, first: int = 0, delay: int = 0
) -> tuple[Floats, float]:
    """Energies (cells, channels) and the true peak of sound (frames, channels), from frame `first` on, in chunks."""
    count, channels = sound.shape
    eights = (channels + 7) // 8
    cell = cell_frames(rate)
    arrays: dict[str, Any] = {
        "taps": np.array([*TAPS, *weights(rate)], np.float32),
        "work": np.zeros(WORK, np.float32),
        "carried": np.zeros(eights * HELD + 8 + channels * PLANE + 8, np.float32),
    }
    found: list[Floats] = []
    peak = 0.0
    # What comes too early or too late is noise, and must not count.
    noise = np.full((delay + 256, channels), 9.0, np.float32)
    given = np.concatenate([noise[:delay], sound, noise])
    begun, end = first, first + count + 256 + delay
    at = first
    for stop in [first + cut for cut in cuts] + [end]:
        arrays["sound"] = np.concatenate([given[at - first : stop - first].ravel(), np.zeros(64, np.float32)])
        rows = (stop - at) // cell + 2
        arrays["target"] = np.full(8 + rows * eights * 8, 7.0, np.float32)
        numbers = {"frame": at, "frames": stop - at, "channel_count": channels, "delay": delay, "cell": cell}
        numbers |= {"first": begun, "last": first + count}
        called(machine, {**arrays, **numbers}, set(arrays))
        done = [max(one - delay - begun, 0) // cell for one in (at, stop)]
        cells = arrays["target"][8:].reshape(rows, eights * 8)[: done[1] - done[0]]
        found.append(cells[:, :channels])
        assert not cells[:, channels:].any()
        peak = float(arrays["target"][0])
        at = stop
    return np.concatenate(found)[: count // cell], peak


def called(machine: Machine | None, given: dict[str, Any], arrays: set[str]) -> None:
    """Runs the kernel."""
    definition = catalog()["loudness"]
    if machine is None:
        with np.errstate(all="ignore"):
            definition.kernel(**{need: given[need] for need in definition.needs})
        return
    needs = [need for need in definition.needs if need not in ("frame", "frames")]
    words = [int(given[need].ctypes.data) if need in arrays else int(given[need]) for need in needs]
    machine.call("loudness_constant", [given["frames"], given["frame"], *words])


def told(machine: Machine, sound: Floats, rate: int = RATE) -> LoudnessReport:
    """How loud a sound is."""
    energies, peak = measured(machine, sound, [], rate)
    found = Loudness(cell_frames(rate))
    found.add(energies.sum(axis=1), peak)
    return found.report(len(sound))


def noise(frames: int, channels: int, seed: int = 3) -> Floats:
    """Noise with a loud stretch."""
    found = np.random.default_rng(seed).uniform(-0.3, 0.3, (frames, channels)).astype(np.float32)
    found[frames // 2 : frames // 2 + 900] *= np.float32(3.0)
    return found


@pytest.mark.parametrize(("channels", "delay", "first"), [(1, 0, 0), (2, 40, 0), (2, 13, 1003), (9, 8, 77)])
def test_the_python_kernel_is_the_compiled_one(machine: Machine, channels: int, delay: int, first: int) -> None:
    sound = noise(2500, channels)
    expected = measured(None, sound, [64, 777, 1700], 8000, first, delay)
    found = measured(machine, sound, [64, 777, 1700], 8000, first, delay)
    assert found[0].tobytes() == expected[0].tobytes() and found[1] == expected[1]
    assert len(found[0]) == 3


@pytest.mark.parametrize("cuts", [[1], [64, 128], [5000], [799, 800, 801], list(range(37, 20_000, 997))])
@pytest.mark.parametrize("delay", [0, 40])
def test_chunks_do_not_show(best: Machine, cuts: list[int], delay: int) -> None:
    sound = noise(20_011, 2)
    expected = measured(best, sound, [], 8000, 100, delay)
    found = measured(best, sound, cuts, 8000, 100, delay)
    assert found[0].tobytes() == expected[0].tobytes() and found[1] == expected[1]


def tone(hz: float, level_db: float, seconds: float, rate: int = RATE, phase: float = 0.0) -> Floats:
    """A stereo tone."""
    t = np.arange(round(seconds * rate)) / rate
    one = 10 ** (level_db / 20) * np.sin(2 * np.pi * hz * t + phase)
    return np.stack([one, one], axis=1).astype(np.float32)


TECH_3341 = {
    "1: -23 dBFS": ([(-23, 20)], -23.0),
    "2: -33 dBFS": ([(-33, 20)], -33.0),
    "3: -36, -23, -36": ([(-36, 10), (-23, 60), (-36, 10)], -23.0),
    "4: -72, -36, -23, -36, -72": ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23.0),
    "5: -26, -20, -26": ([(-26, 20), (-20, 20.1), (-26, 20)], -23.0),
}
"""The first five signals of EBU Tech 3341: stereo tones of 1 kHz, level and seconds each."""


@pytest.mark.parametrize("name", TECH_3341)
def test_the_signals_of_tech_3341(name: str, best: Machine) -> None:
    parts, lufs = TECH_3341[name]
    found = told(best, np.concatenate([tone(1000, level, seconds) for level, seconds in parts]))
    assert found.integrated_lufs == pytest.approx(lufs, abs=0.1)


@pytest.mark.parametrize(
    ("levels", "range_lu"), [((-20, -30), 10), ((-20, -15), 5), ((-40, -20), 20), ((-50, -35, -20, -35, -50), 15)]
)
def test_the_signals_of_tech_3342(levels: tuple[int, ...], range_lu: float, best: Machine) -> None:
    found = told(best, np.concatenate([tone(1000, level, 20) for level in levels]))
    assert found.range_lu == pytest.approx(range_lu, abs=1.0)


@pytest.mark.parametrize("rate", [8000, 22_050, 44_100, 96_000, 384_000])
def test_loudness_is_the_same_at_every_rate(rate: int, best: Machine) -> None:
    found = told(best, tone(997, -18, 5, rate), rate)
    assert found.integrated_lufs == pytest.approx(-18.0, abs=0.1)
    assert found.momentary_lufs == pytest.approx(-18.0, abs=0.1)
    assert found.short_term_lufs == pytest.approx(-18.0, abs=0.1)
    assert found.true_peak_dbtp == pytest.approx(-18.0, abs=0.2)


@pytest.mark.parametrize(
    ("hz", "phase"), [(12_000, 45), (12_000, 60), (8_000, 60), (6_000, 45), (997, 0), (19_000, 17)]
)
def test_true_peaks_between_frames(hz: float, phase: float, best: Machine) -> None:
    sound = tone(hz, -6.0, 1, phase=math.radians(phase))
    # A tone that is cut off has true peaks of its own there.
    ramp = np.minimum(np.arange(1, len(sound) + 1) / 2400, 1.0).astype(np.float32)
    found = told(best, sound * ramp[:, None] * ramp[::-1, None])
    assert found.true_peak_dbtp == pytest.approx(-6.0, abs=0.2)


def by_biquads(sound: Floats) -> float:
    """Integrated loudness by the coefficients that the recommendation prints for 48 kHz, in float64."""
    shelf = (1.53512485958697, -2.69169618940638, 1.19839281085285), (-1.69065929318241, 0.73248077421585)
    high = (1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621)
    heard = sound.astype(np.float64)
    for (b0, b1, b2), (a1, a2) in (shelf, high):
        made = np.zeros_like(heard)
        x1 = x2 = y1 = y2 = np.zeros(heard.shape[1])
        for at, x in enumerate(heard):
            y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
            x1, x2, y1, y2 = x, x1, y, y1
            made[at] = y
        heard = made
    block, step = round(0.4 * RATE), round(0.1 * RATE)
    energies = np.array(
        [(heard[at : at + block] ** 2).mean(axis=0).sum() for at in range(0, len(heard) - block + 1, step)]
    )
    passed = energies[-0.691 + 10 * np.log10(energies) > -70]
    passed = passed[passed > 0.1 * passed.mean()]
    return float(-0.691 + 10 * np.log10(passed.mean()))


def test_loudness_is_that_of_the_printed_coefficients(best: Machine) -> None:
    sound = noise(3 * RATE, 2)
    sound[: RATE // 2] *= np.float32(0.01)
    sound[:, 1] += tone(60, -9, 3)[:, 0]
    assert told(best, sound).integrated_lufs == pytest.approx(by_biquads(sound), abs=0.01)


def test_what_is_short_or_silent_has_no_loudness(best: Machine) -> None:
    short = told(best, tone(1000, -20, 0.39))
    assert short.integrated_lufs is None and short.true_peak_dbtp == pytest.approx(-20, abs=0.2)
    silence = told(best, np.zeros((RATE, 2), np.float32))
    assert silence == LoudnessReport(None, None, None, None, None)
    faint = told(best, tone(1000, -75, 1))
    assert faint.integrated_lufs is None and faint.momentary_lufs == pytest.approx(-75, abs=0.1)


@pytest.mark.parametrize("place", [1 << 31, 1 << 32, (1 << 40) + 64])
@pytest.mark.parametrize("delay", [0, 40])
def test_far_frames_are_as_loud_as_near_ones(place: int, delay: int, best: Machine) -> None:
    sound = noise(20_000, 2)
    expected = measured(best, sound, [5000], 8000, 0, delay)
    for first in (place, place - 6400):
        found = measured(best, sound, [5000], 8000, first, delay)
        assert found[0].tobytes() == expected[0].tobytes() and found[1] == expected[1]
