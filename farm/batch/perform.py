"""`perform`: one job to its files, and nothing else. No option, variable or present folder of the process is read.

    outcome = perform(sent, FolderSources(library), FolderSink(folder))

Errors come back as data. What is `kept` from one job to the next makes the next one cheaper, and no byte different.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import field, replace
from functools import partial
from pathlib import Path
from typing import Any

from farm.audio.files import Files
from farm.audio.formats import WAV, Format, check_clip, format_of
from farm.audio.samples import SampleLibrary
from farm.batch.order import SentOrder
from farm.batch.outcome import MadeFile, Outcome, failure_of
from farm.batch.sinks import JobSink
from farm.batch.sources import FolderSources, JobSources
from farm.errors import show
from farm.graph.score import Score, loads
from farm.options import RenderOptions
from farm.rendering.delivery import Delivery, whole_mix
from farm.rendering.job import Job
from farm.rendering.levels import with_levels
from farm.rendering.outline import outline
from farm.rendering.report import Duty, Observer, Report, finite
from farm.rendering.spent import Spent
from farm.rendering.stream import Stream
from farm.rendering.warm import Warm
from workers.records import record

MOST_SCORES = 64
"""Read scores that are kept."""
MOST_TEXT = 1 << 20
"""Characters of a score that is worth keeping, at most."""


@record(eq=False)
class Kept:
    """What stays from job to job in a process: machine code and memory, scores that were read, files looked at."""

    warm: Warm = field(default_factory=Warm)
    scores: OrderedDict[tuple[Any, ...], Score] = field(default_factory=OrderedDict)
    places: dict[tuple[str, ...], FolderSources] = field(default_factory=dict)

    def score(self, job: Job, folders: tuple[str, ...]) -> Score:
        """A job's score as it is written. Raises ScoreError, SampleError."""
        options = dict(job.options)
        which = (job.name, job.text, options["lenient"], folders)
        known = self.scores.get(which)
        if known is None:
            seed, lenient = options["seed"], options["lenient"]
            known = loads(job.text, name=job.name, seed=seed, lenient=lenient, samples=folders)
            if len(job.text) <= MOST_TEXT:
                self.scores[which] = known
        else:
            self.scores.move_to_end(which)
        while len(self.scores) > MOST_SCORES:
            self.scores.popitem(last=False)
        return known

    def sources(self, folders: tuple[str, ...]) -> FolderSources:
        """The sounds of some folders, as absolute paths."""
        if folders not in self.places:
            self.places[folders] = FolderSources(SampleLibrary(tuple(map(Path, folders))))
        return self.places[folders]

    def close(self) -> None:
        """Gives memory back."""
        self.warm.close()


def perform(
    sent: SentOrder, sources: JobSources, sink: JobSink, kept: Kept | None = None, observer: Observer | None = None
) -> Outcome:
    """Renders a job into its files. Raises nothing but what ends the process."""
    started, cpu_s = time.perf_counter(), time.process_time()
    own = Kept() if kept is None else kept
    files: tuple[MadeFile, ...] = ()
    failure = None
    try:
        score = own.score(sent.job, sent.folders)
        files = made(sent, score, (sources, sink, own.warm, observer))
    except Exception as problem:  # noqa: BLE001
        failure = failure_of(problem)
    finally:
        if kept is None:
            own.close()
    # What workers of a pool spend is in the reports alone.
    spent_s = max(time.process_time() - cpu_s, *(one.facts["cpu_s"] for one in files), 0.0)
    return Outcome(sent.key, files, failure, time.perf_counter() - started, spent_s)


Means = tuple[JobSources, JobSink, Warm, Observer | None]


