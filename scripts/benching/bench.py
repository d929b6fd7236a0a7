"""Measures farm's workloads with several numbers of workers, prints tables, and says which bars are reached.

Run as scripts/bench. Every figure is a median over runs; all rows of a workload must give the same
frames in each run.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from against import GROUPS, STARTS, compare, known
from bars import Bar, bars, wheel_bars
from batched import Batched, batched, batched_bars, batched_table
from installed import Installed, installed
from paths import PathCosts
from printed import (
    bar_table,
    block_table,
    chain_table,
    cost_table,
    installed_table,
    output_table,
    scaling_table,
    start_table,
    table,
)
from processes import Failed
from rows import (
    Blocks,
    Chain,
    Cost,
    Row,
    Scaling,
    chained,
    live,
    measured,
    note,
    output,
    patterns,
    scaling,
    starts,
    tasks,
)
from simulated import ROWS, Noting, noting, noting_table, played, played_bars
from simulated import table as table_of_played
from workloads import NAMED, ROOT, all_names, workload

GOOD = "good"
OTHERS = ("scaling", "chains", "output", "tasks", "noting", "live", "start", "wheel", "patterns", "batches")
NAMES = f"sustain-N synth-N drums-N {' '.join(NAMED)} {' '.join(OTHERS)}"
AGAINST = f"sustain-N synth-N drums-N {' '.join([*NAMED, *GROUPS, *STARTS])}"
PEERS = ROOT / "scripts" / "peers"
BOTH_QUALITIES = ("sustain-1024", "farm-1024")


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measure farm's workloads. Without names, all of them.",
        epilog=f"WORKLOAD: {NAMES}. start: start-up; wheel: CPU of what is installed from one; "
        "scaling: efficiency beside what the machine gives; chains: the longest chain of tasks; output: what a path "
        "into a file costs; tasks: tasks that do nothing; noting: CPU time with every task noted over that with none; "
        "live: times between blocks; batches: farm batch beside a plain loop; patterns: CPU time of one process, the "
        "least of several repeats that share nothing. "
        "wall: whole process. render: the tasks alone (in a pool: waiting for them). whole: from the first task to the "
        "last frame, mixed and hashed, without planning, files, and setting up. eff: whole of 1 worker / (P x whole "
        "of P). ns: of render, per audible voice and frame. plan: part of planning + whole. MiB: the most; of several "
        "processes together, shared pages once. others: CPUs that other processes kept busy. One round does not count, "
        "N do, the numbers of workers in turn.",
    )
    parser.add_argument("workloads", nargs="*", metavar="WORKLOAD")
    parser.add_argument("--runs", type=int, default=5, metavar="N", help="runs of each row  [5]")
    parser.add_argument(
        "--threads", type=counts, default=(1, 2), metavar="LIST", help="numbers of workers, as 1,2,4  [1,2]"
    )
    parser.add_argument(
        "--peers", action="store_true", help="measure csound, scsynth and FluidSynth beside farm instead"
    )
    parser.add_argument(
        "--against",
        metavar="COMMIT",
        help="run that commit, checked out beside this one, and this one in turns: ratios of CPU seconds and of least "
        f"wall times. Rows are those of the bench but scaling, chains and tasks; of start also one: {' '.join(STARTS)}",
    )
    parser.add_argument(
        "--simulate",
        type=counts,
        metavar="LIST",
        help="with scaling and names of workloads: play their schedules through for these numbers of workers, from the "
        f"least of --runs real runs; rows that have a CPU for each worker stand beside real ones. [{' '.join(ROWS)}]",
    )
    parser.add_argument(
        "--quality", choices=["draft", "good", "best"], help="[good; sustain-1024 and farm-1024 draft and good]"
    )
    parser.add_argument("--json", action="store_true", help="print JSON, and nothing else, on standard output")
    parser.add_argument(
        "--into", type=Path, metavar="FILE", help="put the tables between FILE's two bench comments too"
    )
    given = parser.parse_intermixed_args()
    if given.runs < 1:
        parser.error("--runs must be at least 1")
    for name in given.workloads:
        if given.against is not None and not known(name):
            parser.error(f"--against has no row called {name}: {AGAINST}")
        if given.against is None and name not in OTHERS and workload(name) is None:
            parser.error(f"no workload is called {name}: {NAMES}")
    if given.peers and (given.workloads or given.json or given.quality or given.against is not None):
        parser.error("--peers goes with --runs and --into only")
    if given.simulate is not None and ("scaling" not in given.workloads or given.against is not None):
        parser.error("--simulate goes with scaling, and without --against")
    if given.against is not None and given.into is not None:
        parser.error("--against does not go with --into")
    return given


def counts(text: str) -> tuple[int, ...]:
    """Numbers of workers, from a list with commas. Raises ValueError."""
    found = tuple(dict.fromkeys(int(part) for part in text.split(",")))
    if min(found) < 1:
        raise ValueError(text)
    return found


def wanted(names: Sequence[str], quality: str | None) -> list[tuple[str, str]]:
    """(workload, quality) of each row. The hour is measured beside a minute of it."""
    rows: list[tuple[str, str]] = []
    for name in names:
        if name == "hour" and "minute" not in names:
            rows.append(("minute", quality or GOOD))
        qualities = [quality] if quality else (["draft", GOOD] if name in BOTH_QUALITIES else [GOOD])
        rows += [(name, one) for one in qualities]
    return rows


def machine() -> dict[str, str]:
    """Where and when this was measured."""
    model = platform.processor() or "unknown"
    if os.path.exists("/proc/cpuinfo"):
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    return {
        "machine": f"{model}, {os.cpu_count()} CPUs, {platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "date": datetime.date.today().isoformat(),
        "command": shlex.join(["scripts/bench", *sys.argv[1:]]),
    }


@dataclass(eq=False)
class Found:
    """All that was measured."""

    rows: list[Row] = field(default_factory=list)
    blocks: list[Blocks] = field(default_factory=list)
    scaled: list[Scaling] = field(default_factory=list)
    chains: list[Chain] = field(default_factory=list)
    output: PathCosts | None = None
    tasks: dict[int, float] = field(default_factory=dict)
    started: dict[str, float] = field(default_factory=dict)
    costs: list[Cost] = field(default_factory=list)
    wheel: Installed | None = None
    noted: list[Noting] = field(default_factory=list)
    batches: Batched | None = None

    @property
    def bars(self) -> list[Bar]:
        """The bars."""
        measured_of = (self.tasks, self.blocks, self.scaled, self.chains, self.output)
        rows = bars(self.rows, self.started, self.costs, *measured_of)
        return [*rows, *wheel_bars(self.wheel), *batched_bars(self.batches)]

    @property
    def same(self) -> bool:
        """Whether frames never differed."""
        hashes: dict[tuple[str, int], set[str]] = {}
        for one in self.blocks:
            hashes.setdefault((one.workload, one.chunk_frames), set()).add(one.sha256)
        lives = all(len(those) == 1 for those in hashes.values())
        batches = [] if self.batches is None else [self.batches]
        return lives and all(one.same for one in (*self.rows, *self.scaled, *self.costs, *self.noted, *batches))


def measure(names: Sequence[str], given: argparse.Namespace) -> Found:
    """Measures what is wanted."""
    found = Found()
    for name, quality in wanted([one for one in names if one not in OTHERS], given.quality):
        note(f"measuring {name} {quality}")
        work = workload(name)
        assert work is not None
        found.rows += measured(work, quality, given.threads, given.runs)
    if "scaling" in names:
        note("measuring scaling")
        found.scaled = scaling(given.threads, given.runs)
    if "chains" in names:
        note("measuring chains")
        found.chains = chained(given.runs)
    if "output" in names:
        note("measuring output")
        found.output = output(given.runs)
    if "tasks" in names:
        note("measuring tasks")
        found.tasks = tasks(given.threads)
    if "noting" in names:
        note("measuring noting")
        found.noted = noting(given.runs)
    if "live" in names:
        note("measuring blocks")
        found.blocks = live(given.threads)
    if "start" in names:
        note("measuring start-up")
        found.started = starts(given.runs)
    if "wheel" in names:
        note("measuring an installed wheel")
        found.wheel = installed(given.runs)
    if "patterns" in names:
        note("measuring patterns")
        found.costs = patterns(given.runs)
    if "batches" in names:
        note("measuring batches")
        found.batches = batched(given.runs)
    return found


def page(runs: int, found: Found) -> str:
    """Everything as text."""
    parts = ["\n".join(f"{key}: {value}" for key, value in machine().items())]
    parts[0] += f"\nmedians of {runs} runs; wall, CPU and MiB of whole processes"
    if found.rows:
        parts.append(table(found.rows))
    if found.scaled:
        parts.append(scaling_table(found.scaled))
    if found.chains:
        parts.append(chain_table(found.chains))
    if found.output is not None:
        parts.append(output_table(found.output))
    if found.tasks:
        parts.append(
            "\n".join(
                f"a task that does nothing, {workers} workers  {ns:6.1f} ns" for workers, ns in found.tasks.items()
            )
        )
    if found.noted:
        parts.append(noting_table(found.noted))
    if found.blocks:
        parts.append(block_table(found.blocks))
    if found.started:
        parts.append(start_table(found.started))
    if found.wheel is not None:
        parts.append(installed_table(found.wheel))
    if found.costs:
        parts.append(cost_table(found.costs))
    if found.batches is not None:
        parts.append(batched_table(found.batches))
    if found.bars:
        parts.append(bar_table(found.bars))
    return "\n\n".join(parts)


def put_into(file: Path, text: str, what: str) -> None:
    """Replaces what stands between the two comments `<!-- WHAT: begin -->` and `end` of a Markdown file."""
    begin, end = f"<!-- {what}: begin -->", f"<!-- {what}: end -->"
    before, _, rest = file.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not closed:
        raise Failed(f"{file} lacks the comments `{begin}` and `{end}`")
    file.write_text(f"{before}{begin}\n\n```\n{text}\n```\n\n{end}{after}", encoding="utf-8")


def peers(runs: int) -> str:
    """The table of peers."""
    command = [sys.executable, "-P", str(PEERS / "peers.py"), "--runs", str(runs)]
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{PEERS}"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Failed(f"scripts/peers/peers.py: exit status {done.returncode}")
    head = "\n".join(f"{key}: {value}" for key, value in machine().items())
    return f"{head}\none thread each; {runs} runs\n\n{done.stdout.rstrip()}"


def simulate(names: Sequence[str], given: argparse.Namespace) -> int:
    """Plays schedules through and prints the rows; status 1 when frames differ between runs."""
    rows = played(names, given.quality or GOOD, given.simulate, given.runs)
    held = list(played_bars(rows))
    if given.json:
        lists = {
            "simulated": [asdict(one) for one in rows],
            "bars": [{**asdict(bar), "reached": bar.reached} for bar in held],
        }
        print(json.dumps({**machine(), "runs": given.runs, **lists}, indent=1))
    else:
        head = "\n".join(f"{key}: {value}" for key, value in machine().items())
        text = "\n\n".join([head, table_of_played(rows), bar_table(held)])
        print(text)
        if given.into is not None:
            put_into(given.into, text, "simulated")
    return 0 if all(one.same for one in rows) else 1


def main() -> int:
    """Measures and prints; status 1 when frames differ between rows, runs or checkouts of a workload."""
    given = arguments()
    if given.against is not None:
        names = wanted(given.workloads or [*all_names(), *GROUPS], given.quality)
        return compare(given.against, names, given.threads, given.runs, machine(), given.json)
    if given.peers:
        text = peers(given.runs)
        print(text)
        if given.into is not None:
            put_into(given.into, text, "peers")
        return 0
    if given.simulate is not None:
        return simulate([one for one in given.workloads if one != "scaling"] or ROWS, given)
    found = measure(given.workloads or [*all_names(), *OTHERS], given)
    if given.json:
        lists = {
            "same": found.same,
            "rows": [{**asdict(row), "ns": row.ns, "planning": row.planning} for row in found.rows],
            "scaling": [asdict(one) for one in found.scaled],
            "chains": [{**asdict(one), "share": one.share} for one in found.chains],
            "output": None if found.output is None else asdict(found.output),
            "tasks": found.tasks,
            "noting": [{**asdict(one), "ratio": one.ratio, "middle": one.middle} for one in found.noted],
            "blocks": [asdict(one) for one in found.blocks],
            "bars": [{**asdict(bar), "reached": bar.reached} for bar in found.bars],
        }
        whole = {
            **machine(),
            "runs": given.runs,
            **lists,
            "start": found.started,
            "wheel": None if found.wheel is None else asdict(found.wheel),
            "patterns": [asdict(one) for one in found.costs],
            "batches": None if found.batches is None else asdict(found.batches),
        }
        print(json.dumps(whole, indent=1))
        return 0 if found.same else 1
    text = page(given.runs, found)
    print(text)
    if given.into is not None:
        put_into(given.into, text, "bench")
    return 0 if found.same else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as failure:
        print(failure, file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
