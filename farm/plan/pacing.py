"""How far tasks run ahead of what is read, and how often the coordinator looks: laws of the pool, without processes.

Whoever plays a schedule through (`farm.profile.simulate`) keeps to the same.
"""

from __future__ import annotations

from farm.plan.lower import slot_bytes
from farm.plan.plan import StaticPlan, WindowPlan

LEAST_DEPTH, MOST_DEPTH, MOST_INNER_DEPTH = 2, 64, 4
"""Chunk slots of signals that are read from outside, and of those between groups."""
WORKER_DEPTH = 8
"""Slots for each worker that are read from outside: while half of them wait to be read the others are filled."""
MOST_AHEAD_FRAMES = 1 << 18
READ_FRAMES = 1 << 14
"""As many finished frames are read at once, if there are slots for them: each read costs some time of its own, and what
is read should stay in the caches until it is written."""
CACHED_BYTES = 1 << 23
"""What slots beyond those may take: more than the caches hold would be fetched from memory each time."""
GLANCE_S = 0.0002
"""How long the coordinator sleeps, at least, between looks at the workers: each look costs them some time."""
POLLING_S = 0.0005
"""How long it looks again at once instead, at most, where it keeps no worker from its CPU: a sleep comes late by more
than what is missing takes."""
FIRST_GLANCE_S, LONGEST_GLANCE_S = 0.002, 0.02
"""And at most: until something was read, and then."""

SPINS, CROWDED_SPINS, SECOND_SPINS = 2000, 200, 700
"""How often a worker looks for a task before it sleeps: on a CPU of its own; where no CPU is left for the coordinator,
which it waits for; and block by block there, where the first worker is at once with what comes and the others help."""


def slots_for(plan: StaticPlan, window: WindowPlan, read_buses: frozenset[int], workers: int) -> tuple[int, int]:
    """Chunk slots of signals that are read from outside, and of those between groups: as many as keep all workers busy,
    more where the caches hold them."""
    held = slot_bytes(plan, window, read_buses)
    outer, inner = (CACHED_BYTES // max(one, 1) for one in held)
    wanted = max(WORKER_DEPTH * workers, outer)
    depth = max(LEAST_DEPTH, min(wanted, MOST_DEPTH, MOST_AHEAD_FRAMES // plan.chunk_frames))
    return depth, max(LEAST_DEPTH, workers, min(inner, MOST_INNER_DEPTH))


def read_at_once(depth: int, chunk_frames: int) -> int:
    """How many chunks are waited for before any is read."""
    return max(1, min(depth // 2, READ_FRAMES // chunk_frames))


def pause_s(running_s: float, read: int, missing: int) -> float:
    """How long to sleep before the next look: most of what `missing` chunks will take, `read` being done so far."""
    expected_s = running_s / max(read, 1) * missing
    return min(max(0.8 * expected_s, GLANCE_S), LONGEST_GLANCE_S if read else FIRST_GLANCE_S)
