"""Renders `.ph` scores to sound.

    import farm

    score = farm.load("q.ph")
    frames = farm.render(score, farm.RenderOptions(cycles=8))

`frames` is a float32 array (frames, 2), full scale ±1. `import farm` itself loads nothing: the names come with
their first use. Many renders are quicker in one `with farm.Session() as session:`, with `session.render(score, ...)`.
Mistakes in a score, its samples or the options raise subclasses of `farm.errors.FarmError`.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from farm.options import RenderOptions as RenderOptions
    from farm.render.job import load as load
    from farm.render.job import render as render
    from farm.render.session import Session as Session

__all__ = ["RenderOptions", "Session", "__version__", "load", "render"]
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
    if name == "load":
        from farm.render.job import load

        return load
    if name == "RenderOptions":
        from farm.options import RenderOptions

        return RenderOptions
    if name == "Session":
        from farm.render.session import Session

        return Session
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
