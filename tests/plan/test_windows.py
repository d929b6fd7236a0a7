"""Windows: voices keep their numbers, tasks stand where something sounds, state is handed on, memory is flat."""

from __future__ import annotations

import numpy as np
import pytest

from farm.pattern.hap import Haps
from farm.pattern.pattern import Pattern
from farm.plan.edges import edges
from farm.plan.lower import wanted
from farm.plan.plan import WindowPlan
from tests.plan.planning import CHUNK, RATE, Planner
from workers.wire import LANES, Task

DRUMS = 'cps: 2.3\n~d: s "bd*4, hh*8?, <sn cp>(3,8)" $ stut 2 0.1 0.7\nout: ~d'
SYNTH = 'cps: 1.9\n~w: saw 110 # lpf 800 1\nout: s "~w*5" # note "c3\'maj <g3 0>" # ar 0.01 0.4'
MIXED = (
    'cps: 2.1\n~w: tri "100 ~ 200" # lpf 900 1\n~l: "1 0.5"\n'
    'out: s "[~w rim ~w]*2 ~" # ar 0.01 0.3 # delay 0.1 0.5 0.5 + sine 100 * ~l'
)


def numbered(windows: list[WindowPlan], source: int) -> dict[int, tuple[int, int]]:
    """Onset and end of every voice by its number; asserts that a voice keeps both from window to window."""
    found: dict[int, tuple[int, int]] = {}
    for window in windows:
        part = window.sources[source]
        for row in range(part.voices):
            number = part.first_slice * LANES + row
            voice = int(part.columns["onset"][row]), int(part.columns["end"][row])
            assert found.setdefault(number, voice) == voice, f"voice {number} changed"
    return found


@pytest.mark.parametrize("text", [DRUMS, SYNTH])
def test_voices_are_numbered_in_onset_order_whatever_the_windows(text: str) -> None:
    whole = Planner(text)
    (source,) = whole.sources
    expected = numbered(whole.windows(120), source)
    assert list(expected) == list(range(len(expected)))
    assert len(expected) > 100
    onsets = [onset for onset, _ in expected.values()]
    assert onsets == sorted(onsets)
    for lengths in ([1] * 120, [7] * 17, [50, 1, 60, 9]):
        found = numbered(Planner(text).windows(*lengths), source)
        assert found == {number: expected[number] for number in found if number in expected} | {
            number: voice for number, voice in found.items() if number not in expected
        }
        assert set(range(len(expected) - LANES)) <= set(found)


