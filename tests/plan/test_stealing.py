"""`--max-voices`: who is stolen, against a model that counts frame by frame, and what is heard of it."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from farm.errors import UsageError
from farm.graph.choking import NOT_CUT
from farm.graph.stealing import oldest_first, peak
from farm.options import RenderOptions
from tests.render.sound import RATE, frames, left, placed, report, same_bits

FADE = 40
"""Frames of the fade of a stolen voice, 5 ms."""
ONE = "cps: 1\n~one: line 1 1\n"
HELD = "# adsr 0 0 1 0"


def counted(spans: list[tuple[int, int]], most: int) -> list[int]:
    """Frame by frame: at each onset the voices that still sound are counted, and the first of them goes if need be."""
    stolen = [NOT_CUT] * len(spans)
    for new, (onset, _) in enumerate(spans):
        sounding = [i for i, (_, end) in enumerate(spans[:new]) if min(end, stolen[i]) > onset]
        if len(sounding) == most:
            stolen[sounding[0]] = onset
    return stolen


@pytest.mark.parametrize("seed", range(40))
def test_the_oldest_goes(seed: int) -> None:
    pick = random.Random(seed)
    onsets = sorted(pick.choices(range(60), k=50))
    spans = [(onset, onset + pick.randint(1, 25)) for onset in onsets]
    most = pick.randint(1, 8)
    onset, end = np.array(spans).T
    stolen = oldest_first(onset, end, most)
    assert stolen.tolist() == counted(spans, most)
    assert peak(onset, np.minimum(end, stolen)) <= most
    assert peak(onset, end) == max(sum(a <= t < b for a, b in spans) for t in range(60))
    np.testing.assert_array_equal(oldest_first(onset, np.minimum(end, stolen), most), np.full(50, NOT_CUT))


def test_a_stolen_voice_fades_out_in_five_milliseconds() -> None:
    quarter = RATE // 4
    found = left(f'{ONE}out: s "~one ~one ~one ~one" {HELD} # gain "0.1 0.2 0.4 0.8" # legato 4', max_voices=2)
    voice = np.minimum(np.arange(2 * quarter + FADE) / 8, 1.0)
    voice *= np.minimum((2 * quarter + FADE - np.arange(len(voice))) / FADE, 1.0)
    expected = placed([(i * quarter, gain * voice) for i, gain in enumerate((0.1, 0.2, 0.4, 0.8))], len(found))
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_of_a_chord_the_first_notes_go() -> None:
    found = left(f'{ONE}out: s "[~one,~one,~one,~one]" {HELD} # gain "[0.1,0.2,0.4,0.8]"', max_voices=1)
    several = left(f'{ONE}out: s "~one" {HELD} # gain "[0.1,0.2,0.4,0.8]"', max_voices=2)
    assert several[RATE // 2] == pytest.approx(0.4 + 0.8, rel=1e-5)
    assert found[RATE // 2] == pytest.approx(0.8, rel=1e-5)


def test_samples_are_stolen_as_well() -> None:
    first = left('cps: 2\nout: s "808oh ~ ~ ~"')
    second = left('cps: 2\nout: s "~ rim ~ ~"')
    found = left('cps: 2\nout: s "808oh ~ ~ ~"\no1: s "~ rim ~ ~"', max_voices=1)
    at = RATE // 8
    ramp = np.concatenate([np.ones(at), 1 - np.arange(FADE) / FADE])
    np.testing.assert_allclose(found, placed([(0, first[: at + FADE] * ramp), (0, second)], len(found)), atol=1e-5)
    assert np.abs(first[at : at + FADE]).max() > 1e-3


MANY = {
    "samples and buses": """
cps: 2.7
~syn: saw 110 # lpf 900 1
~a: s "amen*3 [808oh cp*5]" # speed "1 0.6" # cut "0 1"
~b: s "~syn(5,8)" # note "c4'min7 <3 -2>" # ar 0.01 0.6
~c: s "~syn*7" # adsr 0.01 0.1 0.5 0.4 # cut "<1 0>"
out: ~a + ~b * 0.3 + ~c * 0.2
""",
    "dense": 'cps: 3.1\nout: s "amen*31" $ stut 3 0.05 0.8\no1: s "808oh*13"',
}


@pytest.mark.parametrize("name", MANY)
@pytest.mark.parametrize("most", [1, 3, 8])
def test_neither_chunk_nor_window_shows(name: str, most: int) -> None:
    options = {"duration": Fraction(3, 2), "max_voices": most}
    whole = frames(MANY[name], **options)
    assert not np.array_equal(whole, frames(MANY[name], duration=Fraction(3, 2)))
    for chunk, window in ((64, 64), (333, 1000), (2048, 4096), (1 << 14, None)):
        found = frames(MANY[name], chunk=chunk, window_frames=window, **options)
        same_bits(found, whole, f"{name}, {most} voices, chunks of {chunk}, windows of {window}")


def test_the_report_says_how_many() -> None:
    text = 'cps: 1\n~one: line 1 1\nout: s "~one*8" # adsr 0 0 1 0.5'
    told = set()
    for chunk, window in ((64, 64), (2048, None)):
        one = report(text, max_voices=2, chunk=chunk, window_frames=window)
        told.add((one.voice_count, one.voices_peak, one.voices_stolen))
    assert told == {(8, 2, 6)}
    warnings = [one.message for one in report(text, max_voices=2).notices]
    assert warnings == ["6 voices were cut short: --max-voices 2 let no more sound at once, and the oldest went"]
    free = report(text, max_voices=8)
    assert (free.voices_stolen, free.notices) == (0, ())


@pytest.mark.parametrize("most", [0, -1, 1_000_001])
def test_senseless_limits_are_refused(most: int) -> None:
    with pytest.raises(UsageError, match="max_voices must be from 1 to 1000000"):
        RenderOptions(max_voices=most)
