"""The sampler as written and as machine code: the same bits, for planes and for every coding of a sound file."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from farm.graph.sinc import tables
from workers.calls import kernel_name, layout
from workers.catalog import catalog
from workers.targets import objects
from workers.wire import coding

FRAMES, PLANE, SOUND = 96, 112, 400
LEAD = 512
"""Bytes of silence before and after the sound."""


def pcm(bits: int, floating: bool, channels: int) -> tuple[np.ndarray, np.ndarray]:
    """The bytes of a sound, and its values as float32 (SOUND, channels)."""
    whole = np.random.default_rng(bits).integers(-(2**15), 2**15, (SOUND, channels))
    values = (whole / 2.0**15).astype(np.float32)
    if floating:
        return values.reshape(-1).view(np.uint8), values
    words = (whole << (bits - 16)).astype("<i4").reshape(-1).view(np.uint8).reshape(-1, 4)
    return words[:, : bits // 8].reshape(-1).copy(), values


def columns(source: int, form: int, spread: int, loop: bool) -> dict[str, np.ndarray]:
    """Four voices, each below, above or at the sound's own rate, every course of an envelope in each.

    From the start; faster than 2 from the middle; with an exponential fade to the sound's end; a little faster than 1.
    """
    rates = np.array([0.73, 2.9, 1.0, 1.4])
    starts = np.array([0, 100, 330, 50])
    stride = form & 0xFF if form else 1
    breaks = [[0, 10, 40, 60, 90, 96], [5, 9, 17, 30, 50, 50], [0, 20, 70, 70, 70, 70], [0, 13, 50, 66, 80, 92]]
    slopes = np.linspace(-0.01, 0.01, 20).astype(np.float32).reshape(4, 5)
    slopes[:, 2] = 0.0
    return {
        "onset": np.array([0, 3, -7, 1]),
        "source": source + starts * stride,
        "position": np.zeros(4, np.int64),
        "step": np.floor(rates * 2**24).astype(np.int64),
        "loop": np.full(4, (60 << 24) if loop else 0),
        "breaks": np.array(breaks),
        "levels": np.linspace(0.1, 1.0, 20).astype(np.float32),
        "slopes": slopes,
        "curve": np.array([-1, 0, 1, 4]),
        "table": np.zeros(4, np.int64),
        "coding": np.full(4, form),
        "spread": np.full(4, spread),
        "blend": np.full(4, 0.2, np.float32),
        "gain_left": np.array([0.5, 0.7, 1.1, 0.3], np.float32),
        "gain_right": np.array([0.6, 0.1, 1.3, 0.9], np.float32),
    }


def as_written(quality: str, samples: np.ndarray, given: dict[str, np.ndarray]) -> np.ndarray:
    out = np.zeros(2 * PLANE, np.float32)
    kernel: Any = catalog()[f"sampler_{quality}"].kernel
    given = {name: column.reshape(-1) for name, column in given.items()}
    with np.errstate(all="ignore"):
        kernel(samples=samples, out=out, frame=0, frames=FRAMES, voices=4, plane=PLANE, **given)
    return out.reshape(2, PLANE)[:, :FRAMES]


def as_machine_code(quality: str, samples: np.ndarray, given: dict[str, np.ndarray], level: str) -> np.ndarray:
    definition = catalog()[f"sampler_{quality}"]
    name = kernel_name(definition, "constant")
    code = objects.provide([name], level)
    out = np.zeros(2 * PLANE, np.float32)
    kept = {"out": out, "samples": samples, **{key: np.ascontiguousarray(column) for key, column in given.items()}}
    numbers = {"frames": FRAMES, "frame": 0, "voices": 4, "plane": PLANE}
    words = [word.name for word in layout(definition, "constant")]
    record = np.array([numbers[one] if one in numbers else kept[one].ctypes.data for one in words], np.int64)
    ctypes.CFUNCTYPE(None, ctypes.c_int64)(code.addresses[name])(record.ctypes.data)
    return out.reshape(2, PLANE)[:, :FRAMES]


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("quality", ["draft", "good", "best"])
@pytest.mark.parametrize("level", ["v2", "v3", "v4"])
def test_machine_code_plays_planes_as_written(
    level: str, quality: str, loop: bool, skip_above: Callable[[str], None]
) -> None:
    skip_above(level)
    silence = np.zeros(LEAD // 4, np.float32)
    sound = np.random.default_rng(5).uniform(-1.0, 1.0, SOUND).astype(np.float32)
    samples = np.concatenate([tables(), silence, sound, silence])
    given = columns(len(tables()) + LEAD // 4, 0, 0, loop)
    expected = as_written(quality, samples, given)
    assert np.abs(expected).max() > 0.1
    found = as_machine_code(quality, samples, given, level)
    np.testing.assert_array_equal(found.view(np.uint32), expected.view(np.uint32))


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("quality", ["draft", "good", "best"])
def test_every_coding_gives_the_bits_of_planes(quality: str, channels: int, loop: bool) -> None:
    level = objects.host_levels()[0]
    table = tables().view(np.uint8)
    silence = np.zeros(LEAD, np.uint8)
    for bits, floating in ((32, True), (16, False), (24, False), (32, False)):
        content, values = pcm(bits, floating, channels)
        # Odd places, as 24 bits give them.
        coded = np.concatenate([table, silence, silence[:2], content, silence[: LEAD - len(content) % 4 + 2]])
        form = coding(channels * bits // 8, bits, floating)
        given = columns(len(table) + LEAD + 2, form, bits // 8 if channels == 2 else 0, loop)
        planes = [np.concatenate([silence, plane.copy().view(np.uint8), silence]) for plane in values.T]
        planar = np.concatenate([table, *planes]).view(np.float32)
        apart = len(planes[0]) // 4 if channels == 2 else 0
        expected = as_written(quality, planar, columns((len(table) + LEAD) // 4, 0, apart, loop))
        assert np.abs(expected).max() > 0.1
        coded = np.concatenate([coded, np.zeros(-len(coded) % 4, np.uint8)]).view(np.float32)
        for found in (as_written(quality, coded, given), as_machine_code(quality, coded, given, level)):
            np.testing.assert_array_equal(found.view(np.uint32), expected.view(np.uint32), f"{bits} bits")
