"""What a render is asked for: one frozen value, the same for the command line and for Python."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal, InvalidOperation
from enum import Enum
from fractions import Fraction
from functools import wraps
from numbers import Integral, Rational, Real
from os import PathLike, fspath
from typing import Any, Literal

from farm.errors import UsageError, suggestion
from farm.normal import normal
from workers.levels import NAMES

Bits = Literal["16", "24", "32f"]
Dither = Literal["tpdf", "shaped", "none"]
DITHERS: tuple[Dither, ...] = ("tpdf", "shaped", "none")
Channels = Literal["stereo", "mono"]
CHANNELS: tuple[Channels, ...] = ("stereo", "mono")
Container = Literal["wav", "rf64", "w64"]
CONTAINERS: tuple[Container, ...] = ("wav", "rf64", "w64")
Quality = Literal["draft", "good", "best"]
DEFAULT_CYCLES = 8
LONGEST = 10_000_000
"""Cycles or seconds."""
Clip = Literal["limit", "warn", "error", "rescale", "none"]
CLIPS: tuple[Clip, ...] = ("limit", "warn", "error", "rescale", "none")
QUALITIES: tuple[Quality, ...] = ("draft", "good", "best")
LEVELS = NAMES
BACKENDS = ("auto", "inline", "local", "null")
LARGEST_SEED = 2**63 - 1
LARGEST_SET = 10**15
"""The largest magnitude of a number that --set gives."""
PLAIN = re.compile(r"-?(?:(?:0|[1-9]\d*)(?:\.\d+)?|\.\d+|[1-9]\d*/[1-9]\d*)", re.ASCII)
"""Text that is a number; `01` is the name of a bank."""


class Decides(Enum):
    """What an option decides."""

    FRAMES = "the frames"
    FILE = "the bytes of the file, the frames being the same"
    PLACE = "where sounds are found: what is found decides"
    WORK = "how the work is done: neither frames nor bytes"


FRAMES, FILE, PLACE, WORK = ({"decides": one} for one in Decides)

_LENGTHS = ("cycles", "duration", "from_", "to")
_WHOLE = ("rate", "seed", "chunk", "window_frames", "threads", "max_voices")
_NUMBERS = ("gain", "ceiling", "fade_in", "fade_out")
_FLAGS = ("lenient", "outputs_as_channels")


@dataclass(frozen=True, slots=True)
class RenderOptions:
    """Options of a render, called as in the command line. Times are cycles where that says so, else seconds.

    Values may be given as a person writes them: `bits=16`, `cycles="1/3"`, `duration=3`. Lengths are kept as
    fractions, 0.1 as 1/10. Raises UsageError for what is no option, no such value, or makes no sense.

    The whole render runs from cycle 0 for `cycles` or `duration` seconds (8 cycles when neither is given; a stream is
    endless then). `from_` and `to` cut a part out of it, in cycles: the same frames. `tail`: "auto" (until every output
    is silent, at most 30 s), "none", or seconds. The metadata of each field says what it decides.
    """

    cycles: Fraction | None = field(default=None, metadata=FRAMES)
    duration: Fraction | None = field(default=None, metadata=FRAMES)
    from_: Fraction | None = field(default=None, metadata=FRAMES)
    to: Fraction | None = field(default=None, metadata=FRAMES)
    lenient: bool = field(default=False, metadata=FRAMES)
    """Whether the score was loaded so that what cannot be rendered is left out with a warning, and is no error."""
    rate: int = field(default=44100, metadata=FRAMES)
    bits: Bits = field(default="24", metadata=FILE)
    container: Container = field(default="wav", metadata=FILE)
    """What a .wav file is: WAV that becomes RF64 above 4 GiB, or RF64 whatever its size; W64 goes with .w64."""
    markers: Literal["cycles"] | None = field(default=None, metadata=FILE)
    """Whether a WAV file says where each cycle begins (cue points with labels)."""
    dither: Dither = field(default="tpdf", metadata=FILE)
    """The noise that makes 16 and 24 bits sound like more: triangular and white, `shaped` towards high frequencies,
    where less of it is heard, or none. Digital silence gets none."""
    quality: Quality = field(default="good", metadata=FRAMES)
    gain: float = field(default=0.8, metadata=FRAMES)
    clip: Clip = field(default="limit", metadata=FRAMES)
    """What happens to frames that are too loud: turned down under `ceiling`, cut off at full scale with a warning, an
    error, one gain for all of them, or nothing (32 bit float files only)."""
    normalize: str | None = field(default=None, metadata=FRAMES)
    """How loud the finished file is to be: "peak=-1" (dBFS), "lufs=-14", or "lufs=-16,tp=-1" with a true peak that is
    not passed (else that of `ceiling`). One gain for all, found out on the mix; no limiter works."""
    ceiling: float = field(default=-1.0, metadata=FRAMES)
    """The true peak that the limiter leaves, in dB of full scale."""
    fade_in: float = field(default=0.01, metadata=FRAMES)
    fade_out: float = field(default=0.01, metadata=FRAMES)
    tail: Literal["auto", "none"] | float = field(default="auto", metadata=FRAMES)
    seed: int = field(default=0, metadata=FRAMES)
    set: tuple[tuple[str, Fraction | str], ...] = field(default=(), metadata=FRAMES)
    """Numbers and strings of the score, by name, that take the place of those that it writes; given as a mapping."""
    chunk: int = field(default=4096, metadata=WORK)
    """Frames of a task."""
    window_frames: int | None = field(default=None, metadata=WORK)
    """Frames planned at once; None: chosen from the score. The sound does not depend on it."""
    cpu: str | None = field(default=None, metadata=WORK)
    backend: Literal["auto", "inline", "local", "null"] = field(default="auto", metadata=WORK)
    """Where tasks run: in this process, in a pool of workers, or (auto) in a pool where `threads` asks for several or
    the work is worth starting one. `null` plans all and runs nothing: the frames are silence."""
    threads: int | None = field(default=None, metadata=WORK)
    """Workers; None, or "auto": as many as this process may use CPUs."""
    max_voices: int | None = field(default=None, metadata=FRAMES)
    """Voices that may sound at once, 1 to 1000000; a further one takes the place of the oldest. None: no limit."""
    channels: Channels = field(default="stereo", metadata=FRAMES)
    """Left and right, or their mean alone."""
    outputs_as_channels: bool = field(default=False, metadata=FRAMES)
    """Every numbered output as a channel of its own, in order, instead of all summed into stereo."""
    samples: tuple[str, ...] = field(default=(), metadata=PLACE)
    """Folders of sample banks, the last searched first; then those of FARM_SAMPLES and `samples` beside the score."""
    work_dir: str | None = field(default=None, metadata=WORK)
    """Folder for the arena as a mapped file, instead of shared memory."""

    def __post_init__(self) -> None:
        self.take_as_written()
        for name, chosen, known in (
            ("cpu", self.cpu or LEVELS[0], LEVELS),
            ("bits", self.bits, ("16", "24", "32f")),
            ("quality", self.quality, QUALITIES),
            ("backend", self.backend, BACKENDS),
            ("clip", self.clip, CLIPS),
            ("dither", self.dither, DITHERS),
            ("channels", self.channels, CHANNELS),
            ("container", self.container, CONTAINERS),
            ("markers", self.markers or "cycles", ("cycles",)),
        ):
            if chosen not in known:
                hint = suggestion(str(chosen), known)
                raise UsageError(f"--{name} must be one of {', '.join(known)}, not {chosen}", hint=hint)
        self.check_normal()
        self.check_lengths()
        self.check_ranges()

    def check_normal(self) -> None:
        """Raises UsageError for a loudness that cannot be meant, or that goes with nothing else."""
        if self.normalize is None:
            return
        if not isinstance(self.normalize, str):
            raise _wrong("normalize", '"peak=-1", "lufs=-14" or "lufs=-16,tp=-1"', self.normalize)
        normal(self.normalize)
        if self.clip != "limit":
            hint = "leave one of them out: what is normalized is never too loud"
            raise UsageError(f"--normalize turns all up or down alike: not with --clip {self.clip}", hint=hint)
        if self.from_ is not None or self.to is not None:
            hint = "cut the part out of the whole file"
            raise UsageError("--normalize depends on the loudness of the whole: not with --from or --to", hint=hint)

    def take_as_written(self) -> None:
        """Makes of what a person writes what the fields hold. Raises UsageError for what cannot be meant."""
        meant: dict[str, Any] = {}
        for name in _LENGTHS:
            meant[name] = _optional(name, getattr(self, name), _exact)
        for name in _WHOLE:
            meant[name] = _whole(name, getattr(self, name))
        for name in _NUMBERS:
            meant[name] = _number(name, getattr(self, name))
        for name in _FLAGS:
            if not isinstance(getattr(self, name), bool):
                raise _wrong(name, "True or False", getattr(self, name))
        meant["bits"] = str(self.bits) if isinstance(self.bits, int) else self.bits
        meant["tail"] = self.tail if self.tail in ("auto", "none") else _tail(self.tail)
        folders: Any = (self.samples,) if isinstance(self.samples, str | PathLike) else self.samples
        if not isinstance(folders, tuple | list) or not all(isinstance(one, str | PathLike) for one in folders):
            raise _wrong("samples", 'folders, "sounds" or ("sounds", "more")', self.samples)
        meant["samples"] = tuple(fspath(one) for one in folders)
        if not isinstance(self.work_dir, str | PathLike | None):
            raise _wrong("work_dir", "a folder", self.work_dir)
        meant["set"] = _settings(self.set)
        for name, value in meant.items():
            object.__setattr__(self, name, value)

    def check_lengths(self) -> None:
        """Raises UsageError for lengths that are out of range, or contradict each other."""
        for name, value in (("cycles", self.cycles), ("duration", self.duration), ("to", self.to)):
            if value is not None and value <= 0:
                raise UsageError(f"--{name} must be above 0, not {value}")
            if value is not None and value > LONGEST:
                raise UsageError(f"--{name} {value} is longer than farm renders: at most {LONGEST:,}")
        if self.cycles is not None and self.duration is not None:
            raise UsageError("--cycles and --duration both say how long: give one of them")
        if self.from_ is not None and self.from_ < 0:
            raise UsageError(f"--from must not be below 0, not {self.from_}")
        if self.from_ is not None and self.to is not None and self.to <= self.from_:
            raise UsageError(f"--to {self.to} is not after --from {self.from_}")
        if self.clip == "rescale" and (self.from_ is not None or self.to is not None):
            hint = "cut the part out of the whole file, or use --clip limit"
            raise UsageError("--clip rescale depends on the peak of the whole: not with --from or --to", hint=hint)
        for name, seconds in (("fade-in", self.fade_in), ("fade-out", self.fade_out)):
            if not 0.0 <= seconds <= 3600.0:
                raise UsageError(f"--{name} must be from 0 to 3600 seconds, not {seconds:g}")
        if not isinstance(self.tail, str) and not 0.0 <= self.tail <= 3600.0:
            raise UsageError(f"--tail must be auto, none, or from 0 to 3600 seconds, not {self.tail:g}")

    def check_ranges(self) -> None:
        """Raises UsageError for numbers that are out of range, and for channels that contradict each other."""
        if self.channels == "mono" and self.outputs_as_channels:
            raise UsageError("--channels mono and --outputs-as-channels both say what channels hold: give one of them")
        if not 8000 <= self.rate <= 384000:
            raise UsageError(f"--rate must be from 8000 to 384000 Hz, not {self.rate}")
        if not 0.0 <= self.gain <= 100.0:
            raise UsageError(f"--gain must be from 0 to 100, not {self.gain:g}")
        if not -60.0 <= self.ceiling <= 0.0:
            raise UsageError(f"--ceiling must be from -60 to 0 dBTP, not {self.ceiling:g}")
        if self.threads is not None and not 1 <= self.threads <= 1024:
            raise UsageError(f"--threads must be auto or from 1 to 1024, not {self.threads}")
        if self.max_voices is not None and not 1 <= self.max_voices <= 1_000_000:
            raise UsageError(f"--max-voices must be from 1 to 1000000, not {self.max_voices}")
        if not 64 <= self.chunk <= 1 << 20:
            raise UsageError(f"--chunk must be from 64 to 1048576 frames, not {self.chunk}")
        if self.window_frames is not None and self.window_frames < 1:
            raise UsageError(f"--window-frames must be above 0, not {self.window_frames}")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise UsageError(f"--seed must be from 0 to {LARGEST_SEED}, not {self.seed}")


def _named(create: Any) -> Any:
    """The constructor, with a message for what is no option."""

    @wraps(create)
    def checked(self: RenderOptions, **given: Any) -> None:
        known = [one.name for one in fields(RenderOptions)]
        for name in given:
            if name not in known:
                hint = suggestion(name, known) or f"the options are {', '.join(known)}"
                raise UsageError(f"RenderOptions has no option `{name}`", hint=hint)
        create(self, **given)

    return checked


RenderOptions.__init__ = _named(RenderOptions.__init__)  # type: ignore[method-assign]


def _wrong(name: str, wanted: str, value: object) -> UsageError:
    return UsageError(f"{_option(name)} must be {wanted}, not {value!r}")


def _option(name: str) -> str:
    """A field as the command line calls it, as all messages do: `UsageError` makes of it what Python calls it."""
    return f"--{name.rstrip('_').replace('_', '-')}"


def _optional(name: str, value: Any, read: Any) -> Any:
    return None if value is None else read(name, value)


def _exact(name: str, value: object) -> Fraction:
    """A length as a fraction: a float as the decimal number that it is written as, text as `8`, `2.5` or `1/3`."""
    if isinstance(value, Rational | Decimal | str) and not isinstance(value, bool):
        try:
            return Fraction(value)
        except (ValueError, ZeroDivisionError, OverflowError, InvalidOperation):
            raise _wrong(name, "a finite number, such as 8, 2.5 or 1/3", value) from None
    if isinstance(value, Real) and not isinstance(value, bool):
        if not math.isfinite(value):
            raise UsageError(f"{_option(name)} must be a finite number, not {value}")
        return Fraction(repr(float(value)))
    raise _wrong(name, "a number", value)


def _whole(name: str, value: Any) -> int | None:
    """A whole number, or text that is one; None or "auto" where that is the default."""
    absent = RenderOptions.__dataclass_fields__[name].default is None
    if (value is None and absent) or (value == "auto" and name == "threads"):
        return None
    if isinstance(value, str) and value.isascii() and value.removeprefix("-").isdigit():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise _wrong(name, '"auto" or a whole number' if name == "threads" else "a whole number", value)
    return int(value)


def _number(name: str, value: Any) -> float:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            raise _wrong(name, "a number", value) from None
    if isinstance(value, bool) or not isinstance(value, Real | Decimal):
        raise _wrong(name, "a number", value)
    return float(value)


def _tail(value: Any) -> float:
    try:
        return float(_exact("tail", value) if isinstance(value, str) and "/" in value else _number("tail", value))
    except UsageError:
        raise _wrong("tail", '"auto", "none" or a number of seconds', value) from None


def _settings(given: Any) -> tuple[tuple[str, Fraction | str], ...]:
    """Names without their `~`, in order, each with a number as a fraction, or with text that is none."""
    try:
        pairs = [(key, value) for key, value in (given.items() if isinstance(given, Mapping) else given)]
    except (TypeError, ValueError):
        raise _wrong("set", 'a mapping of names, {"cut": 500}', given) from None
    found: dict[str, Fraction | str] = {}
    for key, value in pairs:
        name = key.removeprefix("~") if isinstance(key, str) else ""
        if not name:
            raise _wrong("set", 'a mapping of names, {"cut": 500}', given)
        if name in found:
            raise UsageError(f"--set gives `{name}` twice, {found[name]} and {value}", hint="give it once")
        found[name] = value if isinstance(value, str) and not PLAIN.fullmatch(value) else _exact(f"set {name}", value)
        number = found[name]
        if isinstance(number, Fraction) and abs(number) > LARGEST_SET:
            raise UsageError(f"--set {name}: numbers go up to 1e15")
    return tuple(sorted(found.items()))
