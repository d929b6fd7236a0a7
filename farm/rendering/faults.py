"""Faults: which node made an output NaN or infinite, and at which frame.

What a render has passed is overwritten, so all is rendered again, in this process and in chunks of one length: the
answer is the same for any chunk, window and number of workers. Every output of every node is searched on the way; the
earliest frame decides, and there the first node in the order of computation: what it reads is finite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

import numpy as np

from farm.errors import RenderError
from farm.rendering.backends.inline import InlineBackend, Ints
from farm.rendering.outline import Part
from farm.rendering.piece import NotFinite
from farm.rendering.rendering import Rendering, needed_chunks
from farm.rendering.warm import Warm, level_for
from workers.wire import Fault, Run, Task

CHUNK_FRAMES = 4096


class Searching(InlineBackend):
    """Searches the nodes of each group for values that are not finite, from the group's frame in `since` on."""

    def __init__(self, warm: Warm, level: str, since: Sequence[int]) -> None:
        super().__init__(warm, 1, level)
        self.since: Ints = np.array(since, np.int64)
        self.found: Ints = np.zeros(len(Fault), np.int64)
        self.record[Run.CHECK] = self.found.ctypes.data

    def run_tasks(self, first: int, count: int) -> None:
        """Runs tasks `first` .. `first + count` of the window one by one."""
        assert self.window is not None
        groups = self.window.tasks[first : first + count, Task.GROUP]
        for task, since in enumerate(self.since[groups].tolist(), first):
            self.found[Fault.FROM] = since
            super().run_tasks(task, 1)


@contextmanager
def explained() -> Iterator[None]:
    """A NotFinite that leaves this block becomes the RenderError that names the node."""
    try:
        yield
    except NotFinite as met:
        raise fault(cast(Rendering, met.rendering), met.bus, met.first, met.frame) from None


def fault(rendering: Rendering, bus: int, first: int, frame: int) -> RenderError:
    """The error for a bus that is not finite at `frame`.

    Nodes on whose past nothing depends are searched from frame `first` on, the others from the start.
    """
    options = replace(rendering.options, backend="inline", chunk=CHUNK_FRAMES, window_frames=None)
    # A limit of voices counts those of all outputs.
    roots = (bus,) if options.max_voices is None else rendering.part.roots
    own = Warm(rendering.warm)
    part = Part(roots, rendering.part.end_frame, rendering.part.fades, first)
    # A bus is searched as it is written, in one piece.
    again = Rendering(rendering.graph, options, part, own, rendering.library, cut=False)
    plan = again.plan
    needed = needed_chunks(plan, [1] * len(plan.groups))
    from_start = [group.carried or not first_chunk for group, first_chunk in zip(plan.groups, needed, strict=True)]
    searching = Searching(own, level_for(options.cpu), [0 if early else first for early in from_start])
    again.use(searching)
    try:
        for _ in again.pieces(frame + 1):
            pass
    finally:
        again.close()
        own.close()
    name = rendering.graph.buses[bus].name
    if not searching.found[Fault.FOUND]:
        return RenderError(f"`{name}` is not finite at frame {frame} ({frame / options.rate:.3f} s)")
    label = plan.groups[int(searching.found[Fault.GROUP])].labels[int(searching.found[Fault.NODE])]
    at = int(searching.found[Fault.FRAME])
    return RenderError(
        f"`{label.written}` in `{label.scope}` gives a value that is not finite at frame {at} "
        f"({at / options.rate:.3f} s)",
        loc=label.loc,
        hint="something grows without bound: look at gains and feedback on its way",
    )
