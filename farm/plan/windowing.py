"""How long windows are: short where workers wait for the first, long where little begins in them."""

from __future__ import annotations

from farm.plan.instants import LONGEST_WINDOW
from workers.records import record

FIRST_WINDOW_S = 1.0
"""Workers begin as soon as this is planned."""
SHORT_S = 30
"""Below so many seconds of sound a render has a first window like the others: it is planned at once sooner than in
parts."""
WINDOW_GROWTH = 2.5
"""How much longer a window is than all before it, at most, where workers wait for it."""
WINDOW_S = 10.0
TAIL_WINDOW_S = 2.0
LONGEST_WINDOW_S = 60.0
WINDOW_VOICES = 16384
"""Voices that a window should hold; fewer in LONGEST_WINDOW_S, more in WINDOW_S."""
MOST_TASKS = 1 << 18
DENSER = 1.5
"""Room for a window in which as much more begins than in the first."""


@record(frozen=True, slots=True)
class Windowing:
    """What the lengths of a rendering's windows depend on. It never decides what is heard.

    `start_frame`, `end_frame`: where the rendering begins, and where nothing begins any more (None: no end is known).
    `given`: frames of every window, where somebody says so.
    """

    rate: int
    chunk_frames: int
    start_frame: int = 0
    end_frame: int | None = None
    given: int | None = None

    @property
    def is_short(self) -> bool:
        """Whether one window may be all."""
        return self.end_frame is not None and self.end_frame - self.start_frame < SHORT_S * self.rate

    def longest_s(self, voices_per_s: float) -> float:
        """Seconds of the longest window, where about so many voices begin in a second."""
        return min(max(WINDOW_VOICES / max(voices_per_s, 1e-9), WINDOW_S), LONGEST_WINDOW_S)

    def chunks(self, first_chunk: int, left: int, voices_per_s: float, tasks: int, waited_for: bool) -> int:
        """Chunks of the window from `first_chunk` on, when `left` are left and `tasks` were planned so far.

        `waited_for`: workers have nothing to do until it is planned, or plan while the one before it runs.
        """
        left = min(left, LONGEST_WINDOW // self.chunk_frames)
        if self.given is not None:
            return max(1, min(left, self.given // self.chunk_frames))
        seconds = self.longest_s(voices_per_s)
        if waited_for:
            before_s = first_chunk * self.chunk_frames / self.rate
            seconds = min(seconds, max(WINDOW_GROWTH * before_s, FIRST_WINDOW_S))
        if tasks:
            per_chunk = tasks / max(first_chunk, 1)
            seconds = min(seconds, MOST_TASKS / per_chunk * self.chunk_frames / self.rate)
        if self.end_frame is not None:
            # Nothing begins in the tail, and nobody knows yet where it ends.
            end_chunk = (self.end_frame - self.start_frame) // self.chunk_frames + 1
            seconds = TAIL_WINDOW_S if first_chunk >= end_chunk else seconds
            left = min(left, end_chunk - first_chunk) if first_chunk < end_chunk else left
        return max(1, min(left, int(seconds * self.rate) // self.chunk_frames))

    def room(self, frames: int, tasks: int, voices_per_s: float) -> float:
        """How many times as much as the first window, of so many frames and tasks, the largest may hold."""
        longest = self.given or int(self.longest_s(voices_per_s) * self.rate)
        if self.end_frame is not None:
            longest = min(longest, self.end_frame - self.start_frame)
        return max(min(longest / frames, MOST_TASKS / max(tasks, 1)), DENSER)
