"""Faults that must lose nothing of a batch: processes killed, disks full, sounds replaced, hosts side by side.

Run as scripts/matrix batch. Prints one table; exit status 1 when anything was lost.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FARM = [sys.executable, "-P", "-m", "farm"]
SCORES = {
    "drums": 'tempo: 2\nout: s "bd hh*2 [sn|cp] hh?" # gain 0.5\n',
    "bass": 'tempo: 2\n~cut: 800\nout: saw "55 82.5" # lpf ~cut 1 * 0.4\n',
    "own": 'tempo: 2\nout: s "own*2" # gain 0.5\n',
}
LONG_CYCLES = 2500
"""Of a job that is guessed to be worth all slots, and a pool."""
WORDS = ("--rate", "8000", "--quiet")


FULL = re.compile("disk is full|are free there")
KINDS = ("coordinator", "job process", "job process", "worker")
"""Of processes that are killed, as often as they stand here."""


class Lost(Exception):
    """Something was lost; the text says what."""


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything."""

    jobs: int
    kills: int
    short_jobs: int
    shared_files: int


WHOLE = Scale(jobs=200, kills=100, short_jobs=10_000, shared_files=1000)
TENTH = Scale(jobs=20, kills=6, short_jobs=400, shared_files=40)


@dataclass(eq=False)
class Place:
    """A folder with scores, a bank and a list; what an undisturbed run makes of it."""

    folder: Path
    scale: Scale
    chance: random.Random = field(default_factory=lambda: random.Random(1))

    def __post_init__(self) -> None:
        for name, text in SCORES.items():
            (self.folder / f"{name}.ph").write_text(text, encoding="utf-8")
        self.bank = self.folder / "samples" / "own"
        self.bank.mkdir(parents=True)
        self.sample("bd")

    def sample(self, name: str, part: float = 1.0) -> None:
        """Puts a drum, or the first part of it, in the place of the own sample."""
        content = (ROOT / "farm" / "bank" / name / "00.wav").read_bytes()
        beside = self.bank / "new"
        beside.write_bytes(content[: int(len(content) * part)])
        beside.rename(self.bank / "a.wav")

    def list(self, name: str, rows: list[dict[str, Any]]) -> str:
        """Writes a list; its name."""
        path = self.folder / f"{name}.jsonl"
        path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
        return path.name

    def jobs(self, count: int, *scores: str) -> list[dict[str, Any]]:
        """So many short jobs of some scores, in three folders."""
        return [
            {"score": f"{scores[n % len(scores)]}.ph", "out": f"{n % 3}/{n:05}.wav", "seed": n, "cycles": 1 + n % 4}
            for n in range(count)
        ]

    def farm(self, *words: str, check: int | None = 0) -> subprocess.CompletedProcess[str]:
        """Runs a command line. Raises Lost when it ends with another status."""
        done = subprocess.run(
            [*FARM, *words], cwd=self.folder, env=environment(), capture_output=True, text=True, check=False
        )
        if check is not None and done.returncode != check:
            raise Lost(f"farm {' '.join(words)}: exit status {done.returncode}, not {check}: {done.stderr[-400:]}")
        return done

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        """Begins a command line."""
        return subprocess.Popen(
            [*FARM, *words], cwd=self.folder, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def sounds(self, into: str) -> dict[str, str]:
        """The digest of each file below a folder that is none of the batch's own."""
        folder = self.folder / into
        paths = (path for path in folder.rglob("*") if path.is_file() and not path.name.endswith((".jsonl", ".lease")))
        return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}

    def same(self, into: str, wanted: dict[str, str]) -> None:
        """Raises Lost where a folder, or its manifest, is not what an undisturbed run makes."""
        found = self.sounds(into)
        if found != wanted:
            odd = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
            raise Lost(f"{into}: {len(odd)} files differ: {', '.join(odd[:5])}")
        lines = (self.folder / into / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
        said = {one["file"]: one["sha256"] for one in map(json.loads, lines)}
        if said != wanted or len(lines) != len(wanted):
            raise Lost(f"{into}: the manifest has {len(lines)} lines, {len(wanted)} files are there")


def environment() -> dict[str, str]:
    """Without settings of the caller's."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FARM_") or name == "FARM_CACHE"}
    return {**kept, "PYTHONPATH": str(ROOT)}


def children(pid: int) -> list[int]:
    """The processes that one has started."""
    try:
        return [*map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
    except OSError:
        return []


def killed(place: Place) -> str:
    """Job processes, a pool's workers and the coordinator killed at random moments, then --resume."""
    rows = place.jobs(place.scale.jobs, "drums", "bass")
    # One that has a pool, so that there are workers to be killed.
    rows.append({"score": "drums.ph", "out": "long.wav", "cycles": LONG_CYCLES, "tail": "none"})
    words = ("batch", place.list("killed", rows), *WORDS, "--threads", "2")
    place.farm(*words, "--into", "undisturbed")
    wanted = place.sounds("undisturbed")
    kills = dict.fromkeys(KINDS, 0)
    process = None
    while sum(kills.values()) < place.scale.kills:
        if process is None or process.poll() is not None:
            if process is not None and process.returncode == 0:
                # All is done: begin anew.
                place.same("killed", wanted)
                subprocess.run(["rm", "-rf", str(place.folder / "killed")], check=True)
            process = place.begin(*words, "--into", "killed", "--resume", "--retries", "100")
        time.sleep(place.chance.uniform(0.0, 0.3))
        crew = children(process.pid)
        workers = [worker for one in crew for worker in children(one)]
        choices = {"coordinator": [process.pid], "job process": crew, "worker": workers}
        # Workers are there for a moment only: whenever they are, one goes, most often.
        kind = "worker" if workers and place.chance.random() < 0.8 else place.chance.choice(KINDS)
        if not choices[kind]:
            continue
        with contextlib.suppress(ProcessLookupError):
            os.kill(place.chance.choice(choices[kind]), signal.SIGKILL)
            kills[kind] += 1
        if kind == "coordinator":
            process.wait()
    if process is not None:
        process.kill()
        process.wait()
    time.sleep(0.2)
    place.farm(*words, "--into", "killed", "--resume", "--check")
    place.same("killed", wanted)
    return ", ".join(f"{count} × {name}" for name, count in kills.items())


def refused(place: Place) -> str:
    """A second batch into a folder, which names the first one's process."""
    words = ("batch", place.list("twice", place.jobs(12, "drums")), *WORDS, "--threads", "1", "--into", "twice")
    first = place.begin(*words)
    try:
        until = time.monotonic() + 60
        while not (place.folder / "twice" / ".farm-batch.lease").exists() and time.monotonic() < until:
            time.sleep(0.01)
        first.send_signal(signal.SIGSTOP)
        second = place.farm(*words, check=4)
        if f"process {first.pid} on " not in second.stderr:
            raise Lost(f"the second batch was told: {second.stderr}")
    finally:
        first.send_signal(signal.SIGCONT)
        first.wait()
    if len(place.sounds("twice")) != 12:
        raise Lost("the first batch did not end")
    return "the second names the first"


def replaced(place: Place) -> str:
    """A sample replaced while a batch plays it, then cut short."""
    count = max(20, place.scale.jobs // 4)
    words = ("batch", place.list("own", place.jobs(count, "own")), *WORDS, "--threads", "2")
    said = []
    for what, change in (("replaced", lambda: place.sample("sn")), ("cut short", lambda: place.sample("bd", 0.5))):
        place.sample("bd")
        place.farm(*words, "--into", "old")
        old = place.sounds("old")
        running = place.begin(*words, "--into", what)
        until = time.monotonic() + 60
        while len([*(place.folder / what).glob("*/*.wav")]) < 4 and time.monotonic() < until:
            time.sleep(0.002)
        change()
        status = running.wait()
        made = place.sounds(what)
        if not made.items() <= old.items():
            raise Lost(f"{what}: a file was made of another sound than the batch began with")
        if status not in (0, 5) or (status == 0) != (len(made) == count):
            raise Lost(f"{what}: exit status {status} with {len(made)} of {count} files")
        again = place.farm(*words, "--into", what, "--resume", check=None)
        if what == "replaced":
            place.farm(*words, "--into", "new")
            place.same(what, place.sounds("new"))
        elif again.returncode != 5 or "sample" not in again.stderr:
            raise Lost(f"{what}: exit status {again.returncode}: {again.stderr[-300:]}")
        said.append(f"{what} after {len(made)} of {count}")
    place.sample("bd")
    return ", ".join(said)


def mistaken(place: Place) -> str:
    """A score with an error among good ones, and one that is no text."""
    (place.folder / "bytes.ph").write_bytes(b"\xff\xfe")
    (place.folder / "bad.ph").write_text('out: s "bd', encoding="utf-8")
    rows = place.jobs(12, "drums", "bad", "bass", "bytes")
    words = ("batch", place.list("mistaken", rows), *WORDS, "--threads", "2", "--into", "mistaken")
    done = place.farm(*words, check=5)
    if len(place.sounds("mistaken")) != 6 or "bad.ph:1:8: error: this string is never closed" not in done.stderr:
        raise Lost(done.stderr)
    failed = (place.folder / "mistaken" / "failed.jsonl").read_text(encoding="utf-8").splitlines()
    return f"6 of 12 made, {len(failed)} put aside"


@contextlib.contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """A tmpfs of so many bytes at a folder. Raises Unable."""
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "farm", str(folder)], capture_output=True, check=False
    )
    if done.returncode:
        raise Unable("no tmpfs can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


class Unable(Exception):
    """A case cannot be tried on this machine; the text says why."""


def filled(place: Place) -> str:
    """A disk that fills, is made larger, and the batch goes on; then one that is read-only."""
    count = place.scale.jobs
    words = ("batch", place.list("full", place.jobs(count, "drums", "bass")), *WORDS, "--threads", "2")
    place.farm(*words, "--into", "roomy")
    wanted = place.sounds("roomy")
    half = sum((place.folder / "roomy" / name).stat().st_size for name in wanted) // 2
    disk = place.folder / "disk"
    with small_disk(disk, str(half)):
        done = place.farm(*words, "--into", "disk", check=None)
        made = place.sounds("disk")
        if done.returncode != 4 or not FULL.search(done.stderr) or not made.items() <= wanted.items():
            raise Lost(f"a full disk: exit status {done.returncode}: {done.stderr[-300:]}")
        subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True)
        place.farm(*words, "--into", "disk", "--resume")
        place.same("disk", wanted)
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        done = place.farm(*words, "--into", "disk", check=4)
        if "read-only" not in done.stderr:
            raise Lost(f"a read-only disk: {done.stderr[-300:]}")
    return f"full after {len(made)} of {count}, then all; read-only refused"