def made(sent: SentOrder, score: Score, means: Means) -> tuple[MadeFile, ...]:
    """Renders once, into all files. Raises UsageError, ScoreError, SampleError, FileError or RenderError."""
    sources, sink, warm, observer = means
    started, cpu_s = time.perf_counter(), time.process_time()
    alone = sent.how.get("threads", 1) == 1
    options = sent.job.render_options(backend="inline" if alone else "auto", **sent.how, samples=sent.folders)
    spent, forms = Spent(), [format_of(Path(out)) for out in sent.outs]
    for form in forms:
        check_clip(form, options.clip, options.bits)
    with spent.on(Duty.READING):
        deliveries = tuple(delivered(form, options, first=number == 0) for number, form in enumerate(forms))
        derived = outline(score, options, deliveries=deliveries, library=sources.library)
        derived = replace(derived, folder=sink.beside(sent.outs[0]))
    opening = [partial(sink.writer, out, derived, one) for out, one in zip(sent.outs, deliveries, strict=True)]
    files = Files(opening)
    with spent.on(Duty.WRITING), files, spent.on(None):
        with Stream(derived, warm, observer, spent) as stream:
            for block in stream:
                with spent.on(Duty.WRITING):
                    files.put(block)
        slab = stream.rendering.slab
        # Before a file appears.
        sources.check({file for file, _ in slab.spans}, slab.banks.values(), sent.job.banks or ())
    licences = {name: sources.licence(bank).as_json() for name, bank in sorted(slab.banks.items())}
    found = []
    for out, form, writer in zip(sent.outs, forms, files.writers, strict=True):
        clipped = max(stream.report.clipped_frames, writer.clipped_frames)
        report = with_levels(replace(stream.report, clipped_frames=clipped, cpu_s=spent.cpu), options.gain)
        size, digest = sink.made(out)
        facts = {**facts_of(report, options, form.bits != ()), "licences": licences}
        found.append(MadeFile(out, size, digest, facts))
    wall_s = time.perf_counter() - started
    # What workers of a pool spend is in the report alone.
    spent_s = max(time.process_time() - cpu_s, spent.cpu.all_s)
    fast = round(stream.report.seconds / wall_s, 2)
    took = {"wall_s": round(wall_s, 6), "cpu_s": round(spent_s, 6), "times_real_time": fast}
    return tuple(replace(one, facts={**one.facts, **took}) for one in found)


def delivered(form: Format, options: RenderOptions, first: bool) -> Delivery:
    """What a file of a format gets: the frames of all are the same, so that one is hashed and measured."""
    upper = form is not WAV and options.bits == "24"
    mix = whole_mix(options, options.bits if form.bits else "32f", upper)
    return replace(mix, measured=True) if first else replace(mix, hashed=False)


PLAIN_FACTS = (
    *("frames", "rate", "tail_s", "voices_peak", "voices_stolen", "clipped_frames", "limited_frames", "reduction_db"),
    "cps",
)
"""Of a report, as they are."""
LOUDNESS = ("integrated_lufs", "momentary_lufs", "short_term_lufs", "range_lu", "true_peak_dbtp")
SHORTEST_S = 0.4
"""Of a sound that has a loudness."""
LEVELS = ("peak_dbfs",)
"""Of a report; null for silence."""


def loudness_facts(report: Report) -> dict[str, Any]:
    """What was measured by EBU R128; null where a sound is too short or too quiet for it. Nothing where nothing was."""
    if report.loudness is None:
        return {}
    said: dict[str, Any] = {name: rounded(getattr(report.loudness, name)) for name in LOUDNESS}
    if report.seconds < SHORTEST_S:
        said["loudness_note"] = f"shorter than {SHORTEST_S:g} s: it has no loudness"
    return said


def rounded(level: float | None) -> float | None:
    """A level in thousandths."""
    return None if level is None else round(level, 3)


def facts_of(report: Report, options: RenderOptions, has_bits: bool) -> dict[str, Any]:
    """What the manifest says of a file that was rendered."""
    said: dict[str, Any] = {name: getattr(report, name) for name in PLAIN_FACTS}
    said.update({name: finite(getattr(report, name)) for name in LEVELS})
    return {
        "frames_sha256": report.sha256,
        **said,
        **loudness_facts(report),
        "voices": report.voice_count,
        "seconds": report.seconds,
        "channels": list(report.channels),
        "bits": options.bits if has_bits else None,
        "banks": list(report.banks),
        "warnings": [show(notice) for notice in report.notices],
        "level": report.cpu,
    }
