"""`farm batch` as a whole: its files are those of single renders, whoever is killed, and its manifest is true."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import farm as library
from farm.audio.partial import PartialFile
from farm.batch.choosing import Why
from farm.batch.crew import Crew
from farm.batch.expand import ForAll
from farm.batch.lease import Lease
from farm.batch.order import Order, read_order
from farm.batch.orders import Placing, listed_orders
from farm.batch.outcome import DISK, Failure, Outcome, read_outcome
from farm.batch.perform import Kept, perform
from farm.batch.runners.local import LocalRunner
from farm.batch.running import BatchEnd, BatchRun, Standing
from farm.batch.sinks import FolderSink

from .batches import SCORES, begun, children, farm, job_list, lines, scores_in, sounds, truth

COUNT = 12


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a list, and in `out` what it makes when nothing happens."""
    folder = tmp_path_factory.mktemp("undisturbed")
    scores_in(folder)
    done = farm(folder, "batch", job_list(folder, COUNT), "--into", "out", "--threads", "2")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the same list."""
    scores_in(tmp_path)
    job_list(tmp_path, COUNT)
    return tmp_path


@contextmanager
def under_way(folder: Path, *words: str, files: int = 2) -> Iterator[subprocess.Popen[str]]:
    """A batch of which some files are made, and some are not."""
    process = begun(folder, "batch", *words)
    try:
        until = time.monotonic() + 60
        while len([*(folder / "out").glob("*/*.wav")]) < files:
            assert process.poll() is None and time.monotonic() < until, process.stderr and process.stderr.read()
            time.sleep(0.005)
        yield process
    finally:
        process.kill()
        process.communicate()


def gone(pid: int) -> bool:
    """Whether a process has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in ("Z", "X")
    except OSError:
        return True


def eventually(met: Any) -> bool:
    until = time.monotonic() + 5
    while not met() and time.monotonic() < until:
        time.sleep(0.01)
    return bool(met())


def test_the_files_are_those_of_single_renders(undisturbed: Path, tmp_path: Path) -> None:
    with library.Session() as session:
        for row in map(json.loads, (undisturbed / "jobs.jsonl").read_text().splitlines()):
            options = library.RenderOptions(cycles=row["cycles"], seed=row["seed"], rate=row["rate"])
            target = tmp_path / row["out"].replace("/", "-")
            session.render_file(library.load(undisturbed / row["score"]), target, options)
            assert target.read_bytes() == (undisturbed / "out" / row["out"]).read_bytes()
    assert len(sounds(undisturbed / "out")) == COUNT


def test_the_manifest_tells_what_each_file_is(undisturbed: Path) -> None:
    said = lines(undisturbed / "out" / "manifest.jsonl")
    assert [one["index"] for one in said] == [*range(COUNT)]
    hashes = sounds(undisturbed / "out")
    for one in said:
        path = undisturbed / "out" / one["file"]
        assert (one["size"], one["sha256"]) == (path.stat().st_size, hashes[one["file"]])
        score = library.load(undisturbed / one["score"])
        options = library.RenderOptions(cycles=1, rate=8000, seed=one["seed"])
        assert one["key"] == library.job_of(score, options).key()
        assert one["score_sha256"] == hashlib.sha256(score.source.text.encode()).hexdigest()
        assert (one["options"], one["tries"]) == ({"cycles": "1", "rate": 8000}, 1)
        assert one["seconds"] == one["frames"] / 8000 > 0.4
        assert one["made_by"] == library.identity()
        assert (
            -60 < one["integrated_lufs"] <= one["momentary_lufs"] < 0
            and one["true_peak_dbtp"] >= one["peak_dbfs"] - 0.2
        )
    held = {
        one.name: one.sha256 for one in library.job_of(library.load(undisturbed / "drums.ph")).with_banks().banks or ()
    }
    assert said[0]["banks"].items() <= held.items() and {"bd", "hh"} <= {*said[0]["banks"]}
    assert said[0]["licences"]["bd"] == {"licence": "MIT", "credits": "synthesised by farm"}
    assert (said[1]["banks"], said[1]["licences"]) == ({}, {})
    assert (undisturbed / "out" / "failed.jsonl").exists() is False


