"""The line of a manifest for a file that was rendered alone: `farm render --manifest FILE`."""

from __future__ import annotations

import json
import os
from pathlib import Path

from farm.audio.formats import format_of
from farm.audio.licences import licence_of
from farm.audio.partial import file_error
from farm.batch.order import Order, ScoreText, text_digest
from farm.batch.perform import facts_of
from farm.batch.sinks import FolderSink
from farm.graph.score import Score
from farm.options import RenderOptions
from farm.rendering.job import job_of
from farm.rendering.outline import sounds
from farm.rendering.report import Report
from farm.sources import identity
from workers.ownership import host


def add_line(manifest: str, target: Path, score: Score, options: RenderOptions, report: Report) -> None:
    """Adds the line of a file to a manifest, whose paths are relative to its folder. Raises FileError, SampleError."""
    library = sounds(score.name, options.samples)
    job = job_of(score, options).with_banks(library)
    text = ScoreText(score.name, score.source.text, text_digest(score.source.text), library)
    folder = os.path.dirname(os.path.abspath(manifest))
    order = Order(0, text, options, (os.path.relpath(target, folder),), job.key(), job.banks or ())
    size, digest = FolderSink(target.parent).made(target.name)
    used = [bank for name in report.banks if (bank := library.bank(name)) is not None]
    line = {
        "file": order.outs[0],
        "size": size,
        "sha256": digest,
        **order.facts(),
        **facts_of(report, options, format_of(target).bits != ()),
        "banks": {bank.name: bank.sha256 for bank in order.banks if bank.name in report.banks},
        "licences": {bank.name: licence_of(bank).as_json() for bank in used},
        "wall_s": round(report.wall_s, 6),
        "cpu_s": round(report.cpu_s.all_s, 6),
        "times_real_time": round(report.times_real_time, 2),
        "host": host(),
        "tries": 1,
        "made_by": identity(),
    }
    append(Path(manifest), json.dumps(line, separators=(",", ":")).encode("ascii") + b"\n")


def append(path: Path, line: bytes) -> None:
    """Adds a line in one piece; half a line at the end of the file, of one who was killed, stays a line of its own.

    Raises FileError.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            size = os.fstat(descriptor).st_size
            torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
            os.write(descriptor, b"\n" * torn + line)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise file_error(path, error) from error
