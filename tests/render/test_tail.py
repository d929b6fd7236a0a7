"""How a render ends: tails, fades, gain; and what it tells of itself."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from farm.errors import RenderError, show
from tests.render.sound import RATE, digest, frames, left, oscillation, report, rms, same_bits, stems

CHUNKS = (64, 777, 1 << 16)
QUIET = 10 ** (-90 / 20)


def fading(count: int, begin: int, end: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """1 before `begin`, then a line that reaches 0 at `end`."""
    return np.clip((end - np.arange(count)) / (end - begin), 0.0, 1.0)


def test_no_tail_ends_with_the_score() -> None:
    found = frames('cps: 3\nout: s "amen"', cycles=Fraction(4, 3))
    assert len(found) == 3556
    assert rms(found[-100:]) > 0.001


def test_a_tail_in_seconds_is_that_long() -> None:
    short = frames('cps: 3\nout: s "amen"', cycles=Fraction(4, 3))
    found = frames('cps: 3\nout: s "amen"', cycles=Fraction(4, 3), tail=0.25)
    assert len(found) == 3556 + 2000
    same_bits(found[:3556], short)
    assert rms(found[3556:]) > 0.001


def test_no_hap_starts_after_the_end() -> None:
    text = 'cps: 2\nout: s "rim*4"'
    assert report(text, cycles=Fraction(3, 2), tail=1.0).voice_count == 6
    alone = left('cps: 2\nout: s "rim*4"', cycles=Fraction(2))
    found = left(text, cycles=Fraction(3, 2), tail=1.0)
    assert rms(alone[6000:6500]) > 0.001
    assert rms(found[6000:6500]) < rms(alone[6000:6500]) / 10
    assert not found[7000:].any()


@pytest.mark.parametrize("chunk", CHUNKS)
def test_sources_fade_at_the_end_while_voices_ring_on(chunk: int) -> None:
    how = {"cycles": Fraction(1), "tail": 1.0, "fade_out": 0.05, "chunk": chunk}
    voices = left('cps: 2\nout: s "~ em2"', **how)
    both = left('cps: 2\nout: s "~ em2" + sine 300 * 0.5', **how)
    end, fade = 4000, 400
    rest = both - voices
    steady = oscillation(300, end + fade) * 0.5
    np.testing.assert_allclose(rest[:end], steady[:end], atol=1e-4)
    np.testing.assert_allclose(rest[end : end + fade], steady[end:] * fading(fade, 0, fade), atol=1e-4)
    same_bits(both[end + fade :].astype(np.float32)[:, None], voices[end + fade :].astype(np.float32)[:, None])
    assert rms(voices[end + fade : end + 2 * fade]) > 0.001


def test_effects_ring_on() -> None:
    found = left("cps: 2\nout: sine 300 * 0.5 # delay 0.3 0.5 0.5", cycles=Fraction(1), tail=1.0, fade_out=0.01)
    assert rms(found[4200:6400]) > 0.1
    assert 0.001 < rms(found[8200:8800]) < rms(found[4200:6400]) * 0.6


@pytest.mark.parametrize("rate", [8000, 11025])
@pytest.mark.parametrize(
    "text",
    [
        'cps: 2.3\nout: s "rim ~" # delay 0.11 0.5 0.5',
        'cps: 2.3\no1: s "~ bd" # reverb 0.3 0.2\no2: sine 200',
        'cps: 1.1\nout: s "hh*2"',
    ],
)
def test_an_automatic_tail_ends_after_half_a_second_of_silence(text: str, rate: int) -> None:
    how = {"cycles": Fraction(3, 2), "rate": rate, "fade_out": 0.02}
    found = frames(text, tail="auto", **how)
    long = frames(text, tail=12.0, **{**how, "fade_out": 0.02})
    end = len(frames(text, **how))
    cell = -(-end * 10 // rate)
    quiet = 0
    while quiet < 5:
        loud = np.abs(long[cell * rate // 10 : (cell + 1) * rate // 10]).max()
        quiet = quiet + 1 if loud < QUIET else 0
        cell += 1
    assert len(found) == cell * rate // 10
    same_bits(found, long[: len(found)])
    for chunk in CHUNKS:
        same_bits(frames(text, tail="auto", chunk=chunk, window_frames=5000, **how), found, f"chunks of {chunk}")


ON_ITS_WAY = {
    "one delay": 'out: s "bd ~ ~ ~" # delay 3 0.5 0.5',
    "between two cells": 'out: s "bd ~ ~ ~" # delay 2.2',
    "delays in a row": 'out: s "bd ~ ~ ~" # delay 0.7 0 1 # delay 0.9 0 1 # delay 1.1 0 1 # lpf 900',
    "through buses": '~a: s "bd ~ ~ ~" # delay 1.7 0 1\n~b: ~a * 0.5 # delay 1.9 0 1\nout: ~b',
    "a bus that hears itself": '~a: (s "bd ~ ~ ~" + ~a * 0.3) # delay 2 0 1\nout: ~a',
    "a loop of buses": '~a: (s "bd ~ ~ ~" + ~b * 0.4) # delay 1 0 1\n~b: ~a # delay 0.9 0 1\nout: ~b',
    "of two outputs one": 'o1: s "rim*4"\no2: s "~ ~ rim ~" # delay 4 0 1',
    "a time of steps": 'out: s "bd ~ ~ ~" # delay "<2 3>" 0.5 0.5',
    "a time of chance": 'out: s "bd ~ ~ ~" # delay "<2 [3|4]>" 0.3 0.5',
    "a time that sways": 'out: s "bd ~ ~ ~" # delay (sine 0.1 * 0.5 + 2) 0.3 0.7',
    "a time that rises": '~t: line 1 3 4\nout: s "bd ~ ~ ~" # delay ~t 0.3 1',
    "inside a voice": '~v: sine 300 * 0.5 # delay 1.5 0 1 # lpf 900\nout: s "~v" $ slow 8',
    "to the limit": 'out: s "bd ~ ~ ~" # delay 10 0.1 0.5',
    "waited for to the limit": 'out: s "bd ~ ~ ~" # delay 9 0.1 0.5',
    "never": '~never: s "~" # delay 10 0.9 0.5\nout: s "rim ~" + ~never',
    "short": 'out: s "bd*4" # delay 0.2 0.4 0.5 # chorus 0.5 0.5',
}


@pytest.mark.parametrize("text", ON_ITS_WAY.values(), ids=ON_ITS_WAY)
def test_r07_an_automatic_tail_hears_what_is_still_on_its_way(text: str) -> None:
    how = {"cycles": Fraction(1)}
    end = RATE // 2
    limit = end + 30 * RATE
    long = frames(f"cps: 2\n{text}", tail=30.0, **how)
    cells = [np.abs(long[at : at + RATE // 10]).max() for at in range(end, limit, RATE // 10)]
    loud = np.flatnonzero(np.array(cells) >= QUIET)
    expected = min(end + (int(loud[-1]) + 1 + 5 if len(loud) else 5) * RATE // 10, limit)
    found = frames(f"cps: 2\n{text}", tail="auto", **how)
    assert len(found) == expected
    same_bits(found, long[:expected])
    told = []
    for chunk, window in ((64, 5000), (777, None), (1 << 16, None)):
        said = report(f"cps: 2\n{text}", tail="auto", chunk=chunk, window_frames=window, **how)
        assert (said.frames, said.sha256) == (expected, digest(found)), f"chunks of {chunk}"
        told.append((said.output_peaks_dbfs, said.tail_s, [one.message for one in said.notices]))
    assert told[0] == told[1] == told[2]


def test_the_tail_waits_for_every_output_and_not_for_their_sum() -> None:
    ringing = '~a: s "rim ~" # delay 0.2 0.7 0.5\n'
    lone = frames(f"cps: 2\n{ringing}o1: ~a", tail="auto")
    cancelled = frames(f"cps: 2\n{ringing}o1: ~a\no2: ~a * -1", tail="auto")
    assert not cancelled.any()
    assert len(cancelled) == len(lone) > 2 * RATE


def test_r07_the_longest_tail_is_told_of() -> None:
    def told(text: str) -> list[str]:
        said = report(f"cps: 2\n{text}", tail="auto")
        assert said.as_json()["notices"] == [show(one) for one in said.notices]
        return [one.message for one in said.notices]

    assert told('out: s "bd ~ ~ ~" # delay 9 0.1 0.5') == [
        "the tail ends after 30 s, although delays of up to 9 s may still hold some sound"
    ]
    assert told("~held: impulse 1 # lpf 30 1 + ~held\nout: ~held") == [
        "the tail ends after 30 s, although something still sounds"
    ]
    assert told('out: s "bd ~ ~ ~" # delay 3 0.1 0.5') == []


def test_r07_what_comes_late_and_is_no_number_is_an_error() -> None:
    text = 'cps: 2\nout: s "rim ~ ~ ~" # delay 4 0 1' + " * 1000000000" * 5
    for chunk in CHUNKS:
        with pytest.raises(RenderError, match=r"at frame 32\d\d\d "):
            frames(text, tail="auto", chunk=chunk)


@pytest.mark.parametrize("chunk", CHUNKS)
def test_a_tail_that_never_ends_is_faded_after_thirty_seconds(chunk: int) -> None:
    text = 'cps: 4\n~held: s "rim ~ ~ ~" # lpf 3 1 + ~held\nout: ~held'
    found = frames(text, tail="auto", fade_out=0.5, chunk=chunk)
    end = RATE // 4
    last = end + 30 * RATE
    assert len(found) == last
    level = found[last - 5000, 0]
    assert abs(level) > 0.001
    np.testing.assert_allclose(found[-4000:, 0], level * fading(4000, 0, 4000), rtol=1e-4)


@pytest.mark.parametrize("chunk", CHUNKS)
@pytest.mark.parametrize("fade", [0.02, 3.0, 40.0])
def test_a_tail_that_is_cut_off_fades_as_one_of_that_length(chunk: int, fade: float) -> None:
    text = 'cps: 4\n~held: s "rim ~ ~ ~" * 4 # delay 0.5 0.99 1\nout: ~held'
    how = {"fade_out": min(fade, 30.0), "clip": "limit", "gain": 9.0, "chunk": chunk}
    expected = report(text, tail=30.0, **how)
    found = report(text, tail="auto", **{**how, "fade_out": fade})
    assert expected.limited_frames > 2 * RATE
    assert (found.frames, found.sha256) == (expected.frames, expected.sha256)
    assert found.peak_dbfs == expected.peak_dbfs


def test_a_long_fade_does_not_show_in_a_tail_that_ends_by_itself() -> None:
    text = 'cps: 2.3\nout: s "rim ~" # delay 7 0.3 0.5'
    bare = frames(text, tail="auto", fade_out=0.0)
    assert len(bare) > 20 * RATE
    same_bits(frames(text, tail="auto", fade_out=20.0), bare)


def test_fades_are_straight_lines() -> None:
    bare = left("out: sine 100")
    found = left("out: sine 100", fade_in=0.1, fade_out=0.3)
    count = len(bare)
    ramp = np.minimum(np.arange(count) / 800, 1.0) * fading(count, count - 2400, count)
    np.testing.assert_allclose(found, bare * ramp, atol=1e-6)
    assert found[0] == 0.0
    for chunk in CHUNKS:
        again = left("out: sine 100", fade_in=0.1, fade_out=0.3, chunk=chunk)
        np.testing.assert_array_equal(again, found)


def test_a_fade_longer_than_the_score_covers_all_of_it() -> None:
    found = left("out: sine 100 * 0 + 1", fade_in=0.0, fade_out=100.0)
    np.testing.assert_allclose(found, fading(16000, 0, 800000)[:16000], atol=1e-6)


def test_gain_scales_everything() -> None:
    text = "o1: sine 100\no2: saw 50"
    np.testing.assert_array_equal(frames(text, gain=0.25), frames(text) * np.float32(0.25))
    assert not frames(text, gain=0.0).any()


def test_the_mix_is_the_sum_of_the_outputs() -> None:
    text = 'o1: sine 100\nout: s "bd*4"\no12: saw 50 * 0.1'
    parts = stems(text)
    assert set(parts) == {"o1", "out", "o12"}
    np.testing.assert_allclose(frames(text), sum(parts.values()), atol=1e-6)


@pytest.mark.parametrize("tail", ["none", "auto", 0.2])
@pytest.mark.parametrize("part", [{}, {"from_": Fraction(1, 3)}])
def test_the_report_does_not_depend_on_the_chunk_length(tail: Any, part: dict[str, Fraction]) -> None:
    text = 'cps: 3\nout: s "rim*7" * 0.1\no2: sine 1 * (line 0 1 1.2)'

    def told(chunk: int) -> tuple[Any, ...]:
        said = report(text, cycles=Fraction(5, 4), tail=tail, chunk=chunk, **part)
        return said.frames, said.voice_count, said.voices_peak, said.output_peaks_dbfs, said.peak_dbfs, said.sha256

    assert len({repr(told(chunk)) for chunk in (64, 512, 2048, 1 << 16)}) == 1


def test_the_report_measures_what_was_rendered() -> None:
    text = "cps: 1\no1: sine 100 * 0.5\no2: sine 200 * 0.25"
    said = report(text, gain=0.5)
    found = frames(text, gain=0.5)
    assert said.sha256 == digest(found)
    assert (said.frames, said.seconds, said.voice_count, said.tail_s) == (RATE, 1.0, 0, 0.0)
    assert said.output_peaks_dbfs["o1"] == pytest.approx(20 * np.log10(0.5), abs=0.01)
    assert said.output_peaks_dbfs["o2"] == pytest.approx(20 * np.log10(0.25), abs=0.01)
    assert said.peak_dbfs == pytest.approx(20 * np.log10(np.abs(found).max()), abs=1e-6)
    assert not said.notices


def test_outputs_that_can_hardly_be_heard_are_named() -> None:
    said = report("o1: sine 100 * 0.0009\no2: sine 100 * 0.0011\nout: sine 1 * 0", gain=1.0)
    assert [one.message for one in said.notices] == [
        "the peak of `out`, `o1` is under -60 dBFS: hardly anything will be heard"
    ]
