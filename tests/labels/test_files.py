"""Label files say what was rendered: read back by readers of their own, they equal the voices that planning decided."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from farm.errors import FileError, UsageError
from farm.graph.score import load
from farm.labels.files import check_label_files, label_files
from farm.labels.formats import label_formats
from farm.rendering.labelling import labelling_of
from farm.rendering.outline import outline
from farm.rendering.session import render_file
from farm.rendering.stems import StemOptions
from farm.rendering.stream import run
from farm.rendering.warm import Warm
from tests.labels.readers import ALL, cells, defaults, lines, midi_file, rendered, session
from tests.render.sound import RATE, asked, score

BAND = """
tempo: 1.3
~bass: saw 55 # lpf 600 1
o1: s "bd(3,8), ~ sn:1" # gain 0.5 # pan "-1 0.5"
o2: s "~bass*3 ~bass" # note "0 [3.5|7] 12" # adsr 0.01 0.05 0.5 0.05 # legato 0.7
o3: s "stab*2" # note "c3'min" # speed "1 2" # release 0.2
"""


@pytest.fixture(scope="module")
def band(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """A part of a piece with all its labels, and its voices."""
    path = tmp_path_factory.mktemp("band") / "band.wav"
    report = rendered(BAND, path, cycles=6, from_=Fraction(3, 2), tail=0.5, rate=44100)
    assert report.voices is not None and len(report.voices) > 40
    assert report.labels == tuple(str(path.with_suffix(f".{name}")) for name in ALL.split(","))
    return path, report.voices


def frame_of(cycle: Fraction) -> int:
    """Where a cycle of the band lies."""
    return math.floor(cycle * 44100 / Fraction("1.3") + Fraction(1, 2))


def test_voices_are_what_the_score_says(tmp_path: Path) -> None:
    text = 'cps: 2\no1: s "bd sn:1 ~ hh" # gain 0.5 # pan -1\no2: s "bd*2" # speed 2 # end 0.25 # legato 0.5'
    found = rendered(text, tmp_path / "a.wav", True).voices
    assert found is not None
    assert not list(tmp_path.glob("a.[!w]*"))
    assert found["sound"].tolist() == ["bd", "bd", "sn", "bd", "hh"]
    assert found["number"].tolist() == [0, 0, 1, 0, 0]
    assert found["file"].tolist() == ["00.wav", "00.wav", "01.wav", "00.wav", "00.wav"]
    assert found["output"].tolist() == ["o1", "o2", "o1", "o2", "o1"]
    assert found["onset_frame"].tolist() == [0, 0, RATE // 8, RATE // 4, RATE * 3 // 8]
    assert found["cycle"].tolist() == [0, 0, 0.25, 0.5, 0.75]
    assert found["beat"].tolist() == [1, 1, 2, 3, 4]
    assert found["gate_end_frame"].tolist() == [RATE // 8, RATE // 8, RATE // 4, RATE * 3 // 8, RATE // 2]
    assert found["gain"].tolist() == [0.5, 1, 0.5, 1, 0.5]
    assert found["pan"].tolist() == [-1, 0, -1, 0, -1]
    assert np.isnan(found["speed"][[0, 2, 4]]).all() and found["speed"][[1, 3]].tolist() == [2, 2]
    assert found["end"][1] == 0.25 and found["legato"][1] == 0.5
    assert np.isnan(found["pitch_hz"]).all()
    assert np.array_equal(found["onset_s"], found["onset_frame"] / RATE)
    assert (found["end_frame"] <= RATE // 2).all()


def test_a_sound_ends_where_it_falls_silent(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    text = 'cps: 1\n~one: line 1 1\nout: s "~one ~" # adsr 0 0 1 0.1'
    found = rendered(text, path, True)
    heard, _ = soundfile.read(path)
    sounding = np.flatnonzero(np.abs(heard[:, 0]) > 1e-4)
    assert found.voices is not None
    assert 0 <= found.voices["end_frame"][0] - 1 - sounding[-1] <= 64 + RATE // 1000
    assert found.voices["gate_end_frame"].tolist() == [RATE // 2]


def test_pitches_are_those_of_the_oscillators(tmp_path: Path) -> None:
    text = """
