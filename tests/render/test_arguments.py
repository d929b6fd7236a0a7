"""The functions for Python: what they accept, and what they say of anything else."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import farm
from farm import cli
from farm.cli.settings import Setting, long_name
from farm.errors import OPTIONS, STEM_OPTIONS, FileError, Notice, ScoreError, UsageError, as_python, show
from workers.targets.objects import host_levels

SCORE = 'out: s "bd"'


@pytest.fixture
def score(tmp_path: Path) -> Any:
    path = tmp_path / "song.ph"
    path.write_text(SCORE)
    return farm.load(str(path))


def test_a_file_may_be_named_by_a_string(score: Any, tmp_path: Path) -> None:
    options = farm.RenderOptions(cycles=Fraction(1), tail="none")
    named = farm.render_file(score, str(tmp_path / "a.wav"), options)
    assert named.sha256 == farm.render_file(score, tmp_path / "b.wav", options).sha256
    with farm.Session() as session:
        assert session.render_file(score, str(tmp_path / "c.wav"), options).sha256 == named.sha256
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes() == (tmp_path / "c.wav").read_bytes()


@pytest.mark.parametrize("value", [2, 2.0, Fraction(2), np.float64(2.0), np.int64(2)])
def test_a_length_may_be_any_number(value: Any) -> None:
    options = farm.RenderOptions(cycles=value, duration=None)
    assert options == farm.RenderOptions(cycles=Fraction(2))
    assert type(options.cycles) is Fraction


def test_a_float_is_the_decimal_number_that_was_written() -> None:
    assert farm.RenderOptions(cycles=0.1).cycles == Fraction(1, 10)  # type: ignore[arg-type]


@pytest.mark.parametrize("work", ["render", "render_file"])
@pytest.mark.parametrize("wrong", ["song.ph", Path("song.ph"), None, 3])
def test_what_is_no_score_is_told(work: str, wrong: Any, tmp_path: Path) -> None:
    arguments = [wrong] if work == "render" else [wrong, tmp_path / "out.wav"]
    with pytest.raises(UsageError, match=r"a score is needed that farm\.load has read, not ") as caught:
        getattr(farm, work)(*arguments)
    assert ("farm.load reads one from a file" in str(caught.value)) == isinstance(wrong, str | Path)


@pytest.mark.parametrize("wrong", [3, None, b"a.wav"])
def test_what_is_no_path_is_told(score: Any, wrong: Any) -> None:
    with pytest.raises(UsageError, match=rf"^farm\.load reads the score at a path, not {re.escape(repr(wrong))}$"):
        farm.load(wrong)
    with pytest.raises(UsageError, match=rf"^render_file writes to a path, not {re.escape(repr(wrong))}$"):
        farm.render_file(score, wrong)


@pytest.mark.parametrize(
    ("name", "said", "hint"),
    [
        ("", "'' is not the name of a file", "for example out.wav"),
        ("a\0.wav", "'a\\x00.wav' is not the name of a file", "for example out.wav"),
        (".", ". is a folder, and no file", "for example out.wav"),
        ("a/", "a/ is a folder, and no file", "for example a/out.wav"),
        (
            "/dev/null",
            "cannot write /dev/null: it has no extension",
            "to render without a file: farm render SCORE - > ",
        ),
    ],
)
def test_what_is_no_file_is_told_as_in_the_command_line(
    score: Any, name: str, said: str, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UsageError) as caught:
        farm.render_file(score, name)
    assert str(caught.value) == said
    assert (caught.value.hint or "").startswith(hint)
    assert cli.run(["render", score.name, name]) == 2
    assert capsys.readouterr().err == f"{show(caught.value)}\n"


def test_what_are_no_options_is_told(score: Any) -> None:
    for wrong in (8, 0, {}):
        with pytest.raises(UsageError, match=rf"options are farm\.RenderOptions\(\.\.\.\), not {wrong}"):
            farm.render(score, wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("rate", "x", "rate must be a whole number, not 'x'"),
        ("rate", 44100.0, "rate must be a whole number, not 44100.0"),
        ("rate", None, "rate must be a whole number, not None"),
        ("threads", "many", "threads must be \"auto\" or a whole number, not 'many'"),
        ("seed", True, "seed must be a whole number, not True"),
        ("cycles", "a few", "cycles must be a finite number, such as 8, 2.5 or 1/3, not 'a few'"),
        ("cycles", "1/0", "cycles must be a finite number, such as 8, 2.5 or 1/3, not '1/0'"),
        ("cycles", [8], "cycles must be a number, not [8]"),
        ("to", True, "to must be a number, not True"),
        ("gain", "loud", "gain must be a number, not 'loud'"),
        ("lenient", 1, "lenient must be True or False, not 1"),
        ("tail", "1/0", 'tail must be "auto", "none" or a number of seconds, not \'1/0\''),
        ("tail", None, 'tail must be "auto", "none" or a number of seconds, not None'),
        ("samples", (3,), 'samples must be folders, "sounds" or ("sounds", "more"), not (3,)'),
        ("set", 3, 'set must be a mapping of names, {"cut": 500}, not 3'),
        ("set", {"cut": None}, "set cut must be a number, not None"),
        ("set", {1: 2}, 'set must be a mapping of names, {"cut": 500}, not {1: 2}'),
        ("work_dir", 3, "work_dir must be a folder, not 3"),
    ],
)
def test_a_value_of_the_wrong_type_is_told(field: str, value: Any, said: str) -> None:
    with pytest.raises(UsageError, match=f"^{re.escape(said)}$") as caught:
        farm.RenderOptions(**{field: value})
    assert show(caught.value).startswith(f"error: --{field.replace('_', '-')} ")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("gain", -1, "gain must be from 0 to 100, not -1"),
        ("gain", float("nan"), "gain must be from 0 to 100, not nan"),
        ("fade_in", -2.0, "fade_in must be from 0 to 3600 seconds, not -2"),
        ("tail", -3.0, "tail must be auto, none, or from 0 to 3600 seconds, not -3"),
        ("cycles", float("inf"), "cycles must be a finite number, not inf"),
        ("set", (("cut", 1), ("~cut", 2)), "set gives `cut` twice, 1 and 2"),
        ("from_", -1, "from_ must not be below 0, not -1"),
        ("window_frames", 0, "window_frames must be above 0, not 0"),
        ("seed", -1, "seed must be from 0 to 9223372036854775807, not -1"),
        ("cpu", "v9", "cpu must be one of v2, v3, v4, not v9"),
    ],
)
def test_a_senseless_value_is_a_wrong_usage(field: str, value: Any, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        farm.RenderOptions(**{field: value})
    assert str(caught.value) == said
    assert show(caught.value).startswith(f"error: --{field.rstrip('_').replace('_', '-')} ")


def test_options_are_told_by_their_fields_where_a_program_asks() -> None:
    """And nothing else that looks like an option is: a file's name, an option of a command alone."""
    assert [name.rstrip("_") for name in farm.RenderOptions.__dataclass_fields__] == [*OPTIONS]
    said = FileError("--out.wav, --samples-x: --max-voices 3, --clear, --fade-in.")
    assert str(said) == "--out.wav, --samples-x: max_voices 3, --clear, fade_in."
    assert show(said) == f"error: {said.message}"
    assert as_python(Notice("--to", hint="`--tail 60`")) == "warning: to\n  `tail 60`"