def test_a_batch_of_which_all_is_done_does_nothing(undisturbed: Path) -> None:
    before = sounds(undisturbed / "out")
    done = farm(undisturbed, "batch", "jobs.jsonl", "--into", "out", "--resume", "--check", "--json")
    document = json.loads(done.stdout)
    assert (done.returncode, document["ok"], document["todo"]) == (0, True, 0)
    assert document["left_alone"] == {"it is done": COUNT}
    assert sounds(undisturbed / "out") == before


def test_a_dry_run_says_what_and_why_and_writes_nothing(undisturbed: Path) -> None:
    (undisturbed / "plan").mkdir()
    (undisturbed / "plan" / "manifest.jsonl").write_bytes((undisturbed / "out" / "manifest.jsonl").read_bytes())
    done = farm(undisturbed, "batch", "jobs.jsonl", "--into", "plan", "--resume", "--dry-run", "--json")
    document = json.loads(done.stdout)
    assert {one["why"] for one in document["jobs"]} == {"its file is gone"}
    assert document["todo"] == COUNT
    real = sum(one["size"] for one in lines(undisturbed / "out" / "manifest.jsonl"))
    assert 0.4 * real < document["bytes"] < 1.6 * real
    assert [path.name for path in (undisturbed / "plan").iterdir()] == ["manifest.jsonl"]


def test_what_was_killed_goes_on_where_it_was(undisturbed: Path, folder: Path) -> None:
    with under_way(folder, "jobs.jsonl", "--into", "out", "--threads", "2") as process:
        crew = children(process.pid)
        process.kill()
        process.wait()
        assert eventually(lambda: all(map(gone, crew))), "job processes end with their coordinator"
    half = len(sounds(folder / "out"))
    done = farm(folder, "batch", "jobs.jsonl", "--into", "out", "--threads", "1", "--resume")
    assert done.returncode == 0, done.stderr
    assert sounds(folder / "out") == sounds(undisturbed / "out")
    assert truth(folder / "out" / "manifest.jsonl") == truth(undisturbed / "out" / "manifest.jsonl")
    assert half >= 2


def test_a_killed_job_process_is_replaced_and_only_its_job_is_tried_again(undisturbed: Path, folder: Path) -> None:
    with under_way(folder, "jobs.jsonl", "--into", "out", "--threads", "2", "--retries", "3") as process:
        (victim, *_) = children(process.pid)
        os.kill(victim, signal.SIGKILL)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    assert sounds(folder / "out") == sounds(undisturbed / "out")
    assert truth(folder / "out" / "manifest.jsonl") == truth(undisturbed / "out" / "manifest.jsonl")
    tries = [one["tries"] for one in lines(folder / "out" / "manifest.jsonl")]
    assert sorted(tries)[:-1] == [1] * (COUNT - 1)
    if max(tries) == 2:
        assert "signal 9 (SIGKILL, probably out of memory)" in err


def test_ctrl_c_ends_with_what_is_under_way(undisturbed: Path, folder: Path) -> None:
    with under_way(folder, "jobs.jsonl", "--into", "out", "--threads", "1") as process:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, "ending with what is under way" in err) == (130, True)
    assert "--resume does the rest" in out
    assert {one["file"] for one in lines(folder / "out" / "manifest.jsonl")} == {*sounds(folder / "out")}
    assert farm(folder, "batch", "jobs.jsonl", "--into", "out", "--threads", "1", "--resume").returncode == 0
    assert sounds(folder / "out") == sounds(undisturbed / "out")


