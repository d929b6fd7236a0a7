"""Jobs: values that travel, whose keys name the bytes of a render."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

import farm
from farm.audio.samples import SampleLibrary
from farm.errors import UsageError
from farm.options import Decides
from farm.rendering.job import DECIDING

ROOT = Path(__file__).resolve().parents[2]
SCORE = """
tempo: 2
~cut: 800
o1: s "bd? hh*2 [sn|cp]" # gain 4
o2: saw "110 220" # lpf ~cut 1 * 0.4
"""
BASE: dict[str, Any] = {"cycles": 1, "rate": 8000, "tail": "none", "fade_in": 0, "fade_out": 0}
FLIPPED: dict[str, Any] = {
    "cycles": 2,
    "duration": 0.4,
    "from_": "1/4",
    "to": "1/2",
    "lenient": True,
    "rate": 11025,
    "dither": "shaped",
    "bits": 16,
    "quality": "best",
    "gain": 0.5,
    "clip": "warn",
    "normalize": "peak=-3",
    "container": "rf64",
    "markers": "cycles",
    "ceiling": -20,
    "fade_in": 0.1,
    "fade_out": 0.1,
    "tail": 0.5,
    "seed": 7,
    "set": {"cut": 300},
    "chunk": 512,
    "window_frames": 3000,
    "cpu": "v2",
    "backend": "local",
    "threads": 2,
    "max_voices": 1,
    "channels": "mono",
    "outputs_as_channels": True,
    "samples": "sounds",
    "work_dir": "work",
}
SAME_HERE = {"lenient": "this score has nothing that could be left out"}
"""Options that decide bytes, but not those of this score."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with a bank `own` in `sounds` and an empty folder `work`."""
    (tmp_path / "work").mkdir()
    (tmp_path / "sounds" / "own").mkdir(parents=True)
    soundfile.write(tmp_path / "sounds" / "own" / "a.wav", np.full(400, 0.25), 8000)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", [one.name for one in fields(farm.RenderOptions)])
def test_each_option_changes_key_and_bytes_or_neither(name: str, folder: Path) -> None:
    given = {**BASE, name: FLIPPED[name]}
    if name == "duration":
        del given["cycles"]
    plain, flipped = farm.RenderOptions(**BASE), farm.RenderOptions(**given)
    score = farm.loads(SCORE, lenient=name == "lenient")
    keys = [farm.job_of(score, options).key() for options in (plain, flipped)]
    with farm.Session() as session:
        for options, target in ((plain, "a.wav"), (flipped, "b.wav")):
            session.render_file(score, target, options)
    same = (folder / "a.wav").read_bytes() == (folder / "b.wav").read_bytes()
    decides = flipped.__dataclass_fields__[name].metadata["decides"]
    deciding = decides in (Decides.FRAMES, Decides.FILE)
    assert (keys[0] != keys[1]) == deciding
    assert same != deciding or name in SAME_HERE


def test_a_job_read_in_another_process_is_equal(folder: Path) -> None:
    given = {**BASE, "cycles": "1/3", "set": {"cut": 0.1, "tempo": 2}, "gain": 0.1, "tail": 0.7, "seed": 2**62}
    job = farm.job_of(farm.loads(SCORE, name="Ünï"), farm.RenderOptions(**given))
    for sent in (job, job.with_banks()):
        code = "import sys, farm; job = farm.read_job(sys.stdin.read()); print(job.key()); print(job.as_json())"
        command = [sys.executable, "-c", code]
        done = subprocess.run(
            command, input=sent.as_json(), capture_output=True, text=True, check=True, env={"PYTHONPATH": str(ROOT)}
        )
        key, returned = done.stdout.splitlines()
        assert key == job.key()
        assert returned == sent.as_json()
        assert farm.read_job(returned) == sent
    assert job.render_options() == farm.RenderOptions(**given)
    assert job.render_options(threads=2).threads == 2


def test_a_job_renders_what_was_asked(folder: Path) -> None:
    options = farm.RenderOptions(**{**BASE, "set": {"cut": 300}, "seed": 3})
    job = farm.read_job(farm.job_of(farm.loads(SCORE), options).as_json())
    assert np.array_equal(farm.render(job.score(), job.render_options()), farm.render(farm.loads(SCORE), options))


