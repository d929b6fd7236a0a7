"""What batches cost: a crew, a plain loop, the coordinator alone, the foreman's decisions played through; JSON.

python crews.py crew QUALITY SLOTS FOLDER    the clips of batch-500 by `farm batch`
python crews.py loop QUALITY FOLDER          the same clips one after another in one process
python crews.py pool SLOTS FOLDER            the same in a multiprocessing.Pool, a session in each process
python crews.py each SLOTS COUNT FOLDER      the first COUNT of them by `farm render` once a clip, so many at once
python crews.py empty COUNT FOLDER           so many jobs that render nothing
python crews.py played SLOTS EACH_S FILE     efficiency of so many slots, from the JSON of `crew` in a file
"""

from __future__ import annotations

import gc
import hashlib
import heapq
import json
import multiprocessing
import resource
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from clips import SCORES, tempo
from workloads import CLIPS

from farm.batch.choosing import Why
from farm.batch.decide import Foreman
from farm.batch.expand import ForAll
from farm.batch.lease import Lease
from farm.batch.order import Order, read_order
from farm.batch.orders import Placing, listed_orders
from farm.batch.outcome import Failure, MadeFile, Outcome, read_outcome
from farm.batch.runners.runner import Bundle, Event, Host, HostCame, JobDone
from farm.batch.running import BatchRun, Standing
from farm.cli.process import RARELY, run
from farm.graph.score import loads
from farm.options import RenderOptions
from farm.rendering.session import Session
from workers.levels import NAMES

LENGTH = {"duration": 4, "tail": "none"}


def clip_list(folder: Path, count: int = CLIPS) -> Path:
    """The clips of batch-500 as a list: ten scores, each at fifty tempi and seeds."""
    for number, text in enumerate(SCORES):
        (folder / f"{number}.ph").write_text(f"cps: 0.4\n{text}\n", encoding="utf-8")
    rows = [
        {"score": f"{n % len(SCORES)}.ph", "out": f"{n:06}.wav", "seed": n, "set": {"cps": f"{float(tempo(n)):g}"}}
        for n in range(count)
    ]
    path = folder / "clips.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), encoding="utf-8")
    return path


def digest(frames: Sequence[str]) -> str:
    """One hash over those of all clips' frames."""
    return hashlib.sha256(b"".join(map(bytes.fromhex, frames))).hexdigest()


def crew(quality: str, slots: int, folder: Path) -> dict[str, Any]:
    """The clips by `farm batch`. `coordinator_s`: its CPU seconds, without those of starting Python and its imports."""
    path, into = clip_list(folder), folder / "out"
    began_s = time.process_time()
    words = ("--duration", "4", "--tail", "none", "--quality", quality, "--quiet", "--threads", str(slots))
    assert run(["batch", str(path), "--into", str(into), *words]) == 0
    coordinator_s = time.process_time() - began_s
    lines = [json.loads(line) for line in (into / "manifest.jsonl").read_text().splitlines()]
    assert len(lines) == CLIPS
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {
        "sha256": digest([one["frames_sha256"] for one in lines]),
        "coordinator_s": coordinator_s,
        "crew_s": used.ru_utime + used.ru_stime,
        "jobs_s": [one["cpu_s"] for one in lines],
        "cpu_s": sum(one["cpu_s"] for one in lines),
    }


def loop(quality: str, folder: Path) -> dict[str, Any]:
    """The same clips one after another in one process: each score read, rendered and measured, and that is all."""
    orders = listed_orders(str(clip_list(folder)), ForAll({**LENGTH, "quality": quality}, {}), Placing(folder / "out"))
    (folder / "out").mkdir(exist_ok=True)
    with Session() as session:
        frames = [one_clip(order, session, folder / "out", quality) for order in orders]
    return {"sha256": digest(frames)}


def one_clip(order: Order, session: Session, folder: Path, quality: str = "good") -> str:
    """Renders a clip as a program would that has no `farm batch`; the hash of its frames."""
    score = loads(order.score.text, name=order.score.name, seed=order.options.seed)
    options = RenderOptions(**{**dict(order.job.options), "backend": "inline", "threads": 1, "quality": quality})
    # Loudness is part of what a batch finds out.
    return session.render_file(score, folder / order.outs[0], options, measured=True).sha256


POOLED: dict[str, Any] = {}
"""What a process of a pool keeps."""


def begin_pooled(path: str, into: str) -> None:
    """The first thing that a process of a pool does."""
    orders = listed_orders(path, ForAll(LENGTH, {}), Placing(Path(into)))
    POOLED.update(orders=orders, session=Session(), into=Path(into))


def pooled_clip(number: int) -> str:
    """A clip in a process of a pool."""
    return one_clip(POOLED["orders"][number], POOLED["session"], POOLED["into"])


def pool(slots: int, folder: Path) -> dict[str, Any]:
    """The clips by a pool of Python's, with a session in each process."""
    path, into = clip_list(folder), folder / "out"
    into.mkdir()
    context = multiprocessing.get_context("spawn")
    with context.Pool(slots, begin_pooled, (str(path), str(into))) as processes:
        frames = processes.map(pooled_clip, range(CLIPS), chunksize=1)
        processes.close()
        processes.join()
    return {"sha256": digest(frames), "clips": CLIPS}


def rendered_alone(command: list[str]) -> int:
    """Runs a command."""
    return subprocess.run(command, stdout=subprocess.DEVNULL, check=True).returncode


