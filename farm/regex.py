"""Regular expressions that are compiled when they are used first: a score needs few of those that there are."""

from __future__ import annotations

import re
from typing import Any, cast


def regex(text: str, flags: int = 0) -> re.Pattern[str]:
    """What `re.compile` makes of a text, as soon as it is asked for anything."""
    return cast("re.Pattern[str]", Uncompiled(text, flags))


class Uncompiled:
    """A regular expression as it is written; its methods are those of the compiled one."""

    def __init__(self, text: str, flags: int) -> None:
        self.__written = text, flags

    def __getattr__(self, name: str) -> Any:
        # What was asked for once is found without coming here.
        found = getattr(re.compile(*self.__written), name)
        setattr(self, name, found)
        return found
