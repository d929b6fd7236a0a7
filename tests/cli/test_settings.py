"""Where settings come from: the file of --config, then FARM_* variables, then the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import click
import pytest

from farm import cli
from farm.cli.settings import Setting, long_name
from farm.errors import UsageError
from farm.options import RenderOptions
from tests.cli.conftest import Ran

Farm = Callable[..., Ran]
Calls = list[tuple[str, Any]]
COMMANDS = ("render", "plan", "verify", "check")


@pytest.fixture
def asked(farm: Farm, calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., RenderOptions]:
    """The options that reach the engine, for a file, variables and a command line."""

    def ask(file: str, variables: dict[str, str], *line: str) -> RenderOptions:
        (tmp_path / "farm.toml").write_text(file, encoding="utf-8")
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        ran = farm("render", "a.ph", "--config", "farm.toml", "--quiet", *line)
        assert (ran.status, ran.err) == (0, "")
        found = calls[-1][1][1]
        assert isinstance(found, RenderOptions)
        return found

    return ask


def settings(command: str) -> list[Setting]:
    return [one for one in cli.farm.commands[command].params if isinstance(one, Setting)]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_can_be_set_elsewhere(command: str) -> None:
    others = {
        long_name(one) for one in cli.farm.commands[command].params if not isinstance(one, Setting | click.Argument)
    }
    assert others <= {"json", "measured"}
    assert {long_name(one) for one in settings(command)} <= {long_name(one) for one in settings("render")}


def test_the_help_lists_the_variables(farm: Farm) -> None:
    text = farm("render", "--help").out
    listed = re.findall(r"FARM_[A-Z_]+", text.partition("Variables:")[2])
    assert listed == [f"FARM_{long_name(one).upper().replace('-', '_')}" for one in settings("render")]
    assert "FARM_FADE_IN" in listed


def test_the_file_gives_way_to_variables_and_these_to_the_command_line(asked: Callable[..., RenderOptions]) -> None:
    file = 'rate = 48000\nbits = 16\nfade-in = 2\nseed = 3\ncycles = "1/3"\ntail = "none"\nthreads = 2\ngain = 0.5\n'
    found = asked(file, {"FARM_BITS": "32f", "FARM_FADE_IN": "1.5", "FARM_SEED": "4"}, "--seed", "5")
    assert (found.rate, found.bits, found.fade_in, found.seed) == (48000, "32f", 1.5, 5)
    assert (found.cycles, found.tail, found.threads, found.gain) == (Fraction(1, 3), "none", 2, 0.5)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("pat=sn cp", {"pat": "sn cp"}),
        ("cut = 500\n~pat=[c4'min7 ~] \"\\\n\n", {"cut": 500, "pat": "[c4'min7 ~] \"\\"}),
        ("cut=1/3", {"cut": Fraction(1, 3)}),
        ("", {}),
        (" \n", {}),
    ],
)
def test_a_variable_holds_one_value_a_line(asked: Callable[..., RenderOptions], text: str, meant: Any) -> None:
    assert dict(asked("", {"FARM_SET": text}).set) == meant
    assert dict(asked("", {"FARM_SET": text}, "--set", "pat=bd").set) == {"pat": "bd"}


@pytest.mark.parametrize(
    ("file", "variables", "line", "cycles", "duration"),
    [
        ("cycles = 3", {}, ("--duration", "4"), None, 4),
        ("cycles = 3", {"FARM_DURATION": "2.5"}, (), None, 2.5),
        ("duration = 3", {"FARM_CYCLES": "9"}, ("--duration", "4"), None, 4),
        ("duration = 3", {"FARM_CYCLES": "9"}, (), 9, None),
        ("", {"FARM_CYCLES": ""}, (), None, None),
    ],
)
def test_the_stronger_length_counts(
    asked: Callable[..., RenderOptions],
    file: str,
    variables: dict[str, str],
    line: tuple[str, ...],
    cycles: float | None,
    duration: float | None,
) -> None:
    found = asked(file, variables, *line)
    assert (found.cycles, found.duration) == (cycles, duration)


def test_a_variable_names_the_file(farm: Farm, calls: Calls, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mine.toml").write_text("quiet = true\nrate = 8000\n", encoding="utf-8")
    monkeypatch.setenv("FARM_CONFIG", "mine.toml")
    assert farm("render", "a.ph") == (0, "", "")
    assert calls[-1][1][1].rate == 8000
    farm("plan", "a.ph")
    assert calls[-1][1].rate == 8000


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (
            "\nrat = 3",
            "farm.toml:2:1: error: there is no setting `rat`\n    2 | rat = 3\n        ^^^\n  did you mean `rate`?",
        ),
        (
            "fade_in = 3",
            "there is no setting `fade_in`\n    1 | fade_in = 3\n        ^^^^^^^\n  did you mean `fade-in`?",
        ),
        ("json = true", "farm.toml:1:1: error: there is no setting `json`"),
        ("config = 'a'", "farm.toml:1:1: error: there is no setting `config`"),
        ("[render]\nrate = 3", "farm.toml:1:2: error: there is no setting `render`"),
        ("seed = 1\nrate = 'x'", "farm.toml:2:1: error: `rate` is a whole number, not text"),
        ("rate = 44100.0", "error: `rate` is a whole number, not a number"),
        ("rate = true", "error: `rate` is a whole number, not true or false"),
        ("quiet = 1", "error: `quiet` is true or false, not a whole number"),
        ("gain = [1]", "error: `gain` is a number, not a list"),
        ("cycles = 1979-05-27", 'error: `cycles` is a number, or text such as "1/3", not a date or time'),
        ("bits = 12", "farm.toml:1:1: error: `bits`: '12' is not one of '16', '24', '32f'."),
        ("cycles = 'many'", "farm.toml:1:1: error: `cycles`: `many` is not a number: write 8, 2.5 or 1/3"),
        ("seed = 3\n rate = 7", "farm.toml:2:2: error: --rate must be from 8000 to 384000 Hz, not 7"),
        ("gain = nan", "farm.toml:1:1: error: --gain must be from 0 to 100, not nan"),
        ("from = 4\nto = 2", "farm.toml:2:1: error: --to 2 is not after --from 4"),
        ("rate == 3", "farm.toml:1:7: error: this is not TOML: invalid value"),
        ("rate = 3\nrate = 4", "farm.toml:2:9: error: this is not TOML: cannot overwrite a value"),
        ("rate =", "farm.toml:1:7: error: this is not TOML: invalid value"),
    ],
)
def test_mistakes_in_the_file_are_wrong_usage(farm: Farm, tmp_path: Path, file: str, said: str) -> None:
    (tmp_path / "farm.toml").write_text(file, encoding="utf-8")
    ran = farm("render", "a.ph", "--config", "farm.toml")
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


def test_all_mistakes_in_the_file_are_told(farm: Farm, tmp_path: Path) -> None:
    file = "rate = 7\nratt = 3\nbits = 12\nseed = 'x'\ncycles = 'many'\ngain = 0.5\n"
    (tmp_path / "farm.toml").write_text(file, encoding="utf-8")
    ran = farm("render", "a.ph", "--config", "farm.toml")
    assert (ran.status, ran.out) == (2, "")
    assert [line for line in ran.err.splitlines() if line.startswith("farm.toml:")] == [
        "farm.toml:1:1: error: --rate must be from 8000 to 384000 Hz, not 7",
        "farm.toml:2:1: error: there is no setting `ratt`",
        "farm.toml:3:1: error: `bits`: '12' is not one of '16', '24', '32f'.",
        "farm.toml:4:1: error: `seed` is a whole number, not text",
        "farm.toml:5:1: error: `cycles`: `many` is not a number: write 8, 2.5 or 1/3",
    ]
    assert len(json.loads(farm("render", "a.ph", "--config", "farm.toml", "--json").out)["errors"]) == 5


def test_a_file_that_cannot_be_read(farm: Farm, tmp_path: Path) -> None:
    ran = farm("render", "a.ph", "--config", "no.toml")
    assert (ran.status, ran.err.splitlines()[0]) == (4, "error: cannot read no.toml: no such file or directory")
    assert farm("render", "a.ph", "--config", ".").status == 4
    (tmp_path / "latin.toml").write_bytes(b"rate = '\xe9'")
    ran = farm("render", "a.ph", "--config", "latin.toml")
    assert (ran.status, ran.err.splitlines()[0]) == (2, "error: latin.toml is not UTF-8 text")


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("FARM_RATE", "fast", "error: FARM_RATE: 'fast' is not a valid integer."),
        ("FARM_CYCLES", "many", "error: FARM_CYCLES: `many` is not a number"),
        ("FARM_QUIET", "perhaps", "error: FARM_QUIET: 'perhaps' is not a valid boolean"),
        ("FARM_BITS", "17", "error: FARM_BITS: '17' is not one of"),
        ("FARM_RATE", "7", "--rate must be from 8000 to 384000 Hz, not 7\n  the variable FARM_RATE sets --rate"),
        ("FARM_TAIL", "inf", "not inf\n  the variable FARM_TAIL sets --tail"),
        ("FARM_SET", "nope", "error: FARM_SET: `nope` is not NAME=VALUE"),
        ("FARM_SET", "tempo=0.5\nnope", "error: FARM_SET, line 2: `nope` is not NAME=VALUE"),
        ("FARM_SET", "cut=5\ncut", "error: FARM_SET, line 2: `cut` is not NAME=VALUE"),
        ("FARM_SET", "tempo=0.5\n\ntempo=loud", "the variable FARM_SET sets --set in lines 1 and 3\n"),
    ],
)
def test_nonsense_in_a_variable_names_it(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, said: str
) -> None:
    monkeypatch.setenv(variable, value)
    ran = farm("render", "a.ph")
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("nope=1", "what can be set: tempo, cps, bpm; the variable FARM_SET sets --set"),
        ("tempo=0.5\n~nope=1", "what can be set: tempo, cps, bpm; the variable FARM_SET sets --set in line 2"),
        ("cps=1\ntempo=-1", "for example tempo=0.6; the variable FARM_SET sets --set in line 2"),
    ],
)
def test_what_a_score_refuses_is_told_with_the_line_that_says_it(
    farm: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, said: str
) -> None:
    (tmp_path / "own.ph").write_text('out: s "bd"')
    monkeypatch.setenv("FARM_SET", value)
    ran = farm("check", "own.ph")
    assert (ran.status, ran.err.splitlines()[-1].strip()) == (2, said)


@pytest.mark.parametrize(
    ("variables", "line", "said"),
    [
        ({}, "--to 2 --tail 5", "--tail 5 adds nothing: --to 2 ends the sound"),
        ({"FARM_TO": "2"}, "--tail auto", "--tail auto adds nothing: --to 2 ends the sound"),
        ({"FARM_TAIL": "5"}, "--to 2", ""),
        ({}, "--to 2 --tail none", ""),
        ({}, "--to 2", ""),
        ({}, "--cycles 2 --tail 5", ""),
        (
            {},
            "--threads 4 --backend inline",
            "--threads 4 starts no workers: --backend inline renders in this process",
        ),
        ({"FARM_BACKEND": "inline"}, "--threads 4", "--threads 4 starts no workers"),
        ({"FARM_THREADS": "4"}, "--backend inline", ""),
        ({}, "--threads 1 --backend inline", ""),
        ({"FARM_THREAD": "4"}, "", "nothing reads the variable FARM_THREAD\n  did you mean FARM_THREADS?"),
        ({"FARM_QQQQQQ": "4"}, "", ""),
    ],
)
def test_what_changes_nothing_is_told(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], line: str, said: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for command in ("render", "plan"):
        ran = farm(command, "a.ph", *line.split())
        assert (ran.status, "warning: " in ran.err, said in ran.err) == (0, bool(said), True)
        told = json.loads(farm(command, "a.ph", *line.split(), "--json").out)
        assert len(told["warnings"]) == bool(said)


def accepted(**options: Any) -> bool:
    try:
        RenderOptions(**options)
    except UsageError:
        return False
    return True


def test_the_ranges_in_the_help_hold(farm: Farm) -> None:
    text = " ".join(farm("render", "--help").out.partition("\nOptions")[2].split())
    ranges = {
        "--rate": ("rate", int, 1),
        "--fade-in": ("fade_in", float, 0.001),
        "--fade-out": ("fade_out", float, 0.001),
        "--tail": ("tail", float, 0.001),
        "--chunk": ("chunk", int, 1),
        "--threads": ("threads", int, 1),
        "--gain": ("gain", float, 0.001),
    }
    for option, (field, number, step) in ranges.items():
        about = re.split(r" --[a-z]", text.split(f" {option} ", 1)[1])[0]
        low, high = re.search(r"([\d.]+) to ([\d.]+\d)", about).groups()  # type: ignore[union-attr]
        assert accepted(**{field: number(low)}) and accepted(**{field: number(high)}), option
        assert not accepted(**{field: number(low) - step}), option
        assert not accepted(**{field: number(high) + step}), option


@pytest.mark.parametrize("command", cli.farm.commands)
def test_every_option_says_its_default(command: str) -> None:
    for one in cli.farm.commands[command].params:
        if isinstance(one, click.Option):
            assert re.search(r"[^ ].*\.  \[[^\]]+\]$", one.help or ""), long_name(one)


def test_check_takes_folders_of_samples_from_the_file(farm: Farm, tmp_path: Path) -> None:
    (tmp_path / "farm.toml").write_text('samples = ["nowhere"]\nrate = 8000\n', encoding="utf-8")
    (tmp_path / "a.ph").write_text('out: s "bd"\n', encoding="utf-8")
    assert farm("check", "a.ph").status == 0
    ran = farm("check", "a.ph", "--config", "farm.toml")
    assert (ran.status, ran.err.splitlines()[0]) == (4, "error: the sample folder nowhere does not exist")