cps: 1
~steps: saw "110 220"
~given: sine 100
~lfo: saw (sine 0.5 * 10 + 300)
o1: s "~steps*2" # note "0 12"
o2: s "~given*2" # note "a4 12" # speed "1 2"
o3: s "~lfo"
o4: s "stab*4" # note "c4 7 [e4,g4] ~"
o5: s "~noise"
~noise: white_noise * 0.1
"""
    found = rendered(text, tmp_path / "a.wav", True).voices
    assert found is not None
    hertz = {name: found["pitch_hz"][found["output"] == name] for name in ("o1", "o2", "o3", "o4", "o5")}
    assert hertz["o1"] == pytest.approx([110, 440])
    assert hertz["o2"] == pytest.approx([440, 400])
    assert hertz["o3"] == pytest.approx([300])
    assert hertz["o4"][:2] == pytest.approx([261.6255653, 391.9954360])
    assert np.isnan(hertz["o5"]).all()
    named = ~np.isnan(found["pitch_hz"])
    assert found["pitch_midi"][named] == pytest.approx(69 + 12 * np.log2(found["pitch_hz"][named] / 440), abs=1e-9)


def test_jsonl_has_every_voice_and_beat(band: tuple[Path, np.ndarray]) -> None:
    path, voices = band
    found = lines(path.with_suffix(".jsonl"))
    (piece,), beats, told = found["piece"], found["beat"], found["voice"]
    assert (piece["file"], piece["frames"], piece["bpm"]) == ("band.wav", soundfile.info(path).frames, 312)
    assert (piece["first_cycle"], piece["outputs"], piece["beats_per_cycle"]) == (1.5, ["o1", "o2", "o3"], 4)
    assert len(told) == len(voices)
    for name in ("onset_frame", "gate_end_frame", "end_frame", "sound", "output", "track", "bus", "ended"):
        assert [one[name] for one in told] == voices[name].tolist(), name
    for name in ("onset_s", "cycle", "gain", "pan"):
        assert [one[name] for one in told] == pytest.approx(voices[name], abs=1e-8), name
    assert [one["pitch_hz"] is None for one in told] == np.isnan(voices["pitch_hz"]).tolist()
    assert {name for one in told for name in one["controls"]} >= {"note", "legato", "speed", "release"}
    assert [one["frame"] for one in beats] == [
        frame_of(Fraction(6 + n, 4)) - frame_of(Fraction(3, 2)) for n in range(int(piece["seconds"] * 4 * 1.3) + 1)
    ]
    assert (beats[0]["cycle"], beats[0]["beat"]) == (1, 3)
    times = [json.loads(line) for line in path.with_suffix(".jsonl").read_text().splitlines()[1:]]
    frames = [one["frame"] if one["kind"] == "beat" else one["onset_frame"] for one in times]
    assert frames == sorted(frames)


def test_tables_and_label_tracks_agree(band: tuple[Path, np.ndarray]) -> None:
    path, voices = band
    rows = cells(path.with_suffix(".csv"))
    assert [int(row["onset_frame"]) for row in rows] == voices["onset_frame"].tolist()
    assert [float(row["end_s"]) for row in rows] == pytest.approx(voices["end_s"], abs=1e-8)
    assert [row["number"] for row in rows] == [str(one) if one >= 0 else "" for one in voices["number"].tolist()]
    assert {row["bpm"] for row in rows} == {"312"}
    for name in ("note", "legato", "pitch_midi", "speed"):
        told = [float(row[name] or "nan") for row in rows]
        assert told == pytest.approx(voices[name], rel=1e-9, nan_ok=True), name
    track = [line.split("\t") for line in path.with_suffix(".lab").read_text("ascii").splitlines()]
    for (begin, end, name), voice in zip(track, voices, strict=True):
        assert float(begin) == pytest.approx(voice["onset_s"], abs=1e-8)
        assert float(end) == pytest.approx(voice["end_s"], abs=1e-8)
        assert name.split("/")[0] == voice["output"] and name.split("/")[1].split(":")[0] == voice["sound"]


def test_jams_has_a_tag_and_all_details_of_each_voice(band: tuple[Path, np.ndarray]) -> None:
    path, voices = band
    whole = json.loads(path.with_suffix(".jams").read_text("ascii"))
    assert whole["file_metadata"]["duration"] == pytest.approx(soundfile.info(path).duration)
    by_name = {(one["namespace"], one["sandbox"]["track"]): one for one in whole["annotations"]}
    told = lines(path.with_suffix(".jsonl"))
    assert [one["time"] for one in by_name["beat", ""]["data"]] == [one["time_s"] for one in told["beat"]]
    assert [one["value"] for one in by_name["tempo", ""]["data"]] == [312]
    cycles = by_name["segment_open", ""]["data"]
    assert [one["value"] for one in cycles] == [f"cycle {n}" for n in range(1, 1 + len(cycles))]
    assert sum(one["duration"] for one in cycles) == pytest.approx(whole["file_metadata"]["duration"])
    for output in ("o1", "o2", "o3"):
        own = voices[voices["output"] == output]
        tags = by_name["tag_open", output]
        assert [one["time"] for one in tags["data"]] == pytest.approx(own["onset_s"], abs=1e-8)
        assert [one["duration"] for one in tags["data"]] == pytest.approx(own["end_s"] - own["onset_s"], abs=1e-8)
        known = [{"kind": "voice", **one} for one in tags["sandbox"]["voices"]]
        assert known == [one for one in told["voice"] if one["output"] == output]
        notes = by_name.get(("note_midi", output), {"data": []})["data"]
        pitched = own[~np.isnan(own["pitch_midi"])]
        assert [one["value"] for one in notes] == pytest.approx(pitched["pitch_midi"], rel=1e-9)
        assert (output == "o1") == (len(pitched) == 0)


def test_midi_plays_the_same_notes(band: tuple[Path, np.ndarray]) -> None:
    path, voices = band
    found = midi_file(path.with_suffix(".mid"))
    assert (found.division, found.tracks) == (960, ["o1", "o2", "o3"])
    assert found.seconds == pytest.approx(soundfile.info(path).duration, abs=0.001)
    assert len(found.notes) == len(voices)
    for output in found.tracks:
        own = voices[voices["output"] == output]
        notes = [one for one in found.notes if one.track == output]
        assert [one.onset_s for one in notes] == pytest.approx(sorted(own["onset_s"]), abs=0.001)
        drums = {"bd": 36, "sn": 38}
        wanted = [drums.get(voice["sound"], voice["pitch_midi"]) for voice in own]
        pitches = sorted((round(float(one), 2), round(float(pitch), 3)) for one, pitch in zip(own["onset_s"], wanted))
        played = sorted((round(one.onset_s, 2), round(one.pitch, 3)) for one in notes)
        assert np.array(played) == pytest.approx(np.array(pitches), abs=0.011)
        assert ({one.channel for one in notes} == {9}) == (output == "o1")
    cycles = [int(text.removeprefix("cycle ")) for kind, _, text in found.texts if kind == 6]
    assert cycles == list(range(2, 2 + len(cycles)))


@pytest.mark.parametrize("name", ["hits", "instruments"])
def test_onsets_are_where_the_sound_begins(tmp_path: Path, name: str) -> None:
    text = {
        "hits": 'cps: 0.9\nout: s "<rim hh> [rim rim] hh(3,8) rim:2" # ar 0 0.02',
        "instruments": 'cps: 1.1\n~b: square 900\no1: s "~b*3"  # ar 0 0.02\no2: s "[~ ~b]*3" # note 7 # ar 0 0.02',
    }[name]
    path = tmp_path / "a.wav"
    options = defaults(cycles=5, from_=Fraction(1, 3), fade_in=0, tail="none")
    report = session().render_file(score(text), path, options, labels="mid")
    heard, rate = soundfile.read(path)
    loud = np.abs(heard).max(axis=1) > 0.02
    quiet = rate // 100
    begins = [at for at in np.flatnonzero(loud) if not loud[max(at - quiet, 0) : at].any()]
    assert report.voices is not None
    told = np.unique(report.voices["onset_s"])
    assert len(told) > 15
    # What rings in from before the part is no onset.
    found = np.array(begins) / rate
    found = found[found >= told[0]]
    assert found == pytest.approx(told, abs=0.002)
    notes = sorted({round(one.onset_s, 4) for one in midi_file(path.with_suffix(".mid")).notes})
    assert notes == pytest.approx(told, abs=0.001)


def test_nothing_appears_of_a_render_that_fails(tmp_path: Path) -> None:
    old = tmp_path / "a.jams"
    old.write_text("old")
    text = 'cps: 1\n~big: s "bd*4" # gain 10\nout: ~big * 1000000000000 * 1000000000000 * 1000000000000 * 1000000000000'
    with pytest.raises(Exception, match=r"finite|too large"):
        rendered(text, tmp_path / "a.wav")
    assert [one.name for one in tmp_path.iterdir()] == ["a.jams"]
    assert old.read_text() == "old"


def test_a_label_file_that_cannot_be_written_is_told_before_anything_is_rendered(tmp_path: Path) -> None:
    (tmp_path / "a.mid").mkdir()
    with pytest.raises(FileError, match=r"a\.mid: it is a folder"):
        rendered('out: s "bd"', tmp_path / "a.wav")
    assert [one.name for one in tmp_path.iterdir()] == ["a.mid"]


def test_label_files_are_never_the_score(tmp_path: Path) -> None:
    source = tmp_path / "song.lab"
    source.write_text('out: s "bd"')
    with pytest.raises(UsageError, match="which is the score itself"):
        render_file(load(source), tmp_path / "song.wav", defaults(cycles=1), labels="lab")
    assert source.read_text() == 'out: s "bd"'


@pytest.mark.parametrize(
    ("labels", "message", "hint"),
    [
        ("midi", "`midi` is no format of labels", "did you mean `mid`?"),
        ("jam", "`jam` is no format of labels", "did you mean `jams`?"),
        ("json", "`json` is no format of labels", "did you mean `jsonl`?"),
        ("jams,,mid", "nothing is no format", "they are jsonl, csv, jams, lab, mid"),
        ("xyz", "`xyz` is no format of labels", "they are jsonl, csv, jams, lab, mid"),
        (["jams", "JAMS"], "names `jams` twice", "each format is one file: name it once"),
        ([3], "takes names of formats, not 3", "the formats: jsonl, csv, jams, lab, mid"),
    ],
)
def test_wrong_names_are_told(tmp_path: Path, labels: object, message: str, hint: str) -> None:
    with pytest.raises(UsageError, match=message) as told:
        rendered('out: s "bd"', tmp_path / "a.wav", labels)
    assert told.value.hint == hint
    assert not list(tmp_path.iterdir())


def test_what_renders_nothing_has_no_labels(tmp_path: Path) -> None:
    null = asked(backend="null", clip="limit")
    with pytest.raises(UsageError, match="`null` renders nothing"):
        session().render_file(score('out: s "bd"'), tmp_path / "a.wav", null, labels=True)


def test_reports_compare_and_print_without_their_voices(tmp_path: Path) -> None:
    report = rendered('out: s "bd"', tmp_path / "a.wav", "csv")
    assert report.as_json()["voices"] == 1
    assert json.loads(json.dumps(report.as_json()))["labels"] == [str(tmp_path / "a.csv")]
    assert "dtype" not in repr(report)
    assert report == replace(report, kept_voices=None)


STEMS = """
cps: 1
~kicks: s "bd*2"
~hats: s "hh*4" # hpf 2000
~duck: s "cp*3"
o1: ~kicks + ~hats
o2: ~hats * 0.5
o3: saw 110 # lpf (~duck * 100 + 500) 1
o4: s "~ rim" * 0
"""


def test_stems_have_the_labels_of_what_they_hold(tmp_path: Path) -> None:
    options = asked(backend="inline", clip="limit", bits="24")
    report = session().stems(score(STEMS), tmp_path, options, StemOptions(by="bus", name="{stem}.{ext}", labels=ALL))
    counts = {
        "mix": {"bd": 2, "hh": 4, "rim": 1},
        "o1": {"bd": 2, "hh": 4},
        "o2": {"hh": 4},
        "o3": {},
        "kicks": {"bd": 2},
        "hats": {"hh": 4},
    }
    assert sorted(one.stem for one in tmp_path.glob("*.jsonl")) == sorted(counts)
    assert sorted(one.stem for one in tmp_path.glob("*.wav")) == sorted(counts)
    assert sorted(report.labels) == sorted(str(one) for one in tmp_path.iterdir() if one.suffix != ".wav")
    for name, wanted in counts.items():
        sounds = [one["sound"] for one in lines(tmp_path / f"{name}.jsonl")["voice"]]
        assert {sound: sounds.count(sound) for sound in sounds} == wanted, name
    assert midi_file(tmp_path / "o2.mid").tracks == ["o2"]
    told = lines(tmp_path / "mix.jsonl")["voice"]
    assert {one["output"] for one in told if one["sound"] == "hh"} == {"o1 o2"}
    assert report.voices is not None and len(report.voices) == 7


def test_what_is_muted_is_labelled_nowhere(tmp_path: Path) -> None:
    options = asked(backend="inline", clip="limit", bits="24")
    plan = StemOptions(mute=("o1",), name="{stem}.{ext}", labels="jsonl")
    report = session().stems(score(STEMS), tmp_path, options, plan)
    assert report.voices is not None
    assert {(one["sound"], one["output"]) for one in lines(tmp_path / "mix.jsonl")["voice"]} == {
        ("hh", "o2"),
        ("rim", "o4"),
    }
    assert lines(tmp_path / "mix.jsonl")["piece"][0]["outputs"] == ["o2", "o3", "o4"]
    assert not (tmp_path / "o1.jsonl").exists()


def test_a_bus_that_no_output_hears_can_be_labelled_too(tmp_path: Path) -> None:
    derived = outline(score(STEMS), asked(backend="inline"))
    with Warm() as warm, labelling_of(derived, "mid", [(tmp_path / "duck.wav", ("~duck",))]) as labelling:
        labelling.finish(run(derived, warm, len, log=labelling.log))
        assert not (tmp_path / "duck.mid").exists()
    assert midi_file(tmp_path / "duck.mid").tracks == ["~duck"]


def test_two_sound_files_do_not_share_a_label_file(tmp_path: Path) -> None:
    formats = label_formats("csv")
    both = [*label_files(tmp_path / "a.wav", formats), *label_files(tmp_path / "a.flac", formats)]
    with pytest.raises(UsageError, match=r"would write .*a\.csv, which is the label file of .*a\.wav already"):
        check_label_files(both, [one.sound for one in both], "no.ph")
