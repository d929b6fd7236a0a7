"""How long windows are, and what room the largest needs."""

from __future__ import annotations

import pytest

from farm.plan.windowing import (
    DENSER,
    FIRST_WINDOW_S,
    LONGEST_WINDOW_S,
    MOST_TASKS,
    TAIL_WINDOW_S,
    WINDOW_GROWTH,
    WINDOW_S,
    WINDOW_VOICES,
    Windowing,
)

RATE, CHUNK = 44100, 4096
HOUR = Windowing(RATE, CHUNK, 0, 3600 * RATE)


def seconds(chunks: int) -> float:
    return chunks * CHUNK / RATE


def test_where_workers_wait_windows_grow_from_a_short_one() -> None:
    lengths, first = [], 0
    while first * CHUNK < 600 * RATE:
        lengths.append(HOUR.chunks(first, 1 << 20, 1.0, 0, True))
        first += lengths[-1]
    assert seconds(lengths[0]) <= FIRST_WINDOW_S
    assert all(later <= max(WINDOW_GROWTH * sum(lengths[:number]), 1) for number, later in enumerate(lengths) if number)
    assert seconds(lengths[-1]) == pytest.approx(LONGEST_WINDOW_S, abs=0.1)


def test_windows_hold_about_as_many_voices() -> None:
    dense = HOUR.chunks(0, 1 << 20, WINDOW_VOICES / 20.0, 0, False)
    assert seconds(dense) == pytest.approx(20.0, abs=0.1)
    assert seconds(HOUR.chunks(0, 1 << 20, 1e9, 0, False)) == pytest.approx(WINDOW_S, abs=0.1)
    assert seconds(HOUR.chunks(0, 1 << 20, 0.0, 0, False)) == pytest.approx(LONGEST_WINDOW_S, abs=0.1)


def test_windows_hold_no_more_tasks_than_there_is_a_number_for() -> None:
    chunks = HOUR.chunks(100, 1 << 20, 0.0, 100 * 10_000, False)
    assert chunks * 10_000 <= MOST_TASKS < (chunks + 1) * 10_000


def test_windows_end_where_nothing_begins_any_more() -> None:
    short = Windowing(RATE, CHUNK, 0, 5 * RATE)
    whole = short.chunks(0, 1 << 20, 0.0, 0, False)
    assert (whole - 1) * CHUNK <= 5 * RATE < whole * CHUNK
    assert seconds(short.chunks(whole, 1 << 20, 0.0, 0, False)) == pytest.approx(TAIL_WINDOW_S, abs=0.1)
    assert short.is_short and not HOUR.is_short


@pytest.mark.parametrize("voices_per_s", [0.5, 500.0, 1e6])
@pytest.mark.parametrize("tasks", [10, 5_000, MOST_TASKS])
def test_there_is_room_for_every_later_window(voices_per_s: float, tasks: int) -> None:
    first = HOUR.chunks(0, 1 << 20, voices_per_s, 0, True)
    room = HOUR.room(first * CHUNK, tasks, voices_per_s)
    at, done = first, tasks
    while at * CHUNK < 600 * RATE:
        chunks = HOUR.chunks(at, 1 << 20, voices_per_s, done, True)
        assert tasks * chunks / first <= max(tasks * room, DENSER * MOST_TASKS)
        at, done = at + chunks, done + int(tasks * chunks / first)


def test_windows_of_a_given_length_need_little_more_room_than_the_first() -> None:
    given = Windowing(RATE, CHUNK, 0, 3600 * RATE, 2 * RATE)
    chunks = given.chunks(0, 1 << 20, 1.0, 0, True)
    assert chunks == 2 * RATE // CHUNK
    assert given.room(chunks * CHUNK, 100, 1.0) == DENSER
