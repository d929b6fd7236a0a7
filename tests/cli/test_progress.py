"""Progress: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

from __future__ import annotations

import os
import pty
import re
import threading
from collections.abc import Callable

import pytest

from farm.errors import Notice, show
from farm.printer.progress import Lines, progress
from tests.cli.conftest import Process

Run = Callable[..., Process[str]]
RATE = 100


class Clock:
    """A clock that is set by hand."""

    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


def test_lines_come_at_tenths_and_not_more_than_one_a_second(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Lines(RATE, clock) as lines:
        for percent in range(101):
            clock.now_s = percent * 0.03
            lines.rendering(percent * RATE, 100 * RATE)
    told = [int(text.split()[1]) for text in capsys.readouterr().err.splitlines()]
    assert told == [30, 60]


def test_a_slow_render_has_a_line_for_each_tenth(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Lines(RATE, clock) as lines:
        for percent in range(101):
            clock.now_s = 10.0 + percent
            lines.rendering(percent * RATE, 100 * RATE)
            lines.rendering(percent * RATE, 100 * RATE)
        clock.now_s += 10.0
        lines.rendering(103 * RATE, None)
        clock.now_s += 10.0
        lines.rendering(104 * RATE, None)
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "rendering: 0 %, 0.0 of 100.0 s"
    assert told[-2:] == ["rendering: 100 %, 100.0 of 100.0 s", "rendering the tail: 103.0 s so far"]
    assert len(told) == 12


def test_compiling_says_at_once_why_nothing_sounds(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Lines(RATE, clock) as lines:
        for done in range(9):
            lines.compiling(done, 8)
            clock.now_s += 0.6
    told = capsys.readouterr().err.splitlines()
    assert told[0] == "compiling kernels for this machine: 0 of 8 (kept for the next time)"
    assert [int(text.split()[5]) for text in told] == [0, 2, 4, 6, 8]


def test_nothing_to_compile_is_not_worth_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    clock = Clock()
    with Lines(RATE, clock) as lines:
        lines.compiling(0, 0)
        lines.compiling(8, 8)
    assert capsys.readouterr().err == ""


def test_a_long_render_tells_of_itself_in_a_pipe(process: Run) -> None:
    done = process("render", "slow.ph")
    assert done.returncode == 0
    assert re.search(r"^rendering: \d0 %, \d+\.0 of 90\.0 s$", done.stderr, re.MULTILINE)


@pytest.mark.parametrize("env", [{}, {"TERM": "dumb"}, {"CI": "1"}, {"FORCE_COLOR": "1"}])
def test_a_pipe_gets_plain_lines(process: Run, env: dict[str, str]) -> None:
    done = process("render", "brisk.ph", env=env)
    assert "\ncompiling kernels for this machine: 0 of 40" in done.stderr
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", done.stdout + done.stderr)


@pytest.mark.parametrize("quiet", [False, True])
def test_warnings_are_shown_at_once_and_kept(quiet: bool, capsys: pytest.CaptureFixture[str]) -> None:
    notice = Notice("farm-worker-1 (pid 7) is stopped: the render waits for it", None, "`kill -CONT 7` lets it go on")
    with progress(RATE, quiet) as observer:
        observer.warning(notice)
        assert capsys.readouterr().err == f"{show(notice)}\n"
    assert observer.told == [notice]


@pytest.mark.parametrize("flag", ["--quiet", "--json"])
def test_quiet_and_json_show_no_progress(process: Run, flag: str) -> None:
    assert process("render", "brisk.ph", flag).stderr == ""


def on_terminal(process: Run, *args: str, env: dict[str, str] | None = None) -> tuple[int, str]:
    """Exit status of a command line and what it writes to a terminal on standard error."""
    ours, theirs = pty.openpty()
    pieces = []

    def read() -> None:
        while True:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                return
            if not piece:
                return
            pieces.append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        done = process(*args, stderr=theirs, env={"CI": "", "NO_COLOR": "", **(env or {})})
    finally:
        os.close(theirs)
        reader.join(timeout=10)
        os.close(ours)
    return done.returncode, b"".join(pieces).decode("utf-8")


def test_a_terminal_gets_a_bar_that_is_wiped_away(process: Run) -> None:
    status, text = on_terminal(process, "render", "brisk.ph")
    assert status == 0
    for part in ("compiling", "rendering", "tail", "of 90.0 s", "× real time", "━"):
        assert part in text
    assert text.rstrip().endswith("\x1b[2K")


@pytest.mark.parametrize("env", [{"TERM": "dumb"}, {"TERM": ""}, {"CI": "1"}])
def test_a_terminal_that_is_dumb_gets_plain_lines(process: Run, env: dict[str, str]) -> None:
    status, text = on_terminal(process, "render", "brisk.ph", env=env)
    assert status == 0
    assert "\x1b" not in text
    assert "compiling kernels" in text


def test_errors_have_colour_on_a_terminal_alone(process: Run) -> None:
    assert "\x1b[1;31merror:\x1b[0m there is" in on_terminal(process, "render", "broken.ph", "--quiet")[1]
    plain = on_terminal(process, "render", "broken.ph", "--quiet", env={"NO_COLOR": "1"})[1]
    assert "\x1b" not in plain
    assert "error: there is" in plain
    assert "\x1b" not in process("render", "broken.ph", env={"FORCE_COLOR": "1"}).stderr


def test_an_error_ends_the_bar_first(process: Run) -> None:
    text = on_terminal(process, "render", "bug.ph")[1]
    assert text.index("internal error") > text.rindex("\x1b[2K")
