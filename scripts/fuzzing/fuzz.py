"""Renders random scores and looks for what must not be: tracebacks, hangs, NaN, memory, bytes that depend on chunks.

Every failure is saved, made short, in build/fuzz with the command that repeats it; then the exit status is 1.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import selectors
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from farm.graph.vocabulary import MODIFIERS
from farm.pattern.register import transforms
from scripts.fuzzing.minimise import minimised
from scripts.fuzzing.scores import score
from workers.catalog import language

ROOT = Path(__file__).resolve().parents[2]
SAVED = ROOT / "build" / "fuzz"
COMPARED = 8
"""Every eighth score that renders is rendered again in other pieces."""
MOST_WALL_S = 60.0
"""Without a word for so long, a process counts as hung where Python cannot interrupt it."""
MOST_SAVED = 20


def tries(seed: int, numbers: range, compared: int) -> None:
    """The trials of one process. A line of JSON on standard output before and after each."""
    from scripts.fuzzing.trial import Laboratory, Outcome

    laboratory = Laboratory()

    def say(**values: Any) -> None:
        print(json.dumps(values), flush=True)

    for number in numbers:
        say(begun=number)
        text, compare = score(seed, number), number % compared == 0

        def outcome(shorter: str, compare: bool = compare) -> Outcome:
            return laboratory.trial(shorter, compare=compare)

        found = outcome(text)
        if found.failed:
            say(minimising=number)
            place = found.detail.rpartition(" in ")[2]

            def same(shorter: str, kind: str = found.kind, place: str = place) -> bool:
                other = outcome(shorter)
                return other.kind == kind and other.detail.rpartition(" in ")[2] == place

            text = minimised(text, same, 8 if found.kind == "hang" else 300)
        say(done=number, kind=found.kind, detail=found.detail, text=text if found.failed else "")
    say(words=dict(laboratory.words))
    laboratory.session.close()


@dataclass(eq=False)
class Share:
    """A process and the numbers that are left to it."""

    seed: int
    left: range
    compared: int
    process: subprocess.Popen[str] = field(init=False)
    heard_s: float = field(init=False)
    number: int = -1

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """Starts with what is left."""
        share = f"{self.left.start}:{self.left.stop}:{self.left.step}"
        command = [sys.executable, "-P", "-m", "scripts.fuzzing.fuzz", "--share", share]
        command += ["--seed", str(self.seed), "--compared", str(self.compared)]
        # Ctrl-C is for the parent alone: it tells what was found so far, and ends the others.
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, bufsize=1, start_new_session=True)
        self.heard_s = time.monotonic()


@dataclass(eq=False)
class Tally:
    """What came of all trials."""

    seed: int
    count: int
    quiet: bool = False
    kinds: Counter[str] = field(default_factory=Counter)
    failures: dict[str, Counter[str]] = field(default_factory=dict)
    words: Counter[str] = field(default_factory=Counter)
    began_s: float = field(default_factory=time.monotonic)
    shown_s: float = 0.0
    saved: int = 0

    @property
    def done(self) -> int:
        return self.kinds.total()

    def add(self, number: int, kind: str, detail: str, text: str) -> None:
        """Counts an outcome; saves a failure, at most three of one place."""
        self.kinds[kind] += 1
        if not text:
            return
        place = f"{kind}: {detail.rpartition(' in ')[2] if ' in ' in detail else detail[:80]}"
        known = self.failures.setdefault(place, Counter())
        known["times"] += 1
        if known["times"] > 3 or self.saved >= MOST_SAVED:
            return
        self.saved += 1
        SAVED.mkdir(parents=True, exist_ok=True)
        path = SAVED / f"{self.seed}-{number}.ph"
        path.write_text(text, encoding="utf-8")
        print(
            f"score {number}: {kind}: {detail}\n  scripts/fuzz --seed {self.seed} --only {number}\n  {path}", flush=True
        )

    def show(self) -> None:
        """A line of progress, every two seconds."""
        now = time.monotonic()
        if self.quiet or now - self.shown_s < 2.0:
            return
        self.shown_s = now
        kinds = ", ".join(f"{count:,} {kind}" for kind, count in self.kinds.most_common())
        print(f"{self.done:,} of {self.count:,}, {self.rate():.0f} a second: {kinds}", file=sys.stderr, flush=True)

    def rate(self) -> float:
        """Scores a second."""
        return self.done / max(time.monotonic() - self.began_s, 1e-9)

    def summary(self) -> str:
        """By kind of outcome, and which names no score that rendered had."""
        lines = [f"{self.done:,} scores of seed {self.seed}, {self.rate():.0f} a second"]
        lines += [f"  {count:>9,}  {kind}" for kind, count in self.kinds.most_common()]
        lines += [f"  {known['times']:>9,}  failed  {place}" for place, known in self.failures.items()]
        if not self.words:
            return "\n".join(lines)  # interrupted: the processes tell it at their end
        missed = sorted({*language(), *transforms(), *MODIFIERS} - self.words.keys())
        lines.append(
            f"  rendered without: {' '.join(missed)}" if missed else "  every name of the language was rendered"
        )
        return "\n".join(lines)


def farmed(seed: int, count: int, jobs: int, compared: int, tally: Tally) -> None:
    """Runs the trials in `jobs` processes; one that dies or hangs is a failure of its score, and is replaced."""
    shares = [Share(seed, range(job, count, jobs), compared) for job in range(jobs)]
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as ending:
        for share in shares:
            ending.callback(lambda share=share: share.process.kill())
            selector.register(share.process.stdout, selectors.EVENT_READ, share)
        while selector.get_map():
            for key, _ in selector.select(timeout=1.0):
                share = key.data
                line = share.process.stdout.readline()
                share.heard_s = time.monotonic()
                if line:
                    told(json.loads(line), share, tally)
                    continue
                selector.unregister(share.process.stdout)
                status = share.process.wait()
                if share.left:
                    revived(share, "died", f"status {status}", tally)
                    selector.register(share.process.stdout, selectors.EVENT_READ, share)
            for key in list(selector.get_map().values()):
                if time.monotonic() - key.data.heard_s > MOST_WALL_S:
                    key.data.process.kill()
            tally.show()


def told(values: dict[str, Any], share: Share, tally: Tally) -> None:
    """One line of a process."""
    if "begun" in values:
        share.number = values["begun"]
    elif "done" in values:
        tally.add(values["done"], values["kind"], values["detail"], values["text"])
        share.left = range(values["done"] + share.left.step, share.left.stop, share.left.step)
    elif "words" in values:
        tally.words.update(values["words"])


def revived(share: Share, kind: str, detail: str, tally: Tally) -> None:
    """A process that ended too early: its score is a failure, a new process goes on behind it."""
    number = max(share.number, share.left.start)
    tally.add(number, kind, detail, score(share.seed, number))
    share.left = range(number + share.left.step, share.left.stop, share.left.step)
    share.start()


def main() -> int:
    """The exit status."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--count", type=int, default=100_000, metavar="N", help="scores to try [100000]")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="score k of a seed is always the same [0]")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="processes [one a CPU]")
    parser.add_argument("--only", type=int, metavar="K", help="show and try score K alone")
    parser.add_argument("--file", type=Path, metavar="PATH", help="try the score in a file, as it was saved")
    parser.add_argument("--compared", type=int, default=COMPARED, metavar="N", help="compare every Nth [8]")
    parser.add_argument("--quiet", action="store_true", help="no progress")
    parser.add_argument("--share", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.share:
        tries(given.seed, range(*map(int, given.share.split(":"))), given.compared)
        return 0
    if given.only is not None or given.file is not None:
        return tried_alone(given.file.read_text(encoding="utf-8") if given.file else score(given.seed, given.only))
    tally = Tally(given.seed, given.count, given.quiet)
    interrupted = False
    try:
        farmed(given.seed, given.count, max(1, given.jobs), given.compared, tally)
    except KeyboardInterrupt:
        interrupted = True
    print(tally.summary())
    return 1 if tally.failures else 130 if interrupted else 0


def tried_alone(text: str) -> int:
    """Tries one score, with a comparison; the exit status."""
    from scripts.fuzzing.trial import Laboratory

    print(text)
    found = Laboratory().trial(text, compare=True)
    print(f"{found.kind}: {found.detail}" if found.detail else found.kind)
    return 1 if found.failed else 0


if __name__ == "__main__":
    sys.exit(main())
