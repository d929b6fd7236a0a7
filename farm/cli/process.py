"""How a process of the command line begins and ends: signals, streams, one thread, an exit status whatever happens."""

from __future__ import annotations

import atexit
import codecs
import contextlib
import gc
import io
import os
import signal
import sys

from farm.cli.plain import plain
from farm.cli.statuses import INTERRUPTED, TERMINATED, UNREAD

# Not `typing`'s: until `main` has begun, an interrupt is Python's to tell, so nothing is imported that can wait.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType
    from typing import NoReturn, TextIO

RARELY = (250_000, 20, 20)
"""How much is made between two looks for garbage (`gc.set_threshold`). What modules and scores hold is none: Python's
own 700 cost a tenth of a short render, which makes fewer than these."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


def run(args: Sequence[str] | None = None) -> int:
    """Runs one command line (default: this process's own); the exit status, whatever happens."""
    args = sys.argv[1:] if args is None else args
    # Looked for here and not by click: a line that click cannot read ends with a document too.
    as_json = "--json" in args
    try:
        from farm.cli.group import farm

        status = farm.main(args=args, prog_name="farm", standalone_mode=False)
    except KeyboardInterrupt:
        return tell_ended(INTERRUPTED, as_json)
    except SystemExit as ending:
        # click's own for a reader that has left.
        return tell_ended(TERMINATED, as_json) if ending.code == TERMINATED else UNREAD
    except BrokenPipeError:
        return UNREAD
    except Exception as problem:  # noqa: BLE001
        # Python wraps what arrives while a class is made, click what arrives while it asks or prints.
        if type(problem).__name__ == "Abort" or isinstance(problem.__cause__, KeyboardInterrupt):
            return tell_ended(INTERRUPTED, as_json)
        if isinstance(problem.__cause__, SystemExit):
            return tell_ended(TERMINATED, as_json)
        from farm.cli.ending import told

        return told(problem, as_json)
    return status if isinstance(status, int) else 0


def tell_ended(status: int, as_json: bool = False) -> int:
    """Says that a signal ended the command, on standard error or in a document; the exit status that goes with it."""
    word = "interrupted" if status == INTERRUPTED else "terminated"
    with contextlib.suppress(OSError):
        if as_json:
            from farm.errors import FarmError
            from farm.printer.streams import failure_as_json, say_json

            say_json({**failure_as_json(FarmError(word)), "status": status})
        else:
            print(word, file=sys.stderr, flush=True)
    return status


class Interrupted(KeyboardInterrupt):
    """Ctrl-C. A type of its own: an interpreter that has seen a plain KeyboardInterrupt leave any `exec` of a text
    (dataclasses and namedtuples are made by one) kills itself with SIGINT at its end, whatever the exit status."""


def interrupted(_: int, frame: FrameType | None) -> None:
    """On SIGINT."""
    if not postponed(interrupted, frame):
        raise Interrupted


def terminated(_: int, frame: FrameType | None) -> None:
    """On SIGTERM and SIGHUP: leaves through every `finally`, so that no partial file and no memory stays behind."""
    if not postponed(terminated, frame):
        sys.exit(TERMINATED)


def postponed(handler: Callable[[int, FrameType | None], None], frame: FrameType | None) -> bool:
    """Whether `handler` is called again a little later: Python drops what is raised in a callback of its imports."""
    if frame is None or frame.f_code.co_name != "cb" or "importlib" not in frame.f_code.co_filename:
        return False
    signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    return True


def main() -> NoReturn:
    """The console entry: one thread, and never a traceback."""
    ended: list[int] = []
    atexit.register(leave, ended)
    try:
        if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, interrupted)
        for ending in ("SIGTERM", "SIGHUP"):
            # What is ignored stays ignored: `nohup farm render ...`.
            if hasattr(signal, ending) and signal.getsignal(getattr(signal, ending)) is not signal.SIG_IGN:
                signal.signal(getattr(signal, ending), terminated)
        status = settled()
        # The status stands: Python's end, which takes its handlers away, is not interrupted.
        for ending in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, ending):
                signal.signal(getattr(signal, ending), signal.SIG_IGN)
    except KeyboardInterrupt:
        status = tell_ended(INTERRUPTED)
    except SystemExit:
        status = tell_ended(TERMINATED)
    ended.append(status)
    sys.exit(status)


def leave(ended: Sequence[int]) -> None:
    """Called last at the end: all is written and given back, and to take modules apart takes 12 ms of CPU.

    `ended`: the exit status, when `main` has come to its end.
    """
    if ended:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                if stream is not None:
                    stream.flush()
        os._exit(ended[0])


def settled() -> int:
    """Runs this process's command line with its streams in order, and all that it printed is out; the exit status."""
    gc.set_threshold(*RARELY)
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BytesIO())
    codecs.register_error("plain", plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")
    status = run()
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as problem:
        if not isinstance(problem, BrokenPipeError):
            from farm.cli.ending import told

            problem.filename = problem.filename or "standard output"
            status = status or told(problem, as_json=False)
        forget(sys.stdout)
        status = status or UNREAD
    try:
        if sys.stderr is not None:
            sys.stderr.flush()
    except OSError:
        forget(sys.stderr)
    return status


def forget(stream: TextIO) -> None:
    """Lets what Python still holds for a stream that nobody reads go nowhere: it would complain at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
