"""The formats of label files, by the extensions that are their names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from farm.errors import Notice, UsageError, suggestion
from farm.labels.piece import LabelledPiece
from farm.labels.voices import LoggedVoices
from workers.records import record

Notices = list[Notice]
Writing = Callable[[LabelledPiece, LoggedVoices, Notices], Iterator[bytes]]
"""What a file is made of, piece by piece; what it cannot say is added to the notices."""
OTHER_NAMES = {"midi": "mid", "json": "jsonl", "ndjson": "jsonl", "audacity": "lab", "txt": "lab", "smf": "mid"}
"""What people may call them."""


@record(frozen=True, slots=True)
class LabelFormat:
    """A kind of label file. `name` is its extension without the point."""

    name: str
    about: str
    write: Writing


def _jsonl(piece: LabelledPiece, voices: LoggedVoices, _: Notices) -> Iterator[bytes]:
    from farm.labels.texts import jsonl

    return jsonl(piece, voices)


def _table(piece: LabelledPiece, voices: LoggedVoices, _: Notices) -> Iterator[bytes]:
    from farm.labels.texts import table

    return table(piece, voices)


def _label_track(piece: LabelledPiece, voices: LoggedVoices, _: Notices) -> Iterator[bytes]:
    from farm.labels.texts import label_track

    return label_track(piece, voices)


def _jams(piece: LabelledPiece, voices: LoggedVoices, _: Notices) -> Iterator[bytes]:
    from farm.labels.jams import jams

    return jams(piece, voices)


def _midi(piece: LabelledPiece, voices: LoggedVoices, notices: Notices) -> Iterator[bytes]:
    from farm.labels.midi import midi

    return midi(piece, voices, notices)


FORMATS = {
    one.name: one
    for one in (
        LabelFormat("jsonl", "one JSON value a line: the piece, then beats and voices in order of time", _jsonl),
        LabelFormat("csv", "a table, one line a voice", _table),
        LabelFormat("jams", "JAMS, for programs of music information retrieval", _jams),
        LabelFormat("lab", "a label track of Audacity", _label_track),
        LabelFormat("mid", "a Standard MIDI File, a track an output", _midi),
    )
}


def label_formats(names: str | Sequence[str]) -> tuple[LabelFormat, ...]:
    """The formats that are asked for, `jams,mid` or one by one. Raises UsageError for other names and for one twice."""
    asked = names.split(",") if isinstance(names, str) else [*names]
    found: dict[str, LabelFormat] = {}
    for one in asked:
        if not isinstance(one, str):
            raise UsageError(f"--labels takes names of formats, not {one!r}", hint=f"the formats: {', '.join(FORMATS)}")
        name = one.strip().lower().removeprefix(".")
        if name not in FORMATS:
            other = OTHER_NAMES.get(name)
            near = f"did you mean `{other}`?" if other else suggestion(name, FORMATS)
            what = f"`{one.strip()}`" if name else "nothing"
            raise UsageError(f"--labels: {what} is no format of labels", hint=near or f"they are {', '.join(FORMATS)}")
        if name in found:
            raise UsageError(f"--labels names `{name}` twice", hint="each format is one file: name it once")
        found[name] = FORMATS[name]
    if not found:
        raise UsageError("--labels names no format", hint=f"they are {', '.join(FORMATS)}")
    return tuple(found.values())