def test_what_is_terminated_leaves_nothing_unfinished(folder: Path) -> None:
    with under_way(folder, "jobs.jsonl", "--into", "out", "--threads", "1") as process:
        crew = children(process.pid)
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err.splitlines()[-1]) == (143, "", "terminated")
    assert all(map(gone, crew))
    assert [*(folder / "out").rglob(".farm-*")] == []
    assert {one["file"] for one in lines(folder / "out" / "manifest.jsonl")} <= {*sounds(folder / "out")}


def test_a_job_process_that_cannot_begin_is_no_jobs_fault(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "numpy.py").write_text("raise ImportError('no such luck')", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    with pytest.raises(library.RenderError, match=r"no job process can begin: .* no such luck"):
        run_here(orders_of_list(folder), LocalRunner(1, folder / "out"), folder / "out")
    assert lines(folder / "out" / "failed.jsonl") == []


def test_a_second_batch_into_the_folder_is_refused(folder: Path) -> None:
    with under_way(folder, "jobs.jsonl", "--into", "out", "--threads", "1") as process:
        process.send_signal(signal.SIGSTOP)
        other = farm(folder, "batch", "jobs.jsonl", "--into", "out")
        assert other.returncode == 4
        assert f"another batch writes into out: process {process.pid} on " in other.stderr


def test_shards_together_make_the_whole(undisturbed: Path, folder: Path) -> None:
    words = ("batch", "jobs.jsonl", "--into", "out", "--threads", "1")
    for process in [begun(folder, *words, "--shard", f"{k}/2") for k in (1, 2)]:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
    done = farm(folder, "batch", "merge", "out")
    assert (done.returncode, done.stdout) == (0, f"{COUNT} files in the manifest\n")
    assert sounds(folder / "out") == sounds(undisturbed / "out")
    assert truth(folder / "out" / "manifest.jsonl") == truth(undisturbed / "out" / "manifest.jsonl")


def test_jobs_that_fail_are_put_aside_and_done_when_they_can_be(folder: Path) -> None:
    names = ("drums.ph", "bad.ph", "bytes.ph")
    rows = [{"score": name, "out": f"{name}.wav", "cycles": 1, "rate": 8000} for name in names]
    (folder / "bytes.ph").write_bytes(b"\xff\xfe")
    (folder / "few.jsonl").write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    (folder / "bad.ph").write_text('out: s "bd', encoding="utf-8")
    words = ("batch", "few.jsonl", "--into", "out", "--threads", "1")
    done = farm(folder, *words)
    assert done.returncode == 5
    assert "bad.ph:1:8: error: this string is never closed" in done.stderr
    failed = {one["file"]: one["failed"] for one in lines(folder / "out" / "failed.jsonl")}
    assert {file: one["kind"] for file, one in failed.items()} == {"bad.ph.wav": "score", "bytes.ph.wav": "score"}
    assert (failed["bad.ph.wav"]["line"], failed["bad.ph.wav"]["column"]) == (1, 8)
    for name in names[1:]:
        (folder / name).write_text(SCORES["bass"], encoding="utf-8")
    again = farm(folder, *words, "--failed", "--json")
    document = json.loads(again.stdout)
    assert (again.returncode, document["done"], document["left_alone"]) == (0, 2, {"it did not fail": 1})
    assert len(lines(folder / "out" / "manifest.jsonl")) == 3
    assert not (folder / "out" / "failed.jsonl").exists()
    (folder / "bytes.ph").write_bytes(b"\xff\xfe")
    fast = [json.dumps({**rows[2], "out": "0.wav"}), *map(json.dumps, rows[:2])]
    (folder / "few.jsonl").write_text("\n".join(fast), encoding="utf-8")
    stopped = json.loads(farm(folder, *words, "--fail-fast", "--json").stdout)
    assert (stopped["status"], stopped["done"], stopped["put_aside"]) == (5, 0, 1)


def test_progress_as_lines_of_json(folder: Path) -> None:
    done = farm(
        folder,
        "batch",
        "drums.ph",
        "--seeds",
        "0..3",
        "--cycles",
        "1",
        "--rate",
        "8000",
        "--into",
        "out",
        "--progress",
        "json",
    )
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert events[-1]["event"] == "over"
    assert (events[-1]["todo"], events[-1]["done"], events[-1]["put_aside"]) == (4, 4, 0)
    assert [*sounds(folder / "out")] == [f"drums-{seed}.wav" for seed in range(4)]


def test_where_nothing_can_be_written(folder: Path) -> None:
    done = farm(folder, "batch", "jobs.jsonl", "--into", "/proc/nothing")
    assert (done.returncode, done.stdout) == (4, "")
    assert re.search(r"error: cannot write /proc/nothing", done.stderr)


class Quiet:
    """Watches a batch and says nothing."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Failure]] = []

    def compiling(self, done: int, total: int, kept: bool = True) -> None:
        pass

    def again(self, order: Order, failure: Failure) -> None:
        self.told.append((order.outs[0], failure))

    def put_aside(self, order: Order, failure: Failure) -> None:
        self.told.append((order.outs[0], failure))

    def stands(self, standing: Standing, over: bool) -> None:
        pass


def run_here(orders: list[Order], runner: Any, into: Path, **how: Any) -> tuple[BatchEnd, Quiet]:
    """Runs all orders from this process."""
    watcher = Quiet()
    with Lease(into) as lease:
        run = BatchRun(orders, [Why.NEW] * len(orders), runner, lease, watcher, 1, False, **how)
        return run.run(), watcher


def orders_of_list(folder: Path, count: int = COUNT) -> list[Order]:
    (folder / "out").mkdir(exist_ok=True)
    return listed_orders(str(folder / job_list(folder, count)), ForAll({}, {}), Placing(folder / "out"))


def test_processes_start_anew_after_so_many_jobs(undisturbed: Path, folder: Path) -> None:
    runner = LocalRunner(1, folder / "out")
    runner.crew = Crew(1, folder / "out", runner.crew.host, most_jobs=5)
    end, watcher = run_here(orders_of_list(folder), runner, folder / "out")
    assert (end.standing.done, runner.crew.started, watcher.told) == (COUNT, 3, [])
    assert sounds(folder / "out") == sounds(undisturbed / "out")


def test_a_score_larger_than_a_pipe_holds_up_nobody(folder: Path) -> None:
    (folder / "drums.ph").write_text(f"-- {'x' * 300_000}\n{SCORES['drums']}", encoding="utf-8")
    end, watcher = run_here(orders_of_list(folder, 4), LocalRunner(1, folder / "out"), folder / "out")
    assert (end.standing.done, watcher.told) == (4, [])


def performed(order: Order, into: Path, kept: Kept) -> Outcome:
    """What one order gives in this process, as it would come back from another."""
    sent = read_order(order.as_json({"threads": 1}))
    outcome = perform(sent, kept.sources(sent.folders), FolderSink(into), kept)
    return read_outcome(json.loads(json.dumps(outcome.as_json())))


def test_a_long_job_may_have_a_pool(undisturbed: Path, folder: Path) -> None:
    (order, *_) = orders_of_list(folder)
    sent = read_order(order.as_json({"threads": 2, "chunk": 512}))
    kept = Kept()
    try:
        outcome = perform(sent, kept.sources(sent.folders), FolderSink(folder / "out"), kept)
    finally:
        kept.close()
    assert outcome.failure is None
    assert outcome.files[0].sha256 == sounds(undisturbed / "out")[order.outs[0]]


def test_several_formats_of_one_render_are_those_of_single_ones(folder: Path) -> None:
    names = ("x.wav", "x.flac", "x.aiff", "x.ogg")
    row = {"score": "drums.ph", "out": [*names], "cycles": 1, "rate": 8000, "seed": 3, "set": {"tempo": 3}}
    (folder / "formats.jsonl").write_text(json.dumps(row), encoding="utf-8")
    into = folder / "out"
    into.mkdir()
    (order,) = listed_orders(str(folder / "formats.jsonl"), ForAll({}, {}), Placing(into))
    kept = Kept()
    try:
        outcome = performed(order, into, kept)
    finally:
        kept.close()
    assert outcome.failure is None
    assert [one.file for one in outcome.files] == [*names]
    assert len({one.facts["frames_sha256"] for one in outcome.files}) == 1
    options = library.RenderOptions(cycles=1, rate=8000, seed=3, set={"tempo": 3})
    for one in outcome.files:
        report = library.render_file(library.load(folder / "drums.ph"), folder / one.file, options)
        assert report.sha256 == one.facts["frames_sha256"]
        if not one.file.endswith(".ogg"):
            assert (folder / one.file).read_bytes() == (into / one.file).read_bytes()


def test_a_sample_that_was_replaced_is_never_played_as_another(folder: Path) -> None:
    bank = folder / "samples" / "own"
    bank.mkdir(parents=True)
    drum = next((Path(library.__file__).parent / "bank" / "bd").glob("*.wav")).read_bytes()
    (bank / "a.wav").write_bytes(drum)
    (folder / "own.ph").write_text('out: s "own"', encoding="utf-8")
    (folder / "own.jsonl").write_text('{"score": "own.ph", "cycles": 1, "sweep": {"seed": "0..9"}}', encoding="utf-8")
    into = folder / "out"
    into.mkdir()
    orders = listed_orders(str(folder / "own.jsonl"), ForAll({}, {}), Placing(into))
    kept = Kept()
    try:
        assert performed(orders[0], into, kept).failure is None
        changes = {
            "is another one": lambda: (bank / "a.wav").write_bytes(drum[:44] + bytes(len(drum) - 44)),
            "cut": lambda: (bank / "a.wav").write_bytes(drum[: len(drum) // 2]),
            "gone": (bank / "a.wav").unlink,
            "has other files": lambda: [(bank / name).write_bytes(drum) for name in ("a.wav", "b.wav")],
        }
        for number, change in enumerate(changes.values(), 1):
            change()
            fresh = Kept(warm=kept.warm)
            for keeping in (fresh,) if number == 4 else (kept, fresh):
                failure = performed(orders[number], into, keeping).failure
                assert failure is not None and failure.kind == "sample", number
        assert [*sounds(into)] == [orders[0].outs[0]], "nothing of another sound is there"
    finally:
        kept.close()


def test_a_full_disk_is_the_disks_failure(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: PartialFile, data: bytes) -> None:
        raise self.refused(OSError(errno.ENOSPC, "No space left on device")) from OSError(errno.ENOSPC, "full")

    orders, kept = orders_of_list(folder, 2), Kept()
    try:
        with monkeypatch.context() as patched:
            patched.setattr(PartialFile, "put", full)
            failure = performed(orders[0], folder / "out", kept).failure
        assert failure is not None and failure.kind == DISK and failure.stops_all
        assert sounds(folder / "out") == {}
        assert performed(orders[0], folder / "out", kept).failure is None
    finally:
        kept.close()


def test_nothing_of_the_process_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    orders, kept = orders_of_list(folder, 2), Kept()
    try:
        before = performed(orders[0], folder / "out", kept)
        (folder / "other" / "bd").mkdir(parents=True)
        drum = next((Path(library.__file__).parent / "bank" / "sn").glob("*.wav")).read_bytes()
        (folder / "other" / "bd" / "x.wav").write_bytes(drum)
        monkeypatch.setenv("FARM_SAMPLES", str(folder / "other"))
        monkeypatch.setenv("FARM_RATE", "44100")
        monkeypatch.chdir(folder / "other")
        after = performed(orders[0], folder / "out", Kept(warm=kept.warm))
        assert after.files[0].sha256 == before.files[0].sha256
    finally:
        kept.close()
