"""The built-in bank: complete, small, reproducible, and each kind has its character."""

from __future__ import annotations

import itertools
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from farm.audio import decode, samples
from tests import measuring

RATE = 44_100
COUNTS = {
    "bd": 6, "808bd": 6, "sn": 6, "sd": 4, "hh": 6, "oh": 3, "cp": 4, "rim": 3, "rs": 1, "ride": 5, "perc": 2,
    "shaker": 2, "conga": 2, "djembe": 2, "amencutup": 8, "alphabet": 3,
}  # fmt: skip
SINGLE = (
    "808lt 808mt 808ht 808oh lt mt ht tom cb tamb stab blip bassdm clap "
    "breaks125 breaks152 amen industrial birds gtr casio em2"
).split()
LIBRARY = samples.SampleLibrary()
FILES = sorted(samples.BUILT_IN.glob("*/*.wav"))
ONE_SHOTS = [file for file in FILES if file.parent.name not in samples.STAND_INS]


def sound(name: str, index: int = 0) -> np.ndarray:
    bank = LIBRARY.bank(name)
    assert bank is not None
    return decode.read(bank.file(index))[0][:, 0].astype(np.float64)


def identity(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def pitch_hz(stretch: np.ndarray) -> float:
    """From the time between the upward crossings of zero."""
    crossings = np.flatnonzero((stretch[:-1] < 0.0) & (stretch[1:] >= 0.0))
    return RATE / float(np.diff(crossings).mean())


def share_above(name: str, hz: float, index: int = 0) -> float:
    """The part of the power that lies above `hz`."""
    low, high = 10.0 ** (measuring.spectrum_db(sound(name, index), RATE, np.array([20.0, hz, RATE / 2.0])) / 10.0)
    return float(high / (low + high))


def test_every_bank_is_there_in_number() -> None:
    for name, least in {**COUNTS, **dict.fromkeys(SINGLE, 1)}.items():
        bank = LIBRARY.bank(name)
        assert bank is not None, name
        assert bank.built_in
        assert len(bank.files) >= least, name
    assert set(LIBRARY.names()) >= samples.STAND_INS


def test_the_bank_is_small() -> None:
    assert sum(file.stat().st_size for file in FILES) < 4_000_000


def test_the_script_makes_these_very_files(tmp_path: Path) -> None:
    script = Path(__file__).parents[2] / "scripts" / "make-bank"
    subprocess.run([sys.executable, "-B", str(script), str(tmp_path)], check=True, capture_output=True)
    made = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.glob("*/*.wav")}
    assert made == {path.relative_to(samples.BUILT_IN): path.read_bytes() for path in FILES}


@pytest.mark.parametrize("file", FILES, ids=identity)
def test_format_peak_and_ends(file: Path) -> None:
    with wave.open(str(file)) as opened:
        assert (opened.getnchannels(), opened.getsampwidth(), opened.getframerate()) == (1, 2, RATE)
    frames = decode.read(file)[0][:, 0]
    assert -3.05 <= measuring.peak_dbfs(frames) <= -0.95
    assert np.abs(frames[-8:]).max() < 0.003
    assert abs(measuring.dc_offset(frames)[0]) < 0.01
    assert len(frames) < 2.5 * RATE
    first = np.argmax(np.abs(frames) > 0.1 * np.abs(frames).max())
    assert first < RATE // 1000


@pytest.mark.parametrize("file", ONE_SHOTS, ids=identity)
def test_a_one_shot_is_one_hit(file: Path) -> None:
    frames = decode.read(file)[0]
    assert len(measuring.onsets(frames, RATE)) == 1
    assert measuring.onsets(frames, RATE)[0] < 0.012 * RATE


@pytest.mark.parametrize("file", [f for f in ONE_SHOTS if f.parent.name in {"rim", "hh", "cp"}], ids=identity)
def test_short_ones_are_40_db_down_after_150_ms(file: Path) -> None:
    assert measuring.decay_s(decode.read(file)[0], RATE) < 0.15


