"""What others read in label files: jams, mir_eval and pretty_midi, where they are installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.labels.readers import rendered

TEXT = """
cps: 0.8
~bass: saw 55
o1: s "bd*4, ~ sn ~ sn, hh*8" # gain 0.5
o2: s "~bass*3" # note "0 3.5 <7 10>" # release 0.1
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, np.ndarray]:
    """Label files and the voices in them."""
    path = tmp_path_factory.mktemp("peers") / "a.wav"
    report = rendered(TEXT, path, cycles=4, rate=44100)
    assert report.voices is not None
    return path, report.voices


def installed(name: str) -> Any:
    """Another program's package, or a skipped test."""
    return pytest.importorskip(name, reason=f"{name} is not installed: pip install {name}")


def test_jams_reads_and_validates(made: tuple[Path, np.ndarray]) -> None:
    jams = installed("jams")
    path, voices = made
    found = jams.load(str(path.with_suffix(".jams")))
    assert found.validate(strict=True)
    assert found.file_metadata.duration == pytest.approx(len(found.search(namespace="beat")[0].data) / 3.2, abs=0.4)
    for output in ("o1", "o2"):
        (tags,) = [one for one in found.search(namespace="tag_open") if one.sandbox.track == output]
        own = voices[voices["output"] == output]
        assert [one.time for one in tags.data] == pytest.approx(own["onset_s"], abs=1 / 44100)
    (notes,) = found.search(namespace="note_midi")
    own = voices[voices["output"] == "o2"]
    intervals, values = notes.to_interval_values()
    assert intervals[:, 1] == pytest.approx(own["gate_end_s"], abs=1 / 44100)
    assert values == pytest.approx(own["pitch_midi"])


def test_mir_eval_scores_labels_against_the_voices(made: tuple[Path, np.ndarray]) -> None:
    mir_eval = installed("mir_eval")
    path, voices = made
    intervals, names = mir_eval.io.load_labeled_intervals(str(path.with_suffix(".lab")))
    assert len(names) == len(voices)
    ours = np.unique(voices["onset_s"])
    f_measure, precision, recall = mir_eval.onset.f_measure(ours, np.unique(intervals[:, 0]), window=1 / 44100)
    assert (f_measure, precision, recall) == (1, 1, 1)


def test_pretty_midi_reads_the_same_notes(made: tuple[Path, np.ndarray]) -> None:
    pretty_midi = installed("pretty_midi")
    path, voices = made
    found = pretty_midi.PrettyMIDI(str(path.with_suffix(".mid")))
    assert found.resolution == 960
    assert {one.name for one in found.instruments} == {"o1", "o2"}
    for output in ("o1", "o2"):
        own = voices[voices["output"] == output]
        notes = [note for one in found.instruments if one.name == output for note in one.notes]
        assert sorted(note.start for note in notes) == pytest.approx(sorted(own["onset_s"]), abs=0.001)
        assert all(one.is_drum == (output == "o1") for one in found.instruments if one.name == output)
    assert found.get_tempo_changes()[1] == pytest.approx([192])
    assert sum(len(one.pitch_bends) for one in found.instruments) > 0
