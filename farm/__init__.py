"""Renders `.ph` scores to sound.

    import farm

    score = farm.load("q.ph")
    frames = farm.render(score, farm.RenderOptions(cycles=8))

`frames` is a float32 array (frames, 2), full scale ±1; `farm.render_file(score, "q.flac")` writes a file instead.
`import farm` itself loads nothing: the names come with their first use. Many renders are quicker in one
`with farm.Session() as session:`, with `session.render(score, ...)`. Mistakes in a score, its samples or the options
raise subclasses of `farm.FarmError`: `str(error)` says where and what, `error.also` holds further mistakes, and
`farm.errors.show(error)` is what the command line prints.
"""

from __future__ import annotations

import sys
from types import ModuleType

TYPE_CHECKING = False
if TYPE_CHECKING:
    from farm.errors import FarmError as FarmError
    from farm.options import RenderOptions as RenderOptions
    from farm.render.job import load as load
    from farm.render.job import render as render
    from farm.render.job import render_file as render_file
    from farm.render.session import Session as Session

__all__ = ["FarmError", "RenderOptions", "Session", "__version__", "load", "render", "render_file"]
__version__ = "0.1.0"


class _Farm(ModuleType):
    """This package. `farm.render` is the function, although a subpackage has the same name.

    The import system stores a subpackage in the package that holds it as soon as anyone imports it; the setter drops
    that, so that the attribute means the same before and after. `from farm.render import job` does not look at it.
    """

    @property
    def render(self) -> object:
        from farm.render.job import render

        return render

    @render.setter
    def render(self, subpackage: ModuleType) -> None:
        pass


sys.modules[__name__].__class__ = _Farm


def __getattr__(name: str) -> object:
    if name in ("load", "render_file"):
        from farm.render import job

        return getattr(job, name)
    if name == "FarmError":
        from farm.errors import FarmError

        return FarmError
    if name == "RenderOptions":
        from farm.options import RenderOptions

        return RenderOptions
    if name == "Session":
        from farm.render.session import Session

        return Session
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
