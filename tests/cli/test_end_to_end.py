"""The command line with the real engine, as processes of their own."""

from __future__ import annotations

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import time
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import ROOT, Process

Run = Callable[..., Process[str]]
FARM = [sys.executable, "-P", "-m", "farm"]
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}
SCORE = 'cps: 2\n~hit: s "bd ~ sn ~"\nout: ~hit # gain 0.5\n'


@pytest.fixture
def real(tmp_path: Path) -> Run:
    """Runs `python -m farm` in a folder with song.ph."""
    (tmp_path / "song.ph").write_text(SCORE, encoding="utf-8")

    def run(*args: str, **how: Any) -> Process[str]:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        return subprocess.run(
            FARM + list(args), cwd=tmp_path, env=ENV, text=True, timeout=120, check=False, **pipes, **how
        )

    return run


def test_a_score_becomes_a_wav_file(real: Run, tmp_path: Path) -> None:
    done = real("render", "song.ph", "--cycles", "2", "--tail", "none", "--bits", "16")
    assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
    assert done.stdout.startswith("song.wav: 1.00 s of sound")
    with wave.open(str(tmp_path / "song.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getnframes()) == (2, 44100, 44100)


def test_the_same_score_is_the_same_sound(real: Run, tmp_path: Path) -> None:
    done = real("render", "-", "a.wav", "--cycles", "2", "--tail", "none", "--json", input=SCORE)
    told = json.loads(done.stdout)
    again = json.loads(real("render", "song.ph", "b.wav", "--cycles", "2", "--tail", "none", "--json").stdout)
    assert (done.returncode, done.stderr, told["ok"], told["assumed_length"]) == (0, "", True, False)
    assert (told["frames"], told["voices"]) == (again["frames"], again["voices"]) == (44100, 4)
    assert told["sha256"] == again["sha256"]
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()


def test_standard_input_to_standard_output(real: Run, tmp_path: Path) -> None:
    line = ("--cycles", "2", "--tail", "none")
    assert real("render", "song.ph", "a.wav", *line, "--quiet").returncode == 0
    command = [*FARM, "render", "-", "-", *line]
    done = subprocess.run(command, cwd=tmp_path, env=ENV, input=SCORE.encode(), capture_output=True, check=False)
    assert done.returncode == 0
    assert done.stdout == (tmp_path / "a.wav").read_bytes()
    assert done.stderr.decode().startswith("<stdout>: 1.00 s of sound in ")
    broken = subprocess.run(command, cwd=tmp_path, env=ENV, input=b"out: lfp 3", capture_output=True, check=False)
    assert (broken.returncode, broken.stdout) == (3, b"")
    assert broken.stderr.startswith(b"<stdin>:1:6: error: there is no function `lfp`")


def test_standard_output_that_cannot_take_sound(tmp_path: Path, real: Run) -> None:
    command = [*FARM, "render", "song.ph", "-", "--cycles", "2", "--quiet"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, cwd=tmp_path, env=ENV, stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr.splitlines()[0]) == (4, b"error: cannot write <stdout>: the disk is full")
    reader, writer = os.pipe()
    os.close(reader)
    gone = subprocess.run(command, cwd=tmp_path, env=ENV, stdout=writer, stderr=subprocess.PIPE, check=False)
    os.close(writer)
    assert (gone.returncode, gone.stderr) == (141, b"")
    ours, theirs = pty.openpty()
    done = subprocess.run(command, cwd=tmp_path, env=ENV, stdout=theirs, stderr=subprocess.PIPE, check=False)
    os.close(theirs)
    os.close(ours)
    assert done.returncode == 2
    assert b"standard output is a terminal" in done.stderr


@pytest.fixture
def failing(tmp_path: Path) -> dict[str, tuple[str, tuple[str, ...], dict[str, str]]]:
    """Renders that fail at their start: score, options, environment."""
    broken = tmp_path / "banks" / "broken"
    broken.mkdir(parents=True)
    (broken / "a.wav").write_bytes(b"RIFF\x24\0\0\0WAVEfmt ")
    loud = "out: sine 300" + " * 1000000000" * 5
    return {
        "a missing bank": ('out: s "nosuch"', (), {}),
        "a broken sample": ('out: s "broken"', ("--samples", str(tmp_path / "banks")), {}),
        "no numbers in the first chunk": (loud, (), {}),
        "no numbers in the first chunk, a pool": (loud, ("--threads", "2", "--backend", "local"), {}),
        "a mistake": ("out: lfp 3", (), {}),
        "a wrong option": ('out: s "bd"', ("--rate", "17"), {}),
        "a part that does not exist": ('out: s "bd"', ("--from", "5"), {}),
        "no room for shared memory": ('out: s "bd"', ("--work-dir", str(tmp_path / "gone")), {}),
        "nodes that cannot be read": ('out: s "bd"', (), {"FARM_NODES": str(tmp_path)}),
    }


def test_r21_a_render_that_fails_at_its_start_leaves_standard_output_empty(
    failing: dict[str, tuple[str, tuple[str, ...], dict[str, str]]], tmp_path: Path
) -> None:
    (tmp_path / "node.py").write_text("raise ValueError", encoding="utf-8")
    for what, (score, options, environment) in failing.items():
        done = subprocess.run(
            [*FARM, "render", "-", "-", "--cycles", "2", "--clip", "none", *options],
            cwd=tmp_path,
            env={**ENV, **environment},
            input=score.encode(),
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert done.returncode in (1, 2, 3, 4), what
        assert (done.stdout, b"error" in done.stderr) == (b"", True), what


READERS = ("sox -t wav - -t wav out.wav", "flac --silent --force -o out.wav -", "ffmpeg -v quiet -y -i - out.wav")


@pytest.mark.parametrize("reader", READERS)
def test_r21_whoever_reads_it_fails_too(tmp_path: Path, reader: str) -> None:
    program, *rest = reader.split()
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not there")
    (tmp_path / "out.wav").write_bytes(b"older")
    render = [*FARM, "render", "-", "-", "--cycles", "2"]
    sent = subprocess.run(render, input=b's "nosuch"', cwd=tmp_path, env=ENV, capture_output=True, check=False)
    read = subprocess.run([program, *rest], input=sent.stdout, cwd=tmp_path, capture_output=True, check=False)
    assert sent.returncode != 0
    assert read.returncode != 0
    assert (tmp_path / "out.wav").read_bytes() == b"older"


def test_without_a_length_eight_cycles_are_rendered(real: Run) -> None:
    told = json.loads(real("render", "song.ph", "--tail", "none", "--json").stdout)
    assert (told["assumed_length"], told["seconds"]) == (True, 4.0)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "song.ph --from 10",
            "--from 10 is not before the end of the render\n  without a length it has 8 cycles: give",
        ),
        ("song.ph --duration 2 --from 10", "before the end of the render\n  give a longer --duration"),
        ("song.ph gone/a.wav", "cannot write gone/a.wav: the folder gone does not exist"),
    ],
)
def test_a_render_that_cannot_begin_is_not_announced(real: Run, line: str, said: str) -> None:
    done = real("render", *line.split())
    assert done.stderr.startswith("error: ")
    assert said in done.stderr
    begun = real("render", "song.ph")
    assert begun.stderr.startswith("a score is endless: rendering 8 cycles (--cycles or --duration say how much)\n")