def each(slots: int, count: int, folder: Path) -> dict[str, Any]:
    """The first clips by as many commands, so many at once."""
    orders = listed_orders(str(clip_list(folder)), ForAll(LENGTH, {}), Placing(folder / "out"))[:count]
    (folder / "out").mkdir()
    commands = [
        [
            *(sys.executable, "-P", "-m", "farm", "render", one.score.name, str(folder / "out" / one.outs[0])),
            *("--duration", "4", "--tail", "none", "--quiet", "--threads", "1", "--seed", str(one.options.seed)),
            *(f"--set={name}={float(value):g}" for name, value in one.options.set),
        ]
        for one in orders
    ]
    with ThreadPoolExecutor(slots) as several:
        list(several.map(rendered_alone, commands))
    return {"sha256": "", "clips": count}


class EmptyRunner:
    """Reads each order as a job process does, renders nothing, and answers as one."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[int, str]] = deque()

    def hosts(self) -> dict[str, Host]:
        return {"here": Host("here", 16, identity="farm")}

    def send(self, bundle: Bundle) -> None:
        self.waiting.extend(zip(bundle.indices, bundle.lines))

    def events(self, timeout_s: float) -> Sequence[Event]:
        found: list[Event] = []
        while self.waiting:
            index, line = self.waiting.popleft()
            sent = read_order(line)
            facts = {**FACTS, "frames_sha256": sent.key, "level": NAMES[0]}
            files = tuple(MadeFile(out, 1_058_444, sent.key, facts) for out in sent.outs)
            answer = json.dumps({"outcome": Outcome(sent.key, files, None, 0.013, 0.013).as_json()})
            found.append(JobDone(index, read_outcome(json.loads(answer)["outcome"]), "here"))
        return found

    def at_work(self) -> Sequence[tuple[str, int]]:
        return []

    def cancel(self) -> None:
        pass

    def close(self) -> None:
        pass


FACTS = {"frames": 176400, "rate": 44100, "voices": 64, "peak_dbfs": -3.25, "seconds": 4.0, "banks": ["bd", "hh", "sn"]}


class Unwatched:
    """Watches a batch and says nothing."""

    def compiling(self, done: int, total: int, kept: bool = True) -> None:
        pass

    def again(self, order: Order, failure: Failure) -> None:
        pass

    def put_aside(self, order: Order, failure: Failure) -> None:
        pass

    def stands(self, standing: Standing, over: bool) -> None:
        pass


def empty(count: int, folder: Path) -> dict[str, Any]:
    """So many jobs that render nothing: from the list to the last line of the manifest. Seconds of CPU, memory."""
    began_s, path, into = time.process_time(), clip_list(folder, count), folder / "out"
    made_s = time.process_time() - began_s
    into.mkdir()
    orders = listed_orders(str(path), ForAll(LENGTH, {}), Placing(into))
    with Lease(into) as lease:
        end = BatchRun(orders, [Why.NEW] * count, EmptyRunner(), lease, Unwatched(), 1, False).run()
    assert end.standing.done == count
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"jobs": count, "cpu_s": time.process_time() - began_s - made_s, "peak_mib": peak_mib}


def played(jobs_s: Sequence[float], slots: int, each_s: float) -> float:
    """The efficiency of so many slots: the foreman's decisions played through with times that were measured.

    `each_s`: what the coordinator takes for a job, one after another.
    """
    foreman = Foreman([(number % len(SCORES), 4.0) for number in range(len(jobs_s))], lambda index, threads: "")
    foreman.add(range(len(jobs_s)))
    list(foreman.take(HostCame(Host("here", slots))))
    queues: list[deque[int]] = [deque() for _ in range(slots)]
    ending: list[tuple[float, int]] = []
    free_s = now_s = 0.0

    def send(at_s: float) -> None:
        for bundle in foreman.bundles():
            slot = min(range(slots), key=lambda one: len(queues[one]))
            queues[slot].append(bundle.indices[0])
            if len(queues[slot]) == 1:
                heapq.heappush(ending, (at_s + jobs_s[bundle.indices[0]], slot))

    send(0.0)
    while ending:
        now_s, slot = heapq.heappop(ending)
        index = queues[slot].popleft()
        if queues[slot]:
            heapq.heappush(ending, (now_s + jobs_s[queues[slot][0]], slot))
        # The coordinator hears of it when it is free.
        free_s = max(free_s, now_s) + each_s
        list(foreman.take(JobDone(index, Outcome("", cpu_s=jobs_s[index]), "here")))
        send(free_s)
    return sum(jobs_s) / (slots * now_s)


def main() -> None:
    """Does what the arguments say."""
    # As the command line does: what is measured is what its users wait for.
    gc.set_threshold(*RARELY)
    what, *rest = sys.argv[1:]
    answer: dict[str, Any]
    if what == "crew":
        answer = crew(rest[0], int(rest[1]), Path(rest[2]))
    elif what == "loop":
        answer = loop(rest[0], Path(rest[1]))
    elif what == "pool":
        answer = pool(int(rest[0]), Path(rest[1]))
    elif what == "each":
        answer = each(int(rest[0]), int(rest[1]), Path(rest[2]))
    elif what == "empty":
        answer = empty(int(rest[0]), Path(rest[1]))
    else:
        jobs_s = json.loads(Path(rest[2]).read_text(encoding="utf-8"))["jobs_s"]
        answer = {"efficiency": played(jobs_s, int(rest[0]), float(rest[1]))}
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
