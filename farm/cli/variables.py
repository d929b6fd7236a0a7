"""The FARM_* variables: which of them something reads, and what the others may have been meant to be."""

from __future__ import annotations

import os
from collections.abc import Iterable

PREFIX = "FARM_"
SWITCHES = ("FARM_DEBUG", "FARM_PORTABLE")
OTHER_VARIABLES = ("FARM_CACHE", "FARM_NODES", *SWITCHES)
"""Variables that stand for no option."""


def set_variables() -> dict[str, str]:
    """The FARM_* variables that are set, sorted."""
    return {name: value for name, value in sorted(os.environ.items()) if name.startswith(PREFIX)}


def unread(settings: Iterable[str]) -> dict[str, str | None]:
    """The set variables that nothing reads, each with the nearest that something does; `settings` are read."""
    known = {*settings, *OTHER_VARIABLES}
    others = [name for name in set_variables() if name not in known]
    return {name: nearest(name, known) for name in others}


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known variable that a name resembles, apart from the beginning that all share."""
    from farm.errors import near

    close = near(name.removeprefix(PREFIX), [one.removeprefix(PREFIX) for one in known])
    return PREFIX + close[0] if close else None
