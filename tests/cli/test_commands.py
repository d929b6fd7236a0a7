"""What the commands ask the engine for, and what they print."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from fractions import Fraction
from io import BytesIO, TextIOWrapper
from pathlib import Path
from typing import Any, cast

import pytest

from farm import cli
from farm.audio.formats import BY_EXTENSION
from farm.cli.group import COMMANDS, whole
from farm.graph.score import understand
from farm.options import RenderOptions
from farm.rendering.levels import BEYOND_GAIN, level_notices
from farm.score import Source
from tests.cli import fake_engine
from tests.cli.conftest import Ran
from tests.render.sound import run

Farm = Callable[..., Ran]
Calls = list[tuple[str, Any]]

MEANINGLESS = """~x $ lfp 300
out $ foo 3
o2 $ sine 440 # lpf 300000 3
"""
UNREADABLE = """~x: "bd sn
out: ~x # lpf [3
"""


def document(ran: Ran) -> Any:
    """The JSON document on standard output, by the letter of the standard."""

    def refused(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return json.loads(ran.out, parse_constant=refused)


def test_what_is_not_given_is_left_to_the_options(farm: Farm, calls: Calls) -> None:
    assert farm("render", "folder/song.ph").status == 0
    assert calls == [("load", ("folder/song.ph", 0, False)), ("render_file", (Path("song.wav"), RenderOptions()))]


@pytest.mark.parametrize(
    ("score", "out"), [("UP.PH", "UP.wav"), ("a.b.Ph", "a.b.wav"), ("a.txt", "a.txt.wav"), (".ph", "out.wav")]
)
def test_a_sound_is_called_after_its_score(farm: Farm, calls: Calls, score: str, out: str) -> None:
    assert farm("render", score).status == 0
    assert calls[-1] == ("render_file", (Path(out), RenderOptions()))


def test_every_option_reaches_the_engine(farm: Farm, calls: Calls) -> None:
    line = (
        "render song.ph far.wav --cycles 1/3 --from .25 --to 2.5 --rate 48000 --bits 32f --quality best --gain 0.5"
        " --fade-in 1 --fade-out 2 --tail 3.5 --seed 7 --chunk 512 --cpu v2 --backend local --threads 3"
        " --work-dir work --lenient --quiet"
    )
    ran = farm(*line.split())
    assert (ran.status, ran.out, ran.err.count("warning: ")) == (0, "", 1), "of --tail beside --to"
    wanted = RenderOptions(
        cycles=Fraction(1, 3),
        from_=Fraction(1, 4),
        to=Fraction(5, 2),
        rate=48000,
        bits="32f",
        quality="best",
        gain=0.5,
        fade_in=1.0,
        fade_out=2.0,
        tail=3.5,
        seed=7,
        chunk=512,
        cpu="v2",
        backend="local",
        threads=3,
        work_dir="work",
        lenient=True,
    )
    assert calls == [("load", ("song.ph", 7, True)), ("render_file", (Path("far.wav"), wanted))]


def test_the_help_repeats_the_defaults(farm: Farm) -> None:
    text = " ".join(farm("render", "--help").out.partition("\nOptions")[2].split())
    defaults = RenderOptions()
    for option, default in {
        "--rate": defaults.rate,
        "--bits": defaults.bits,
        "--quality": defaults.quality,
        "--gain": defaults.gain,
        "--fade-in": defaults.fade_in,
        "--fade-out": defaults.fade_out,
        "--tail": defaults.tail,
        "--seed": defaults.seed,
        "--chunk": defaults.chunk,
        "--backend": defaults.backend,
    }.items():
        about = text.split(f" {option} ", 1)[1].split(" --", 1)[0]
        assert f"[{default}]" in about, option


def test_the_help_of_render_names_all_formats_and_statuses(farm: Farm) -> None:
    text = " ".join(farm("render", "--help").out.split())
    assert all(re.search(rf"\{extension}\b", text) for extension in BY_EXTENSION)
    ends = (
        "0 done, 1 failed, 2 wrong usage, 3 an error in the score, 4 samples or files, 130 interrupted,"
        " 141 its reader left, 143 terminated"
    )
    assert ends in text
    whole = ends.replace(" 130", " 5 jobs of a batch put aside, 130")
    assert whole in " ".join(farm("--help").out.split())


@pytest.mark.parametrize("command", ["", *sorted(cli.farm.commands)])
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_every_help_has_examples(farm: Farm, command: str, flag: str) -> None:
    ran = farm(*command.split(), flag)
    assert (ran.status, ran.err) == (0, "")
    assert f"\n  farm {command}" in ran.out


def test_the_version(farm: Farm) -> None:
    assert farm("--version") == (0, "farm 0.1.0\n", "")


def test_the_summary(farm: Farm) -> None:
    ran = farm("render", "song.ph", "--cycles", "8")
    assert ran.err == ""
    assert ran.out == (
        "song.wav: 16.00 s of sound (0.50 s of it tail) in 0.40 s: 40.0 × real time, in one process\n"
        "  peak −3.2 dBFS, 64 voices (at most 3 at once), 0.5 cycles a second, no warnings\n"
    )


@pytest.mark.parametrize("length", ["", "--cycles 8", "--duration 3", "--to 3"])
def test_a_render_without_a_length_says_what_it_does(farm: Farm, length: str) -> None:
    said = "a score is endless: rendering 8 cycles" in farm("render", "song.ph", *length.split()).err
    assert said == (not length)
    assert farm("render", "song.ph", *length.split(), "--quiet") == (0, "", "")
    assert farm("render", "song.ph", *length.split(), "--json").err == ""


def test_warnings_are_told_once_and_counted(farm: Farm) -> None:
    ran = farm("render", "warned.ph", "--cycles", "1")
    assert ran.err == (
        "song.ph:2:5: warning: lpf: cutoff 30000 is outside 20 to 20000 Hz\n"
        "    2 | out: lpf 30000\n"
        "            ^^^\n"
        "  it is clamped\n"
        "warning: 1 voice was cut short\n"
    )
    assert "2 warnings" in ran.out
    quiet = farm("render", "warned.ph", "--quiet")
    assert (quiet.out, quiet.err) == ("", ran.err)


def test_a_silent_mix_of_outputs_that_are_not(farm: Farm) -> None:
    ran = farm("render", "muted.ph", "--cycles", "1", "--gain", "0")
    assert ran.err == (
        "warning: the mix is next to silence (silent), its outputs are not: o1 −3.0 dBFS, o2 −7.5 dBFS\n"
        "  it was rendered with --gain 0\n"
    )
    assert "  silent, " in ran.out and "peak" not in ran.out


@pytest.mark.parametrize(
    ("score", "how", "hint"),
    [
        ("out: impulse 0.0001 * 0.5", {}, "all that sounds lies in a fade: see --fade-in and --fade-out"),
        ("out: impulse 0.0001 * 0.5", {"fade_in": 0.0}, None),
        (
            'out: s "rim"',
            {"gain": 0.0001},
            "it was rendered with --gain 0.0001",
        ),
        ('~a: s "bd"\no1: ~a\no2: ~a * -1', {}, "the outputs cancel each other out: together they are next to nothing"),
        ('~a: s "bd"\no1: ~a\no2: ~a * -1', {"gain": 0.0}, "it was rendered with --gain 0"),
    ],
)
def test_r26_a_silent_mix_names_what_made_it_silent(score: str, how: dict[str, Any], hint: str | None) -> None:
    options = RenderOptions(**{"fade_in": 0.01, "duration": Fraction(1, 2), "tail": "none", "rate": 8000, **how})
    report = run(understand(Source("a.ph", score)), options)
    told = [one.hint for one in level_notices(report, options.gain) if "next to silence" in one.message]
    assert told == ([] if hint is None else [hint])


def test_clipped_frames_are_warned_of_with_a_gain_that_fits(farm: Farm) -> None:
    ran = farm("render", "clipped.ph", "--cycles", "1", "--gain", "1")
    assert "warning: 1,234 frames clipped (0.17 %)" in ran.err
    assert "--gain 0.501 has room" in ran.err


@pytest.mark.parametrize(
    ("gain", "over_db", "hint"),
    [(0.8, 6.03, "--gain 0.399 needs no limiter"), (0.8, 67.8, BEYOND_GAIN), (0.001, 1.0, BEYOND_GAIN)],
)
def test_a_gain_that_would_be_silence_is_not_recommended(gain: float, over_db: float, hint: str) -> None:
    report = fake_engine.Report(Path("a.wav"), peak_dbfs=-0.3, limited_frames=1000, reduction_db=over_db)
    assert [one.hint for one in level_notices(cast(Any, report), gain)] == [hint]
    clipped = fake_engine.Report(Path("a.wav"), peak_dbfs=0.0, clipped_frames=1000, reduction_db=over_db)
    (warning,) = level_notices(cast(Any, clipped), gain)
    assert (warning.hint == BEYOND_GAIN) == (hint == BEYOND_GAIN)


def test_json_of_a_render(farm: Farm) -> None:
    ran = farm("render", "silent.ph", "out.wav", "--json")
    told = document(ran)
    assert (told["ok"], told["status"], told["path"]) == (True, 0, "out.wav")
    assert told["output_peaks_dbfs"] == {"o1": None, "o2": -72.5}
    assert told["warnings"] == [{"message": "the peak is low", "hint": None, "loc": None}]
    assert "notices" not in told


@pytest.mark.parametrize("line", ["render broken.ph", "plan broken.ph"])
def test_json_of_a_failure(farm: Farm, line: str) -> None:
    ran = farm(*line.split(), "--json")
    assert ran.status == 3
    assert document(ran) == {
        "ok": False,
        "status": 3,
        "errors": [
            {
                "message": "there is no function `lfp`",
                "hint": "did you mean `lpf`?",
                "loc": {"file": "broken.ph", "line": 1, "column": 6, "length": 3},
            }
        ],
        "warnings": [],
    }
    assert ran.err == ""


def test_check_finds_all_errors_in_the_order_of_the_text(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "bad.ph").write_text(MEANINGLESS, encoding="utf-8")
    ran = farm("check", "bad.ph")
    assert (ran.status, ran.out, ran.err.splitlines()[-1]) == (3, "", "2 errors, 1 warning")
    places = [line.split(" ", 1)[0] for line in ran.err.splitlines() if line.startswith("bad.ph:")]
    assert places == ["bad.ph:1:6:", "bad.ph:2:7:", "bad.ph:3:21:"]
    assert "did you mean `lpf`?" in ran.err


def test_check_draws_no_conclusions_from_what_cannot_be_read(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "bad.ph").write_text(UNREADABLE, encoding="utf-8")
    ran = farm("check", "bad.ph")
    assert (ran.status, ran.out, ran.err.splitlines()[-1]) == (3, "", "2 errors")
    assert ran.err.startswith("bad.ph:1:5: error: this string is never closed")
    assert "no output" not in ran.err
    assert "no bus" not in ran.err


def test_check_as_json(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "bad.ph").write_text(MEANINGLESS, encoding="utf-8")
    ran = farm("check", "bad.ph", "--json")
    told = document(ran)
    assert (ran.status, ran.err, told["ok"], told["status"]) == (3, "", False, 3)
    assert [error["loc"]["line"] for error in told["errors"]] == [1, 2]
    assert [warning["loc"]["line"] for warning in told["warnings"]] == [3]


def test_check_of_a_good_score(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "good.ph").write_text("out $ sine 440 # gain 0.5\n", encoding="utf-8")
    (tmp_path / "bold.ph").write_text("out $ saw 440 # lpf 30000\n", encoding="utf-8")
    assert farm("check", "good.ph") == (0, "no errors\n", "")
    ran = farm("check", "bold.ph")
    assert (ran.status, ran.out, ran.err.splitlines()[-1]) == (0, "", "no errors, 1 warning")
    assert document(farm("check", "good.ph", "--json")) == {"ok": True, "status": 0, "errors": [], "warnings": []}


def test_check_of_a_file_that_is_not_there(farm: Farm) -> None:
    ran = farm("check", "no.ph")
    assert ran.status == 4
    assert "no such file: no.ph" in ran.err
    told = document(farm("check", "no.ph", "--json"))
    assert (told["status"], told["errors"][0]["loc"]) == (4, None)


def test_check_of_standard_input(farm: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", TextIOWrapper(BytesIO(b"out $ lfp 440\n")))
    ran = farm("check", "-")
    assert (ran.status, ran.out, ran.err.splitlines()[-1]) == (3, "", "1 error")
    assert ran.err.startswith("<stdin>:1:7: error: ")


def test_the_plan(farm: Farm, calls: Calls) -> None:
    ran = farm("plan", "song.ph", "--cycles", "4")
    assert ran.err == ""
    assert [line.rstrip() for line in ran.out.splitlines()] == [
        "  node   variant   memory   a frame  state  ring",
        "out  bus, 2 lanes, 320 tasks",
        "  lpf    constant  CARRIED  0.70 ns  64 B   -",
        "  delay  signal    CARRIED  1.25 ns  -      3.0 MB",
        "out/s  voices, 16 lanes, 24 tasks",
        "",
        "tasks          344 with 660 edges",
        "time           320 chunks in 2 windows",
        "voices         64, at most 3 at once",
        "arena          3.0 MB",
        "  rings        3.0 MB",
        "  state        2.0 kB",
        "work           about 9.0 ms",
        "critical path  about 2.0 ms: room for 4.5 workers",
    ]
    assert calls[-1] == ("explain", RenderOptions(cycles=Fraction(4)))
    told = document(farm("plan", "song.ph", "--json"))
    assert [node["memory"] for node in told["groups"][0]["nodes"]] == ["CARRIED", "CARRIED"]
    assert told["arena_bytes"] == {"state": 2048, "rings": 3 * 1024**2}


def test_all_nodes_are_listed_by_role(farm: Farm) -> None:
    from workers.catalog import catalog

    ran = farm("nodes")
    public = {one.name: one.role for one in catalog().values() if one.role != "internal"}
    role = ""
    listed = {}
    for line in ran.out.splitlines():
        if line.startswith("  "):
            listed[line.split()[0]] = role
        elif line:
            role = line.removesuffix("s")
    assert ran.status == 0
    assert listed == public
    assert "  lpf cutoff [q 1]" in ran.out


def test_a_node_in_full(farm: Farm) -> None:
    text = farm("nodes", "lpf").out
    for part in (
        "input # lpf cutoff [q 1]",
        "effect",
        "Low-pass filter",
        "20 to 20000",
        "Hz",
        "must be given",
        "CARRIED",
    ):
        assert part in text
    assert "default 1 " in text
    assert "out: saw 110 # lpf 800 1 * 0.3" in text


def test_every_node_has_a_page_under_every_name(farm: Farm) -> None:
    from workers.catalog import language

    for name, node in language().items():
        ran = farm("nodes", name)
        assert ran.status == 0
        assert node.doc.splitlines()[0] in ran.out
    assert "CLOSED_FORM; CARRIED when `freq_hz` is a signal" in farm("nodes", "sin").out
    assert "also called  sin\n" in farm("nodes", "sine").out
    assert "up to 10 s" in farm("nodes", "delay").out


@pytest.mark.parametrize("command", ["nodes", "patterns"])
def test_every_word_is_found_as_it_is_listed(farm: Farm, command: str) -> None:
    for entry in document(farm(command, "--json"))[command]:
        for name in (entry["name"], *entry["aliases"], entry["signature"], entry["written"].strip('"')):
            assert farm(command, name).status == 0, name


@pytest.mark.parametrize("line", [(), ("render",), ("nodes", "lpf")])
def test_help_may_be_asked_for_by_a_word(farm: Farm, line: tuple[str, ...]) -> None:
    ran = farm("help", *line)
    assert ran == farm(*line, "--help")
    assert ran.status == 0


def test_warmup(farm: Farm, calls: Calls) -> None:
    assert farm("warmup") == (0, "12 kernels ready\n", "")
    assert farm("warmup", "--cpu", "v2", "--cpu", "v3", "--cpu", "v2").out == "24 kernels ready\n"
    assert farm("warmup", "--cpu", "all", "--quiet") == (0, "", "")
    assert calls == [("warmup", ()), ("warmup", ("v2", "v3")), ("warmup", ("v2", "v3", "v4"))]


def test_the_list_of_commands_says_of_each_what_its_help_begins_with() -> None:
    found = whole().commands
    assert {name: command.get_short_help_str(1000) for name, command in found.items()} == COMMANDS
