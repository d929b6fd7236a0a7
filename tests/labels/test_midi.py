"""MIDI files: times to a millisecond at any tempo, pitches between keys, drums, keys that are struck again."""

from __future__ import annotations

import itertools
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from farm.labels.channels import STRAIGHT, MidiChannels
from farm.labels.piece import LabelledPiece
from farm.labels.ticks import TICKS, ticks_of
from tests.labels.readers import MidiFile, midi_file, rendered


def played(text: str, tmp_path: Path, **options: object) -> tuple[MidiFile, np.ndarray]:
    """The MIDI file of a score, read back, and the voices."""
    report = rendered(text, tmp_path / "a.wav", "mid", **options)
    assert report.voices is not None
    return midi_file(tmp_path / "a.mid"), report.voices


@pytest.mark.parametrize("cps", ["0.03", "0.4999", "1.234567", "7/3", "90", "999"])
def test_instants_are_right_to_a_millisecond_for_hours(cps: str) -> None:
    rate = 48000
    hours = 3 if Fraction(cps) < 50 else Fraction(1, 20)
    piece = LabelledPiece(
        "a.wav", "a.ph", 0, rate, Fraction(cps), 4, 0, int(hours * 3600 * rate), Fraction(0), ("out",), "0"
    )
    ticks, frames = ticks_of(piece), np.linspace(0, piece.frames - 1, 997).astype(int).tolist()
    tempos = [*ticks.tempos()]
    assert all(0 < quarter_us < 1 << 24 for _, quarter_us in tempos)
    begins, passed_us = [0], [0]
    for (tick, tempo), (after, _) in itertools.pairwise(tempos):
        begins.append(after)
        passed_us.append(passed_us[-1] + (after - tick) * tempo)
    for frame in frames:
        tick = ticks.at(frame)
        at = int(np.searchsorted(begins, tick, "right")) - 1
        seconds = (passed_us[at] + (tick - begins[at]) * tempos[at][1]) / TICKS / 1e6
        assert seconds == pytest.approx(frame / rate, abs=0.001), frame


def test_beats_are_quarters(tmp_path: Path) -> None:
    found, _ = played('bpm: 150 "3/4"\nout: s "bd*3"', tmp_path, cycles=2)
    assert found.tempos == [(0, 400_000)] and found.signature[:2] == b"\x03\x02"
    assert [one.onset_s for one in found.notes] == pytest.approx([0.4 * beat for beat in range(6)])
    assert [(text, tick) for kind, tick, text in found.texts if kind == 6] == [("cycle 0", 0), ("cycle 1", 2880)]
    slow, voices = played('cps: 1/16\nout: s "bd*5"'.replace("1/16", "0.0625"), tmp_path, cycles=Fraction(1, 4))
    assert slow.tempos == [(0, 1_000_000)] and slow.signature[0] == 16
    assert [one.onset_s for one in slow.notes] == pytest.approx(voices["onset_s"], abs=0.001)


def test_notes_between_keys_are_bent(tmp_path: Path) -> None:
    text = 'cps: 1\n~tone: sine 440\nout: s "~tone*4" # note "[0.25,0.5] [0,-0.125] 12.3 <0.499 0.501>" # legato 2'
    found, voices = played(text, tmp_path, cycles=2)
    wanted = sorted(zip(voices["onset_s"].round(3), voices["pitch_midi"]))
    got = sorted((round(one.onset_s, 3), one.pitch) for one in found.notes)
    assert np.array(got) == pytest.approx(np.array(wanted), abs=0.001)
    straight = [one for one in found.notes if one.pitch == 69]
    assert len(straight) == 2


def test_drums_are_drums_and_other_samples_notes(tmp_path: Path) -> None:
    text = 'cps: 1\no1: s "bd hh:2 oh cp" # gain "1 0.25 0 4"\no2: s "stab casio" # note "<~ 7>"\no3: s "bd" # note 5'
    found, _ = played(text, tmp_path)
    assert [(one.pitch, one.velocity) for one in found.notes if one.track == "o1"] == [
        (36, 127),
        (42, 64),
        (46, 1),
        (39, 127),
    ]
    assert {one.channel for one in found.notes if one.track != "o2"} == {9}
    assert {one.channel for one in found.notes if one.track == "o2"} <= {0, 1}
    assert [one.pitch for one in found.notes if one.track == "o3"] == [36]


def test_every_voice_is_a_note_however_they_overlap(tmp_path: Path) -> None:
    text = 'cps: 1\n~t: sine 220\no1: s "bd*8, bd*8, bd*3" # legato 4\no2: s "~t*4, ~t*3, ~t" # legato 3'
    found, voices = played(text, tmp_path, cycles=2)
    assert len(found.notes) == len(voices) == 2 * (19 + 8)
    assert [one.onset_s for one in found.notes] == pytest.approx(sorted(voices["onset_s"]), abs=0.001)
    assert all(one.end_s > one.onset_s for one in found.notes)
    seen: dict[tuple[int, float], float] = {}
    for one in found.notes:
        before = seen.get((one.channel, one.pitch), 0.0)
        assert one.onset_s >= before - 1e-9 or one.onset_s in {two.onset_s for two in found.notes if two is not one}
        seen[one.channel, one.pitch] = one.end_s


def test_what_midi_cannot_say_is_warned_of(tmp_path: Path) -> None:
    steps = ",".join(f"{step + 0.01 * step:.2f}" for step in range(20))
    text = f'cps: 1\n~t: sine 220\no1: s "~t" # note "[{steps}]"\no2: s "~low"\n~low: saw 5'
    report = rendered(text, tmp_path / "a.wav", "mid,csv")
    told = [one.message for one in report.notices if "a.wav" in one.message]
    assert told == [
        "a.wav: 5 notes without the right bend: more than 15 pitches at once lie between keys",
        "a.wav: 1 note lower or higher than all keys of MIDI, moved to the last",
    ]
    assert len(midi_file(tmp_path / "a.mid").notes) == 21


def test_channels_are_shared_as_long_as_that_is_heard_nowhere() -> None:
    channels = MidiChannels()
    first = channels.choose(60, STRAIGHT)
    channels.press(first, 60)
    assert channels.choose(64, STRAIGHT) == first
    second = channels.choose(60, STRAIGHT)
    assert second != first
    bent = channels.choose(60, STRAIGHT + 100)
    assert bent not in (first, 9)
    channels.channels[bent].bend = STRAIGHT + 100
    channels.press(bent, 60)
    channels.release(bent, 60, 50)
    assert channels.choose(61, STRAIGHT + 100) == bent
    assert channels.choose(61, STRAIGHT + 200) not in (first, bent, 9)
