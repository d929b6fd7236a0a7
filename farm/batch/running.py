"""A batch under way: the foreman's decisions carried out over a runner, lines written, progress told."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from typing import Any, Protocol

from farm.batch.choosing import Why
from farm.batch.decide import Again, Finished, Foreman, PutAside, Verdict
from farm.batch.lease import Lease
from farm.batch.manifest import FAILED, NAME, ManifestEntry, ManifestWriter, entries, path_of, rewrite
from farm.batch.order import Order
from farm.batch.outcome import Failure
from farm.batch.runners.runner import Compiling, HostCame, Runner
from farm.errors import FileError
from workers.ownership import host as host_name
from workers.records import record

POLL_S = 0.2


@record(frozen=True, slots=True)
class Standing:
    """How a batch stands. Counts of jobs; `sound_s`: seconds of sound made, `left_s`: about how long it still takes."""

    todo: int
    done: int
    put_aside: int
    sound_s: float
    wall_s: float
    left_s: float | None
    at_work: tuple[tuple[str, str], ...] = ()
    """The name of each job process, and the file that it is on."""


class BatchWatcher(Protocol):
    """Who is told of a batch while it runs."""

    def compiling(self, done: int, total: int, kept: bool = True) -> None:
        """Kernels are compiled, once."""

    def again(self, order: Order, failure: Failure) -> None:
        """A job failed and gets another try."""

    def put_aside(self, order: Order, failure: Failure) -> None:
        """A job failed for good."""

    def stands(self, standing: Standing, over: bool) -> None:
        """Several times a second, and at the end."""


@record(frozen=True, slots=True)
class BatchEnd:
    """What became of a batch."""

    standing: Standing
    failures: tuple[tuple[str, Failure], ...]
    """Of the first file of each job that was put aside, in the order in which it happened."""
    stopped: str
    """Why it ended before its end; empty where it did not."""


@record(eq=False)
class BatchRun:
    """Runs the jobs of a list that are to be done. `whys`: of each order."""

    orders: Sequence[Order]
    whys: Sequence[Why]
    runner: Runner
    lease: Lease
    watcher: BatchWatcher
    retries: int
    fail_fast: bool
    how: Mapping[str, Any] = field(default_factory=dict)
    """The work is done: fields of `RenderOptions`."""
    interrupted: Callable[[], bool] = lambda: False
    clock: Callable[[], float] = time.monotonic
    bank_digests: dict[int, str] = field(default_factory=dict)
    """By identity: orders share banks, and to hash one takes longer than to look it up."""
    identities: dict[str, str] = field(default_factory=dict)
    """Which farm each host has."""
    failures: list[tuple[str, Failure]] = field(default_factory=list)
    done: int = 0
    sound_s: float = 0.0
    cpu_s: float = 0.0

    def __post_init__(self) -> None:
        self.todo = [order.index for order, why in zip(self.orders, self.whys) if not why.is_done]
        self.foreman = Foreman(kinds_of(self.orders), self.line, self.retries, self.fail_fast)
        folder, shard = self.lease.folder, self.lease.shard
        self.paths = {name: path_of(folder, name, shard) for name in (NAME, FAILED)}
        self.began_s = self.clock()

    def line(self, index: int, threads: int) -> str:
        """The line of a job for its process."""
        return self.orders[index].as_json({**self.how, "threads": threads})

    def run(self) -> BatchEnd:
        """Runs them. Raises FileError where the manifest cannot be written, RenderError."""
        writers = {name: ManifestWriter(path, self.clock) for name, path in self.paths.items()}
        try:
            unreadable = [index for index in self.todo if self.orders[index].score.failure is not None]
            self.note(self.refused(unreadable), writers)
            refused = {*unreadable}
            self.foreman.add([index for index in self.todo if index not in refused])
            self.go(writers)
        finally:
            self.close(writers)
        self.tidy()
        standing = self.standing()
        self.watcher.stands(standing, over=True)
        return BatchEnd(standing, tuple(self.failures), self.foreman.stopped)

    def go(self, writers: dict[str, ManifestWriter]) -> None:
        """Until nothing is under way, and nothing will be."""
        foreman, runner = self.foreman, self.runner
        if self.foreman.over:
            return
        for host in runner.hosts().values():
            self.identities[host.name] = host.identity
            self.note(foreman.take(HostCame(host)), writers)
        while not foreman.over:
            for bundle in foreman.bundles():
                runner.send(bundle)
            verdicts: list[Verdict] = []
            for event in runner.events(POLL_S):
                if isinstance(event, Compiling):
                    self.watcher.compiling(event.done, event.total, event.kept)
                verdicts += foreman.take(event)
            # Processes first: what is written here, nobody waits for.
            for bundle in foreman.bundles():
                runner.send(bundle)
            self.note(verdicts, writers)
            self.lease.beat()
            for writer in writers.values():
                writer.due()
            if self.interrupted():
                foreman.stop("interrupted")
            self.watcher.stands(self.standing(), over=False)

    def refused(self, indices: Iterable[int]) -> Iterable[Verdict]:
        """What becomes of jobs whose scores cannot be read."""
        for index in indices:
            failure = self.orders[index].score.failure
            assert failure is not None
            if self.fail_fast:
                self.foreman.stop(f"{self.orders[index].score.name} cannot be read, and --fail-fast was asked for")
            yield PutAside(index, failure, host_name(), 1)

    def note(self, verdicts: Iterable[Verdict], writers: dict[str, ManifestWriter]) -> None:
        """Writes lines, and tells."""
        for verdict in verdicts:
            order = self.orders[verdict.index]
            match verdict:
                case Finished(outcome=outcome, host=host, tries=tries):
                    self.done += 1
                    self.cpu_s += outcome.cpu_s
                    self.sound_s += sum(one.facts["seconds"] for one in outcome.files[:1])
                    for one in outcome.files:
                        made = {"file": one.file, "size": one.size, "sha256": one.sha256}
                        how = {"host": host, "tries": tries, "made_by": self.identities[host]}
                        banks = self.digests(order, one.facts["banks"])
                        writers[NAME].add({**made, **order.facts(), **one.facts, "banks": banks, **how})
                case PutAside(failure=failure, host=host, tries=tries):
                    self.failures.append((order.outs[0], failure))
                    for out in order.outs:
                        why = {"failed": failure.as_json(), "host": host, "tries": tries}
                        writers[FAILED].add({"file": out, **order.facts(), **why})
                    self.watcher.put_aside(order, failure)
                case Again(failure=failure) if not failure.stops_all:
                    self.watcher.again(order, failure)

    def digests(self, order: Order, names: Sequence[str]) -> dict[str, str]:
        """The digests of banks of an order, each reckoned once."""
        found = {}
        for bank in order.banks:
            if bank.name in names:
                digest = self.bank_digests.get(id(bank))
                if digest is None:
                    digest = self.bank_digests[id(bank)] = bank.sha256
                found[bank.name] = digest
        return found

    def standing(self) -> Standing:
        """How it stands."""
        wall_s = self.clock() - self.began_s
        left = len(self.todo) - self.done - len(self.failures)
        left_s = wall_s / self.done * left if self.done else None
        at_work = tuple((name, self.orders[index].outs[0]) for name, index in self.runner.at_work())
        return Standing(len(self.todo), self.done, len(self.failures), self.sound_s, wall_s, left_s, at_work)

    def close(self, writers: dict[str, ManifestWriter]) -> None:
        """Whatever happened: lines are written, processes end."""
        try:
            if self.foreman.over:
                self.runner.close()
            else:
                self.runner.cancel()
        finally:
            for writer in writers.values():
                writer.close()

    def tidy(self) -> None:
        """A line for each file, in the order of the list, those of other lists behind; of failures those that last."""
        # It is as true as it is; where there is no room for it twice, it stays so.
        with suppress(FileError):
            made, failed = (entries([self.paths[name]]) for name in (NAME, FAILED))
            places = {out: order.index for order in self.orders for out in order.outs}

            def ordered(found: dict[str, ManifestEntry]) -> list[ManifestEntry]:
                return [found[file] for file in sorted(found, key=lambda file: places.get(file, len(places)))]

            aside = {file for file, _ in self.failures}
            lasting = {file: entry for file, entry in failed.items() if file not in made or file in aside}
            rewrite(self.paths[NAME], ordered(made))
            rewrite(self.paths[FAILED], ordered(lasting))


def kinds_of(orders: Sequence[Order]) -> list[tuple[Hashable, float]]:
    """Of each order what it is like, and about how much sound it makes."""
    return [((one.score.sha256, one.options.rate, one.options.quality), one.sound_s * len(one.outs)) for one in orders]