def test_a_level_that_this_processor_lacks_is_a_wrong_usage(score: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    best: Any = host_levels()[0]
    lacking = host_levels()[1:]
    monkeypatch.setattr("workers.targets.objects.host_levels", lambda: lacking)
    with pytest.raises(UsageError) as caught:
        farm.render(score, farm.RenderOptions(cpu=best))
    assert caught.value.message == f"--cpu {best}: this CPU cannot run x86-64-{best} code"
    assert (caught.value.hint or "").startswith(f"it can run {', '.join(sorted(lacking))}")
    assert caught.value.status == 2


def test_an_error_of_a_score_says_where_as_a_string(tmp_path: Path) -> None:
    path = tmp_path / "song.ph"
    path.write_text("~a: saw 3\nout: ~a # lfp 300\no2: nope")
    with pytest.raises(farm.FarmError) as caught:
        farm.load(path)
    assert isinstance(caught.value, ScoreError)
    assert str(caught.value) == f"{path}:2:11: there is no function `lfp`"
    assert [str(one) for one in caught.value.also] == [f"{path}:3:5: there is no function `nope`"]


def test_every_name_of_the_package_is_there_and_no_other() -> None:
    for name in farm.__all__:
        assert getattr(farm, name) is not None
    assert dir(farm) == sorted(farm.__all__)
    errors = {
        one.__name__ for one in (farm.FarmError, *farm.FarmError.__subclasses__()) if one.__module__ == "farm.errors"
    }
    assert errors <= {*farm.__all__}


def test_a_score_is_shown_in_a_line(score: Any) -> None:
    assert repr(score) == f"Score({score.name!r}, outputs=('out',), cps=1/2)"


def test_a_bus_is_not_read_hours_after_the_end(tmp_path: Path) -> None:
    path = tmp_path / "far.ph"
    path.write_text(
        'cps: 7.9\n~a: pulse 18 0.8\n~f: square * 100000\nout: s "~a*3" $ stut ~a 0.25 1.5 $ off ~f (late -0.25)\n'
    )
    with pytest.raises(ScoreError, match="more than 2 minutes after all that is rendered"):
        farm.render(farm.load(path), farm.RenderOptions(cycles=Fraction(2)))


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ({"bits": 16}, {"bits": "16"}),
        ({"cycles": "1/3"}, {"cycles": Fraction(1, 3)}),
        ({"duration": 3}, {"duration": Fraction(3)}),
        ({"duration": Decimal("0.1")}, {"duration": Fraction(1, 10)}),
        ({"from_": "0.5", "to": "2"}, {"from_": Fraction(1, 2), "to": Fraction(2)}),
        ({"tail": "2.5"}, {"tail": 2.5}),
        ({"tail": "1/3"}, {"tail": 1 / 3}),
        ({"rate": "48000", "gain": "0.5"}, {"rate": 48000, "gain": 0.5}),
        ({"threads": "auto"}, {"threads": None}),
        ({"samples": "sounds"}, {"samples": ("sounds",)}),
        ({"samples": [Path("a"), "b"]}, {"samples": ("a", "b")}),
        ({"set": {"~cut": "500", "a": 0.1}}, {"set": (("a", Fraction(1, 10)), ("cut", Fraction(500)))}),
        ({"set": {"notes": "c4 e4", "bank": "01"}}, {"set": (("bank", "01"), ("notes", "c4 e4"))}),
    ],
)
def test_options_take_what_a_person_writes(written: dict[str, Any], meant: dict[str, Any]) -> None:
    options = farm.RenderOptions(**written)
    assert options == farm.RenderOptions(**meant)
    assert {name: getattr(options, name) for name in meant} == meant
    assert hash(options) == hash(farm.RenderOptions(**meant))


