"""Stems: they sum to the mix, none depends on another, and their files are where they are asked for, or not at all."""

from __future__ import annotations

import math
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import farm
from farm.errors import FileError, RenderError, UsageError
from farm.options import RenderOptions
from farm.rendering.report import Report
from tests.pool.pools import killing
from tests.render.sound import RATE, score

O1 = 'o1: s "bd*4 [sn, hh] bd" * 0.5 # delay 0.2 0.4 0.3'
O2 = "o2: sine 50 * 0.3 + noise * 0.1"
O3 = "o3: saw 110 * 0.2 # lpf 900 1"
LOUD = f"{O1}\n{O2}\n{O3}\n"


def options(**how: Any) -> RenderOptions:
    """Two cycles and no tail, so that all renders have one length."""
    return RenderOptions(**{"cycles": 2, "rate": RATE, "tail": "none", "gain": 0.5, **how})


def made(folder: Path, text: str = LOUD, mix: Path | None = None, stems: Any = None, **how: Any) -> Report:
    """Renders a text with stems, called `song`."""
    loaded = farm.loads(f"cps: 2\n{text}", name="song.ph")
    return farm.stems(loaded, folder, options(**how), farm.StemOptions(**{"hashed": True, **(stems or {})}), mix=mix)


def files(folder: Path) -> dict[str, bytes]:
    """All files of a folder, but those within further ones."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


def sound(path: Path) -> Any:
    """Frames of a file, float64."""
    return soundfile.read(path, dtype="float64")[0]


@pytest.mark.parametrize(("bits", "ext", "most_db"), [("32f", "wav", -130), ("24", "wav", -110), ("24", "flac", -110)])
@pytest.mark.parametrize("tap", ["post", "pre"])
def test_stems_add_up_to_the_mix(bits: str, ext: str, most_db: float, tap: str, tmp_path: Path) -> None:
    outputs = "".join(f'o{k}: sine {60 * k} * 0.1 + noise * 0.05 + s "hh*{k}" * 0.1\n' for k in range(1, 17))
    report = made(tmp_path, outputs, stems={"stem_tap": tap, "format": ext}, bits=bits, clip="limit")
    assert report.residual_dbfs is not None and report.residual_dbfs <= most_db
    assert len(report.stems) == 16 == len(files(tmp_path)) - 1
    gain = {"gain": 1.0, "fade_in": 0.0, "fade_out": 0.0} if tap == "pre" else {}
    before = farm.render(farm.loads(f"cps: 2\n{outputs}"), options(clip="none", **gain)).astype(np.float64)
    rest = before - sum(sound(Path(stem.path)) for stem in report.stems if stem.path is not None)
    assert 20 * math.log10(np.abs(rest).max()) == pytest.approx(report.residual_dbfs, abs=0.1)


def test_the_mix_is_that_of_a_render_without_stems(tmp_path: Path) -> None:
    for ext in ("wav", "flac"):
        alone = tmp_path / f"alone.{ext}"
        report = farm.render_file(farm.loads(f"cps: 2\n{LOUD}"), alone, options())
        found = made(tmp_path / ext, stems={"format": ext})
        assert (tmp_path / ext / f"song_00_mix.{ext}").read_bytes() == alone.read_bytes()
        assert (found.sha256, found.peak_dbfs, found.limited_frames) == (
            *(report.sha256, report.peak_dbfs),
            report.limited_frames,
        )
        beside = made(tmp_path / "beside", mix=tmp_path / f"mix.{ext}", stems={"format": ext})
        assert (tmp_path / f"mix.{ext}").read_bytes() == alone.read_bytes() and beside.path.endswith(f"mix.{ext}")


@pytest.mark.parametrize("tap", ["post", "pre", "master"])
def test_a_stem_is_its_output_alone(tap: str, tmp_path: Path) -> None:
    made(tmp_path, stems={"stem_tap": tap}, bits="32f", gain=2.0, clip="limit")
    how: dict[str, Any] = {"gain": 2.0, "clip": "limit" if tap == "master" else "none"}
    if tap == "pre":
        how = {"gain": 1.0, "fade_in": 0.0, "fade_out": 0.0, "clip": "none"}
    alone = farm.render(farm.loads(f"cps: 2\n{O1}"), options(**how))
    assert np.array_equal(sound(tmp_path / "song_01_o1.wav"), alone)


CHANGES = {
    "muted": {"stems": {"mute": ("o2",)}},
    "alone": {"stems": {"solo": ("o1", "o3")}},
    "added": {"text": f'{LOUD}o4: s "hh*8" # cut 3\n'},
    "edited": {"text": f"{O1}\n# louder\no2: saw 90 * 0.7\n{O3}\n"},
    "gone": {"text": f"{O1}\n{O3}\n", "stems": {"name": "{score}_{stem}.{ext}"}},
    "with buses": {"stems": {"by": "bus"}},
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_stem_does_not_change_when_another_does(name: str, tmp_path: Path) -> None:
    made(tmp_path / "before")
    made(tmp_path / "after", **CHANGES[name])  # type: ignore[arg-type]
    before = {name[8:]: data for name, data in files(tmp_path / "before").items()}
    after = {name[8:] if name[5] == "0" else name[5:]: data for name, data in files(tmp_path / "after").items()}
    for stem in ("o1.wav", "o3.wav"):
        assert before[stem] == after[stem]
    assert ("o2.wav" in after) == (name not in ("muted", "alone", "gone"))


def test_a_muted_output_is_not_in_the_mix(tmp_path: Path) -> None:
    report = made(tmp_path / "muted", stems={"mute": ("o2",)})
    without = made(tmp_path / "without", f"{O1}\n{O3}\n")
    assert report.sha256 == without.sha256
    mix = "song_00_mix.wav"
    assert files(tmp_path / "muted")[mix] == files(tmp_path / "without")[mix]
    assert list(report.output_peaks_dbfs) == ["o1", "o3"]
    # Files keep their numbers.
    assert list(files(tmp_path / "muted")) == [mix, "song_01_o1.wav", "song_03_o3.wav"]


CHOKING = 'o1: s "bd*2" # cut 1 # speed 0.5\no2: s "[~ hh]*8" # cut 1\no3: s "cp*3" # cut 2\n'


def told(report: Report) -> str:
    """The warnings of a report."""
    return "\n".join(notice.message for notice in report.notices)


@pytest.mark.parametrize("how", [{}, {"max_voices": 2}, {"threads": 2, "backend": "local", "chunk": 300}])
def test_muted_outputs_go_on_choking_and_are_named(how: dict[str, Any], tmp_path: Path) -> None:
    whole = made(tmp_path / "whole", CHOKING, **how)
    muted = made(tmp_path / "muted", CHOKING, stems={"mute": ("o2",)}, **how)
    name = "song_01_o1.wav"
    assert files(tmp_path / "whole")[name] == files(tmp_path / "muted")[name]
    alone = made(tmp_path / "alone", CHOKING.splitlines()[0])
    assert files(tmp_path / "alone")[name] != files(tmp_path / "whole")[name]
    for report in (whole, muted):
        assert "`cut 1` is shared by `o1`, `o2`" in told(report)
        assert "cut 2" not in told(report)
        assert ("--max-voices 2 counts the voices of `o1`, `o2`, `o3` together" in told(report)) == (
            "max_voices" in how
        )
    assert "shared" not in told(alone)


def test_nothing_of_a_muted_output_is_computed(tmp_path: Path) -> None:
    report = made(tmp_path, stems={"solo": ("o3",)})
    alone = made(tmp_path, O3)
    assert report.tasks == alone.tasks
    made(tmp_path, f"{O1}\no2: noise * 0.1 * {10**15} * {10**15} * {10**15}\n", stems={"mute": ("o2",)})
    with pytest.raises(RenderError, match="in `o2` gives a value that is not finite"):
        made(tmp_path, f"{O1}\no2: noise * 0.1 * {10**15} * {10**15} * {10**15}\n")


WAYS: tuple[dict[str, Any], ...] = (
    {"backend": "inline", "chunk": 64},
    {"backend": "inline", "chunk": 777, "window_frames": 3000},
    {"backend": "local", "threads": 2, "chunk": 512},
    {"backend": "local", "threads": 3, "chunk": 100},
)


@pytest.mark.parametrize("how", WAYS, ids=str)
@pytest.mark.parametrize("tap", ["post", "master"])
def test_stems_are_the_same_however_they_are_made(how: dict[str, Any], tap: str, tmp_path: Path) -> None:
    asked = {"stem_tap": tap, "by": "bus", "mute": ("o3",)}
    text = f"~kick: {O1[4:]}\no1: ~kick\n{O2}\n{O3}\n"
    expected = made(tmp_path / "expected", text, stems=asked, gain=2.0, tail="auto")
    with killing(int(how["backend"] == "local")):
        found = made(tmp_path / "found", text, stems=asked, gain=2.0, tail="auto", **how)
    assert files(tmp_path / "expected") == files(tmp_path / "found")
    assert len(files(tmp_path / "found")) == 4
    assert (found.residual_dbfs, found.bus_residual_dbfs) == (expected.residual_dbfs, expected.bus_residual_dbfs)
    assert expected.bus_residual_dbfs is not None
    told_of = [(stem.sha256, stem.peak_dbfs, stem.clipped_frames, stem.limited_frames) for stem in found.stems]
    assert told_of == [
        (stem.sha256, stem.peak_dbfs, stem.clipped_frames, stem.limited_frames) for stem in expected.stems
    ]


def test_all_stems_have_the_length_of_the_mix(tmp_path: Path) -> None:
    made(tmp_path, f'{O3}\no1: s "rim ~ ~ ~" # delay 0.3 0.7 0.5\n', tail="auto")
    lengths = {len(sound(path)) for path in tmp_path.iterdir()}
    assert len(lengths) == 1 and lengths.pop() > RATE + RATE // 2


def test_silent_stems_are_left_out_and_listed(tmp_path: Path) -> None:
    text = f'{O1}\no2: s "~"\n~mute: sine 3 * 0\no3: ~mute\n'
    report = made(tmp_path / "dropped", text)
    assert list(files(tmp_path / "dropped")) == ["song_00_mix.wav", "song_01_o1.wav"]
    assert [bool(stem.path) for stem in report.stems] == [True, False, False]
    assert "2 stems without a sound left out: `o2`, `o3`" in told(report)
    kept = made(tmp_path / "kept", text, stems={"keep_silent": True})
    assert len(files(tmp_path / "kept")) == 4
    assert "without a sound" not in told(kept)
    assert [stem.path for stem in report.stems][1:] == [None, None]
    assert [stem["path"] for stem in report.as_json()["stems"]][1:] == [None, None]


def test_silent_outputs_are_told_of_once(tmp_path: Path) -> None:
    text = 'o1: sine 50 * 0.5\no2: s "~"\no3: noise * 0.0001\n'
    report = made(tmp_path / "dropped", text)
    assert [notice.message for notice in report.notices if "`o2`" in notice.message] == [
        "a stem without a sound left out: `o2`"
    ]
    assert "the peak of `o3` is under -60 dBFS" in told(report)
    kept = made(tmp_path / "kept", text, stems={"keep_silent": True})
    assert "the peak of `o2`, `o3` is under -60 dBFS" in told(kept)
    assert not sound(tmp_path / "kept" / "song_02_o2.wav").any()


def test_lossy_stems_are_not_reckoned(tmp_path: Path) -> None:
    report = made(
        tmp_path, "~a: sine 80 * 0.1\n~b: noise * 0.1\nout: ~a + ~b * 0.5\n", stems={"format": "ogg", "by": "bus"}
    )
    assert (report.residual_dbfs, report.bus_residual_dbfs) == (None, None)
    assert report.residual_because == "OGG Vorbis is lossy"
    assert "need not add up to the mix: ~b scaled in out" in told(report)


def test_stems_limited_each_by_itself_are_named(tmp_path: Path) -> None:
    text = "o1: sine 50 * 0.9\no2: noise * 0.01\n"
    report = made(tmp_path / "master", text, stems={"stem_tap": "master"}, gain=2.0, bits="32f")
    assert "limited each by itself, so that the stems do not add up: `o1`\n" in told(report) + "\n"
    assert report.stem_tap == "master"
    post = made(tmp_path / "post", text, gain=2.0, bits="32f")
    assert "by itself" not in told(post)


OLDER = {
    "another solo": ({"solo": ("o1",)}, {"solo": ("o2",)}, "song_01_o1.wav"),
    "muted": ({}, {"mute": ("o2", "o3")}, "song_02_o2.wav, song_03_o3.wav"),
    "in folders": (
        {"name": "{score}/{stem}.{ext}"},
        {"name": "{score}/{stem}.{ext}", "mute": ("o2",)},
        "song/o2.wav",
    ),
    "without the score": ({"name": "./{stem}.{ext}"}, {"name": "./{stem}.{ext}", "mute": ("o2",)}, "o2.wav"),
}


@pytest.mark.parametrize("name", OLDER)
def test_older_stems_are_kept_and_named(name: str, tmp_path: Path) -> None:
    before, after, names = OLDER[name]
    first = made(tmp_path, stems=before)
    for other in ("song.wav", "songs_01_o1.wav", "field recording.wav", "song_01_o1.flac"):
        (tmp_path / other).write_bytes(b"mine")
    assert "older" not in told(first)
    second = made(tmp_path, stems=after)
    assert (tmp_path / names.split(", ")[0]).exists()
    assert [notice.message.rpartition(": ")[2] for notice in second.notices if "older" in notice.message] == [names]
    assert "older" not in told(made(tmp_path, stems=before)) or name == "another solo"


def test_the_older_file_of_a_stem_that_is_silent_now_is_named(tmp_path: Path) -> None:
    made(tmp_path, stems={"by": "bus"})
    report = made(tmp_path, f'{O1}\no2: s "~"\n')
    assert "were not written now: song_02_o2.wav, song_03_o3.wav" in told(report)


def test_frames_above_full_scale_are_told_of(tmp_path: Path) -> None:
    report = made(tmp_path, "o1: sine 50 * 3\no2: sine 50 * -2.9\n", gain=1.0)
    assert re.search(r"the stem `o1`: \d,\d{3} frames clipped", told(report))
    assert [stem.clipped_frames > 1000 for stem in report.stems] == [True, True]
    assert report.clipped_frames == 0
    floats = made(tmp_path, "o1: sine 50 * 3\no2: sine 50 * -2.9\n", gain=1.0, bits="32f")
    assert np.abs(sound(tmp_path / "song_01_o1.wav")).max() > 2.9 and "clipped" not in told(floats)


def test_rescale_turns_all_down_alike(tmp_path: Path) -> None:
    report = made(tmp_path, "o1: sine 50 * 3\no2: noise * 1\n", gain=1.0, clip="rescale", bits="32f")
    assert report.residual_dbfs is not None and report.residual_dbfs < -130
    whole = sound(tmp_path / "song_01_o1.wav") + sound(tmp_path / "song_02_o2.wav")
    np.testing.assert_allclose(whole, sound(tmp_path / "song_00_mix.wav"), atol=1e-6)


WRONG = {
    "no such output": ({"mute": ("o9",)}, "mute o9: song.ph has no such output"),
    "nothing left": ({"solo": ("o1",), "mute": ("o1",)}, "leave no output"),
    "above the folder": ({"name": "../{stem}.wav"}, "lies outside of the folder"),
    "through the folder": ({"name": "a/../../{stem}.wav"}, "lies outside of the folder"),
    "absolute": ({"name": "/tmp/{stem}.wav"}, "lies outside of the folder"),
    "one name": ({"name": "all.wav"}, "would be both the mix and the stem `o1`"),
    "no field": ({"name": "{stm}.wav"}, "there is no `{stm}`"),
    "a strange format": ({"name": "{index:zz}{stem}.wav"}, "`{index:zz}` is not understood"),
    "blanks": ({"name": "{index:2000}{stem}.wav"}, "`{index:2000}` is not understood"),
    "a conversion": ({"name": "{stem!r}.wav"}, "`{stem!r}` is not understood"),
    "hidden": ({"name": ".hidden{stem}.wav"}, ".hiddenmix.wav is a hidden file"),
    "in a hidden folder": ({"name": ".hidden/{stem}.wav"}, ".hidden/mix.wav is a hidden file"),
    "no number": ({"name": "{stem:03}{.wav"}, "name"),
    "an attribute": ({"name": "{stem.__class__}.wav"}, "there is no `{stem.__class__}`"),
    "a folder": ({"name": "{stem}/"}, "is not the name of a file"),
    "another format": ({"name": "{stem}.mp3"}, "does not end in .wav"),
    "a format": ({"format": "mp4"}, "not a format that farm writes"),
    "a tap": ({"stem_tap": "pots"}, "stem_tap must be one of"),
    "a way": ({"by": "buss"}, "by must be one of"),
    "text": ({"solo": "o1"}, "solo takes a tuple of names, not a string"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_meant_is_told_and_nothing_is_made(name: str, tmp_path: Path) -> None:
    asked, message = WRONG[name]
    with pytest.raises(UsageError, match=re.escape(message)):
        made(tmp_path / "new", stems=asked)
    assert not list(tmp_path.iterdir())


def test_a_string_of_names_is_shown_as_a_tuple() -> None:
    with pytest.raises(UsageError) as caught:
        farm.StemOptions(mute="o1, o2")  # type: ignore[arg-type]
    assert caught.value.hint == "mute=('o1', 'o2')"


def test_names_are_suggested() -> None:
    with pytest.raises(UsageError) as caught:
        farm.stems(score("o12: sine 3\no10: sine 3\nout: sine 5"), "x", None, farm.StemOptions(mute=("ou",)))
    assert "did you mean" in (caught.value.hint or "")


def test_stems_go_into_folders(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    with pytest.raises(FileError, match="it is a file, and no folder"):
        made(tmp_path / "file")
    with pytest.raises(FileError, match="is not a folder"):
        made(tmp_path / "file" / "within")
    with pytest.raises(UsageError, match="stems go into a folder"):
        made("")  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="stems go into a folder, not `-`"):
        made(Path("-"))
    with pytest.raises(UsageError, match="outputs_as_channels makes one file"):
        made(tmp_path / "new", outputs_as_channels=True)
    with pytest.raises(UsageError, match="stems are stereo"):
        made(tmp_path / "new", channels="mono")
    assert (tmp_path / "file").read_text() == "kept" and len(list(tmp_path.iterdir())) == 1
    made(tmp_path / "a" / "b", stems={"name": "{score}/{stem}.{ext}"})
    assert sorted(path.name for path in (tmp_path / "a" / "b" / "song").iterdir()) == [
        *("mix.wav", "o1.wav", "o2.wav", "o3.wav"),
    ]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), RenderError("no"), OSError("no")], ids=repr)
def test_what_ends_early_leaves_nothing_and_keeps_what_was_there(error: BaseException, tmp_path: Path) -> None:
    class Ending:
        def __getattr__(self, name: str) -> Any:
            return lambda *_: None

        def rendering(self, done: int, total: int | None) -> None:
            raise error

    loaded = farm.loads(f"cps: 2\n{LOUD}", name="song.ph")
    with pytest.raises(type(error)):
        farm.stems(loaded, tmp_path / "a" / "b", options(), None, Ending())
    assert not list(tmp_path.iterdir())
    made(tmp_path / "a")
    before = files(tmp_path / "a")
    with pytest.raises(type(error)):
        farm.stems(loaded, tmp_path / "a", options(gain=0.1), None, Ending())
    assert files(tmp_path / "a") == before
    assert os.listdir(tmp_path) == ["a"]
