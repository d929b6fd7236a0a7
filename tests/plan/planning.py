"""Plans scores window by window, without rendering them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.graph.asking import Asking
from farm.graph.graph import Graph
from farm.graph.slab import SampleFiles
from farm.options import Quality
from farm.pattern.clock import Clock
from farm.plan.feeds import FeedStream, streams
from farm.plan.plan import StaticPlan, WindowPlan
from farm.plan.program import PlanSetting
from farm.plan.slices import SourceStream
from farm.plan.static import static_plan
from farm.plan.verify import verify_static, verify_window
from farm.plan.window import Bounds, Streams, plan_window
from tests.render.sound import score

RATE = 8000
CHUNK = 512


class Planner:
    """The plan of a score and its windows; `sources` and `feeds` are what planning remembers."""

    def __init__(self, text: str, end_frame: int | None = None, shift: int = 0, quality: Quality = "good") -> None:
        self.end_frame = end_frame
        self.graph: Graph = score(text).graph(0)
        self.clock = Clock(RATE, self.graph.cps, shift)
        setting = PlanSetting(
            rate=RATE,
            chunk_frames=CHUNK,
            depth=8,
            inner_depth=1,
            quality=quality,
            seed=0,
            fades=end_frame is not None,
            fade_out_frames=80,
        )
        self.plan: StaticPlan = static_plan(self.graph, tuple(output.bus for output in self.graph.outputs), setting)
        verify_static(self.plan)
        asking = Asking(self.clock, self.graph.words, SampleFiles(RATE), no_signal, no_table, False)
        self.sources: dict[int, SourceStream] = {}
        self.feeds: dict[tuple[int, int], FeedStream] = {}
        for number, group in enumerate(self.plan.groups):
            if group.source >= 0:
                source = self.graph.sources[group.source]
                self.sources[group.source] = SourceStream(source, group, asking, end_frame)
            begin = self.clock.cycle_of(0)
            for index, stream in enumerate(streams(group.feeds, self.graph.words, self.clock, begin)):
                self.feeds[number, index] = stream
        self.done = 0

    def window(self, chunks: int) -> WindowPlan:
        """The next window."""
        zeros = (0,) * len(self.plan.groups)
        bounds = Bounds(self.clock, zeros, zeros, end_frame=self.end_frame)
        window = plan_window(self.plan, Streams(self.sources, self.feeds), bounds, self.done, chunks)
        verify_window(self.plan, window)
        self.done += chunks
        return window

    def windows(self, *lengths: int) -> list[WindowPlan]:
        """Several windows, one after another."""
        return [self.window(chunks) for chunks in lengths]


def no_signal(bus: int, frames: NDArray[np.int64]) -> NDArray[np.float64]:
    """These scores read no signals while they are planned."""
    raise AssertionError(f"bus {bus} was read")


def no_table(pace: NDArray[Any]) -> NDArray[np.int64]:
    """These plans play with quality good."""
    raise AssertionError("a sinc table was asked for")
