"""The foreman of a batch, with runners that are scripts: every event in, every decision out, no process."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable

import pytest

from farm.batch.decide import WIDE_S, Again, Finished, Foreman, PutAside, Verdict
from farm.batch.outcome import BUG, DISK, Failure, Outcome
from farm.batch.runners.runner import Bundle, Event, Host, HostCame, HostWent, JobDied, JobDone, JobsLost


def foreman(count: int, sounds_s: Iterable[float] = (), **how: object) -> Foreman:
    """A foreman of jobs that each make so many seconds of sound; those of one length are alike."""
    lengths = [*sounds_s] or [1.0] * count
    made = Foreman([("score", one) for one in lengths], lambda index, threads: f"{index} by {threads}", **how)  # type: ignore[arg-type]
    made.add(range(count))
    return made


def done(index: int, cpu_s: float = 0.01, host: str = "a") -> JobDone:
    return JobDone(index, Outcome("key", cpu_s=cpu_s), host)


def failed(index: int, kind: str, host: str = "a") -> JobDone:
    return JobDone(index, Outcome("key", failure=Failure(kind, "error: it failed", "it failed")), host)


def take(made: Foreman, event: Event) -> list[Verdict]:
    return [*made.take(event)]


def sent(made: Foreman) -> list[int]:
    return [index for bundle in made.bundles() for index in bundle.indices]


def played(made: Foreman, answer: Callable[[Bundle, int], Iterable[Event]]) -> list[Verdict]:
    """Answers whatever is sent until nothing is under way."""
    verdicts: list[Verdict] = []
    waiting: list[Event] = []
    while not made.over:
        for bundle in made.bundles():
            for index in bundle.indices:
                waiting += answer(bundle, index)
        assert waiting, "jobs are left, and nothing is under way"
        verdicts += take(made, waiting.pop(0))
    return verdicts


def test_every_job_is_sent_once_and_no_host_is_given_more_than_it_takes() -> None:
    made = foreman(50)
    take(made, HostCame(Host("a", 2)))
    take(made, HostCame(Host("b", 3, ahead=4)))
    most = {"a": 0, "b": 0}

    def answer(bundle: Bundle, index: int) -> list[Event]:
        most[bundle.host] = max(most[bundle.host], len(made.flying[bundle.host]))
        return [done(index, host=bundle.host)]

    verdicts = played(made, answer)
    assert sorted(one.index for one in verdicts) == [*range(50)]
    assert all(isinstance(one, Finished) and one.tries == 1 for one in verdicts)
    assert most == {"a": 4, "b": 12}


def test_longest_first_and_what_was_measured_counts() -> None:
    made = Foreman([(name, 1.0) for name in "abcabc"], lambda index, threads: "")
    made.add(range(6))
    take(made, HostCame(Host("h", 1, ahead=1)))
    order: list[int] = []

    def answer(bundle: Bundle, index: int) -> list[Event]:
        order.append(index)
        return [done(index, {"a": 0.01, "b": 5.0, "c": 1.0}["abcabc"[index]], "h")]

    played(made, answer)
    assert sorted(order) == [*range(6)]
    # First one of each, as long as nothing is known of it and it may be long; then the longest.
    assert order[:1] == [0] and order.index(3) == 5
    assert order.index(4) < order.index(5)
    lengths = [1.0, 8.0, 2.0, 30.0]
    by_length = foreman(4, lengths)
    take(by_length, HostCame(Host("a", 4)))
    assert sent(by_length) == [3, 1, 2, 0]


def test_the_last_jobs_are_given_one_by_one() -> None:
    for count, first in ((9, 4), (5, 3), (3, 2), (1, 1)):
        made = foreman(count)
        take(made, HostCame(Host("a", 2)))
        assert len(sent(made)) == first
    long = foreman(9, [400.0] * 9)
    take(long, HostCame(Host("a", 2)))
    assert len(sent(long)) == 2


def test_a_job_that_kills_its_process_twice_is_put_aside_and_nobody_else_is_blamed() -> None:
    made = foreman(20)
    take(made, HostCame(Host("a", 2)))
    tries = dict.fromkeys(range(20), 0)

    def answer(bundle: Bundle, index: int) -> list[Event]:
        tries[index] += 1
        return [JobDied(7, "signal 9", "a") if index == 7 else done(index)]

    verdicts = played(made, answer)
    aside = [one for one in verdicts if isinstance(one, PutAside)]
    assert [(one.index, one.tries) for one in aside] == [(7, 2)]
    assert aside[0].failure.text.count("signal 9 (on a)") == 2
    assert sorted(one.index for one in verdicts if isinstance(one, Finished)) == sorted({*range(20)} - {7})
    assert {index: count for index, count in tries.items() if count > 1} == {7: 2}


def test_jobs_behind_one_that_died_wait_again_without_a_try() -> None:
    made = foreman(3)
    take(made, HostCame(Host("a", 1, ahead=3)))
    sent(made)
    flying = sorted(made.flying["a"])
    assert take(made, JobDied(flying[0], "signal 9", "a")) == [
        Again(flying[0], Failure("death", "error: signal 9", "signal 9"), "a")
    ]
    assert take(made, JobsLost(tuple(flying[1:]), "a")) == []
    verdicts = played(made, lambda bundle, index: [done(index)])
    assert {one.index: one.tries for one in verdicts if isinstance(one, Finished)} == {flying[0]: 2} | {
        index: 1 for index in range(3) if index != flying[0]
    }


@pytest.mark.parametrize(("retries", "tries"), [(0, 1), (1, 2), (4, 5)])
def test_retries(retries: int, tries: int) -> None:
    made = foreman(1, retries=retries)
    take(made, HostCame(Host("a", 1)))
    verdicts = played(made, lambda bundle, index: [failed(index, BUG)])
    assert [type(one) for one in verdicts] == [*[Again] * retries, PutAside]
    assert verdicts[-1].tries == tries  # type: ignore[union-attr]


@pytest.mark.parametrize("kind", ["score", "sample", "usage", "render", "file"])
def test_a_mistake_of_the_job_is_final_at_once(kind: str) -> None:
    made = foreman(2, retries=9)
    take(made, HostCame(Host("a", 1)))
    verdicts = played(made, lambda bundle, index: [failed(index, kind) if index == 0 else done(index)])
    assert {(type(one), one.index) for one in verdicts} == {(PutAside, 0), (Finished, 1)}


def test_fail_fast_begins_nothing_more() -> None:
    made = foreman(100, fail_fast=True)
    take(made, HostCame(Host("a", 2)))
    verdicts = played(made, lambda bundle, index: [failed(index, "score") if index == 0 else done(index)])
    assert isinstance(verdicts[0], PutAside)
    assert len(verdicts) <= 4 and made.left >= 96
    assert "--fail-fast" in made.stopped


def test_a_full_disk_stops_the_batch_and_the_job_is_not_to_blame() -> None:
    made = foreman(100)
    take(made, HostCame(Host("a", 2)))
    verdicts = played(made, lambda bundle, index: [failed(index, DISK)])
    assert all(isinstance(one, Again) for one in verdicts)
    assert made.stopped == "it failed"
    assert made.left == 100


def test_a_long_job_has_a_host_for_itself() -> None:
    made = foreman(6, [1.0, 1.0, 9000.0, 1.0, 1.0, 1.0])
    take(made, HostCame(Host("a", 2)))
    bundles = [*made.bundles()]
    assert [(one.indices, one.wide, one.lines) for one in bundles] == [((2,), True, ("2 by 2",))]
    assert sent(made) == []
    take(made, done(2, WIDE_S))
    assert len(sent(made)) > 1
    # Whoever is under way ends first.
    late = foreman(3, [1.0, 1.0, 1.0])
    take(late, HostCame(Host("a", 2)))
    first = sent(late)
    late.ratios.note(("score"), 1.0, 1.0)
    late.kinds = [*late.kinds, ("long", 9000.0)]
    late.add([3])
    assert sent(late) == []
    for index in first:
        take(late, done(index))
    assert [one.wide for one in late.bundles()][:1] == [True]
    alone = foreman(1, [9000.0])
    take(alone, HostCame(Host("a", 1)))
    assert [one.wide for one in alone.bundles()] == [False]


def test_a_host_that_went_is_sent_nothing_and_what_it_had_is_done_elsewhere() -> None:
    made = foreman(10)
    take(made, HostCame(Host("a", 1)))
    take(made, HostCame(Host("b", 1)))
    first = sent(made)
    on_b = sorted(made.flying["b"])
    take(made, HostWent("b"))
    take(made, JobsLost(tuple(on_b), "b"))
    for index in first:
        if index not in on_b:
            take(made, done(index))
    verdicts = played(made, lambda bundle, index: [done(index, host=bundle.host)])
    assert {one.index for one in verdicts} >= {*on_b}
    assert {one.host for one in verdicts} == {"a"}


def test_whatever_happens_every_job_ends_once() -> None:
    for seed in range(40):
        chance = random.Random(seed)
        made = foreman(60, [chance.choice([0.5, 2.0, 30.0, 9000.0]) for _ in range(60)], retries=chance.randint(0, 2))
        for name, slots in (("a", 1), ("b", 3)):
            take(made, HostCame(Host(name, slots)))

        def answer(bundle: Bundle, index: int, chance: random.Random = chance) -> list[Event]:
            draw = chance.random()
            if draw < 0.1:
                return [JobDied(index, "signal 11", bundle.host)]
            if draw < 0.2:
                return [JobsLost((index,), bundle.host)]
            if draw < 0.3:
                return [failed(index, chance.choice([BUG, "score"]), bundle.host)]
            return [done(index, chance.random(), bundle.host)]

        verdicts = played(made, answer)
        ended = [one.index for one in verdicts if not isinstance(one, Again)]
        assert sorted(ended) == [*range(60)]
        assert all(one.tries <= made.retries + 1 for one in verdicts if isinstance(one, PutAside))