def test_sounds_decide_the_key_and_not_where_they_lie(folder: Path) -> None:
    job = farm.job_of(farm.loads('out: s "own"'), farm.RenderOptions(**BASE))
    library = SampleLibrary((folder / "sounds",))
    key = job.key(library)
    (bank,) = job.with_banks(library).banks or ()
    assert (bank.name, [name for name, _ in bank.files]) == ("own", ["a.wav"])
    (folder / "elsewhere").mkdir()
    (folder / "sounds" / "own").rename(folder / "elsewhere" / "own")

    def moved() -> SampleLibrary:
        return SampleLibrary((folder / "elsewhere",))

    assert job.key(moved()) == key
    soundfile.write(folder / "elsewhere" / "own" / "b.wav", np.zeros(10), 8000)
    added = job.key(moved())
    assert added != key, "the number of files decides what `own:1` means"
    soundfile.write(folder / "elsewhere" / "own" / "b.wav", np.full(10, 0.5), 8000)
    assert job.key(moved()) not in (key, added)


@pytest.mark.parametrize("path", sorted((ROOT / "configs" / "scores").glob("*.ph")), ids=lambda path: path.stem)
def test_no_bank_that_a_score_names_is_missing_from_its_job(path: Path) -> None:
    score = farm.load(path)
    banks = {*SampleLibrary().names()}
    named = {word.partition(":")[0] for word in score.graph(0).words.texts()} & banks
    assert named <= {bank.name for bank in farm.job_of(score).with_banks(SampleLibrary()).banks or ()}


def test_a_bank_that_a_setting_names_is_in_the_job() -> None:
    score = farm.loads('~pat: "bd"\nout: s ~pat')
    job = farm.job_of(score, farm.RenderOptions(set={"pat": "sn:3 [808bd cp]"})).with_banks(SampleLibrary())
    assert {"bd", "sn", "808bd", "cp"} <= {bank.name for bank in job.banks or ()}


def test_the_name_of_a_score_is_not_in_the_key() -> None:
    options = farm.RenderOptions(**BASE)
    one, other = (farm.job_of(farm.loads(SCORE, name=name), options) for name in ("a.ph", "b.ph"))
    assert one.key() == other.key()
    assert one.key() != farm.job_of(farm.loads(SCORE + "-- a word\n"), options).key()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        '{"form": 2}',
        '{"form": 1, "name": "a", "text": "", "options": {}, "banks": null}',
        '{"form": 1, "name": "a", "text": 3, "options": null, "banks": null}',
    ],
)
def test_what_is_no_job_is_a_wrong_usage(text: str) -> None:
    with pytest.raises(UsageError):
        farm.read_job(text)


def test_a_job_with_an_option_that_makes_no_sense_is_a_wrong_usage() -> None:
    held = json.loads(farm.job_of(farm.loads(SCORE), farm.RenderOptions(**BASE)).as_json())
    for options in ({**held["options"], "rate": 1}, {**held["options"], "rate": "x"}, {"rate": 8000}):
        with pytest.raises(UsageError):
            farm.read_job(json.dumps({**held, "options": options}))


def test_what_decides_cannot_be_given_beside_a_job() -> None:
    job = farm.job_of(farm.loads(SCORE), farm.RenderOptions(**BASE))
    assert "rate" in DECIDING
    with pytest.raises(UsageError, match="`rate` decides what a job renders"):
        job.render_options(rate=8000)
    with pytest.raises(UsageError, match="renders nothing"):
        farm.job_of(farm.loads(SCORE), farm.RenderOptions(backend="null"))


def test_the_identity_names_what_equal_bytes_need() -> None:
    said = farm.identity()
    assert said.startswith(f"farm {farm.__version__} ")
    assert all(name in said for name in ("Python 3.", "numpy ", "numba ", "llvmlite "))
    assert said == farm.identity()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nofile.json", "this is no job: it is no JSON"),
        ("[]", "this is no job: it lacks form, name, text, options, banks"),
        ('{"form": 1}', "this is no job: it lacks name, text, options, banks"),
    ],
)
def test_what_is_no_job_is_told(text: str, said: str) -> None:
    with pytest.raises(farm.FarmError, match=said):
        farm.read_job(text)


def test_arguments_of_other_kinds_are_told() -> None:
    score = farm.loads(SCORE)
    with pytest.raises(farm.UsageError, match="a score is needed"):
        farm.job_of("x", farm.RenderOptions(**BASE))  # type: ignore[arg-type]
    with pytest.raises(farm.UsageError, match=r"farm\.loads reads the text of a score, a str, not b'out"):
        farm.loads(b"out: saw 110")  # type: ignore[arg-type]
    for call in (farm.render, farm.stream):
        with pytest.raises(farm.UsageError, match=r"session= is a farm\.Session, not 3"):
            call(score, farm.RenderOptions(**BASE), session=3)  # type: ignore[operator]


def test_a_job_of_no_options_has_those_of_a_render_without_any() -> None:
    score = farm.loads(SCORE)
    assert farm.job_of(score) == farm.job_of(score, farm.RenderOptions())
