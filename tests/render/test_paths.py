"""Output paths of one render: each gives the bytes that it would give alone, in whatever way all are rendered."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from farm.audio.dither import quantise
from farm.audio.formats import WAV, format_of
from farm.audio.writer import open_writer
from farm.options import Bits, Dither, RenderOptions
from farm.rendering.delivery import Delivery
from farm.rendering.outline import outline
from farm.rendering.report import Report
from farm.rendering.session import written
from farm.rendering.spent import Spent
from farm.rendering.warm import Warm
from tests.pool.pools import killing, level_or_best
from tests.render.sound import LEVELS, RATE, asked, score

TEXT = (
    'cps: 2\n~low: s "bd*4 [sn, hh] bd" * 3\n'
    "o1: ~low # delay 0.2 0.4 0.3\no2: sine 50 * 0.6 + noise * 0.3\no3: saw 110 * 0.2 # lpf 900 1\n"
)
ALL = None


def delivery(
    name: str, takes: tuple[str, ...] | None, bits: Bits, clip: Any, dither: Dither = "tpdf", **more: Any
) -> Delivery:
    """What the file of this name gets."""
    form = format_of(Path(name))
    upper = bits == "24" and form is not WAV
    given: dict[str, Any] = {"gain": 1.0, "seed": 5, **more}
    return Delivery(
        name=name, takes=takes, bits=bits if form.bits else "32f", clip=clip, dither=dither, upper=upper, **given
    )


FILES = (
    delivery("mix.wav", ALL, "24", "limit"),
    delivery("mix.flac", ALL, "24", "limit", "shaped"),
    delivery("o1.wav", ("o1",), "16", "warn", "none"),
    delivery("low.aiff", ("~low",), "16", "none", "shaped", gain=0.25),
    delivery("two.wav", ("o2", "o3"), "32f", "limit", gain=2.0),
    delivery("raw.wav", ("o3",), "32f", "none", fades=False),
    delivery("o2.flac", ("o2",), "16", "limit", "tpdf", seed=6),
    delivery("all.ogg", ALL, "24", "limit", gain=0.1),
)
"""Different takes, gains, fades, limiters, bits, dithers and formats."""


def options_of(**how: Any) -> RenderOptions:
    """Two seconds and a tail, with fades."""
    return asked(**{"duration": 2, "tail": "auto", "fade_in": 0.1, "fade_out": 0.2, "clip": "limit", **how})


def made(
    folder: Path, deliveries: Sequence[Delivery], warm: Warm | None = None, text: str = TEXT, **how: Any
) -> Report:
    """Writes the files of deliveries, each with the bits that its name or itself says."""
    options = options_of(**how)
    whole = outline(score(text), options, deliveries=deliveries)

    def bits_of(one: Delivery) -> Bits:
        return "24" if one.bits == "32f" and not format_of(Path(one.name)).bits else one.bits

    opening = [
        partial(open_writer, folder / one.name, RATE, 2, bits_of(one), whole.place(one)) for one in whole.deliveries
    ]
    with Warm() as own:
        return written(whole, opening, warm or own, None, Spent())


def bytes_in(folder: Path) -> dict[str, bytes]:
    """All files of a folder."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@cache
def alone() -> dict[str, bytes]:
    """Each file by a render of its own."""
    import tempfile

    with tempfile.TemporaryDirectory() as name, Warm() as warm:
        for one in FILES:
            made(Path(name), (one,), warm, backend="inline")
        return bytes_in(Path(name))


WAYS: dict[str, dict[str, Any]] = {
    "in this process": {"backend": "inline"},
    "chunks of 64": {"backend": "inline", "chunk": 64},
    "chunks of 777, windows of 5000": {"backend": "inline", "chunk": 777, "window_frames": 5000},
    "one chunk": {"backend": "inline", "chunk": 1 << 18},
    "a worker": {"backend": "local", "threads": 1, "chunk": 512},
    "2 workers, windows of 3000": {"backend": "local", "threads": 2, "chunk": 1000, "window_frames": 3000},
    "3 workers": {"backend": "local", "threads": 3, "chunk": 96},
}


@pytest.mark.parametrize("name", WAYS)
def test_paths_of_one_render_equal_renders_with_one_path_each(name: str, tmp_path: Path) -> None:
    report = made(tmp_path, FILES, **WAYS[name])
    assert report.limited_frames > 100
    assert bytes_in(tmp_path) == alone()


@pytest.mark.parametrize("level", LEVELS)
def test_paths_are_the_same_on_every_level(level: str, tmp_path: Path) -> None:
    made(tmp_path, FILES, cpu=level_or_best(level), backend="inline", chunk=2048)
    assert bytes_in(tmp_path) == alone()


def test_paths_are_the_same_whoever_is_killed(tmp_path: Path) -> None:
    with killing(2) as killed:
        report = made(tmp_path, FILES, backend="local", threads=2, chunk=128)
    assert killed and report.replaced_workers
    assert bytes_in(tmp_path) == alone()


def test_two_paths_of_a_render_equal_each_other(tmp_path: Path) -> None:
    twice = (FILES[0], delivery("again.wav", ALL, "24", "limit"))
    made(tmp_path, twice)
    found = bytes_in(tmp_path)
    assert found["mix.wav"] == found["again.wav"] == alone()["mix.wav"]


def whole_numbers(path: Path) -> Any:
    """The frames of a file as they stand there."""
    found, rate = soundfile.read(path, dtype="int32")
    assert rate == RATE
    return found


@pytest.mark.parametrize("dither", ["tpdf", "shaped", "none"])
@pytest.mark.parametrize(("bits", "shift"), [("16", 16), ("24", 8)])
@pytest.mark.parametrize("extension", ["wav", "flac"])
def test_whole_numbers_are_those_of_the_quantiser(
    dither: Dither, bits: Bits, shift: int, extension: str, tmp_path: Path
) -> None:
    floats = delivery("floats.wav", ALL, "32f", "limit")
    whole = delivery(f"whole.{extension}", ALL, bits, "limit", dither)
    made(tmp_path, (floats, whole), threads=2, backend="local")
    heard, _ = soundfile.read(tmp_path / "floats.wav", dtype="float32")
    expected, _ = quantise(heard, int(bits), whole.seed, 0, dither)
    assert np.array_equal(whole_numbers(tmp_path / whole.name) >> shift, expected)


def test_one_gain_brings_the_mix_down_and_all_that_is_beside_it(tmp_path: Path) -> None:
    parts = [delivery(f"{name}.wav", (name,), "32f", "rescale") for name in ("o1", "o2", "o3")]
    report = made(tmp_path, (delivery("mix.wav", ALL, "32f", "rescale"), *parts), clip="rescale", gain=4.0)
    sound = {path.stem: soundfile.read(path, dtype="float64")[0] for path in tmp_path.iterdir()}
    assert report.reduction_db > 3.0
    assert np.abs(sound["mix"]).max() == pytest.approx(10 ** (-0.3 / 20), rel=1e-4)
    np.testing.assert_allclose(sound["o1"] + sound["o2"] + sound["o3"], sound["mix"], atol=1e-6)
