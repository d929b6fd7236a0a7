"""One measurement in a process of its own; prints one JSON object.

python once.py render NAME QUALITY WORKERS     renders a workload into nothing; the report
python once.py batch QUALITY WORKERS FOLDER    500 clips into files there, one after another in one warm session
python once.py audible NAME QUALITY            counts the voices that sound, frame by frame, without rendering
python once.py patterns RUNS                   questions, text to voice tables, reading
python once.py tasks WORKERS                   nanoseconds of a task that does nothing
python once.py scaling NAME QUALITY WORKERS ROUNDS    one worker, a pool, and as many processes that share nothing
python once.py simulate NAME QUALITY COUNTS RUNS    a schedule played through for as many workers, beside real runs
python once.py noting NAME CHUNK WORKERS ROUNDS    CPU seconds while tasks are noted and while they are not
python once.py chains NAME RUNS                seconds of all tasks, and of the longest chain of them
python once.py live NAME CHUNK WORKERS         milliseconds between blocks, one chunk at a time
"""

from __future__ import annotations

import gc
import hashlib
import json
import multiprocessing
import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from fractions import Fraction
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from clips import clip
from explicit import explicit_score
from paths import output
from queries import asking_of, measure
from workloads import CLIPS, Workload, workload

from farm.audio.writer import open_writer
from farm.cli.process import RARELY
from farm.errors import RenderError
from farm.graph.choking import NOT_CUT, choke, ends_of
from farm.graph.score import Score, load, understand
from farm.graph.slab import SampleFiles
from farm.graph.voices import voices
from farm.options import RenderOptions
from farm.pattern.clock import Clock
from farm.profile.measured import measured
from farm.profile.simulate import simulate
from farm.profile.trace import Trace, Traced, typical
from farm.rendering.delivery import whole_mix
from farm.rendering.length import extent
from farm.rendering.outline import Outline, Part, outline
from farm.rendering.rendering import Rendering
from farm.rendering.report import Duty, Report
from farm.rendering.session import Session
from farm.rendering.spent import Spent
from farm.rendering.stream import Stream, run
from farm.rendering.warm import Warm
from farm.score import Source
from workers import cores
from workers.arena import SHARED
from workers.stats import StatsRing

LIVE_WINDOW_FRAMES = 88200
"""Two seconds are planned at once while the two before them play."""


def known(name: str) -> Workload:
    """A workload by its name."""
    work = workload(name)
    assert work is not None
    return work


def score_of(work: Workload) -> Score:
    """A workload's score."""
    if work.voices is not None:
        return explicit_score(work)
    return load(work.score) if work.score.endswith(".ph") else understand(Source(f"{work.name}.ph", work.score))


def options_of(work: Workload, quality: str, workers: int = 1) -> RenderOptions:
    """What the command line gives it."""
    field = {"--cycles": "cycles", "--duration": "duration"}[work.length[0]]
    backend = "inline" if workers == 1 else "local"
    plain = RenderOptions(quality=quality, tail="none", backend=backend, threads=workers)  # type: ignore[arg-type]
    return replace(plain, **{field: Fraction(work.length[1])})  # type: ignore[arg-type]


def render(name: str, quality: str, workers: int) -> dict[str, object]:
    """Renders a workload into nothing."""
    work = known(name)
    with Warm() as warm:
        return run(outline(score_of(work), options_of(work, quality, workers)), warm, len).as_json()


def batch(quality: str, workers: int, folder: Path) -> dict[str, object]:
    """Renders all clips of four seconds into files; a report whose times are sums, its hash one over all."""
    digest = hashlib.sha256()
    times = dict.fromkeys(("wall_s", "compile_s", "arena_s", "plan_s", "render_s", "write_s", "seconds"), 0.0)
    counts = {"frames": 0, "voices": 0}
    options = options_of(known("batch-500"), quality, workers)
    with Session() as session:
        for number in range(CLIPS):
            text, seed = clip(number)
            score = understand(Source(f"clip-{number}.ph", text))
            report = session.render_file(score, folder / f"{number:03}.wav", replace(options, seed=seed))
            digest.update(bytes.fromhex(report.sha256))
            for key in times:
                times[key] += getattr(report, key)
            for key in counts:
                counts[key] += getattr(report, key)
    assert len(list(folder.iterdir())) == CLIPS
    return {**times, **counts, "sha256": digest.hexdigest()}


