"""Readers of label files that share nothing with what writes them, and renders to look at."""

from __future__ import annotations

import csv
import json
import struct
from pathlib import Path
from typing import Any, NamedTuple

from farm.options import RenderOptions
from farm.rendering.report import Report
from farm.rendering.session import Session
from tests.render.sound import asked, score

HELD: list[Session] = []
"""The session of the tests, once there is one."""
ALL = "jsonl,csv,jams,lab,mid"


def session() -> Session:
    """The session of the tests."""
    if not HELD:
        HELD.append(Session())
    return HELD[0]


def rendered(text: str, path: Path, labels: Any = ALL, **options: Any) -> Report:
    """Renders a score with labels."""
    given = asked(bits="24", clip="limit", **options)
    return session().render_file(score(text), path, given, labels=labels)


def defaults(**options: Any) -> RenderOptions:
    """Options as a person leaves them, in one process."""
    return RenderOptions(**{"backend": "inline", **options})


def lines(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The values of a JSONL file by their kinds."""
    found: dict[str, list[dict[str, Any]]] = {"piece": [], "beat": [], "voice": []}
    for line in path.read_text("ascii").splitlines():
        value = json.loads(line)
        found[value["kind"]].append(value)
    return found


def cells(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


class MidiNote(NamedTuple):
    """A note as it was played: its key with the bend that its channel has then."""

    onset_s: float
    end_s: float
    pitch: float
    velocity: int
    channel: int
    track: str


class MidiFile(NamedTuple):
    """A MIDI file read back. `tempos`: (tick, microseconds); `texts`: (kind, tick, text) of the first track."""

    division: int
    seconds: float
    notes: list[MidiNote]
    tempos: list[tuple[int, int]]
    texts: list[tuple[int, int, str]]
    tracks: list[str]
    signature: bytes


def midi_file(path: Path) -> MidiFile:
    """Reads a Standard MIDI File of format 1. Any irregularity raises."""
    data = path.read_bytes()
    kind, length, form, count, division = struct.unpack(">4sIHHH", data[:14])
    assert (kind, length, form) == (b"MThd", 6, 1)
    at, tracks = 14, []
    for _ in range(count):
        kind, length = struct.unpack(">4sI", data[at : at + 8])
        assert kind == b"MTrk"
        tracks.append(events(data[at + 8 : at + 8 + length]))
        at += 8 + length
    assert at == len(data)
    metas = [event for event in tracks[0] if event[1] == 0xFF]
    assert len(metas) == len(tracks[0])
    tempos = [(tick, int.from_bytes(body[1:], "big")) for tick, _, body in metas if body[0] == 0x51]
    texts = [(body[0], tick, body[1:].decode()) for tick, _, body in metas if body[0] in (3, 6)]
    signature = next((body[1:] for _, _, body in metas if body[0] == 0x58), b"")
    names = ["".join(body[1:].decode() for _, what, body in one if what == 0xFF and body[0] == 3) for one in tracks]
    merged = sorted(
        (
            (tick, what >> 4 != 8, number, index, what, body)
            for number, one in enumerate(tracks[1:], 1)
            for index, (tick, what, body) in enumerate(one)
            if what != 0xFF
        ),
        key=lambda one: (one[0], one[1] and one[2], one[3] if one[1] else 0),
    )
    bends, open_, notes = [0x2000] * 16, {}, []
    for tick, _, number, _, what, body in merged:
        channel, kind = what & 15, what >> 4
        if kind == 14:
            assert not [key for key in open_ if key[0] == channel], "a bend moves a note that sounds"
            bends[channel] = body[0] | body[1] << 7
        elif kind == 9 and body[1]:
            started = (tick, body[0] + (bends[channel] - 0x2000) / 4096, body[1], names[number])
            open_.setdefault((channel, body[0]), []).append(started)
        else:
            begun, pitch, loud, name = open_[channel, body[0]].pop(0)
            if not open_[channel, body[0]]:
                del open_[channel, body[0]]
            times = (instant(begun, tempos, division), instant(tick, tempos, division))
            notes.append(MidiNote(*times, pitch, loud, channel, name))
    assert not open_, "a note that never ends"
    last = max(one[-1][0] for one in tracks)
    return MidiFile(division, instant(last, tempos, division), sorted(notes), tempos, texts, names[1:], signature)


def events(data: bytes) -> list[tuple[int, int, bytes]]:
    """The events of a track: tick, status, bytes behind it (of a meta event: its kind and its text)."""
    at, tick, found = 0, 0, []
    while at < len(data):
        delta, at = number_at(data, at)
        tick += delta
        what = data[at]
        assert what & 0x80, "running status is not written"
        if what == 0xFF:
            length, begin = number_at(data, at + 2)
            found.append((tick, what, data[at + 1 : at + 2] + data[begin : begin + length]))
            at = begin + length
        else:
            assert what >> 4 in (8, 9, 14)
            found.append((tick, what, data[at + 1 : at + 3]))
            at += 3
    assert found[-1][1:] == (0xFF, b"\x2f")
    return found


def number_at(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, and where it ends."""
    value = 0
    while True:
        value = value << 7 | data[at] & 0x7F
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def instant(tick: int, tempos: list[tuple[int, int]], division: int) -> float:
    """A tick in seconds."""
    passed, before, tempo = 0, 0, 500_000
    for begin, new in tempos:
        if begin >= tick:
            break
        passed += (begin - before) * tempo
        before, tempo = begin, new
    return (passed + (tick - before) * tempo) / division / 1e6
