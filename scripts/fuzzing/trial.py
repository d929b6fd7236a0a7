"""One trial: a score is read, resolved and rendered for a moment; what came of it."""

from __future__ import annotations

import re
import resource
import signal
import traceback
from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from farm.errors import FarmError, SampleError, ScoreError
from farm.graph.score import understand
from farm.options import RenderOptions
from farm.rendering.backends import Watching
from farm.rendering.outline import outline
from farm.rendering.stream import run
from farm.rendering.warm import Warm
from farm.rendering.warmup import every_kernel
from farm.score import Source
from workers.targets.objects import MachineCode

MOST_CPU_S = 5.0
MOST_MEMORY = 1 << 30
"""Bytes that a trial may take beyond what the process had before the first."""
RATE = 8000
DURATION_S = Fraction(1, 5)
WORD = re.compile(r"[A-Za-z_]\w*")


class Hang(BaseException):
    """A trial used more CPU time than it may."""


def hang(*_: Any) -> None:
    """On SIGPROF."""
    raise Hang


class WholeCode(Warm):
    """All kernels, linked once: linking those of each score anew would take most of the time."""

    def code(self, level: str, kernels: tuple[str, ...], watching: Watching) -> MachineCode:
        """The same for any names. Raises RenderError."""
        return super().code(level, (*every_kernel(), "run"), watching)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`kind`: "rendered", "warned", "score error", "sample error"; all others are failures. `detail` is for people."""

    kind: str
    detail: str = ""

    @property
    def failed(self) -> bool:
        """Whether farm should not have done that."""
        return self.kind not in ("rendered", "warned", "score error", "sample error")


@dataclass(eq=False)
class Laboratory:
    """Where trials are made: warm machine code, limits, and a count of the words in scores that were rendered."""

    warm: Warm = field(default_factory=WholeCode)
    words: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.trial('out: s "bd" + saw 110 # lpf 300 1', compare=False)
        signal.signal(signal.SIGPROF, hang)
        with open("/proc/self/status", encoding="ascii") as file:
            used = 1024 * next(int(line.split()[1]) for line in file if line.startswith("VmData:"))
        # Private writable memory: files and what is only reserved do not count.
        resource.setrlimit(resource.RLIMIT_DATA, (used + MOST_MEMORY, resource.getrlimit(resource.RLIMIT_DATA)[1]))

    def trial(self, text: str, *, compare: bool) -> Outcome:
        """What comes of a score; with `compare`, chunks and windows of other lengths must give the same bytes."""
        signal.setitimer(signal.ITIMER_PROF, MOST_CPU_S)
        try:
            return self.tried(text, compare)
        except Hang:
            return Outcome("hang", f"more than {MOST_CPU_S:g} s of CPU time")
        except ScoreError as error:
            return Outcome("score error" if error.loc is not None else "error without a place", error.message)
        except SampleError as error:
            return Outcome("sample error", error.message)
        except FarmError as error:
            return Outcome(type(error).__name__, error.message)
        except MemoryError as error:
            return Outcome("memory", where(error))
        except Exception as error:  # noqa: BLE001
            return Outcome(type(error).__name__, f"{error} {where(error)}")
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0.0)

    def tried(self, text: str, compare: bool) -> Outcome:
        loaded = understand(Source("fuzz.ph", text))
        blocks: list[np.ndarray[Any, np.dtype[np.float32]]] = []
        report = run(outline(loaded, asked()), self.warm, lambda block: blocks.append(block.frames.copy()))
        frames = np.concatenate(blocks)
        if frames.shape != (int(DURATION_S * RATE), 2):
            return Outcome("length", f"{len(frames)} frames")
        if not np.isfinite(frames).all():
            return Outcome("not finite", f"first at frame {int(np.argmin(np.isfinite(frames).all(axis=1)))}")
        if compare:
            other = run(outline(loaded, asked(chunk=97, window_frames=600)), self.warm, len)
            if other.sha256 != report.sha256:
                return Outcome("differs", "with chunks of 97 frames in windows of 600")
        self.words.update(set(WORD.findall(text)))
        return Outcome("warned" if report.notices else "rendered")


def asked(**options: Any) -> RenderOptions:
    """A fifth of a second at 8 kHz, in this process."""
    return RenderOptions(duration=DURATION_S, rate=RATE, tail="none", backend="inline", **options)


def where(error: BaseException) -> str:
    """The last places in farm that an exception passed."""
    frames = [
        one
        for one in traceback.extract_tb(error.__traceback__)
        if "/farm/" in one.filename or "/workers/" in one.filename
    ]
    return "in " + " < ".join(f"{one.name} ({one.filename.rsplit('/', 1)[-1]}:{one.lineno})" for one in frames[:-4:-1])