def audible(name: str, quality: str) -> dict[str, object]:
    """Voices sounding, summed over frames, and at most."""
    work = known(name)
    scores = [understand(Source("clip.ph", clip(number)[0])) for number in range(CLIPS)] if not work.score else None
    voice_frames, peak = 0, 0
    for score in scores or [score_of(work)]:
        options = options_of(work, quality)
        frames = extent(options, score.cps).end
        assert frames is not None
        cycles = Clock(options.rate, score.cps).cycle_of(frames) + 1
        graph = score.graph(0)
        asking = asking_of(graph, SampleFiles(options.rate))
        tables = [voices(one, 0, cycles, asking, frames) for one in graph.sources]
        for table, stops in zip(tables, choke(tables, frames, options.rate), strict=True):
            table["choked"], table["stolen"] = stops, np.full(len(stops), NOT_CUT)
        onset = np.concatenate([table["onset"] for table in tables] or [[]])
        end = np.concatenate([ends_of(table, options.rate) for table in tables] or [[]])
        onset, end = np.minimum(onset, frames), np.minimum(end, frames)
        onset, end = onset[end > onset], end[end > onset]
        at = np.concatenate([onset, end])
        order = np.lexsort((np.arange(len(at)) < len(onset), at))
        sounding = np.cumsum(np.where(order < len(onset), 1, -1))
        voice_frames += int((end - onset).sum())
        peak = max(peak, int(sounding.max(initial=0)))
    return {"voice_frames": voice_frames, "voices_peak": peak}


def tasks(workers: int) -> dict[str, object]:
    """Nanoseconds of a task that does nothing, on a pool."""
    from drill import empty_task_ns

    from workers.targets import objects

    return {"ns": empty_task_ns(objects.host_levels()[0], workers)}


def whole_s(report: Report) -> float:
    """From the first task to the last frame: without planning, files and setting up."""
    return report.wall_s - report.compile_s - report.arena_s - report.plan_s - report.write_s


def lone(cpu: int, score: Score, options: RenderOptions, pipe: Connection) -> None:
    """A process that shares nothing with others: renders on one CPU whenever it is told to, and says how long."""
    cores.pin(cpu)
    with Warm() as warm:
        while pipe.recv():
            pipe.send(whole_s(run(outline(score, options), warm, len)))


def scaling(name: str, quality: str, workers: int, rounds: int) -> dict[str, object]:
    """Seconds of each round: with one worker; on a pool; and the mean of `workers` separate one-worker renders.

    The last says what the machine gives to so many processes at that moment, whatever they are.
    """
    work = known(name)
    score = score_of(work)
    alone, pooled = options_of(work, quality), options_of(work, quality, workers)
    context = multiprocessing.get_context("fork")
    pipes = []
    for cpu in cores.pinning(cores.allowed_cpus(), workers):
        ours, theirs = context.Pipe()
        context.Process(target=lone, args=(cpu, score, alone, theirs), daemon=True).start()
        pipes.append(ours)
    one, pool, separate, hashes = [], [], [], set()
    with Warm() as warm:
        for _ in range(rounds + 1):
            first = run(outline(score, alone), warm, len)
            second = run(outline(score, pooled), warm, len)
            hashes |= {first.sha256, second.sha256}
            one.append(whole_s(first))
            pool.append(whole_s(second))
            for pipe in pipes:
                pipe.send(True)
            separate.append(float(np.mean([pipe.recv() for pipe in pipes])))
    for pipe in pipes:
        pipe.send(False)
    return {"one_s": one[1:], "pool_s": pool[1:], "separate_s": separate[1:], "sha256": sorted(hashes)}


