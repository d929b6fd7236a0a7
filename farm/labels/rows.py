"""One voice as JSON has it, for the formats that say all of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from farm.labels.numerals import number, said
from farm.labels.piece import LabelledPiece
from farm.labels.voices import CONTROLS, TIMES, Voices

TEXTS = ("track", "output", "bus", "sound", "number", "file", "ended")
NUMBERS = ("cycle", "beat", "pitch_hz", "pitch_midi", "gain", "pan")


def rows(voices: Voices) -> Iterator[dict[str, Any]]:
    """Each voice: a number that nothing says is null, a control that nothing says is missing."""
    for row in voices:
        found: dict[str, Any] = {f"{time}_s": round(float(row[f"{time}_s"]), 9) for time in TIMES}
        found |= {f"{time}_frame": int(row[f"{time}_frame"]) for time in TIMES}
        found |= {name: said(float(row[name])) for name in NUMBERS}
        found |= {name: row[name].item() for name in TEXTS}
        if not found["file"]:
            del found["number"], found["file"]
        controls = {name: said(float(row[name])) for name in CONTROLS}
        yield {**found, "controls": {name: value for name, value in controls.items() if value is not None}}


def facts(piece: LabelledPiece) -> dict[str, Any]:
    """What is said of a file once."""
    return {
        "file": piece.file,
        "score": piece.score,
        "seed": piece.seed,
        "rate": piece.rate,
        "frames": piece.frames,
        "seconds": round(piece.seconds, 9),
        "cps": said(float(piece.cps)),
        "bpm": said(piece.bpm),
        "beats_per_cycle": piece.beats,
        "first_cycle": said(float(piece.first_cycle)),
        "outputs": [*piece.outputs],
        "farm": piece.version,
    }


def name_of(row: Any) -> str:
    """A voice's name: its sound, with the number in its bank, and its pitch where it has one."""
    sound = f"{row['sound']}:{row['number']}" if row["file"] else str(row["sound"])
    pitch = row["pitch_midi"]
    return sound if pitch != pitch else f"{sound}/{number(round(float(pitch), 3))}"
