"""Labels as lines of text: JSONL (one JSON value a line), CSV (RFC 4180) and label tracks of Audacity (`.lab`)."""

from __future__ import annotations

import csv
import heapq
import io
from collections.abc import Iterator

from farm.labels.numerals import as_json, number, seconds
from farm.labels.piece import LabelledPiece
from farm.labels.rows import NUMBERS, TEXTS, facts, name_of, rows
from farm.labels.voices import CONTROLS, TIMES, LoggedVoices

COLUMNS = (
    *(f"{time}_s" for time in TIMES),
    *(f"{time}_frame" for time in TIMES),
    *NUMBERS,
    *TEXTS,
    *CONTROLS,
    "bpm",
)
"""Of a CSV file."""


def jsonl(piece: LabelledPiece, voices: LoggedVoices) -> Iterator[bytes]:
    """First the piece, then beats and voices in order of time, each with its `kind`."""
    yield line({"kind": "piece", **facts(piece)})
    beats = ((beat.frame, 0, line(beat_of(piece, beat.frame, beat.cycle, beat.number))) for beat in piece.beat_times())
    sounding = (
        (row["onset_frame"], 1, line({"kind": "voice", **row})) for part in voices.chunks() for row in rows(part)
    )
    for _, _, text in heapq.merge(beats, sounding, key=lambda one: one[:2]):
        yield text


def beat_of(piece: LabelledPiece, frame: int, cycle: int, beat: int) -> dict[str, object]:
    """A beat as JSON has it."""
    time_s = round(frame / piece.rate, 9)
    return {"kind": "beat", "time_s": time_s, "frame": frame, "cycle": cycle, "beat": beat}


def line(value: object) -> bytes:
    """A value as a line."""
    return f"{as_json(value)}\n".encode("ascii")


def table(piece: LabelledPiece, voices: LoggedVoices) -> Iterator[bytes]:
    """A line of names, then one a voice; what nothing says is empty."""
    yield comma_separated([*COLUMNS])
    bpm = number(piece.bpm)
    for part in voices.chunks():
        for row in part:
            cells = [seconds(row[f"{time}_s"]) for time in TIMES]
            cells += [str(row[f"{time}_frame"]) for time in TIMES]
            cells += [said_or_empty(row[name]) for name in NUMBERS]
            cells += [str(row[name]) if name != "number" or row["file"] else "" for name in TEXTS]
            cells += [said_or_empty(row[name]) for name in CONTROLS]
            yield comma_separated([*cells, bpm])


def said_or_empty(value: float) -> str:
    """A number; nothing for NaN."""
    return "" if value != value else number(value)


def comma_separated(cells: list[str]) -> bytes:
    """Cells as a line of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue().encode("utf-8")


def label_track(_: LabelledPiece, voices: LoggedVoices) -> Iterator[bytes]:
    """Begin and end of each voice's sound in seconds and its name, `o1/bd:0` or `o2/~bass/33.5`, between tabs."""
    for part in voices.chunks():
        for row in part:
            yield f"{seconds(row['onset_s'])}\t{seconds(row['end_s'])}\t{row['track']}/{name_of(row)}\n".encode()