SIMULATED = {
    "stress": ("--cycles", "64"),
    "q": ("--cycles", "256"),
    "farm-1024": ("--duration", "60"),
    "sustain-4096": ("--duration", "60"),
}
"""How long a workload is where its schedule is played through, if not as elsewhere."""
TRIES = 5
"""To follow a render."""


def rendered(derived: Outline, warm: Warm, path: Path | None, follow: bool) -> tuple[float, Traced | None, str]:
    """A render, into a file if there is one: seconds from its first plan until its last frame is written, and its hash.

    `follow`: traced, too, which takes some time of its own.
    """
    spent = Spent()
    with Stream(derived, warm, None, spent) as stream:
        trace = Trace(stream.rendering) if follow else None
        begun = time.perf_counter()
        if path is None:
            for _ in stream:
                pass
        else:
            options, count = derived.options, len(derived.channels)
            place = derived.place(derived.deliveries[0])
            with open_writer(path, options.rate, count, options.bits, place) as out:
                for block in stream:
                    with spent.on(Duty.WRITING):
                        out.put(block)
        wall_s = time.perf_counter() - begun
    return wall_s, None if trace is None else trace.result(), stream.report.sha256


def memory_folder() -> str | None:
    """Where files lie in memory, so that no disk is measured; None: where temporary files lie."""
    return SHARED if Path(SHARED).is_dir() else None


def simulated(name: str, quality: str, counts: Sequence[int], runs: int) -> dict[str, object]:
    """What a workload would take with each number of workers, and what it takes with those that have their CPUs.

    All from what several runs with the first number of workers that have theirs, or with 2, have in common. Each of
    them has one beside it that is not traced; those are the real ones. The first of all does not count.
    """
    work = known(name)
    work = replace(work, length=SIMULATED.get(name, work.length))
    score, cpus = score_of(work), len(cores.allowed_cpus())
    at_hand = [count for count in counts if 1 < count <= cpus]
    real: dict[int, list[float]] = {count: [] for count in at_hand}
    traces, hashes = [], set()
    with Warm() as warm, TemporaryDirectory(prefix="farm-measure-", dir=memory_folder()) as folder:
        path = Path(folder) / "out.wav" if work.into_file else None

        def one(count: int, follow: bool) -> tuple[float, Traced | None]:
            options = options_of(work, quality, count)
            mix = whole_mix(options, options.bits if path is not None else "32f")
            derived = outline(score, options, deliveries=(mix,))
            wall_s, found, sha256 = rendered(derived, warm, path, follow)
            hashes.add(sha256)
            return wall_s, found

        def followed(count: int) -> Traced:
            for _ in range(TRIES):
                # Where others keep the CPUs busy records are written over before they are read.
                with suppress(RenderError):
                    found = one(count, True)[1]
                    assert found is not None
                    return found
            raise RenderError("the CPUs are too busy to follow what workers do")

        for count in at_hand or [2]:
            one(count, False)
        for _ in range(runs):
            for count in at_hand:
                real[count].append(one(count, False)[0])
            traces.append(followed((at_hand or [2])[0]))
    traced = typical(traces)
    rows = []
    for count in counts:
        row = simulate(traced, count)
        rows.append(
            {
                "workers": count,
                "wall_s": row.wall_s,
                "real_s": min(real[count]) if count in real else None,
                "efficiency": row.efficiency,
                "tasks_s": row.tasks_s,
                "chain_s": row.chain.seconds,
                "coordinator_s": row.coordinator_s,
                "over_bound": row.over_bound,
                "limit": row.limit,
            }
        )
    seconds = sum(one.window.last_frame - one.window.first_frame for one in traced.windows) / traced.plan.rate
    return {"rows": rows, "sha256": sorted(hashes), "seconds": seconds, "length": " ".join(work.length)}