@pytest.mark.parametrize("name", [name for name, count in COUNTS.items() if count > 1])
def test_variations_differ(name: str) -> None:
    """By 1.5 dB or more in some octave that matters, or by a tenth in length."""
    bank = LIBRARY.bank(name)
    assert bank is not None
    for one, two in itertools.combinations(range(len(bank.files)), 2):
        a, b = sound(name, one), sound(name, two)
        spectra = np.stack([measuring.spectrum_db(x, RATE) - measuring.rms_dbfs(x) for x in (a, b)])
        heard = (spectra > -30.0).any(axis=0)
        lengths = measuring.decay_s(a, RATE), measuring.decay_s(b, RATE)
        apart = np.abs(spectra[0] - spectra[1])[heard].max()
        assert apart > 1.5 or max(lengths) > 1.1 * min(lengths), (one, two, apart, lengths)


def test_the_kick_falls_from_120_to_45_hz() -> None:
    kick = sound("bd")
    without_click = np.convolve(kick, np.full(64, 1.0 / 64.0), "same")
    first_half_s = np.argmax(without_click[100:] < 0.0) / RATE + 100 / RATE
    assert 95.0 < 0.5 / first_half_s < 122.0
    assert pitch_hz(kick[RATE // 5 : RATE // 5 + RATE // 8]) == pytest.approx(45.0, abs=2.0)
    assert share_above("bd", 200.0) < 0.05


def test_808_kicks_are_long_and_low() -> None:
    for index in range(6):
        assert 44.0 < pitch_hz(sound("808bd", index)[RATE // 12 : RATE // 4]) < 66.0
    assert measuring.decay_s(sound("808bd", 2), RATE) > 0.6


def test_toms_are_tuned_low_mid_high() -> None:
    pitches = [pitch_hz(sound(name)[RATE // 10 : RATE // 4]) for name in ("808lt", "808mt", "808ht")]
    assert pitches == sorted(pitches)
    assert 80.0 <= pitches[0] <= 100.0
    assert 155.0 <= pitches[2] <= 180.0
    plain = [pitch_hz(sound(name)[RATE // 10 : RATE // 4]) for name in ("lt", "mt", "ht")]
    assert plain == sorted(plain)


def test_hats_are_high_and_open_ones_ring() -> None:
    for index in range(6):
        assert share_above("hh", 4000.0, index) > 0.85
    for index in range(3):
        assert share_above("oh", 4000.0, index) > 0.9
        assert measuring.decay_s(sound("oh", index), RATE) > 0.25


def test_snares_have_tone_and_noise() -> None:
    for name, index in itertools.product(("sn", "sd"), range(4)):
        low, middle, high = measuring.spectrum_db(sound(name, index), RATE, np.array([20.0, 700.0, 2000.0, 22_000.0]))
        assert abs(low - high) < 14.0, (name, index)
        assert middle < max(low, high)


def test_claps_have_several_bursts() -> None:
    for index in range(4):
        cells = np.abs(sound("cp", index)[: RATE // 20]).reshape(-1, 45).max(axis=1)
        quiet_then_loud = [late > 1.8 * early for early, late in itertools.pairwise(cells)]
        assert sum(quiet_then_loud) >= 3, index


def test_a_blip_is_a_tone_and_a_cowbell_two() -> None:
    assert pitch_hz(sound("blip")[:2000]) == pytest.approx(880.0, rel=0.01)
    edges = np.array([500.0, 580.0, 760.0, 840.0])
    first, between, second = measuring.spectrum_db(sound("cb"), RATE, edges)
    assert min(first, second) > between + 15.0


def test_breaks_are_one_bar_with_many_hits() -> None:
    for name, bpm in (("breaks125", 125.0), ("breaks152", 152.0), ("amen", 137.0)):
        bar = sound(name)
        assert len(bar) == pytest.approx(4 * 60.0 / bpm * RATE, abs=2)
        assert len(measuring.onsets(bar, RATE, rise_db=6.0)) >= 8
