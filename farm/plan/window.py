"""Windows: the tasks of a stretch of whole chunks, in an order in which each follows those it reads."""

from __future__ import annotations

from collections.abc import Generator, Mapping

import numpy as np
from numpy.typing import NDArray

from farm.graph.choking import choke
from farm.graph.columns import Columns
from farm.graph.stealing import peak, steal
from farm.pattern.clock import Clock
from farm.plan.feeds import FeedStream
from farm.plan.plan import GroupKind, GroupPlan, SourceWindow, StaticPlan, WindowPlan
from farm.plan.slices import SourceStream
from workers.records import record
from workers.wire import LANES, Task

Ints = NDArray[np.int64]
FIELDS = len(Task)


@record(frozen=True, slots=True)
class Bounds:
    """What holds in every window of a rendering."""

    clock: Clock
    needed_from: tuple[int, ...]
    """The first chunk in which each group is needed."""
    starts: tuple[int, ...]
    """The frame at which each group begins to be heard."""
    start_frame: int = 0
    """Where the rendering begins; chunks count from here."""
    end_frame: int | None = None
    """Where sources that are not voices fade out."""
    max_voices: int | None = None
    """How many may sound at once."""


@record(frozen=True, slots=True, eq=False)
class Streams:
    """What planning goes on with from window to window: voices by source, step-fed constants by (group, feed)."""

    sources: Mapping[int, SourceStream]
    feeds: Mapping[tuple[int, int], FeedStream]


def plan_window(
    plan: StaticPlan, streams: Streams, bounds: Bounds, first_chunk: int, chunks: int, stop_frame: int | None = None
) -> WindowPlan:
    """The same in one go."""
    steps = plan_steps(plan, streams, bounds, first_chunk, chunks, stop_frame)
    while True:
        try:
            next(steps)
        except StopIteration as end:
            window: WindowPlan = end.value
            return window


def plan_steps(
    plan: StaticPlan, streams: Streams, bounds: Bounds, first_chunk: int, chunks: int, stop_frame: int | None = None
) -> Generator[None, None, WindowPlan]:
    """The tasks of chunks `first_chunk` .. `first_chunk + chunks`, the last of which ends at `stop_frame` if before.

    In steps of some milliseconds, between which whoever plans may do something else.

    What is decided about voices depends on what begins before the window's end, and stays. So a window may be planned
    in pieces, and again until a later one is.
    """
    frames, sources = plan.chunk_frames, streams.sources
    first_frame = bounds.start_frame + first_chunk * frames
    last_frame = first_frame + chunks * frames
    if stop_frame is not None:
        last_frame = min(last_frame, stop_frame)
    until = bounds.clock.cycles_until(last_frame)
    for stream in sources.values():
        stream.forget(first_frame)
        stream.advance(until)
        yield
    decide(list(sources.values()), bounds.max_voices, last_frame, plan.rate)
    windows = {}
    for number, stream in sources.items():
        windows[number] = stream.window(first_frame, last_frame, frames)
        yield
    entries = {key: stream.window(first_frame, until) for key, stream in streams.feeds.items()}
    parts = []
    for number, group in enumerate(plan.groups):
        start = max(bounds.needed_from[number], first_chunk)
        if group.kind is GroupKind.BUS:
            began = bounds.needed_from[number]
            tasks = bus_tasks(number, group, range(start, first_chunk + chunks), first_chunk, began)
        else:
            start_frame = bounds.start_frame + start * frames
            tasks = voice_tasks(number, group, windows[group.source], first_chunk, start, start_frame)
        tasks[:, Task.FRAME] = first_frame + tasks[:, Task.CHUNK] * frames
        tasks[:, Task.FRAMES] = np.minimum(frames, last_frame - tasks[:, Task.FRAME])
        parts.append(tasks)
    tasks = np.concatenate(parts) if parts else np.zeros((0, FIELDS), np.int64)
    order = np.argsort(tasks[:, Task.CHUNK] * len(plan.groups) + tasks[:, Task.GROUP], kind="stable")
    tasks = np.ascontiguousarray(tasks[order])
    return WindowPlan(
        first_chunk=first_chunk,
        chunks=chunks,
        tasks=tasks,
        chunk_starts=np.searchsorted(tasks[:, Task.CHUNK], np.arange(chunks + 1)),
        sources=windows,
        feeds=entries,
        first_frame=first_frame,
        last_frame=last_frame,
        starts=bounds.starts,
        end_frame=bounds.end_frame,
        slots={number: slot_count(group, sources) for number, group in enumerate(plan.groups)},
        voices_started=sum(started_in(one, first_frame, last_frame) for one in windows.values()),
        voices_stolen=sum(stolen_in(one, first_frame, last_frame) for one in windows.values()),
        voices_peak=peak_of(windows, first_frame, last_frame),
    )


