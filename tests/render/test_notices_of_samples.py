"""What is to be said of a sample's file reaches the reports of renders and of checks."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from farm.audio import keeping
from farm.audio.samples import library
from farm.errors import Notice, SampleError
from farm.graph.complaints import complaints
from farm.graph.score import understand
from farm.options import RenderOptions
from farm.rendering.report import Report
from farm.rendering.session import render
from farm.score import Source, read_source
from tests.audio.files import chunk, noise, pcm_16, riff, speakers, written
from tests.render.sound import RATE, report, run

TWICE = 'cps: 1\nout: s "kit kit" # speed "1 -1"\no2: s "kit:1"'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(keeping, "SOUNDS", str(tmp_path / "cache"))
    monkeypatch.delenv("FARM_SAMPLES", raising=False)
    written(tmp_path / "B" / "kit" / "a.wav", riff(speakers(0x3F, 6), chunk(b"data", pcm_16(noise(2000, 6)))))
    soundfile.write(tmp_path / "B" / "kit" / "b.flac", noise(2000), RATE)
    return tmp_path / "B"


def checked(text: str, folder: Path) -> tuple[list[str], list[Notice]]:
    """What `farm check` says: errors and warnings."""
    path = folder.parent / "test.ph"
    path.write_text(text)
    errors, warnings = complaints(read_source(str(path)), library((str(folder),), None, None))
    return [error.message for error in errors], warnings


def leniently(text: str, folder: Path) -> Report:
    """The report of a render with --lenient."""
    loaded = understand(Source("test.ph", text), lenient=True)
    options = RenderOptions(cycles=Fraction(1), tail="none", rate=RATE, lenient=True, samples=(str(folder),))
    return run(loaded, options)


def test_u4_a_downmix_is_said_once_a_file(folder: Path) -> None:
    for _ in range(2):
        said = report(TWICE, samples=(str(folder),)).notices
        (mixed,) = [one for one in said if "mixed to stereo" in one.message]
        assert mixed.message.startswith(f"the sample {folder / 'kit' / 'a.wav'}: its 6 channels")
        assert mixed.loc is not None
        assert mixed.loc.line == 2
    errors, warnings = checked(TWICE, folder)
    assert not errors
    assert [one.message for one in warnings] == [mixed.message]


def test_r08_a_render_ends_and_a_lenient_one_plays_what_is_there(folder: Path) -> None:
    path = folder / "kit" / "a.wav"
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(SampleError, match="it is cut short"):
        report(TWICE, samples=(str(folder),))
    (error,), _ = checked(TWICE, folder)
    assert "it is cut short" in error
    told = leniently(TWICE, folder)
    said = [one.message for one in told.notices if "it is cut short" in one.message]
    assert len(said) == 1
    assert said[0].endswith("that is played")
    assert told.voice_count == 3
    assert told.output_peaks_dbfs["out"] > -20.0


def test_u6_a_checksum_is_said_too(folder: Path) -> None:
    path = folder / "kit" / "b.flac"
    content = bytearray(path.read_bytes())
    content[30] ^= 1
    path.write_bytes(bytes(content))
    for _ in range(2):
        said = [one.message for one in report(TWICE, samples=(str(folder),)).notices]
        assert [one for one in said if "b.flac: its checksum (MD5) does not fit" in one]


def test_lenient_plays_a_cut_file_as_it_would_alone(folder: Path) -> None:
    """The frames that are there are those of a file that ends there."""
    sound = noise(4000)
    text = 'cps: 1\nout: s "kit" # speed 0.9'
    options = RenderOptions(cycles=Fraction(1), tail="none", rate=RATE, samples=(str(folder),))
    path = written(folder / "kit" / "a.wav", riff(speakers(0x4, 1), chunk(b"data", pcm_16(sound)))[:-2000])
    cut = render(understand(Source("test.ph", text), lenient=True), options)
    written(path, riff(speakers(0x4, 1), chunk(b"data", pcm_16(sound[:3000]))))
    np.testing.assert_array_equal(cut, render(understand(Source("test.ph", text)), options))
