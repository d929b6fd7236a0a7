"""--outputs-as-channels: each numbered output in its channel, the same frames however the work is cut up."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from farm.errors import UsageError
from farm.rendering.session import render_file
from tests.render.sound import asked, frames, report, same_bits, score, stems

OUTPUTS = 'cps: 2\no3: s "hh*4" # pan "-1 1"\no1: saw 110 * 0.3 # lpf 900 1 # delay 0.1 0.5 0.3\no2: sine 330 * 0.2\n'
WITH_OUT = OUTPUTS.replace("o3", "out")


def mean(stem: np.ndarray) -> np.ndarray:
    return (stem[:, 0] + stem[:, 1]) * np.float32(0.5)


def test_numbered_outputs_are_channels_in_order() -> None:
    found = frames(OUTPUTS, outputs_as_channels=True, gain=0.5)
    alone = stems(OUTPUTS)
    assert found.shape == (4000, 3)
    for channel, name in enumerate(("o1", "o2", "o3")):
        assert np.abs(alone[name]).max() > 0.02, name
        np.testing.assert_array_equal(found[:, channel], mean(alone[name]) * np.float32(0.5), name)


def test_two_outputs_are_left_and_right() -> None:
    found = frames("out2: sine 300 * 0.1\nout1: sine 200 * 0.2", outputs_as_channels=True)
    t = np.arange(len(found)) / 8000
    np.testing.assert_allclose(found[:, 0], 0.2 * np.sin(2 * np.pi * 200 * t), atol=1e-4)
    np.testing.assert_allclose(found[:, 1], 0.1 * np.sin(2 * np.pi * 300 * t), atol=1e-4)


def test_out_keeps_its_sides() -> None:
    found, alone = frames(WITH_OUT, outputs_as_channels=True), stems(WITH_OUT)
    assert not np.array_equal(alone["out"][:, 0], alone["out"][:, 1])
    for channel, name in enumerate(("o1", "o2")):
        np.testing.assert_array_equal(found[:, channel], mean(alone[name]) + alone["out"][:, channel], name)


def test_one_output_is_one_channel_and_out_makes_two() -> None:
    assert report("o5: sine 100 * 0.1", outputs_as_channels=True).channels == ("o5",)
    assert report("o5: sine 100 * 0.1\nout: sine 50 * 0.1", outputs_as_channels=True).channels == ("o5", "out")
    assert report(OUTPUTS, outputs_as_channels=True).channels == ("o1", "o2", "o3")
    assert report(OUTPUTS).channels == ("left", "right")


def test_without_numbered_outputs_nothing_changes_and_this_is_said() -> None:
    text = "out: sine 100 * 0.1"
    said = report(text, outputs_as_channels=True)
    assert "--outputs-as-channels changes nothing" in said.notices[0].message
    same_bits(frames(text, outputs_as_channels=True), frames(text))


@pytest.mark.parametrize("how", [{"chunk": 333}, {"window_frames": 1000}, {"backend": "local", "threads": 2}])
def test_how_the_work_is_cut_up_does_not_show(how: dict[str, int | str]) -> None:
    text = OUTPUTS + "out: sine 55 * 0.1\n"
    options = {"outputs_as_channels": True, "fade_in": 0.05, "fade_out": 0.05, "tail": "auto"}
    same_bits(frames(text, **options, **how), frames(text, **options))


def test_a_part_is_those_frames_of_the_whole() -> None:
    whole = frames(OUTPUTS, outputs_as_channels=True, cycles=Fraction(2))
    part = frames(OUTPUTS, outputs_as_channels=True, cycles=Fraction(2), from_=Fraction(1, 2), to=Fraction(3, 2))
    same_bits(part, whole[2000:6000])


def test_the_limiter_turns_all_channels_down_together() -> None:
    loud = "o1: sine 100 * 0.2\no2: sine 200 * 0.1\no3: sine 50 * 1.5\n"
    options = {"outputs_as_channels": True, "clip": "limit"}
    limited, free = frames(loud, **options), frames(loud, outputs_as_channels=True)
    assert np.abs(limited).max() <= 10 ** (-1 / 20) < np.abs(free).max()
    heard = np.abs(free[:, 2]) > 0.1
    gain = limited[heard, 2] / free[heard, 2]
    np.testing.assert_allclose(limited[heard, 0], free[heard, 0] * gain, atol=1e-6)
    same_bits(frames(loud, chunk=333, **options), limited)


def test_files_hold_the_channels(tmp_path: Path) -> None:
    for ending in ("wav", "flac", "aiff"):
        render_file(score(OUTPUTS), tmp_path / f"a.{ending}", asked(outputs_as_channels=True, bits="16", clip="warn"))
        found = soundfile.read(tmp_path / f"a.{ending}", dtype="float32")[0]
        np.testing.assert_allclose(found, frames(OUTPUTS, outputs_as_channels=True), atol=2.0**-14)
    many = "".join(f"o{k}: sine {100 * k} * 0.01\n" for k in range(1, 10))
    with pytest.raises(UsageError, match="FLAC cannot hold 9 channels"):
        render_file(score(many), tmp_path / "b.flac", asked(outputs_as_channels=True, bits="16", clip="warn"))


def test_mono_is_the_mean_of_both_sides(tmp_path: Path) -> None:
    found, alone = frames(WITH_OUT, channels="mono", gain=0.5), stems(WITH_OUT)
    assert found.shape == (4000, 1)
    total = np.zeros(4000, np.float32)
    for name in alone:
        total += mean(alone[name])
    np.testing.assert_array_equal(found[:, 0], total * np.float32(0.5))
    assert report(WITH_OUT, channels="mono").channels == ("mono",)
    for name, options in (("x.wav", {}), ("x.flac", {"bits": "16"}), ("x.ogg", {})):
        render_file(score(WITH_OUT), tmp_path / name, asked(channels="mono", clip="limit", **options))
        assert soundfile.info(tmp_path / name).channels == 1
    with pytest.raises(UsageError, match="channels mono and outputs_as_channels"):
        asked(channels="mono", outputs_as_channels=True)
    with pytest.raises(UsageError, match="channels must be one of stereo, mono, not quad"):
        asked(channels="quad")
