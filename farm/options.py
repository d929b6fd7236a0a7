"""What a render is asked for: one frozen value, the same for the command line and for Python."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral, Rational, Real
from os import PathLike
from typing import Literal

from farm.errors import UsageError

Bits = Literal["16", "24", "32f"]
Quality = Literal["draft", "good", "best"]
DEFAULT_CYCLES = 8
LONGEST = 10_000_000
"""Cycles or seconds."""
Clip = Literal["limit", "warn", "error", "rescale", "none"]
CLIPS: tuple[Clip, ...] = ("limit", "warn", "error", "rescale", "none")
QUALITIES: tuple[Quality, ...] = ("draft", "good", "best")
LEVELS = ("v2", "v3", "v4")
BACKENDS = ("auto", "inline", "local", "null")
LARGEST_SEED = 2**63 - 1

_LENGTHS = ("cycles", "duration_s", "from_cycle", "to_cycle")
_WHOLE = ("rate", "seed", "chunk_frames", "window_frames", "threads", "max_voices")
_NUMBERS = ("gain", "fade_in_s", "fade_out_s")
_FLAGS = ("lenient", "outputs_as_channels")


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """Options of a render. Times are cycles where the name says so, else seconds.

    Raises UsageError when senseless, TypeError for what is no such value at all. Lengths in cycles or seconds may be
    given as any number; they are kept as fractions, 0.1 as 1/10.

    The whole render runs from cycle 0 for `cycles` or `duration_s` (8 cycles when neither is given). `from_cycle` and
    `to_cycle` cut a part out of it: the same frames. `tail`: "auto" (until every output is silent, at most 30 s),
    "none", or seconds.
    """

    cycles: Fraction | None = None
    duration_s: Fraction | None = None
    from_cycle: Fraction | None = None
    to_cycle: Fraction | None = None
    lenient: bool = False
    """Whether the score was loaded so that what cannot be rendered is left out with a warning, and is no error."""
    rate: int = 44100
    bits: Bits = "24"
    quality: Quality = "good"
    gain: float = 0.8
    clip: Clip = "limit"
    """What happens to frames that are too loud: a limiter at -0.3 dBFS, cut off at full scale with a warning, an error,
    one gain for all of them, or nothing (32 bit float files only)."""
    fade_in_s: float = 0.01
    fade_out_s: float = 0.01
    tail: Literal["auto", "none"] | float = "auto"
    seed: int = 0
    chunk_frames: int = 4096
    window_frames: int | None = None
    """Frames planned at once; None: chosen from the score. The sound does not depend on it."""
    cpu: Literal["v2", "v3", "v4"] | None = None
    backend: Literal["auto", "inline", "local", "null"] = "auto"
    """Where tasks run: in this process, in a pool of workers, or (auto) in a pool where `threads` asks for several or
    the work is worth starting one. `null` plans all and runs nothing: the frames are silence."""
    threads: int | None = None
    """Workers; None: as many as this process may use CPUs."""
    max_voices: int | None = None
    """Voices that may sound at once, 1 to 1000000; a further one takes the place of the oldest. None: no limit."""
    outputs_as_channels: bool = False
    """Every numbered output as a channel of its own, in order, instead of all summed into stereo."""
    samples: tuple[str, ...] = ()
    """Folders of sample banks, the last searched first; then those of FARM_SAMPLES and `samples` beside the score."""
    work_dir: str | None = None
    """Folder for the arena as a mapped file, instead of shared memory."""

    def __post_init__(self) -> None:
        self.check_types()
        for name, chosen, known in (
            ("cpu", self.cpu or LEVELS[0], LEVELS),
            ("bits", self.bits, ("16", "24", "32f")),
            ("quality", self.quality, QUALITIES),
            ("backend", self.backend, BACKENDS),
            ("clip", self.clip, CLIPS),
        ):
            if chosen not in known:
                raise UsageError(f"--{name} must be one of {', '.join(known)}, not {chosen}")
        positive = {"cycles": self.cycles, "duration": self.duration_s, "to": self.to_cycle}
        for name, value in positive.items():
            if value is not None and value <= 0:
                raise UsageError(f"--{name} must be above 0, not {value}")
            if value is not None and value > LONGEST:
                raise UsageError(f"--{name} {value} is longer than farm renders: at most {LONGEST:,}")
        if self.cycles is not None and self.duration_s is not None:
            raise UsageError("--cycles and --duration both say how long: give one of them")
        if self.from_cycle is not None and self.from_cycle < 0:
            raise UsageError(f"--from must not be below 0, not {self.from_cycle}")
        if self.from_cycle is not None and self.to_cycle is not None and self.to_cycle <= self.from_cycle:
            raise UsageError(f"--to {self.to_cycle} is not after --from {self.from_cycle}")
        if not 8000 <= self.rate <= 384000:
            raise UsageError(f"--rate must be from 8000 to 384000 Hz, not {self.rate}")
        if self.clip == "rescale" and (self.from_cycle is not None or self.to_cycle is not None):
            hint = "cut the part out of the whole file, or use --clip limit"
            raise UsageError("--clip rescale depends on the peak of the whole: not with --from or --to", hint=hint)
        if not 0.0 <= self.gain <= 100.0:
            raise UsageError(f"--gain must be from 0 to 100, not {self.gain:g}")
        for name, seconds in (("fade-in", self.fade_in_s), ("fade-out", self.fade_out_s)):
            if not 0.0 <= seconds <= 3600.0:
                raise UsageError(f"--{name} must be from 0 to 3600 seconds, not {seconds:g}")
        if self.tail not in ("auto", "none") and (isinstance(self.tail, str) or not 0.0 <= self.tail <= 3600.0):
            given = self.tail if isinstance(self.tail, str) else f"{self.tail:g}"
            raise UsageError(f"--tail must be auto, none, or from 0 to 3600 seconds, not {given}")
        if self.threads is not None and not 1 <= self.threads <= 1024:
            raise UsageError(f"--threads must be auto or from 1 to 1024, not {self.threads}")
        if self.max_voices is not None and not 1 <= self.max_voices <= 1_000_000:
            raise UsageError(f"--max-voices must be from 1 to 1000000, not {self.max_voices}")
        if not 64 <= self.chunk_frames <= 1 << 20:
            raise UsageError(f"--chunk must be from 64 to 1048576 frames, not {self.chunk_frames}")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise UsageError(f"--seed must be from 0 to {LARGEST_SEED}, not {self.seed}")

    def check_types(self) -> None:
        """Makes fractions of lengths. Raises TypeError for values of other types than their fields have."""
        for name in _LENGTHS:
            value = getattr(self, name)
            if value is not None:
                object.__setattr__(self, name, _exact(name, value))
        for names, kind, wanted in (
            (_WHOLE, Integral, "a whole number"),
            (_NUMBERS, Real, "a number"),
            (_FLAGS, bool, "True or False"),
        ):
            for name in names:
                value = getattr(self, name)
                absent = value is None and RenderOptions.__dataclass_fields__[name].default is None
                if not absent and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
                    raise TypeError(f"RenderOptions: {name} is {wanted}, not {value!r}")
        if isinstance(self.tail, bool) or not isinstance(self.tail, str | Real):
            raise TypeError(f'RenderOptions: tail is "auto", "none" or a number of seconds, not {self.tail!r}')
        if isinstance(self.samples, str) or not all(isinstance(one, str | PathLike) for one in self.samples):
            raise TypeError(f'RenderOptions: samples are several folders, ("sounds",), not {self.samples!r}')
        if not isinstance(self.work_dir, str | PathLike | None):
            raise TypeError(f"RenderOptions: work_dir is a folder, not {self.work_dir!r}")


def _exact(name: str, value: object) -> Fraction:
    """A length as a fraction: a float as the decimal number that it is written as."""
    if isinstance(value, Rational) and not isinstance(value, bool):
        return Fraction(value)
    if isinstance(value, Real) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise UsageError(f"RenderOptions: {name} must be a finite number, not {value}")
        return Fraction(repr(float(value)))
    raise TypeError(f"RenderOptions: {name} is a number, not {value!r}")
