"""How a process of the command line begins and ends: signals, streams, one thread, an exit status whatever happens."""

from __future__ import annotations

import gc
import io
import os
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from farm.cli.ending import FAILED, INTERRUPTED, TERMINATED, told
from farm.cli.group import farm

RARELY = (50_000, 20, 20)
"""How much is made between two looks for garbage (`gc.set_threshold`). What modules and scores hold is none: Python's
own 700 cost a tenth of a short render."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def run(args: Sequence[str] | None = None) -> int:
    """Runs one command line (default: this process's own); the exit status, whatever happens."""
    args = sys.argv[1:] if args is None else args
    # Looked for here and not by click: a line that click cannot read ends with a document too.
    as_json = "--json" in args
    try:
        status = farm.main(args=args, prog_name="farm", standalone_mode=False)
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except BrokenPipeError:
        return FAILED
    except Exception as problem:  # noqa: BLE001
        return told(problem, as_json)
    return status if isinstance(status, int) else 0


class Interrupted(KeyboardInterrupt):
    """Ctrl-C. A type of its own: an interpreter that has seen a plain KeyboardInterrupt leave any `exec` of a text
    (dataclasses and namedtuples are made by one) kills itself with SIGINT at its end, whatever the exit status."""


def interrupted(*_: object) -> NoReturn:
    """On SIGINT."""
    raise Interrupted


def terminated(*_: object) -> NoReturn:
    """On SIGTERM and SIGHUP: leaves through every `finally`, so that no partial file and no memory stays behind."""
    sys.exit(TERMINATED)


def main() -> NoReturn:
    """The console entry: one thread, and never a traceback."""
    gc.set_threshold(*RARELY)
    for ending in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, ending):
            signal.signal(getattr(signal, ending), terminated)
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupted)
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BytesIO())
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    status = run()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as problem:
        if not isinstance(problem, BrokenPipeError):
            status = status or told(problem, as_json=False)
        # What Python still holds for standard output goes nowhere, or the interpreter would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        status = status or FAILED
    # All is written and given back: to look for garbage once more would take longer than a small render's sound.
    gc.freeze()
    sys.exit(status)
