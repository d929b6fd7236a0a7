"""The foreman of a batch: decides what is sent where and what becomes of what comes back. No process, file or clock.

Events of a runner come in (`farm.batch.runners.runner`), bundles and verdicts go out; a test plays a runner from a
script. Retries, quarantine and the order of jobs are decided here and nowhere else.

Longest first, by an estimate for each kind of job that is mended by what was measured: then the last jobs are short
ones, and no slot waits long for the others. A job that is worth it takes all slots of a host.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import field

from farm.batch.estimates import Ratios
from farm.batch.outcome import DEATH, Failure, Outcome
from farm.batch.runners.runner import Bundle, Event, Host, HostCame, HostWent, JobDied, JobDone, JobsLost
from workers.records import record

WIDE_S = 20.0
"""CPU seconds from which on a job takes all slots of its host."""
LONG_S = 1.0
"""CPU seconds from which on no job is sent ahead: to wait for it would take longer than to send it."""
RETRIES = 1


@record(frozen=True, slots=True)
class Finished:
    """A job is done: its line can be written."""

    index: int
    outcome: Outcome
    host: str
    tries: int


@record(frozen=True, slots=True)
class PutAside:
    """A job failed for good."""

    index: int
    failure: Failure
    host: str
    tries: int


@record(frozen=True, slots=True)
class Again:
    """A job failed, and gets another try."""

    index: int
    failure: Failure
    host: str


Verdict = Finished | PutAside | Again


@record(eq=False)
class Waiting:
    """Jobs of a kind that wait, first come first served."""

    kind: Hashable
    sound_s: float
    jobs: deque[int] = field(default_factory=deque)
    rank: float = 0.0
    """By what it stands in its heap."""


@record(eq=False)
class Foreman:
    """Decides for a batch. `kinds`: of each job by its index, a kind and the seconds of sound it makes."""

    kinds: Sequence[tuple[Hashable, float]]
    line: Callable[[int, int], str]
    """The line of a job by its index, to be done with so many workers."""
    retries: int = RETRIES
    fail_fast: bool = False
    ratios: Ratios = field(default_factory=Ratios)
    hosts: dict[str, Host] = field(default_factory=dict)
    flying: dict[str, set[int]] = field(default_factory=dict)
    """What each host has, by index."""
    wide: dict[str, int] = field(default_factory=dict)
    """The job that has a host for itself."""
    waiting: dict[Hashable, Waiting] = field(default_factory=dict)
    measured: list[tuple[float, int, Waiting]] = field(default_factory=list)
    """A heap of kinds that were measured, by their estimates; entries with another rank than their kind are old."""
    guessed: list[tuple[float, int, Waiting]] = field(default_factory=list)
    """A heap of the others, by seconds of sound: what they are guessed to take changes with every job."""
    left: int = 0
    """Jobs that wait."""
    tries: dict[int, list[str]] = field(default_factory=dict)
    """Why and where each job failed so far, if it did."""
    stopped: str = ""
    """Why nothing is sent any more."""
    entries: int = 0

    def add(self, indices: Sequence[int]) -> None:
        """More jobs to be done."""
        for index in indices:
            self.wait(index, first=False)
        for one in self.waiting.values():
            self.enter(one)

    def wait(self, index: int, first: bool = True) -> None:
        """A job waits; `first`: before others of its kind."""
        kind, sound_s = self.kinds[index]
        one = self.waiting.get((kind, sound_s))
        if one is None:
            one = self.waiting[kind, sound_s] = Waiting(kind, sound_s)
        if first:
            one.jobs.appendleft(index)
            self.enter(one)
        else:
            one.jobs.append(index)
        self.left += 1

    def enter(self, one: Waiting) -> None:
        """Puts a kind where it belongs."""
        known = one.kind in self.ratios.alike
        one.rank = self.estimate_s(one) if known else one.sound_s
        self.entries += 1
        heapq.heappush(self.measured if known else self.guessed, (-one.rank, self.entries, one))

    def estimate_s(self, one: Waiting) -> float:
        """About how many CPU seconds a job of a kind takes."""
        return self.ratios.estimate_s(one.kind, one.sound_s)

    def next(self) -> Waiting:
        """The kind of the longest job that waits; of two that are alike that of which nothing is known yet."""
        guess = first_of(self.guessed)
        while guess is not None and guess.kind in self.ratios.alike:
            # Others of its kind, of another length, were measured meanwhile.
            heapq.heappop(self.guessed)
            self.enter(guess)
            guess = first_of(self.guessed)
        known = first_of(self.measured)
        if guess is None:
            assert known is not None, "as many are left as wait"
            return known
        return known if known is not None and self.estimate_s(known) > self.estimate_s(guess) else guess

    @property
    def over(self) -> bool:
        """Whether nothing is under way, and nothing will be."""
        return not any(self.flying.values()) and (self.left == 0 or self.stopped != "")

    def stop(self, why: str) -> None:
        """Sends nothing more; what is under way ends."""
        self.stopped = self.stopped or why

    def bundles(self) -> Iterator[Bundle]:
        """What is to be sent now. Each is sent before the next one is asked for."""
        for host in [*self.hosts.values()]:
            while not self.stopped and self.left and host.name not in self.wide:
                one = self.next()
                flying = self.flying[host.name]
                if host.slots > 1 and self.estimate_s(one) >= WIDE_S:
                    if flying:
                        break
                    index = self.take_from(one)
                    self.wide[host.name] = index
                    flying.add(index)
                    yield Bundle(host.name, (index,), (self.line(index, host.slots),), wide=True)
                    break
                if len(flying) >= self.most_flying(host, self.estimate_s(one)):
                    break
                index = self.take_from(one)
                flying.add(index)
                yield Bundle(host.name, (index,), (self.line(index, 1),))

    def most_flying(self, host: Host, estimate_s: float) -> int:
        """How many jobs like this a host is given: some ahead, so that no slot waits for the next one.

        Of long ones, and of the last ones fewer and fewer, so that nobody keeps a job that another could begin.
        """
        ahead = 0 if estimate_s >= LONG_S else min(host.slots * (host.ahead - 1), self.left // 2)
        return host.slots + ahead

    def take_from(self, one: Waiting) -> int:
        """A job of a kind, which waits no more."""
        self.left -= 1
        index = one.jobs.popleft()
        if not one.jobs:
            del self.waiting[one.kind, one.sound_s]
        return index

    def take(self, event: Event) -> Iterator[Verdict]:
        """What follows from an event."""
        match event:
            case HostCame(host=host):
                self.hosts[host.name] = host
                self.flying.setdefault(host.name, set())
            case HostWent(name=name):
                self.hosts.pop(name, None)
            case JobsLost(indices=indices, host=name):
                for index in indices:
                    self.landed(index, name)
                    self.wait(index)
            case JobDied(index=index, reason=reason, host=name):
                self.landed(index, name)
                yield from self.failed(index, Failure(DEATH, f"error: {reason}", reason), name)
            case JobDone(index=index, outcome=outcome, host=name):
                self.landed(index, name)
                if outcome.failure is not None:
                    yield from self.failed(index, outcome.failure, name)
                else:
                    self.learn(index, outcome)
                    yield Finished(index, outcome, name, len(self.tries.pop(index, ())) + 1)

    def landed(self, index: int, host: str) -> None:
        """A job is under way no more."""
        self.flying[host].discard(index)
        if self.wide.get(host) == index:
            del self.wide[host]

    def learn(self, index: int, outcome: Outcome) -> None:
        """Mends the estimates of jobs that are alike."""
        kind, sound_s = self.kinds[index]
        self.ratios.note(kind, sound_s, outcome.cpu_s)
        one = self.waiting.get((kind, sound_s))
        if one is not None:
            self.enter(one)

    def failed(self, index: int, failure: Failure, host: str) -> Iterator[Verdict]:
        """A job that failed gets another try, or is put aside."""
        tries = self.tries.setdefault(index, [])
        tries.append(f"{failure.message or failure.text} (on {host})")
        if failure.stops_all:
            self.stop(failure.message)
        if failure.stops_all or (not failure.final and len(tries) <= self.retries):
            self.wait(index)
            yield Again(index, failure, host)
            return
        if len(tries) > 1:
            text = "\n".join([failure.text, *(f"  try {n}: {reason}" for n, reason in enumerate(tries, 1))])
            failure = Failure(failure.kind, text, failure.message, failure.line, failure.column)
        if self.fail_fast:
            self.stop(f"job {index} failed, and --fail-fast was asked for")
        yield PutAside(index, failure, host, len(tries))


def first_of(heap: list[tuple[float, int, Waiting]]) -> Waiting | None:
    """The first kind of a heap that still waits as it stands there; what is old is dropped."""
    while heap:
        rank, _, one = heap[0]
        if one.jobs and -rank == one.rank:
            return one
        heapq.heappop(heap)
    return None
