"""What a function's docstring says, also where Python was told to drop docstrings (-OO, PYTHONOPTIMIZE=2)."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any


def docstring(function: Callable[..., Any]) -> str:
    """The docstring without its indentation; "" where there is none. Read from the source where it was dropped."""
    if function.__doc__ is None and sys.flags.optimize > 1:
        return from_source(function)
    return inspect.cleandoc(function.__doc__ or "")


def from_source(function: Callable[..., Any]) -> str:
    """The docstring as it stands in the source; "" where there is none, or no source."""
    import ast
    import textwrap

    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except OSError:
        return ""
    return (ast.get_docstring(tree) or "") if isinstance(tree, ast.FunctionDef) else ""
