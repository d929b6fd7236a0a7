"""What a score sounds like, in numbers that a person can read and compare: onsets, levels, spectrum, and the very bits.

A fingerprint is a TOML file. It says how much was rendered, and of that which onsets were found, how loud each 100 ms
is on the left and on the right, how the power spreads over the octaves, and the hash of the frames.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path

import numpy as np

from farm.audio import measure
from farm.graph.score import load
from farm.options import RenderOptions
from farm.rendering.outline import outline
from farm.rendering.stream import run
from farm.rendering.warm import Warm
from tests import measuring

Frames = np.ndarray[tuple[int, ...], np.dtype[np.float32]]

ROOT = Path(__file__).resolve().parents[2]
SCORES = {path.stem: path for path in sorted((ROOT / "configs" / "scores").glob("*.ph"))}
FOLDER = Path(__file__).resolve().parent / "fingerprints"

CYCLES = {"stress": 1}
"""Cycles rendered; two where nothing is said."""
MOST_ONSETS = 300
FLOOR_DB = -120.0
SAME_DB = 0.02
"""Levels are kept to a hundredth of a dB."""
SAME_ONSET_S = 0.05
"""Onsets nearer than this are one onset that moved."""
MOST_TOLD = 12
"""Lines of one kind that a difference shows."""


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """Of one render: levels in dBFS, places in frames."""

    cycles: str
    rate: int
    frames: int
    voices: int
    sha256: str
    onset_frames: tuple[int, ...]
    """At most the 300 strongest, ascending."""
    onset_db: tuple[float, ...]
    """The peak of the 20 ms from each on."""
    left_db: tuple[float, ...]
    right_db: tuple[float, ...]
    """RMS of each 100 ms."""
    band_hz: tuple[float, ...]
    band_db: tuple[float, ...]
    """Power of each octave; `band_hz` are its lower edges."""


def of_score(name: str) -> Fingerprint:
    """Renders a score of configs/scores without a tail, all else by default."""
    blocks: list[Frames] = []
    options = RenderOptions(cycles=Fraction(CYCLES.get(name, 2)), tail="none")
    with Warm() as warm:
        report = run(outline(load(SCORES[name]), options), warm, lambda block: blocks.append(block.frames.copy()))
    return of_frames(np.concatenate(blocks), options.rate, str(options.cycles), report.voice_count, report.sha256)


def of_frames(frames: Frames, rate: int, cycles: str, voices: int, sha256: str) -> Fingerprint:
    """Measures frames (n, 2)."""
    found = measuring.onsets(frames, rate)
    near = round(0.02 * rate)
    strength = np.array([np.abs(frames[at : at + near]).max() for at in found])
    chosen = np.sort(np.argsort(-strength, kind="stable")[:MOST_ONSETS])
    return Fingerprint(
        cycles,
        rate,
        len(frames),
        voices,
        sha256,
        tuple(found[chosen].tolist()),
        _levels(measure.decibels(strength[chosen])),
        _levels(measuring.levels_dbfs(frames[:, 0], rate)),
        _levels(measuring.levels_dbfs(frames[:, 1], rate)),
        tuple(round(float(edge), 1) for edge in measuring.octave_bands_hz(rate)[:-1]),
        _levels(measuring.spectrum_db(frames, rate)),
    )


def _levels(decibels: Sequence[float] | np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> tuple[float, ...]:
    return tuple(round(max(float(one), FLOOR_DB), 2) for one in decibels)


def path_of(name: str) -> Path:
    """Where the fingerprint of a score is kept."""
    return FOLDER / f"{name}.toml"


def recorded(name: str) -> Fingerprint | None:
    """The fingerprint that is kept; None if there is none."""
    path = path_of(name)
    return from_text(path.read_text(encoding="utf-8")) if path.exists() else None


def to_text(found: Fingerprint) -> str:
    """As TOML: a row of `left_db` and `right_db` is a second, a row of others ten values."""
    lines = []
    for field in fields(found):
        value = getattr(found, field.name)
        if isinstance(value, tuple):
            rows = [", ".join(map(str, value[i : i + 10])) for i in range(0, len(value), 10)]
            lines += [f"{field.name} = [", *(f"    {row}," for row in rows), "]"]
        else:
            lines.append(f'{field.name} = "{value}"' if isinstance(value, str) else f"{field.name} = {value}")
    return "\n".join(lines) + "\n"


def from_text(text: str) -> Fingerprint:
    """What `to_text` wrote."""
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in tomllib.loads(text).items()}
    return Fingerprint(**values)


def differences(old: Fingerprint, new: Fingerprint) -> list[str]:
    """What a person would want to know of how `new` differs from `old`; empty if it does not at all."""
    if (old.cycles, old.rate) != (new.cycles, new.rate):
        return [f"{old.cycles} cycles at {old.rate} Hz were recorded, {new.cycles} at {new.rate} Hz are rendered now"]
    told: list[str] = []
    for what in ("frames", "voices"):
        before, after = getattr(old, what), getattr(new, what)
        if before != after:
            told.append(f"{what}: {before} -> {after} ({after - before:+})")
    told += shortened("onsets", list(onset_differences(old, new)))
    for side in ("left", "right"):
        told += shortened("levels", list(level_differences(side, old, new)))
    bands = [*old.band_hz, old.rate / 2]
    for low, high, before, after in zip(bands, bands[1:], old.band_db, new.band_db, strict=False):
        if abs(after - before) > SAME_DB:
            told.append(f"{low:.0f} to {high:.0f} Hz: {before:.2f} -> {after:.2f} dB ({after - before:+.2f})")
    if old.sha256 != new.sha256:
        hashes = f"bits: {old.sha256[:12]} -> {new.sha256[:12]}"
        told.append(hashes if told else f"{hashes}, yet nothing measured here")
    return told


def shortened(what: str, lines: list[str]) -> list[str]:
    """The first lines, and how many more there are."""
    more = len(lines) - MOST_TOLD
    return lines if more <= 0 else [*lines[:MOST_TOLD], f"and {more} more {what}"]


def level_differences(side: str, old: Fingerprint, new: Fingerprint) -> Iterator[str]:
    """Each 100 ms that is louder or quieter."""
    levels = zip(getattr(old, f"{side}_db"), getattr(new, f"{side}_db"), strict=False)
    for number, (before, after) in enumerate(levels):
        if abs(after - before) > SAME_DB:
            yield (
                f"{side} from {number / 10:.1f} to {(number + 1) / 10:.1f} s: "
                f"{before:.2f} -> {after:.2f} dB ({after - before:+.2f})"
            )


def onset_differences(old: Fingerprint, new: Fingerprint) -> Iterator[str]:
    """Onsets that moved, came, went, or hit harder; each is paired with the nearest one of the other side."""
    rate = old.rate
    before = dict(zip(old.onset_frames, old.onset_db, strict=True))
    after = dict(zip(new.onset_frames, new.onset_db, strict=True))
    pairs = {at: at for at in before.keys() & after.keys()}
    gone, come = sorted(before.keys() - pairs.keys()), sorted(after.keys() - pairs.keys())
    distances = sorted((abs(one - other), one, other) for one in gone for other in come)
    for distance, one, other in distances:
        if distance <= SAME_ONSET_S * rate and one not in pairs and other not in pairs.values():
            pairs[one] = other
    for at in sorted({*before, *(after.keys() - pairs.values())}):
        if at not in before:
            yield f"onset at {at / rate:.4f} s is new ({after[at]:.2f} dB)"
        elif at not in pairs:
            yield f"onset at {at / rate:.4f} s is gone ({before[at]:.2f} dB)"
        elif pairs[at] != at:
            yield f"onset at {at / rate:.4f} s moved to {pairs[at] / rate:.4f} s ({pairs[at] - at:+} frames)"
        elif abs(after[at] - before[at]) > SAME_DB:
            yield f"onset at {at / rate:.4f} s: {before[at]:.2f} -> {after[at]:.2f} dB ({after[at] - before[at]:+.2f})"