def test_what_is_no_option_is_a_wrong_usage() -> None:
    with pytest.raises(UsageError, match="RenderOptions has no option `cycels`") as caught:
        farm.RenderOptions(cycels=3)  # type: ignore[call-arg]
    assert caught.value.hint == "did you mean `cycles`?"


def test_options_are_called_as_in_the_command_line() -> None:
    line = {long_name(one).replace("-", "_") for one in cli.farm.commands["render"].params if isinstance(one, Setting)}
    fields = {name.rstrip("_") for name in farm.RenderOptions.__dataclass_fields__}
    of_stems = {*farm.StemOptions.__dataclass_fields__}
    assert of_stems == {*STEM_OPTIONS}
    own = {"config", "quiet", "stems", "manifest"}
    assert fields - {"window_frames"} | of_stems - {"format", "hashed"} == line - own


def test_a_score_from_text_says_its_name_where_it_is_wrong() -> None:
    with pytest.raises(ScoreError) as caught:
        farm.loads("out: nope", name="mine")
    assert str(caught.value) == "mine:1:6: there is no function `nope`"
    with pytest.raises(ScoreError, match="control character"):
        farm.loads('out: s "bd"\x1b')


@pytest.mark.parametrize(
    "lengths",
    [
        {"duration": "0.00001"},
        {"cycles": "1/1000000"},
        {"cycles": 2, "from_": "0.1", "to": "0.1000001"},
        {"from_": 0, "to": "1/1000000"},
        {"from_": "3", "to": "3.0000001", "tail": "none"},
    ],
)
def test_a_render_without_a_frame_is_a_wrong_usage(score: Any, lengths: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"^the render is shorter than one frame$"):
        farm.render(score, farm.RenderOptions(**lengths))