class Unnoted(Warm):
    """Warmth in which workers note nothing of what they do."""

    def rings(self, count: int, keys: Iterable[str], folder: str | None) -> Sequence[StatsRing]:
        """None."""
        return ()


def noting(name: str, chunk_frames: int, workers: int, rounds: int) -> dict[str, object]:
    """CPU seconds of each round, workers' included, with every task noted in the stats file and with none, in turn."""
    work = known(name)
    derived = outline(score_of(work), replace(options_of(work, "good", workers), chunk=chunk_frames))
    taken: dict[str, list[float]] = {"on_s": [], "off_s": []}
    tasks, hashes = 0, set()
    with Warm() as noted, Unnoted() as unnoted:
        for number in range(rounds + 1):
            turn = [("on_s", noted), ("off_s", unnoted)]
            for which, warm in turn if number % 2 else reversed(turn):
                begun_s = time.process_time()
                with Stream(derived, warm) as stream:
                    before_s = 0.0
                    for block in stream:
                        backend = stream.rendering.backend
                        pids = backend.pids() if backend is not None else ()
                        before_s = before_s or sum(map(cores.cpu_seconds, pids))
                        len(block)
                    after_s = sum(map(cores.cpu_seconds, pids))
                if number:
                    taken[which].append(time.process_time() - begun_s + after_s - before_s)
                tasks, hashes = stream.report.tasks, hashes | {stream.report.sha256}
    return {**taken, "tasks": tasks, "sha256": sorted(hashes)}


def live(name: str, chunk_frames: int, workers: int) -> dict[str, object]:
    """Milliseconds from one block to the next, when each is begun only after the last was read."""
    work = known(name)
    score = score_of(work)
    options = replace(
        options_of(work, "good", workers),
        backend="local",
        chunk=chunk_frames,
        window_frames=LIVE_WINDOW_FRAMES,
    )
    asked = extent(options, score.cps)
    assert asked.end is not None
    graph = score.graph(options.seed)
    roots = tuple(dict.fromkeys(output.bus for output in graph.outputs))
    digest = hashlib.sha256()
    at = []
    with Warm(block_by_block=True) as warm:
        rendering = Rendering(graph, options, Part(roots, asked.end, asked.tail), warm)
        for piece in rendering.pieces(asked.end):
            at.append(time.perf_counter())
            for planes in piece.planes.values():
                digest.update(np.ascontiguousarray(planes))
        rendering.close()
    return {"ms": (np.diff(at) * 1e3).tolist(), "sha256": digest.hexdigest()}


def main() -> None:
    """Does what the arguments say."""
    # As the command line does: what is measured is what its users wait for.
    gc.set_threshold(*RARELY)
    what, *rest = sys.argv[1:]
    if what == "render":
        answer = render(rest[0], rest[1], int(rest[2]))
    elif what == "batch":
        answer = batch(rest[0], int(rest[1]), Path(rest[2]))
    elif what == "audible":
        answer = audible(rest[0], rest[1])
    elif what == "patterns":
        answer = {"costs": list(measure(int(rest[0])))}
    elif what == "chains":
        work = known(rest[0])
        # One worker, beside which the coordinator has a CPU of its own, if there is another one.
        answer = measured(score_of(work), options_of(work, "good"), int(rest[1])).as_json()
    elif what == "output":
        answer = output(int(rest[0]))
    elif what == "tasks":
        answer = tasks(int(rest[0]))
    elif what == "simulate":
        answer = simulated(rest[0], rest[1], [int(one) for one in rest[2].split(",")], int(rest[3]))
    elif what == "noting":
        answer = noting(rest[0], int(rest[1]), int(rest[2]), int(rest[3]))
    elif what == "scaling":
        answer = scaling(rest[0], rest[1], int(rest[2]), int(rest[3]))
    else:
        answer = live(rest[0], int(rest[1]), int(rest[2]))
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
