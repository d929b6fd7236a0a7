"""Label files beside sound files: which ones, and how they come to be: all together, whole, or not at all.

    wanted = label_files(Path("song.wav"), formats)
    check_label_files(wanted, [Path("song.wav")], score="song.ph")
    with LabelFiles(wanted) as labels:
        ...  # render, with the log
        labels.write(log, piece)
    # they are there now

Several sound files of one render, such as stems, have their label files in one `LabelFiles`: `takes` says which voices
are heard in each.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType

from farm.audio.partial import PartialFile
from farm.errors import Notice, UsageError
from farm.labels.formats import LabelFormat
from farm.labels.log import VoiceLog
from farm.labels.piece import LabelledPiece
from farm.labels.voices import LoggedVoices
from workers.records import record


@record(frozen=True, slots=True)
class LabelFile:
    """A label file: beside which sound file, in which format; `takes`: outputs and buses in that, None: all outputs."""

    sound: Path
    form: LabelFormat
    takes: tuple[str, ...] | None = None

    @property
    def path(self) -> Path:
        """The sound file's, with the format's extension."""
        return self.sound.with_suffix(f".{self.form.name}")


def label_files(
    sound: Path, formats: Iterable[LabelFormat], takes: tuple[str, ...] | None = None
) -> tuple[LabelFile, ...]:
    """The label files of a sound file."""
    return tuple(LabelFile(sound, form, takes) for form in formats)


def check_label_files(wanted: Sequence[LabelFile], sounds: Iterable[Path], score: str) -> None:
    """Raises UsageError where a label file would be the score or one of the render's `sounds`, or two would be one.

    `score`: the path of the score, if it is a file.
    """
    taken: dict[str, str] = {os.path.realpath(one): "a sound file" for one in sounds}
    if os.path.exists(score):
        taken[os.path.realpath(score)] = "the score itself"
    for one in wanted:
        real = os.path.realpath(one.path)
        if real in taken:
            raise UsageError(
                f"--labels {one.form.name} would write {one.path}, which is {taken[real]}",
                hint="give the sound file another name, or leave that format out",
            )
        taken[real] = f"the label file of {one.sound} already"


class LabelFiles:
    """The unfinished label files of a render: a clean exit lets all appear that were written, any other none.

    Entering opens them, so that what cannot be written is told before anything is rendered. Raises FileError.
    """

    def __init__(self, wanted: Sequence[LabelFile]) -> None:
        self.wanted = tuple(wanted)
        self._partial: list[PartialFile] = []

    def write(self, log: VoiceLog, piece_of: Callable[[LabelFile], LabelledPiece]) -> list[Notice]:
        """Writes all of them, of what a log has; returns what formats cannot say. Raises FileError."""
        notices: list[Notice] = []
        for one, partial in zip(self.wanted, self._partial, strict=True):
            if partial.closed:
                continue
            piece = piece_of(one)
            for part in one.form.write(piece, LoggedVoices(log, piece, one.takes), notices):
                partial.put(part)
            partial.flush()
        return notices

    def drop(self, sounds: Sequence[Path]) -> None:
        """Those beside some sound files shall not appear."""
        for one, partial in zip(self.wanted, self._partial, strict=True):
            if one.sound in sounds:
                partial.abort()

    def __enter__(self) -> LabelFiles:
        try:
            for one in self.wanted:
                self._partial.append(PartialFile(one.path))
        except BaseException:
            self.abort()
            raise
        return self

    def abort(self) -> None:
        """None appears that is not in its place yet."""
        for partial in self._partial:
            partial.abort()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                for partial in self._partial:
                    if not partial.closed:
                        partial.commit()
        finally:
            self.abort()
