"""Labels as JAMS (Humphrey, Salamon, Nieto, Forsyth, Bittner, Bello: JAMS, a JSON annotated music specification for
reproducible MIR research, ISMIR 2014; schema 0.3): annotations of beats, tempo, cycles, and of each track's voices.

A track has `tag_open`, every voice with its name from onset to the end of its sound, and all that is known of the same
voices in that annotation's sandbox; and, where some have a pitch, `note_midi` and `note_hz`, to the end of their gates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from farm.labels.numerals import as_json, said
from farm.labels.piece import LabelledPiece
from farm.labels.rows import facts, name_of, rows
from farm.labels.voices import LoggedVoices

SCHEMA = "0.3.4"


def jams(piece: LabelledPiece, voices: LoggedVoices) -> Iterator[bytes]:
    """The file, a few voices at a time."""
    about = {"title": piece.file, "artist": "", "release": "", "duration": round(piece.seconds, 9)}
    about |= {"identifiers": {}, "jams_version": SCHEMA}
    yield f'{{"file_metadata":{as_json(about)},"sandbox":{as_json(facts(piece))},"annotations":['.encode("ascii")
    beats = (observation(beat.frame / piece.rate, 0.0, beat.number) for beat in piece.beat_times())
    yield from annotation(piece, "beat", "", beats)
    yield b","
    yield from annotation(piece, "tempo", "", [observation(0.0, piece.seconds, said(piece.bpm))])
    yield b","
    yield from annotation(piece, "segment_open", "", cycles(piece))
    for track in voices.tracks:
        yield b","
        yield from annotation(piece, "tag_open", track, tags(voices, track), details(voices, track))
        for namespace, field in (("note_midi", "pitch_midi"), ("note_hz", "pitch_hz")):
            if any(not all_nan(part[field]) for part in voices.chunks(track)):
                yield b","
                yield from annotation(piece, namespace, track, notes(voices, track, field))
    yield b"]}\n"


def annotation(
    piece: LabelledPiece, namespace: str, track: str, data: Iterable[Any], known: Iterable[Any] | None = None
) -> Iterator[bytes]:
    """An annotation of the whole file; `known`: what its sandbox has of each voice."""
    tools = f"farm {piece.version}"
    made = {"curator": {"name": "", "email": ""}, "version": "", "corpus": "", "annotator": {}, "validation": ""}
    made |= {"annotation_tools": tools, "annotation_rules": "", "data_source": "program"}
    head = f'"annotation_metadata":{as_json(made)},"namespace":"{namespace}","time":0,"duration":'
    yield f'{{{head}{as_json(round(piece.seconds, 9))},"sandbox":{{"track":{as_json(track)}'.encode("ascii")
    if known is not None:
        yield b',"voices":'
        yield from listed(known)
    yield b'},"data":'
    yield from listed(data)
    yield b"}"


def listed(values: Iterable[Any]) -> Iterator[bytes]:
    """A list as JSON."""
    before = "["
    for value in values:
        yield f"{before}{as_json(value)}".encode("ascii")
        before = ","
    yield b"[]" if before == "[" else b"]"


def observation(time_s: float, duration_s: float, value: Any) -> dict[str, Any]:
    """What is so from a time on for so long."""
    return {"time": round(float(time_s), 9), "duration": round(float(duration_s), 9), "value": value, "confidence": 1}


def cycles(piece: LabelledPiece) -> Iterator[dict[str, Any]]:
    """The cycles of the file, the first and the last as far as it holds them."""
    number = piece.first_cycle // 1
    begin = 0
    while begin < piece.frames:
        end = min(piece.clock.frame_of(Fraction(number + 1)) - piece.first, piece.frames)
        if end > begin:
            yield observation(begin / piece.rate, (end - begin) / piece.rate, f"cycle {number}")
        begin, number = max(end, begin), number + 1


def tags(voices: LoggedVoices, track: str) -> Iterator[dict[str, Any]]:
    """The voices of a track by their names."""
    for part in voices.chunks(track):
        for row in part:
            yield observation(row["onset_s"], row["end_s"] - row["onset_s"], name_of(row))


def details(voices: LoggedVoices, track: str) -> Iterator[dict[str, Any]]:
    """All that is known of them."""
    for part in voices.chunks(track):
        yield from rows(part)


def notes(voices: LoggedVoices, track: str, field: str) -> Iterator[dict[str, Any]]:
    """Those of them that have a pitch."""
    for part in voices.chunks(track):
        for row in part[part[field] == part[field]]:
            yield observation(row["onset_s"], row["gate_end_s"] - row["onset_s"], said(float(row[field])))


def all_nan(values: Any) -> bool:
    """Whether nothing is said."""
    return bool((values != values).all())
