"""What is told of a command line that asks for something it does not get; a stronger place overrules quietly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from farm.cli.settings import settings_of
from farm.cli.variables import unread

if TYPE_CHECKING:
    from farm.errors import Notice
    from farm.options import RenderOptions


def doubts(options: RenderOptions) -> list[Notice]:
    """Warnings of the present command line, whose options these are."""
    from farm.errors import Notice

    ctx = click.get_current_context()
    found = [
        Notice(f"nothing reads the variable {name}", None, f"did you mean {meant}?")
        for name, meant in unread(one.variable for one in settings_of(ctx)).items()
        if meant is not None
    ]
    if options.to is not None and options.tail not in ("none", 0.0) and as_strong(ctx, "tail", "to"):
        tail = options.tail if isinstance(options.tail, str) else f"{options.tail:g}"
        hint = f"--cycles {options.to} instead of --to {options.to} ends the score there, and lets it ring on"
        found.append(Notice(f"--tail {tail} adds nothing: --to {options.to} ends the sound", None, hint))
    if options.backend == "inline" and (options.threads or 1) > 1 and as_strong(ctx, "threads", "backend"):
        hint = "leave one of them out; --backend local is the pool"
        message = f"--threads {options.threads} starts no workers: --backend inline renders in this process"
        found.append(Notice(message, None, hint))
    return found


def as_strong(ctx: click.Context, name: str, other: str) -> bool:
    """Whether a parameter is given, in a place that the one of another does not overrule."""
    places = [ctx.get_parameter_source(one) or ParameterSource.DEFAULT for one in (name, other)]
    return places[0] <= places[1] and places[0] < ParameterSource.DEFAULT