@pytest.mark.parametrize("text", [DRUMS, SYNTH, MIXED])
@pytest.mark.parametrize("lengths", [(90,), (1,) * 30, (13, 40, 2, 25)])
def test_tasks_stand_where_voices_sound_and_nowhere_else(text: str, lengths: tuple[int, ...]) -> None:
    planner = Planner(text)
    looked = 0
    for length in lengths:
        first = planner.done
        window = planner.window(length)
        for number, group in enumerate(planner.plan.groups):
            if group.source < 0:
                continue
            part = window.sources[group.source]
            expected = set()
            for chunk in range(length):
                begin, end = (first + chunk) * CHUNK, (first + chunk + 1) * CHUNK
                sounds = (part.columns["onset"] < end) & (part.columns["end"] > begin)
                for row in np.flatnonzero(sounds):
                    expected.add((chunk, int(row) // LANES + part.first_slice, int(row) % LANES // 8))
            tasks = window.tasks[window.tasks[:, Task.GROUP] == number]
            found = {
                (int(one[Task.CHUNK]), int(one[Task.SLICE]), half)
                for one in tasks
                for half in range(2)
                if one[Task.HALVES] >> half & 1
            }
            assert found == expected
            assert (tasks[:, Task.HALVES] > 0).all()
            looked += len(expected)
    assert looked > 50


def test_every_bus_has_one_task_a_chunk() -> None:
    planner = Planner(MIXED)
    window = planner.window(20)
    for number, group in enumerate(planner.plan.groups):
        if group.kind == "bus":
            tasks = window.tasks[window.tasks[:, Task.GROUP] == number]
            assert tasks[:, Task.FRAME].tolist() == [chunk * CHUNK for chunk in range(20)]


@pytest.mark.parametrize("lengths", [(60,), (1,) * 60, (5, 20, 1, 34)])
def test_state_is_handed_from_chunk_to_chunk_and_over_the_borders_of_windows(lengths: tuple[int, ...]) -> None:
    planner = Planner(MIXED)
    last: dict[tuple[int, int], tuple[int, int]] = {}
    handed = 0
    for length in lengths:
        first = planner.done
        for task in planner.window(length).tasks:
            group = planner.plan.groups[int(task[Task.GROUP])]
            key = (int(task[Task.GROUP]), int(task[Task.SLICE]))
            chunk = first + int(task[Task.CHUNK])
            before = last.get(key)
            if not group.carried:
                assert task[Task.STATE_IN] == -1
            elif before is not None and before[0] == chunk - 1:
                assert task[Task.STATE_IN] == before[1]
                handed += 1
            else:
                assert task[Task.STATE_IN] == -1
            last[key] = chunk, int(task[Task.STATE_OUT])
    assert handed > 50


def test_slots_of_state_are_shared_by_nobody_who_sounds() -> None:
    planner = Planner(SYNTH)
    (number,) = [n for n, group in enumerate(planner.plan.groups) if group.source >= 0]
    for length in (1, 2, 3, 5, 8, 13, 40):
        window = planner.window(length)
        tasks = window.tasks[window.tasks[:, Task.GROUP] == number]
        for slot in np.unique(tasks[:, Task.RING]):
            assert len(np.unique(tasks[tasks[:, Task.RING] == slot, Task.SLICE])) == 1


def last_ends(windows: list[WindowPlan], source: int) -> dict[int, int]:
    """The end of each voice as its last window has it. Asserts that an end changes only after what is planned."""
    ends: dict[int, int] = {}
    for window in windows:
        part = window.sources[source]
        for row in range(part.voices):
            number, end = part.first_slice * LANES + row, int(part.columns["end"][row])
            before = ends.setdefault(number, end)
            assert end == before or min(end, before) >= window.first_chunk * CHUNK
            ends[number] = end
    return ends


def test_cut_voices_end_alike_whatever_the_windows() -> None:
    text = 'cps: 1.1\n~a: s "808oh*2 ~" # cut 1\n~b: s "~ hh*3 ~" # cut 1 # speed 0.3\nout: ~a + ~b'
    found = []
    for lengths in ((64,), (1,) * 64, (30, 1, 33)):
        planner = Planner(text)
        windows = planner.windows(*lengths)
        found.append([last_ends(windows, source) for source in planner.sources])
    planned = 64 * CHUNK
    for other in found[1:]:
        for mine, first in zip(other, found[0], strict=True):
            settled = {number: end for number, end in first.items() if end < planned}
            assert len(settled) > 5
            assert {number: mine[number] for number in settled} == settled
    uncut = last_ends(Planner(text.replace("# cut 1", "")).windows(64), 0)
    assert sum(uncut[number] > found[0][0][number] for number in range(5)) > 2


@pytest.mark.parametrize("cut", ["-1", "1000000000000000", "-1000000000000000"])
def test_a_cut_group_may_be_any_number(cut: str) -> None:
    planner = Planner(f'cps: 1\nout: s "808oh*8" # cut {cut}')
    like = Planner('cps: 1\nout: s "808oh*8" # cut 1')
    assert numbered([planner.window(40)], 0) == numbered([like.window(40)], 0)


def test_groups_follow_what_they_read() -> None:
    planner = Planner(MIXED)
    window = planner.window(10)
    before, after = edges(planner.plan, window)
    assert len(before) > 20
    assert (before < after).all()
    chunks = window.tasks[:, Task.CHUNK]
    assert ((chunks[after] - chunks[before] == 0) | (chunks[after] - chunks[before] == 1)).all()
    pairs = set(zip(before.tolist(), after.tolist(), strict=True))
    for number, group in enumerate(planner.plan.groups):
        for source in group.reads_sources:
            (voices,) = [n for n, one in enumerate(planner.plan.groups) if one.source == source]
            for reader in np.flatnonzero(window.tasks[:, Task.GROUP] == number):
                same = (window.tasks[:, Task.GROUP] == voices) & (chunks == chunks[reader])
                assert all((int(one), int(reader)) in pairs for one in np.flatnonzero(same))


# Memory and time over twenty minutes.


def test_twenty_minutes_of_drums_take_no_more_memory_than_one() -> None:
    planner = Planner(DRUMS + '\n~w: saw "100 ~" # lpf 900 1\no2: s "~w*4" # ar 0.01 0.4\no3: tri "<100 200>"')
    chunks = 10 * RATE // CHUNK
    sizes: list[dict[str, int]] = []
    for _ in range(120):
        window = planner.window(chunks)
        regions = wanted(planner.plan, window, frozenset())
        sizes.append(
            {
                "voices": sum(len(one.live["onset"]) for one in planner.sources.values() if one.live is not None),
                "slots": sum(one.slot_count for one in planner.sources.values()),
                "steps": sum(len(one.entries) for one in planner.feeds.values()),
                "tasks": len(window.tasks),
                "arena": sum(regions.values()),
            }
        )
    early = {name: max(one[name] for one in sizes[1:12]) for name in sizes[0]}
    late = {name: max(one[name] for one in sizes[-60:]) for name in sizes[0]}
    assert all(value > 0 for value in early.values())
    for name, most in early.items():
        assert late[name] <= 1.25 * most, name


def test_planning_asks_each_cycle_once() -> None:
    planner = Planner(DRUMS)
    (stream,) = planner.sources.values()
    asked: list[int] = []
    pattern = stream.source.voices

    class Watching(Pattern):
        def __init__(self) -> None:
            super().__init__(None, pattern.period, pattern.peak)

        def query(self, cycles: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Haps:
            asked.extend(cycles.tolist())
            return pattern.query(cycles)

    object.__setattr__(stream.source, "voices", Watching())
    rows = 0
    for _ in range(60):
        rows += planner.window(20).sources[0].voices
    assert asked == list(range(len(asked)))
    assert len(asked) > 150
    assert rows < 3 * stream.started, "a window holds few voices of others"


@pytest.mark.parametrize("text", [DRUMS, SYNTH, MIXED])
def test_a_shifted_clock_moves_voices_and_steps(text: str) -> None:
    """Cycle 0 begins later; what belongs to the cycles before is asked for too."""
    shift = 3 * CHUNK
    still, moved = Planner(text), Planner(text, shift=shift)
    first, later = still.window(60), moved.window(63)
    for source, part in first.sources.items():
        onsets = part.columns["onset"][part.columns["onset"] < 60 * CHUNK]
        other = later.sources[source].columns["onset"]
        assert other[(other >= shift) & (other < 63 * CHUNK)].tolist() == (onsets + shift).tolist()
    for key, entries in first.feeds.items():
        steps = entries[(entries[:, 0] > 0) & (entries[:, 0] < 60 * CHUNK), 0]
        other = later.feeds[key][:, 0]
        assert other[(other > shift) & (other < 63 * CHUNK)].tolist() == (steps + shift).tolist()
        assert other[0] <= 0
