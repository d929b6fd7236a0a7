"""Renders `.ph` scores to sound.

    import farm

    score = farm.load("q.ph")
    frames = farm.render(score, farm.RenderOptions(cycles=8))

`frames` is a float32 array (frames, 2), full scale ±1; `farm.render_file(score, "q.flac")` writes a file instead.
`import farm` itself loads nothing: the names come with their first use. Many renders are quicker in one
`with farm.Session() as session:`, with `session.render(score, ...)`. Mistakes in a score, its samples or the options
raise `farm.ScoreError`, `SampleError`, `FileError`, `UsageError` or `RenderError`, which are `farm.FarmError`:
`str(error)` says where and what, `error.also` holds further mistakes, and `farm.errors.show(error)` is what the command
line prints.
"""

from __future__ import annotations

from importlib import import_module

from farm.version import __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from farm.errors import FarmError as FarmError
    from farm.errors import FarmWarning as FarmWarning
    from farm.errors import FileError as FileError
    from farm.errors import RenderError as RenderError
    from farm.errors import SampleError as SampleError
    from farm.errors import ScoreError as ScoreError
    from farm.errors import UsageError as UsageError
    from farm.graph.score import load as load
    from farm.graph.score import loads as loads
    from farm.options import RenderOptions as RenderOptions
    from farm.rendering.job import Job as Job
    from farm.rendering.job import job_of as job_of
    from farm.rendering.job import read_job as read_job
    from farm.rendering.report import Report as Report
    from farm.rendering.session import Session as Session
    from farm.rendering.session import render as render
    from farm.rendering.session import render_file as render_file
    from farm.rendering.session import stems as stems
    from farm.rendering.session import stream as stream
    from farm.rendering.stems import StemOptions as StemOptions
    from farm.sources import identity as identity


_HOMES = {
    "FarmError": "farm.errors",
    "FarmWarning": "farm.errors",
    "FileError": "farm.errors",
    "Job": "farm.rendering.job",
    "RenderError": "farm.errors",
    "RenderOptions": "farm.options",
    "Report": "farm.rendering.report",
    "SampleError": "farm.errors",
    "ScoreError": "farm.errors",
    "Session": "farm.rendering.session",
    "StemOptions": "farm.rendering.stems",
    "UsageError": "farm.errors",
    "identity": "farm.sources",
    "job_of": "farm.rendering.job",
    "load": "farm.graph.score",
    "loads": "farm.graph.score",
    "read_job": "farm.rendering.job",
    "render": "farm.rendering.session",
    "render_file": "farm.rendering.session",
    "stems": "farm.rendering.session",
    "stream": "farm.rendering.session",
}
"""Where each name is defined; its module is imported with the first use."""

__all__ = [
    "FarmError",
    "FarmWarning",
    "FileError",
    "Job",
    "RenderError",
    "RenderOptions",
    "Report",
    "SampleError",
    "ScoreError",
    "Session",
    "StemOptions",
    "UsageError",
    "__version__",
    "identity",
    "job_of",
    "load",
    "loads",
    "read_job",
    "render",
    "render_file",
    "stems",
    "stream",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__]