def flat(place: Place) -> str:
    """Thousands of short jobs: memory and descriptors of the coordinator do not grow."""
    count = place.scale.short_jobs
    rows = [{"score": "drums.ph", "out": f"{n % 50:02}/{n:06}.wav", "seed": n, "duration": 0.05} for n in range(count)]
    words = ("batch", place.list("short", rows), *WORDS, "--tail", "none", "--threads", "2", "--into", "short")
    running = place.begin(*words)
    seen: list[tuple[int, int]] = []
    while running.poll() is None:
        with contextlib.suppress(OSError, IndexError):
            resident = int(Path(f"/proc/{running.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
            seen.append((resident, len(os.listdir(f"/proc/{running.pid}/fd"))))
        time.sleep(0.05)
    if running.returncode or len(place.sounds("short")) != count:
        raise Lost(f"exit status {running.returncode}, {len(place.sounds('short'))} of {count} files")
    early, late = seen[len(seen) // 3 : len(seen) // 2], seen[len(seen) // 2 : -2]
    memory = [max(one for one, _ in part) / 2**20 for part in (early, late)]
    descriptors = [max(one for _, one in part) for part in (early, late)]
    if memory[1] > 1.1 * memory[0] + 8 or descriptors[1] > descriptors[0] + 4:
        raise Lost(f"memory {memory[0]:.0f} then {memory[1]:.0f} MiB, descriptors {descriptors}")
    return f"{count} jobs, {memory[1]:.0f} MiB, at most {max(descriptors)} descriptors"


def side_by_side(place: Place) -> str:
    """Two hosts, which see neither each other's processes nor names, write into one folder."""
    if subprocess.run(["unshare", "-upf", "true"], capture_output=True, check=False).returncode:
        raise Unable("no spaces of names can be made here")
    count = place.scale.shared_files
    rows = [{"score": "bass.ph", "out": f"{n:05}.wav", "seed": n, "duration": 0.1} for n in range(count)]
    words = ("batch", place.list("shared", rows), *WORDS, "--tail", "none", "--threads", "1")
    place.farm(*words, "--into", "alone")
    wanted = place.sounds("alone")
    hosts = []
    for part in (1, 2):
        shell = f'hostname host{part} && exec "$@"'
        command = ["unshare", "-upf", "--mount-proc", "--kill-child", "sh", "-c", shell, "sh", *FARM, *words]
        shard = ["--into", "shared", "--shard", f"{part}/2"]
        hosts.append(subprocess.Popen([*command, *shard], cwd=place.folder, env=environment(), stderr=subprocess.PIPE))
    for one in hosts:
        _, said = one.communicate()
        if one.returncode:
            raise Lost(f"exit status {one.returncode}: {said.decode(errors='replace')[-300:]}")
    place.farm("batch", "merge", "shared")
    place.same("shared", wanted)
    return f"{count} files, none lost"


CASES: dict[str, Callable[[Place], str]] = {
    "killed": killed,
    "two batches": refused,
    "samples": replaced,
    "mistakes": mistaken,
    "disks": filled,
    "short jobs": flat,
    "two hosts": side_by_side,
}


def tried(case: str, scale: Scale, folder: Path, seed: int = 1) -> tuple[bool, str]:
    """Tries a case in an empty folder: whether nothing was lost, and what happened."""
    try:
        return True, CASES[case](Place(folder, scale, random.Random(seed)))
    except Unable as why:
        return True, f"not tried: {why}"
    except Lost as what:
        return False, f"LOST: {what}"


def main(args: list[str]) -> int:
    """Reads the command line, tries, prints the table."""
    parser = argparse.ArgumentParser(prog="scripts/matrix batch", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"{', '.join(CASES)}  [all of them]")
    parser.add_argument("--tenth", action="store_true", help="a tenth of each")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="of the moments of kills  [1]")
    asked = parser.parse_args(args)
    unknown = [one for one in asked.cases if one not in CASES]
    if unknown:
        parser.error(f"there is no case called {unknown[0]}: {', '.join(CASES)}")
    well = True
    for case in asked.cases or CASES:
        began_s = time.perf_counter()
        with TemporaryDirectory(prefix="farm-batch-") as folder:
            fine, said = tried(case, TENTH if asked.tenth else WHOLE, Path(folder), asked.seed)
        well = well and fine
        print(f"{case:<12} {time.perf_counter() - began_s:7.1f} s  {said}", flush=True)
    return 0 if well else 1
