"""Faults: which node made an output NaN or infinite, and at which frame.

What a render has passed is overwritten, so all is rendered again, in this process and in chunks of one length: the
answer is the same for any chunk, window and number of workers. Every output of every node is searched on the way; the
earliest frame decides, and there the first node in the order of computation: what it reads is finite.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from farm.errors import RenderError
from farm.render.backends.inline import InlineBackend, Ints
from farm.render.rendering import Rendering, needed_chunks
from farm.render.session import Session
from workers.targets.objects import Code
from workers.wire import Fault, Run, Task

CHUNK_FRAMES = 4096


class Searching(InlineBackend):
    """Searches the nodes of each group for values that are not finite, from the group's frame in `since` on."""

    def __init__(self, code: Code, kernels: tuple[str, ...], since: Sequence[int]) -> None:
        super().__init__(code, kernels)
        self.since: Ints = np.array(since, np.int64)
        self.found: Ints = np.zeros(len(Fault), np.int64)
        self.record[Run.CHECK] = self.found.ctypes.data

    def run(self, first: int, count: int) -> None:
        """Runs tasks `first` .. `first + count` of the window one by one."""
        assert self.plan is not None
        groups = self.plan.tasks[first : first + count, Task.GROUP]
        for task, since in enumerate(self.since[groups].tolist(), first):
            self.found[Fault.FROM] = since
            super().run(task, 1)


def fault(rendering: Rendering, bus: int, first: int, frame: int) -> RenderError:
    """The error for a bus that is not finite at `frame`.

    Nodes on whose past nothing depends are searched from frame `first` on, the others from the start.
    """
    options = replace(rendering.options, backend="inline", chunk_frames=CHUNK_FRAMES, window_frames=None)
    # A limit of voices counts those of all outputs.
    roots = (bus,) if options.max_voices is None else rendering.roots
    own = Session(rendering.session)
    again = Rendering(
        *(rendering.graph, options, roots, rendering.end_frame, rendering.fades, own, first),
        library=rendering.library,
    )
    plan = again.plan
    from_start = [
        group.carried or not needed for group, needed in zip(plan.groups, needed_chunks(plan, 1), strict=True)
    ]
    code = own.engine(options.cpu).code(plan.kernels)
    again.backend = searching = Searching(code, plan.kernels, [0 if early else first for early in from_start])
    try:
        for _ in again.pieces(frame // options.chunk_frames + 1):
            pass
    finally:
        again.close()
        own.close()
    name = rendering.graph.buses[bus].name
    if not searching.found[Fault.FOUND]:
        return RenderError(f"`{name}` is not finite at frame {frame} ({frame / options.rate:.3f} s)")
    label = plan.labels[int(searching.found[Fault.NODE])]
    at = int(searching.found[Fault.FRAME])
    return RenderError(
        f"`{label.written}` in `{label.scope}` gives a value that is not finite at frame {at} "
        f"({at / options.rate:.3f} s)",
        loc=label.loc,
        hint="something grows without bound: look at gains and feedback on its way",
    )
