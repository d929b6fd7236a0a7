"""`farm stems` and `farm render --stems` with the real engine."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.conftest import Process
from tests.cli.test_end_to_end import ENV, FARM

SCORE = 'cps: 2\n~kick: s "bd*4" * 0.3\no1: ~kick\no2: s "hh*8" * 0.1\no3: s "~"\n'
SHORT = ("--cycles", "2", "--tail", "none", "--rate", "8000", "--backend", "inline")


@pytest.fixture
def song(tmp_path: Path) -> Path:
    """A folder with song.ph."""
    (tmp_path / "song.ph").write_text(SCORE, encoding="utf-8")
    return tmp_path


def ran(song: Path, *line: str) -> Process[str]:
    """Runs `farm` in that folder."""
    return subprocess.run([*FARM, *line], cwd=song, env=ENV, text=True, capture_output=True, timeout=120, check=False)


def in_folder(folder: Path) -> list[str]:
    """The files of a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_stems_are_told_of_one_by_one(song: Path) -> None:
    done = ran(song, "stems", "song.ph", "out", *SHORT)
    assert (done.returncode, done.stderr) == (
        0,
        "warning: a stem without a sound left out: `o3`\n  --keep-silent writes such files too\n",
    )
    lines = done.stdout.splitlines()
    assert lines[0].startswith("out/song_00_mix.wav: 1.00 s of sound")
    assert [line.partition(": peak ")[0] for line in lines[2:4]] == ["  out/song_01_o1.wav", "  out/song_02_o2.wav"]
    assert lines[4].startswith("  left of the mix before its limiter without the stems of all outputs: −1")
    assert in_folder(song / "out") == ["song_00_mix.wav", "song_01_o1.wav", "song_02_o2.wav"]


def test_json_tells_of_stems(song: Path) -> None:
    done = ran(song, "stems", "song.ph", "out", "--by", "bus", "--format", "flac", "--json", *SHORT)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert [stem["name"] for stem in told["stems"]] == ["o1", "o2", "o3", "~kick"]
    assert [stem["path"] for stem in told["stems"]] == [
        *("out/song_01_o1.flac", "out/song_02_o2.flac", None, "out/song_04_kick.flac"),
    ]
    assert told["stems"][2]["peak_dbfs"] is None
    assert told["residual_dbfs"] < -110 < told["bus_residual_dbfs"]
    assert len({stem["sha256"] for stem in told["stems"]}) == 3, "of ~kick and o1 the same"
    plain = json.loads(ran(song, "render", "song.ph", "--json", *SHORT).stdout)
    assert (plain["stems"], plain["residual_dbfs"]) == ([], None)


def test_the_lines_about_the_rest_say_what_is_compared(song: Path) -> None:
    left = "  left of the mix before "
    pre = ran(song, "stems", "song.ph", "pre", "--stem-tap", "pre", "--by", "bus", "--bits", "32f", *SHORT)
    lines = [line for line in pre.stdout.splitlines() if line.startswith(left)]
    assert [line.partition(": ")[0] for line in lines] == [
        f"{left}gain and fades without the stems of all outputs",
        f"{left}gain and fades without the stems of all buses",
    ]
    assert "the stems of buses do not add up to the mix" in pre.stderr
    ogg = ran(song, "stems", "song.ph", "ogg", "--format", "ogg", *SHORT)
    assert ogg.stdout.endswith(
        f"{left}its limiter without the stems of all outputs: not reckoned, OGG Vorbis is lossy\n"
    )


def test_a_render_has_stems_beside_its_file(song: Path) -> None:
    done = ran(
        song, "render", "song.ph", "song.flac", "--stems", "parts", "--mute", "o2", "--name", "{stem}.{ext}", *SHORT
    )
    assert done.returncode == 0
    assert in_folder(song) == ["parts", "song.flac", "song.ph"]
    assert in_folder(song / "parts") == ["o1.flac"]
    more = ("--stems", "parts", "--solo", "o1,o2", "--stem-tap", "pre", "--keep-silent")
    both = ran(song, "render", "song.ph", *more, *SHORT)
    assert both.returncode == 0
    assert in_folder(song / "parts") == ["o1.flac", "song_01_o1.wav", "song_02_o2.wav"]


def said(done: Process[str]) -> tuple[int, str]:
    """Exit status and the first line of what is wrong."""
    return done.returncode, done.stderr.splitlines()[0]


WRONG = {
    ("stems", "song.ph", "out", "--mute", "o4"): "error: --mute o4: song.ph has no such output",
    ("stems", "song.ph", "out", "--mute", "o1,"): "error: Invalid value for '--mute': `o1,`: write names with commas",
    ("stems", "song.ph", "out", "--name", "../{stem}.wav"): "error: --name ../{stem}.wav: ../mix.wav lies outside",
    ("stems", "song.ph", "out", "--format", "mp4"): "error: --format mp4: not a format that farm writes",
    ("stems", "song.ph", "-"): "error: stems go into a folder, not `-`",
    ("stems", "song.ph", "out", "--name", ".{stem}.wav"): "error: --name .{stem}.wav: .mix.wav is a hidden file",
    ("stems", "song.ph", "song.ph"): "error: DIR song.ph is the score itself",
    ("stems", "song.ph", "out", "--outputs-as-channels"): "error: --outputs-as-channels makes one file of all outputs",
    ("stems", "song.ph", "out", "--clip", "none"): "error: --clip none goes with 32 bit float files only",
    ("render", "song.ph", "--mute", "o1"): "error: --mute is about stems, and there are none",
    ("render", "song.ph", "-", "--stems", "out"): "error: OUT `-` and --stems: a pipe holds no stems",
}


@pytest.mark.parametrize("line", WRONG, ids=" ".join)
def test_wrong_use_is_told_and_makes_nothing(line: tuple[str, ...], song: Path) -> None:
    status, message = said(ran(song, *line, "--quiet"))
    assert status == 2
    assert message.startswith(WRONG[line])
    assert in_folder(song) == ["song.ph"]


def test_a_file_where_the_folder_should_be_is_4(song: Path) -> None:
    (song / "out").write_text("kept", encoding="utf-8")
    assert said(ran(song, "stems", "song.ph", "out", "--quiet")) == (
        *(4, "error: cannot write stems into out: it is a file, and no folder"),
    )
    assert (song / "out").read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_leaves_no_stem_and_no_folder(number: int, status: int, song: Path) -> None:
    command = [*FARM, "stems", "song.ph", "out", "--duration", "100000", "--rate", "8000", "--bits", "16"]
    process = subprocess.Popen(command, cwd=song, env=ENV, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    for _ in range(3000):
        if (song / "out").is_dir() and len(os.listdir(song / "out")) == 4:
            break
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == status
    assert in_folder(song) == ["song.ph"]