def decide(streams: list[SourceStream], max_voices: int | None, last_frame: int, rate: int) -> None:
    """Decides which voices are cut off before `last_frame`."""
    for stream, stops in zip(streams, choke(live_of(streams), last_frame, rate), strict=True):
        stream.decide("choked", stops)
    if max_voices is not None:
        for stream, stops in zip(streams, steal(live_of(streams), max_voices, last_frame, rate), strict=True):
            stream.decide("stolen", stops)


def live_of(streams: list[SourceStream]) -> list[Columns]:
    """The voices of each source."""
    return [stream.live for stream in streams if stream.live is not None]


def slot_count(group: GroupPlan, sources: Mapping[int, SourceStream]) -> int:
    """State slots of a group."""
    return 1 if group.kind is GroupKind.BUS else sources[group.source].slot_count


def bus_tasks(number: int, group: GroupPlan, chunks: range, first_chunk: int, began: int) -> Ints:
    """One task a chunk; what is carried begins in chunk `began`."""
    chunk = np.arange(chunks.start, chunks.stop)
    tasks = np.zeros((len(chunk), FIELDS), np.int64)
    tasks[:, Task.GROUP] = number
    tasks[:, Task.HALVES] = 1
    tasks[:, Task.STATE_IN] = np.where((chunk > began) & group.carried, (chunk - 1) % 2, -1)
    tasks[:, Task.STATE_OUT] = chunk % 2 if group.carried else -1
    tasks[:, Task.CHUNK] = chunk - first_chunk
    return tasks


def voice_tasks(
    number: int, group: GroupPlan, source: SourceWindow, first_chunk: int, start: int, start_frame: int
) -> Ints:
    """One task for each slice and chunk in which it sounds, from chunk `start` on, which begins at `start_frame`."""
    on = source.halves[:, 1:]
    chunk, part = np.nonzero(on.T)
    if start > first_chunk:
        # A carried slice that sounds past the start is needed from its own beginning.
        keep = chunk + first_chunk >= start
        if group.carried:
            keep |= last_ends(source)[part] > start_frame
        chunk, part = chunk[keep], part[keep]
    tasks = np.zeros((len(chunk), FIELDS), np.int64)
    tasks[:, Task.GROUP] = number
    tasks[:, Task.HALVES] = on[part, chunk]
    tasks[:, Task.ROW] = part * LANES
    tasks[:, Task.CONSTANTS] = part
    tasks[:, Task.STATE_IN] = -1
    tasks[:, Task.STATE_OUT] = -1
    if group.carried:
        slot = source.slots[part]
        parity = (chunk + first_chunk) % 2
        before = source.halves[part, chunk] != 0
        tasks[:, Task.STATE_IN] = np.where(before, 2 * slot + 1 - parity, -1)
        tasks[:, Task.STATE_OUT] = 2 * slot + parity
        tasks[:, Task.RING] = slot
    firsts = np.searchsorted(chunk, np.arange(on.shape[1] + 1))
    tasks[:, Task.OUT] = np.arange(len(chunk)) - firsts[chunk]
    tasks[:, Task.CHUNK] = chunk
    tasks[:, Task.LANES] = np.minimum(source.voices - part * LANES, LANES)
    tasks[:, Task.SLICE] = part + source.first_slice
    return tasks


def started_in(source: SourceWindow, first_frame: int, last_frame: int) -> int:
    """Voices whose onsets lie in the window."""
    onset = source.columns["onset"]
    return int(((onset >= first_frame) & (onset < last_frame)).sum())


def stolen_in(source: SourceWindow, first_frame: int, last_frame: int) -> int:
    """Voices that had to make room in the window."""
    stolen = source.columns["stolen"]
    return int(((stolen >= first_frame) & (stolen < last_frame)).sum())


def last_ends(source: SourceWindow) -> Ints:
    """When the last voice of each slice ends."""
    ends = np.zeros(len(source.halves) * LANES, np.int64)
    ends[: source.voices] = source.columns["end"]
    last: Ints = ends.reshape(-1, LANES).max(axis=1)
    return last


def peak_of(windows: Mapping[int, SourceWindow], first_frame: int, last_frame: int) -> int:
    """Most voices that sound at once; one that fades out because it was stolen does not count."""
    onsets, ends = [], []
    for window in windows.values():
        onset, end = window.columns["onset"], np.minimum(window.columns["end"], window.columns["stolen"])
        inside = (onset < last_frame) & (end > first_frame)
        onsets.append(onset[inside])
        ends.append(end[inside])
    if not onsets:
        return 0
    onset, end = np.concatenate(onsets), np.concatenate(ends)
    order = np.argsort(onset)
    return peak(onset[order], end[order])
