"""What a batch tells of itself, in words."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from farm import cli
from farm.batch.choosing import Why
from farm.batch.decide import Again
from farm.batch.lease import Lease
from farm.batch.naming import out_name
from farm.batch.outcome import DEATH, DISK, Failure
from farm.batch.running import BatchEnd, BatchRun, Standing
from farm.errors import FileError, UsageError
from farm.printer.batches import BatchLines, batch_summary
from farm.quantities import peak

from .batches import scores_in


def standing(**said: Any) -> Standing:
    return Standing(**{"todo": 4, "done": 0, "put_aside": 1, "sound_s": 0.0, "wall_s": 1.0, "left_s": None, **said})


def test_why_a_batch_ended_early_is_a_sentence_of_its_own() -> None:
    end = BatchEnd(standing(), (), "a.ph cannot be read, and --fail-fast was asked for")
    lines = batch_summary(end, {}, "manifest.jsonl", "failed.jsonl").splitlines()
    assert "  ended early: a.ph cannot be read, and --fail-fast was asked for" in lines
    assert lines[-1] == "  3 jobs not done: the same command with --resume does the rest"


@pytest.mark.parametrize("why", [why for why in Why if why.is_done])
def test_reasons_agree_with_the_number_of_jobs(why: Why) -> None:
    assert why.of(1) == str(why)
    assert why.of(4) not in ("", str(why)) and not why.of(4).startswith("it ")


def test_one_job_is_one_job(capsys: pytest.CaptureFixture[str]) -> None:
    times = iter([0.0, 9.0])
    BatchLines(clock=lambda: next(times)).stands(standing(todo=1, put_aside=0, done=1), over=False)
    assert capsys.readouterr().err.startswith("1 of 1 job, ")


def test_a_peak_that_is_none_is_silent() -> None:
    assert (peak(float("-inf")), peak(-3.2)) == ("silent", "peak −3.2 dBFS")


def test_names_that_an_output_may_have_are_all_told() -> None:
    with pytest.raises(UsageError) as caught:
        out_name("e{nope}.wav", {"score": "a", "seed": 0, "index": 0})
    assert caught.value.hint == "there are score, seed, index, split (with --split)"
    with pytest.raises(UsageError) as caught:
        out_name("e{split}.wav", {"score": "a", "seed": 0, "index": 0})
    assert caught.value.hint == "--split gives it"


def test_a_full_disk_is_told_once_and_not_as_another_try(tmp_path: Path) -> None:
    told: list[str] = []
    watcher = SimpleNamespace(again=lambda order, failure: told.append(failure.message))
    with Lease(tmp_path) as lease:
        run = BatchRun([], [], cast(Any, None), lease, cast(Any, watcher), 1, False)
        run.orders = cast(Any, [SimpleNamespace(outs=("x.wav",))])
        failures = [Failure(DISK, "error: full", "full"), Failure(DEATH, "error: signal 9", "signal 9")]
        run.note([Again(0, failure, "here") for failure in failures], {})
    assert told == ["signal 9"]


def test_a_file_is_no_folder_of_outputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scores_in(tmp_path)
    monkeypatch.chdir(tmp_path)
    for more in ([], ["--dry-run"]):
        assert cli.run(["batch", "drums.ph", "--into", "bass.ph", *more]) == FileError.status
        assert "--into bass.ph: it is a file, not a folder" in capsys.readouterr().err


def test_what_the_command_line_sets_wrongly_is_wrong_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    scores_in(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.run(["batch", "bass.ph", "--set", "nope=1"]) == UsageError.status
    assert "--set nope: `nope` is not in bass.ph" in capsys.readouterr().err
    assert not [*tmp_path.glob("*.wav")] and not [*tmp_path.glob("*.jsonl")], "nothing was begun"
