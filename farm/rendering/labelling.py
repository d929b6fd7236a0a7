"""Labels of a render: the log of its voices while it runs, then the files beside its sound files, and its array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import TracebackType

from farm.errors import UsageError
from farm.labels.files import LabelFile, LabelFiles, check_label_files, label_files
from farm.labels.formats import label_formats
from farm.labels.log import VoiceLog
from farm.labels.piece import LabelledPiece
from farm.labels.voices import KeptVoices, LoggedVoices
from farm.rendering.outline import Outline
from farm.rendering.report import Report
from farm.version import __version__

Asked = bool | str | Sequence[str]
"""Whether there shall be labels: formats by their names, or True for `report.voices` alone."""
SoundFile = tuple[Path, tuple[str, ...] | None]
"""A sound file, and the outputs and buses of which it is the sum; None: all outputs."""


def labels_wanted(asked: Asked, sounds: Sequence[SoundFile], derived: Outline) -> tuple[LabelFile, ...]:
    """The label files of the sound files of a render.

    Raises UsageError for names that are no formats, for files that cannot be meant, and where nothing is rendered.
    """
    formats = () if isinstance(asked, bool) else label_formats(asked)
    wanted = tuple(one for sound, takes in sounds for one in label_files(sound, formats, takes))
    check_label_files(wanted, [sound for sound, _ in sounds], derived.score.name)
    if derived.options.backend == "null":
        raise UsageError("the backend `null` renders nothing: there is nothing to label")
    return wanted


def labelling_of(derived: Outline, asked: Asked, sounds: Sequence[SoundFile]) -> Labelling:
    """What labels a render into sound files. Raises UsageError as `labels_wanted` does."""
    return Labelling(derived, labels_wanted(asked, sounds, derived))


class Labelling:
    """Goes around a render and its sound files: a clean exit lets the label files appear, any other none.

    Raises FileError where one of them cannot be written, before anything is rendered.
    """

    def __init__(self, derived: Outline, wanted: Sequence[LabelFile]) -> None:
        self.derived = derived
        folder = wanted[0].sound.absolute().parent if wanted else None
        self.log = VoiceLog(derived.options.rate, folder, derived.heard)
        self.files = LabelFiles(wanted)

    def finish(self, report: Report, dropped: Sequence[Path] = ()) -> Report:
        """Writes the files, which do not appear yet; the report with the voices. Raises FileError.

        Beside sound files that were `dropped` there are none.
        """
        self.files.drop(dropped)
        piece = self.piece(report.frames, report.path)
        notices = self.files.write(self.log, lambda one: self.piece(report.frames, one.sound.name, one.takes))
        return replace(
            report,
            kept_voices=KeptVoices(LoggedVoices(self.log, piece)),
            labels=tuple(str(one.path) for one in self.files.wanted if one.sound not in dropped),
            notices=(*report.notices, *notices),
        )

    def piece(self, frames: int, file: str, takes: tuple[str, ...] | None = None) -> LabelledPiece:
        """What a file of so many frames holds of the score."""
        derived = self.derived
        score, options, first = derived.score, derived.options, derived.extent.first
        return LabelledPiece(
            file=file,
            score=Path(score.name).name,
            seed=options.seed,
            rate=options.rate,
            cps=score.cps,
            beats=score.beats,
            first=first,
            last=first + frames,
            first_cycle=options.from_ or Fraction(0),
            outputs=(score.outputs if derived.heard is None else derived.heard) if takes is None else takes,
            version=__version__,
        )

    def __enter__(self) -> Labelling:
        self.files.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.files.__exit__(kind, error, trace)
        if kind is not None:
            self.log.close()
