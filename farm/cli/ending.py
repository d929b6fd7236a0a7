"""How a command line ends: exit statuses, and what is said of an error."""

from __future__ import annotations

import contextlib
import errno
import os
import re

import click


def told(problem: Exception, as_json: bool) -> int:
    """Says what went wrong, with --json in a document and nowhere else; the exit status that goes with it."""
    from farm.errors import FarmError, FileError, RenderError, UsageError, in_order
    from farm.printer.streams import failure_as_json, say_json, tell, tell_problems

    shown: FarmError
    match problem:
        case FarmError():
            shown = problem
        case click.UsageError():
            hint = f"see `{problem.ctx.command_path} --help`" if problem.ctx else None
            # Click lists choices in lines of their own.
            shown = UsageError(re.sub(r"\n\t?", " ", problem.format_message()), hint=hint)
        case click.ClickException():
            shown = UsageError(problem.format_message())
        case MemoryError():
            shown = RenderError("out of memory", hint="render fewer cycles, or fewer voices at once")
        case OSError(errno=errno.EMFILE):
            hint = "fewer workers (--threads) need fewer; `ulimit -n` shows the limit and, with a number, raises it"
            shown = RenderError("this process may not open as many files and pipes as it needs", hint=hint)
        case OSError(strerror=str(reason)):
            name = f"{problem.filename}: " if problem.filename else ""
            shown = FileError(f"{name}{reason}")
        case _:
            if os.environ.get("FARM_DEBUG") == "1":
                import traceback

                tell("".join(traceback.format_exception(problem)).rstrip())
            text = " ".join(f"{type(problem).__name__}: {problem}".split())
            hint = "please report it with the score; FARM_DEBUG=1 shows where it happened"
            shown = RenderError(f"internal error: {text}: this is a bug in farm", hint=hint)
    if as_json:
        with contextlib.suppress(OSError):
            say_json(failure_as_json(shown))
            return shown.status
    tell_problems(in_order([shown, *shown.also]))
    return shown.status