def test_the_package_gives_the_frames_of_the_command_line(real: Run, tmp_path: Path) -> None:
    told = json.loads(real("render", "song.ph", "--cycles", "2", "--json").stdout)
    code = """
import farm, hashlib
frames = farm.render(farm.load("song.ph"), farm.RenderOptions(cycles=2))
print(frames.shape, frames.dtype, hashlib.sha256(frames.tobytes()).hexdigest())
"""
    done = subprocess.run(
        [sys.executable, "-P", "-c", code], cwd=tmp_path, env=ENV, text=True, stdout=subprocess.PIPE, check=True
    )
    assert done.stdout == f"({told['frames']}, 2) float32 {told['sha256']}\n"


@pytest.mark.parametrize(
    ("number", "status", "message"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_a_render_that_is_stopped_leaves_nothing(
    real: Run, tmp_path: Path, number: int, status: int, message: str
) -> None:
    real("render", "song.ph", "warm.wav", "--cycles", "1")
    (tmp_path / "warm.wav").unlink()
    command = [*FARM, "render", "song.ph", "--cycles", "1000000", "--rate", "8000", "--bits", "16", "--quiet"]
    with subprocess.Popen(command, cwd=tmp_path, env=ENV, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 30
        while len(list(tmp_path.iterdir())) == 1 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(list(tmp_path.iterdir())) == 2, "the render writes beside its target"
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert (process.returncode, said.strip()) == (status, message)
    assert [path.name for path in tmp_path.iterdir()] == ["song.ph"]


def test_an_interrupt_inside_a_made_up_class_is_130_too(tmp_path: Path) -> None:
    """Dataclasses are made by `exec` of a text; Python remembers an interrupt there and kills itself at its end."""
    code = """
import click, os, signal
from farm import cli

@cli.farm.command()
def wait():
    exec("import os, signal, time; os.kill(os.getpid(), signal.SIGINT); time.sleep(30)")

cli.main()
"""
    (tmp_path / "interrupting.py").write_text(code, encoding="utf-8")
    env = ENV | {"PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}"}
    command = [sys.executable, "-P", "-m", "interrupting", "wait"]
    done = subprocess.run(command, check=False, cwd=tmp_path, env=env, text=True, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr.strip()) == (130, "interrupted")


def test_a_score_with_an_error_leaves_no_file(real: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.ph").write_text("out: lfp 300\n", encoding="utf-8")
    done = real("render", "bad.ph")
    assert (done.returncode, done.stdout) == (3, "")
    assert "bad.ph:1:6: error: " in done.stderr
    assert "`lfp`" in done.stderr
    assert [path.name for path in tmp_path.glob("bad*")] == ["bad.ph"]


def test_a_bank_that_is_missing_is_4(real: Run, tmp_path: Path) -> None:
    (tmp_path / "bad.ph").write_text('out: s "nosuchbank"\n', encoding="utf-8")
    done = real("render", "bad.ph", "--quiet")
    assert (done.returncode, done.stdout) == (4, "")
    assert done.stderr.startswith("bad.ph:1:9: error: there is no sample bank `nosuchbank`")


@pytest.mark.parametrize("text", ['out: s "bd zzz" # tremolo 3', "out: ((("])
def test_lenient_is_never_3_or_4(real: Run, tmp_path: Path, text: str) -> None:
    (tmp_path / "broken.ph").write_text(text, encoding="utf-8")
    ran = real("render", "broken.ph", "--lenient", "--cycles", "1", "--tail", "none", "--backend", "inline")
    assert ran.returncode == 0, ran.stderr
    assert "warning: " in ran.stderr and "error" not in ran.stderr
    with wave.open(str(tmp_path / "broken.wav")) as sound:
        assert sound.getnframes() == 2 * 44100
    checked = real("check", "broken.ph", "--lenient")
    assert (checked.returncode, checked.stdout) == (0, "")
    assert checked.stderr.splitlines()[-1].startswith("no errors, ")


def test_a_folder_that_is_not_there_is_4(real: Run) -> None:
    done = real("render", "song.ph", "nowhere/song.wav", "--cycles", "1")
    assert (done.returncode, done.stdout) == (4, "")
    assert "Traceback" not in done.stderr


def test_check_finds_nothing(real: Run) -> None:
    done = real("check", "song.ph")
    assert (done.returncode, done.stdout, done.stderr) == (0, "no errors\n", "")


def test_the_plan_is_shown(real: Run) -> None:
    told = json.loads(real("plan", "song.ph", "--cycles", "2", "--json").stdout)
    assert told["ok"]
    assert told["voices"] == 4
    assert told["tasks"] >= sum(group["tasks"] > 0 for group in told["groups"]) > 0
    done = real("plan", "song.ph", "--cycles", "2")
    assert (done.returncode, done.stderr) == (0, "")
    for group in told["groups"]:
        assert f"\n{group['name']}  " in done.stdout
    assert "\ncritical path " in done.stdout
