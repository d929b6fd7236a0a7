"""Every kind of mistake ends with its own exit status and a message, and none with a traceback."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from farm.cli.entries import NODE_KINDS, PATTERN_KINDS, node_entries, pattern_entries
from farm.cli.plain import PLAIN
from farm.printer.entries import list_page
from tests.cli.conftest import ROOT, Process, Ran

Farm = Callable[..., Ran]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("rendr a.ph", "Did you mean 'render'?"),
        ("song.ph", "to render it: farm render song.ph"),
        ("a$(id).PH", "to render it: farm render 'a$(id).PH'"),
        ("completion", "Missing argument 'SHELL'. Choose from: bash, zsh, fish\n"),
        ("render", "Missing argument 'SCORE'"),
        ("render a.ph b.wav c.wav", "unexpected extra argument (c.wav)"),
        ("render a.ph --durations 3", "Did you mean '--duration'?"),
        ("render a.ph --cycles", "'--cycles' requires an argument"),
        ("render a.ph --cycles many", "`many` is not a number: write 8, 2.5 or 1/3"),
        ("render a.ph --cycles 1/0", "divides by zero"),
        ("render a.ph --cycles 1e999999999", "is not a number"),
        ("render a.ph --cycles nan", "is not a number"),
        ("render a.ph --cycles -1", "--cycles must be above 0, not -1"),
        ("render a.ph --cycles 0", "--cycles must be above 0"),
        ("render a.ph --cycles 1 --duration 1", "give one of them"),
        ("render a.ph --from 4 --to 2", "--to 2 is not after --from 4"),
        ("render a.ph --rate 7", "--rate must be from 8000"),
        ("render a.ph --rate fast", "'fast' is not a valid integer"),
        ("render a.ph --bits 12", "'12' is not one of '16', '24', '32f'"),
        ("render a.ph --bits 32", "'32' is not one of '16', '24', '32f'. Did you mean '32f'?"),
        ("render a.ph --quality Best", "Did you mean 'best'?"),
        ("warmup --cpu V2", "Did you mean 'v2'?"),
        (
            "completion Bash",
            "Invalid value for 'SHELL': 'Bash' is not one of 'bash', 'zsh', 'fish'. Did you mean 'bash'?",
        ),
        ("render a.ph --set cut=3 --set ~cut=4", "--set gives `cut` twice, 3 and 4\n  give it once"),
        ("help rendr", "Did you mean 'render'?"),
        ("render a.ph --quality fine", "'fine' is not one of"),
        ("render a.ph --gain nan", "--gain must be from 0 to 100"),
        ("render a.ph --fade-out -1", "--fade-out must be from 0"),
        ("render a.ph --tail long", "neither auto nor none nor a number of seconds"),
        ("render a.ph --tail inf", "--tail must be auto, none"),
        ("render a.ph --seed -3", "not a whole number from 0"),
        ("render a.ph --seed 9999999999999999999", "not a whole number from 0"),
        ("render a.ph --chunk 3", "--chunk must be from 64"),
        ("render a.ph --cpu v9", "'v9' is not one of 'v2', 'v3', 'v4'"),
        ("render a.ph --backend cloud", "'cloud' is not"),
        (
            "render a.ph out.mp3",
            "`.mp3` is not a format that farm writes\n  the extension says the format: .wav, .flac",
        ),
        ("render a.ph out.flack", "did you mean `.flac`?"),
        ("render a.ph out", "cannot write out: it has no extension"),
        ("render a.ph out.flac --bits 32f", "FLAC cannot hold --bits 32f: it holds 16 or 24"),
        ("render a.ph out.ogg --rate 384000", "OGG Vorbis cannot hold --rate 384000: at most 200000 Hz"),
        ("render a.ph out.ogg --bits 16", "--bits 16: OGG Vorbis has no bits to choose"),
        ("render a.ph --clip none", "--clip none goes with 32 bit float files only"),
        ("render a.ph - --json", "OUT `-` and --json both want standard output"),
        ("render a.ph .", "is a folder"),
        ("render a.ph nowhere/", "is a folder"),
        ("render -", "standard input has no name"),
        ("check", "Missing argument 'SCORE'"),
        ("verify a.ph --backend inline", "No such option '--backend'"),
        ("plan a.ph --to 0", "--to must be above 0"),
        ("nodes lpv", "did you mean `lpf`?"),
        ("nodes cut", "`cut` is a voice modifier, not a node"),
        ("nodes every", "`every` is a transform, not a node"),
        ("nodes *", "`farm patterns '*'` tells about it"),
        ("nodes qqqqqq", "`farm nodes` lists them all"),
        ("warmup --cpu v1", "'v1' is not one of"),
    ],
)
def test_wrong_usage_is_2(farm: Farm, line: str, said: str) -> None:
    ran = farm(*line.split())
    assert ran.status == 2
    if "--json" in line:
        assert (ran.err, json.loads(ran.out)["errors"][0]["message"]) == ("", said)
        return
    assert ran.out == ""
    assert said in ran.err
    assert ran.err.startswith("error: ")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("render a.ph --durations 3 --json", "No such option '--durations'. Did you mean '--duration'?"),
        ("render --json", "Missing argument 'SCORE'."),
        ("--json", "No such option '--json'."),
        ("plan a.ph --cycles many --json", "Invalid value for '--cycles': `many` is not a number"),
        ("verify a.ph --rate 7 --json", "--rate must be from 8000 to 384000 Hz, not 7"),
    ],
)
def test_wrong_usage_is_a_document(farm: Farm, line: str, said: str) -> None:
    ran = farm(*line.split())
    told = json.loads(ran.out)
    assert (ran.status, told["ok"], told["status"], told["warnings"]) == (2, False, 2, [])
    assert [one["message"].startswith(said) for one in told["errors"]] == [True]
    assert ran.err == ""


def test_an_empty_name_for_out_is_2(farm: Farm) -> None:
    assert farm("render", "a.ph", "").status == 2


@pytest.mark.parametrize("command", ["render", "check", "plan"])
def test_an_empty_name_of_a_score_is_said_to_be_empty(command: str) -> None:
    done = subprocess.run([sys.executable, "-m", "farm", command, ""], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 4
    assert done.stderr.startswith(b"error: the name of the score is empty\n  name a file; `-` reads")


def test_the_score_is_never_overwritten(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("out: sine 440", encoding="utf-8")
    ran = farm("render", "a.wav", "./a.wav")
    assert ran.status == 2
    assert "is the score itself" in ran.err


@pytest.mark.parametrize(
    ("score", "status", "said"),
    [
        (
            "broken.ph",
            3,
            "broken.ph:1:6: error: there is no function `lfp`\n    1 | out: lfp 300\n             ^^^\n  did you",
        ),
        ("nobank.ph", 4, "there is no bank `bdd`"),
        ("full.ph", 4, "no space left on the disk"),
        ("disk.ph", 4, "error: /somewhere/cache: Input/output error"),
        ("nan.ph", 1, "NaN in node lpf"),
        ("greedy.ph", 1, "out of memory"),
        ("bug.ph", 1, "internal error: KeyError: 'a key\\nin two lines': this is a bug in farm"),
        ("stop.ph", 130, "interrupted"),
    ],
)
def test_failures_of_the_render(farm: Farm, score: str, status: int, said: str) -> None:
    ran = farm("render", score, "--cycles", "1")
    assert (ran.status, ran.out) == (status, "")
    assert said in ran.err
    assert "Traceback" not in ran.err


def test_the_traceback_of_a_bug_is_shown_on_request(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_DEBUG", "1")
    ran = farm("render", "bug.ph")
    assert ran.status == 1
    assert "Traceback" in ran.err
    assert "in render_file" in ran.err


def test_without_a_command_the_help_is_shown(farm: Farm) -> None:
    ran = farm()
    assert (ran.status, ran.out) == (2, "")
    assert "Usage: farm" in ran.err


def test_an_interrupted_process_ends_with_130(process: Callable[..., Process[str]]) -> None:
    done = process("render", "stop.ph", "--quiet")
    assert (done.returncode, done.stdout, done.stderr.strip()) == (130, "", "interrupted")


def caught(pid: int) -> int:
    """The mask of signals that a process has handlers for."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("SigCgt:")[2].split()[0], 16)


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_an_interrupt_while_modules_are_imported(tmp_path: Path, number: int, status: int) -> None:
    score = tmp_path / "x.ph"
    score.write_text('out: s "bd*4"\n', encoding="utf-8")
    ended = []
    for wait_ms in (0, 2, 5, 10, 20, 30, 45, 60):
        command = [sys.executable, "-m", "farm", "check", str(score)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
            while running.poll() is None and not caught(running.pid) >> (signal.SIGHUP - 1) & 1:
                time.sleep(0.0005)
            time.sleep(wait_ms / 1000)
            running.send_signal(number)
            told = running.communicate(timeout=60)[1].strip()
        ended.append(running.returncode)
        assert running.returncode in (status, 0), told
        assert told == {130: "interrupted", 143: "terminated", 0: ""}[running.returncode]
    assert status in ended


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_with_a_document_too(tmp_path: Path, number: int, status: int) -> None:
    (tmp_path / "x.ph").write_text('out: s "bd*4"\n', encoding="utf-8")
    line = f"render {tmp_path / 'x.ph'} {tmp_path / 'x.wav'} --cycles 100000 --rate 8000 --json"
    command = [sys.executable, "-m", "farm", *line.split()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        while running.poll() is None and not list(tmp_path.glob(".farm-*.part")):
            time.sleep(0.005)
        running.send_signal(number)
        document, _ = running.communicate(timeout=60)
    found = json.loads(document)
    assert (running.returncode, found["ok"], found["status"]) == (status, False, status)
    assert found["errors"][0]["message"] == ("interrupted" if status == 130 else "terminated")


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_what_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """`nohup farm render ...` goes on when its terminal is closed."""
    (tmp_path / "x.ph").write_text('out: s "bd*4"\n', encoding="utf-8")
    line = f"render {tmp_path / 'x.ph'} {tmp_path / 'x.wav'} --cycles 100000 --rate 8000 --quiet"
    command = ["nohup", sys.executable, "-m", "farm", *line.split()]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        while running.poll() is None and not list(tmp_path.glob(".farm-*.part")):
            time.sleep(0.005)
        handlers = caught(running.pid)
        running.send_signal(signal.SIGHUP)
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)
    assert running.returncode == 143
    assert [handlers >> (number - 1) & 1 for number in (signal.SIGTERM, signal.SIGHUP)] == [1, 0]


@pytest.mark.parametrize(
    "line", ["render a.ph --cycles 1", "render a.ph --json", "plan a.ph", "nodes", "docs", "--help"]
)
def test_a_reader_that_leaves_is_met_with_silence(process: Callable[..., Process[str]], line: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = process(*line.split(), stdout=writer)
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_full_disk_behind_standard_output(process: Callable[..., Process[str]]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = process("nodes", stdout=full)
    assert (done.returncode, done.stderr) == (4, "error: standard output: No space left on device\n")


def test_a_document_that_cannot_be_written_is_told(process: Callable[..., Process[str]]) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = process("render", "broken.ph", "--json", stdout=full)
    assert done.returncode == 3
    assert done.stderr.startswith("broken.ph:1:6: error: there is no function `lfp`")


def test_progress_that_nobody_reads_does_not_end_the_render(process: Callable[..., Process[str]]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = process("render", "warned.ph", stderr=writer)
    finally:
        os.close(writer)
    assert done.returncode == 0
    assert done.stdout.startswith("warned.wav: 16.00 s of sound")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(closed: str) -> None:
    command = f'"{sys.executable}" -m farm nodes {closed}'
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("what", ["nodes", "patterns"])
def test_lists_are_whole_in_pipes_and_fit_terminals(what: str, process: Callable[..., Process[str]]) -> None:
    whole = process(what).stdout
    entries = node_entries() if what == "nodes" else pattern_entries()
    for one in entries:
        (line,) = [line for line in whole.splitlines() if line.startswith(f"  {one.signature}")][:1]
        assert line.endswith(f"  {one.doc.partition(chr(10))[0]}")
    kinds, more = NODE_KINDS if what == "nodes" else PATTERN_KINDS, whole.splitlines()[-1]
    assert f"{list_page(entries, kinds, more)}\n" == whole
    for width in (30, 40, 80, 100, 200):
        page = list_page(entries, kinds, more, width)
        assert max(map(len, page.splitlines())) <= width
        assert page.split() == whole.split()


def test_the_width_of_lists_is_that_of_the_terminal() -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(ours, "rb", buffering=0) as screen:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 47, 0, 0))
        variables = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
        command = [sys.executable, "-P", "-m", "farm", "nodes"]
        with subprocess.Popen(command, cwd=ROOT, stdout=theirs, env={**variables, "PYTHONPATH": str(ROOT)}) as running:
            os.close(theirs)
            shown = b""
            with contextlib.suppress(OSError):
                while part := screen.read(65536):
                    shown += part
        assert running.returncode == 0
    widths = [len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in shown.decode().splitlines()]
    assert 40 < max(widths) <= 47


def test_what_an_encoding_lacks_is_printed_in_ascii(process: Callable[..., Process[str]]) -> None:
    done = process("render", "größer…🎵.ph", env={"PYTHONIOENCODING": "ascii"})
    assert done.stdout.startswith("gr\\xf6\\xdfer...\\U0001f3b5.wav: 16.00 s of sound")
    assert ": 40.0 x real time, in one process\n  peak -3.2 dBFS, " in done.stdout
    assert (done.returncode, done.stderr.isascii()) == (0, True)


def test_every_page_has_an_ascii_form() -> None:
    """Of what farm itself prints no character is left as an escape, but letters of names."""
    folders = [ROOT / "farm/docs", ROOT / "farm/printer", ROOT / "farm/cli", ROOT / "farm/rendering"]
    texts = [path.read_text(encoding="utf-8") for folder in folders for path in folder.glob("*.*")]
    marks = {one for text in texts for one in text if not one.isascii() and not one.isalpha()}
    assert sorted(marks - {*PLAIN}) == []


def test_names_that_no_terminal_can_show(process: Callable[..., Process[str]]) -> None:
    done = process("render", "\udcff.ph", env={"PYTHONIOENCODING": "ascii"})
    assert done.returncode == 0
    assert done.stdout.startswith("\\udcff.wav: 16.00 s of sound")
