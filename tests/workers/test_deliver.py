"""Mixed frames as they stand in a file: as written in Python and as machine code, both as `farm.audio` writes them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from farm.audio import dither, wav
from farm.options import Dither
from tests.workers.harness import Machine
from workers.catalog import catalog
from workers.dsp.dither_keys import dither_key
from workers.targets import objects
from workers.wire import UPPER_24

SEED = 3
CEILING = np.float32(0.875)
NO_NODES = np.zeros(1, np.float32)
KINDS: dict[Dither, int] = {"none": 0, "tpdf": 1, "shaped": 2}


@pytest.fixture(scope="module", params=objects.host_levels())
def machine(request: pytest.FixtureRequest) -> Machine:
    return Machine(request.param, [catalog()["deliver"]])


def keys(channels: int, epoch: int) -> NDArray[np.int64]:
    """An epoch and the keys of its dither and of the next."""
    whole = [dither_key(SEED, c, epoch + e) for e in (0, 1) for c in range(channels)]
    halves = [half for key in whole for half in (key & 0xFFFFFFFF, key >> 32)]
    return np.array([epoch, *halves], np.int64)


def sound(frames: int, channels: int) -> NDArray[np.float32]:
    """Noise from silence to beyond full scale, exact zeros among it: (frames, channels)."""
    chance = np.random.default_rng(frames)
    made = chance.uniform(-1.3, 1.3, (frames, channels)) * 2.0 ** -chance.integers(0, 26, (frames, channels))
    made[chance.random((frames, channels)) < 0.1] = 0.0
    return made.astype(np.float32)


def run(
    machine: Machine | None, given: NDArray[np.float32], nodes: NDArray[np.float32] = NO_NODES, **numbers: int
) -> tuple[NDArray[np.float32], ...]:
    """(frames, data, levels) of the kernel: machine code, or as written."""
    frames, channels = given.shape
    step = frames + 16
    mixed = np.zeros((channels, step), np.float32)
    mixed[:, :frames] = given.T
    # Other frames of the slot are not to be counted.
    mixed[:, frames:] = 99.0
    arrays = {"mixed": mixed.reshape(-1), "nodes": nodes, "keys": keys(channels, numbers["frame"] >> 32)}
    sizes = {
        "levels": 40,
        "work": 64 * channels,
        "sound": (frames + 8) * channels,
        "data": (frames + 8) * channels + 64,
    }
    arrays["ceiling"] = np.full(8, CEILING, np.float32)
    arrays |= {name: np.zeros(size, np.float32) for name, size in sizes.items()}
    given_numbers = {"delay": 0, "segment": 0, "late": 0, "first": 0, "last": 1 << 40, "frames": frames}
    given_numbers |= {"channel_count": channels, "step": step, **numbers}
    kernel = catalog()["deliver"]
    if machine is None:
        with np.errstate(all="ignore"):
            kernel.kernel(**{name: {**arrays, **given_numbers}[name] for name in kernel.needs})
    else:
        needs = [name for name in kernel.needs if name not in ("frame", "frames")]
        words = [int(arrays[name].ctypes.data) if name in arrays else given_numbers[name] for name in needs]
        machine.call("deliver_constant", [frames, numbers["frame"], *words])
    return arrays["sound"][: frames * channels].reshape(frames, channels), arrays["data"], arrays["levels"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("width", [16, 24, UPPER_24])
@pytest.mark.parametrize(("frames", "channels"), [(1, 1), (77, 2), (200, 2), (130, 3)])
@pytest.mark.parametrize("first", [0, 1001, (1 << 32) - 61])
def test_bytes_are_those_of_the_writers(
    machine: Machine, kind: Dither, width: int, frames: int, channels: int, first: int
) -> None:
    bits = min(width, 24)
    given = sound(frames, channels)
    integers, clipped = dither.quantise(given, bits, SEED, first, kind)
    values = integers << 8 if width == UPPER_24 else integers
    coding = wav.WavFormat(44100, channels, 32 if width == UPPER_24 else bits, False)
    expected = values.tobytes() if width == UPPER_24 else bytes(wav.frame_bytes(coding, values))
    numbers = {"frame": first, "cut_off": 0, "width": width, "dither": KINDS[kind]}
    for target in (None, machine):
        heard, data, levels = run(target, given, **numbers)
        assert heard.tobytes() == given.tobytes()
        assert data.tobytes()[: len(expected)] == expected
        assert levels[:8].max() == np.abs(given).max()
        assert levels[16:24].view(np.uint32).sum() == clipped


def test_cutting_off_and_what_is_counted(machine: Machine) -> None:
    given = sound(300, 2)
    numbers = {"frame": 50, "cut_off": 1, "width": 0, "dither": 0, "first": 61, "last": 303}
    kept = np.abs(given[11:253])
    for target in (None, machine):
        heard, data, levels = run(target, given, **numbers)
        assert heard.tobytes() == np.clip(given, np.float32(-1), np.float32(1)).tobytes()
        assert not data.any()
        assert levels[:8].max() == kept.max()
        assert levels[8:16].view(np.uint32).sum() == (kept > 1).any(axis=1).sum()


@pytest.mark.parametrize(("first", "delay", "segment"), [(0, 0, 8), (1003, 40, 8), (777, 100, 32)])
def test_frames_are_turned_down_between_the_borders_of_segments(
    machine: Machine, first: int, delay: int, segment: int
) -> None:
    given, late = sound(300, 2), 3
    chance = np.random.default_rng(segment)
    borders = chance.uniform(0.0, 0.9, 80).astype(np.float32)
    borders[20:40] = 0.0
    frame = first - delay + np.arange(300)
    row = frame // segment - ((first - 16) // segment - late - 8)
    part = (frame % segment / segment).astype(np.float32)
    less = borders[row] + (borders[row + 1] - borders[row]) * part
    expected = np.clip(given * (np.float32(1.0) - less)[:, None], -CEILING, CEILING)
    # Where nothing is turned down within 64 frames nothing is cut off either.
    for at in range(0, 300, 64):
        rows = borders[row[at] : row[at] + 16]
        if not rows.any():
            expected[at : at + 64] = given[at : at + 64]
    numbers = {"frame": first, "delay": delay, "segment": segment, "late": late}
    numbers |= {"cut_off": 0, "width": 0, "dither": 0, "first": first + 20}
    kept = frame >= first + 20
    turned = kept & (less > 0) & (np.abs(given) > 2.0**-15).any(axis=1)
    for target in (None, machine):
        heard, _, levels = run(target, given, borders, **numbers)
        assert heard.tobytes() == expected.tobytes()
        assert levels[24:32].view(np.uint32).sum() == turned.sum()
        assert levels[32:].max() == less[kept].max()
