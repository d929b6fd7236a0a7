"""`farm new`, `farm doctor`, `farm verify` and `farm completion`: what a person meets first."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.shell_completion import BashComplete

from farm import cli
from farm.cli.new import SCORE
from farm.options import RenderOptions
from farm.rendering import doctor
from farm.rendering import verify as verifying
from tests.cli.conftest import ROOT, Ran
from tests.render.sound import rms, stems
from workers.cores import quota_cpus

Farm = Callable[..., Ran]
ENV = {**os.environ, "PYTHONPATH": str(ROOT)}


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Farm:
    """Runs a command line in an empty folder, with the real engine."""
    monkeypatch.chdir(tmp_path)
    for variable in [name for name in os.environ if name.startswith("FARM_") and name != "FARM_CACHE"]:
        monkeypatch.delenv(variable)

    def run(*args: str) -> Ran:
        return Ran(cli.run(args), *capsys.readouterr())

    return run


def test_the_first_score_has_no_mistakes_and_sounds(line: Farm, tmp_path: Path) -> None:
    assert line("new", "song") == (0, "song.ph: hear it with: farm render song.ph\n", "")
    assert "farm render song.ph" in (tmp_path / "song.ph").read_text(encoding="utf-8")
    assert line("check", "song.ph") == (0, "no errors\n", "")
    buses = ("~drums", "~hats", "~fills", "~line", "~echo")
    parts = SCORE.replace("{name}", "x") + "".join(f"\no{k}: {bus}" for k, bus in enumerate(buses))
    alone = stems(parts, rate=16000)
    for k, bus in enumerate(buses):
        assert rms(alone[f"o{k}"]) > 3e-3, bus
    whole = alone["out"]
    assert np.abs(whole).max() < 1.2, "at the gain of 0.8 nothing clips"
    half = len(whole) // 2
    assert min(rms(whole[:half]), rms(whole[half:])) > 0.02


def test_names_in_commands_are_quoted_for_the_shell(line: Farm, tmp_path: Path) -> None:
    assert line("new", "a $(id)").out == "a $(id).ph: hear it with: farm render 'a $(id).ph'\n"
    assert "farm render 'a $(id).ph'\n" in (tmp_path / "a $(id).ph").read_text(encoding="utf-8")
    for name in ("two\nlines.ph", "bad\udcff.ph"):
        assert line("new", name, "--json").status == 0
        assert line("check", name) == (0, "no errors\n", "")


def test_a_score_whose_name_is_too_long_is_told_of_before_its_sound(line: Farm) -> None:
    assert line("render", "x" * 300) == (4, "", f"error: cannot read {'x' * 300}: File name too long\n")


def test_a_file_is_overwritten_by_force_alone(line: Farm, tmp_path: Path) -> None:
    (tmp_path / "song.ph").write_text("mine", encoding="utf-8")
    ran = line("new", "song.ph")
    assert (ran.status, ran.out) == (2, "")
    assert ran.err == "error: song.ph is there already, and is left as it is\n  another name, or --force\n"
    assert (tmp_path / "song.ph").read_text(encoding="utf-8") == "mine"
    assert line("new", "song.ph", "--force").status == 0
    assert (tmp_path / "song.ph").read_text(encoding="utf-8").startswith("-- A score to start from")
    assert os.listdir(tmp_path) == ["song.ph"]


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("song.txt", 2, "does not end in .ph"),
        ("nowhere/song.ph", 4, "the folder nowhere does not exist"),
        (".", 2, "is a folder"),
    ],
)
def test_places_where_no_score_can_be(line: Farm, tmp_path: Path, name: str, status: int, said: str) -> None:
    ran = line("new", name)
    assert (ran.status, ran.out) == (status, "")
    assert said in ran.err
    assert os.listdir(tmp_path) == []


def findings(ran: Ran) -> dict[str, dict[str, Any]]:
    told = json.loads(ran.out)
    assert (told["ok"], told["status"]) == (ran.status == 0, ran.status)
    return {one["name"]: one for one in told["findings"]}


def test_the_doctor_looks_at_everything(line: Farm) -> None:
    ran = line("doctor", "--json")
    found = findings(ran)
    assert ran.status == 0
    assert {"farm", "libraries", "CPU level", "cores", "shared memory", "cache folder", "kernels", "sounds"} <= {*found}
    assert {"built-in bank", "trial render", "variables"} <= {*found}
    assert all(one["advice"] for one in found.values() if one["state"] != "fine")
    assert found["trial render"]["state"] == "fine"
    text = line("doctor").out
    assert text.splitlines()[-1].startswith("farm can render here")
    assert all(f" {name} " in text for name in found)


def test_the_doctor_has_advice(line: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("FARM_SAMPLES", str(tmp_path / "empty"))
    monkeypatch.setenv("FARM_RATES", "3")
    monkeypatch.setattr("workers.cores.quota_cpus", lambda *_: 0.5)
    monkeypatch.setattr(doctor, "TIGHT_BYTES", 1 << 62)
    found = findings(line("doctor", "--json"))
    advice = {name: one["advice"] for name, one in found.items() if one["state"] == "warning"}
    assert "one for each bank" in advice["sample folder"]
    assert advice["variables"] == "did you mean FARM_RATE?"
    assert "--cpus" in advice["cores"]
    assert "a quota of 0.5" in found["cores"]["found"]
    assert "--shm-size" in advice["shared memory"]
    assert "FARM_CACHE" in advice["cache folder"]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("FARM_RATE", "x", "FARM_RATE: 'x' is not a valid integer."),
        ("FARM_RATE", "3", "FARM_RATE: --rate must be from 8000 to 384000 Hz, not 3"),
        ("FARM_GAIN", "-1", "FARM_GAIN: --gain must be from 0 to 100, not -1"),
        ("FARM_CYCLES", "1/0", "FARM_CYCLES: `1/0` divides by zero"),
        ("FARM_TAIL", "long", "FARM_TAIL: `long` is neither auto nor none nor a number of seconds"),
        ("FARM_THREADS", "0", "FARM_THREADS: --threads must be auto or from 1 to 1024, not 0"),
        ("FARM_LENIENT", "perhaps", "FARM_LENIENT: 'perhaps' is not a valid boolean."),
        ("FARM_BITS", "20", "FARM_BITS: '20' is not one of '16', '24', '32f'."),
        ("FARM_CONFIG", "/nowhere.toml", "FARM_CONFIG: cannot read /nowhere.toml: no such file or directory"),
    ],
)
def test_the_doctor_refuses_what_a_render_refuses(
    line: Farm, monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    rows = [one for one in json.loads(line("doctor", "--json").out)["findings"] if one["name"] == "variables"]
    (broken,) = [one for one in rows if one["state"] == "broken"]
    assert broken["found"].startswith(said)
    assert broken["advice"]
    assert rows == [broken], "nothing is said to be unset"
    Path("song.ph").write_text('out: s "bd"')
    refused = line("render", "song.ph", "out.wav")
    assert refused.status in (2, 4)
    assert said.removeprefix(f"{name}: ") in refused.err


def test_the_doctor_does_not_call_a_misspelt_variable_unset(line: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_RATES", "3")
    rows = [one for one in json.loads(line("doctor", "--json").out)["findings"] if one["name"] == "variables"]
    assert [(one["state"], one["found"]) for one in rows] == [("warning", "nothing reads FARM_RATES")]


def test_the_doctor_takes_variables_together(line: Farm, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_CYCLES", "3")
    monkeypatch.setenv("FARM_DEBUG", "yes")
    monkeypatch.setenv("FARM_SET", "a=1\nb=sn cp")
    rows = [one for one in json.loads(line("doctor", "--json").out)["findings"] if one["name"] == "variables"]
    assert [(one["state"], one["found"]) for one in rows] == [
        ("fine", "FARM_CYCLES=3, FARM_DEBUG=yes, FARM_SET=a=1\\nb=sn cp"),
        ("warning", "FARM_DEBUG=yes means nothing"),
    ]
    monkeypatch.setenv("FARM_DURATION", "3")
    assert findings(line("doctor", "--json"))["variables"]["state"] == "broken"


def test_what_keeps_farm_from_rendering_is_1(line: Farm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "SHM", tmp_path / "none")
    monkeypatch.setenv("FARM_SAMPLES", str(tmp_path / "nowhere"))
    monkeypatch.setattr(doctor, "LIBRARIES", ("numpy", "no-such-library"))
    ran = line("doctor", "--json")
    broken = {name: one["advice"] for name, one in findings(ran).items() if one["state"] == "broken"}
    assert ran.status == 1
    assert {"shared memory", "sample folder", "libraries"} <= {*broken}
    assert "--work-dir" in broken["shared memory"]
    assert broken["libraries"] == "install them: pip install no-such-library"
    text = line("doctor").out
    assert "BROKEN   shared memory" in text
    assert text.splitlines()[-1].startswith("farm cannot render here; see what is BROKEN")


@pytest.mark.parametrize(
    ("replaced", "same", "said"),
    [
        (1, True, "2 renders, all the same bytes"),
        (0, True, "2 renders, all the same bytes, but no worker was killed: the render was over before"),
        (0, False, "2 renders, NOT the same bytes"),
    ],
)
def test_a_verification_says_whether_a_worker_was_killed(
    line: Farm, monkeypatch: pytest.MonkeyPatch, replaced: int, same: bool, said: str
) -> None:
    trials = verifying.trials(RenderOptions(threads=2))
    verdicts = [
        verifying.Verdict(trial=trials[0], sha256="a", seconds=1.0, wall_s=1.0, replaced=0, same=True),
        verifying.Verdict(trial=trials[-1], sha256="b", seconds=1.0, wall_s=1.0, replaced=replaced, same=same),
    ]
    monkeypatch.setattr(verifying, "verify", lambda *_: iter(verdicts))
    line("new", "song.ph")
    ran = line("verify", "song.ph")
    assert (ran.status, ran.out.splitlines()[-1]) == (0 if same else 1, said)
    told = json.loads(line("verify", "song.ph", "--json").out)
    assert (told["ok"], told["kill_tried"]) == (same, bool(replaced))


def test_a_score_that_cannot_be_rendered_is_verified_without_a_word_before(line: Farm, tmp_path: Path) -> None:
    (tmp_path / "a.ph").write_text('out: s "nosuchbank"')
    ran = line("verify", "a.ph")
    assert (ran.status, ran.out) == (4, "")
    assert ran.err.startswith("a.ph:1:9: error: there is no sample bank `nosuchbank`")


def test_completions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def completed(words: str) -> list[str]:
        """What bash is offered after `words`."""
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
        return BashComplete(cli.farm, {}, "farm", "_FARM_COMPLETE").complete().splitlines()

    (tmp_path / "kit\udcff").mkdir()
    (tmp_path / "kit\udcff" / "a.wav").write_bytes(b"RIFF")
    monkeypatch.setenv("FARM_SAMPLES", str(tmp_path))
    assert completed("farm re") == ["plain,render"]
    for command in ("render", "check", "plan", "verify"):
        assert completed(f"farm {command} so") == ["score,so"]
    assert completed("farm render so\udcff") == ["score,so"]
    assert completed("farm render song.ph n") == ["file,n"]
    assert completed("farm render --quality ") == ["plain,draft", "plain,good", "plain,best"]
    assert "plain,lpf" in completed("farm nodes l")
    assert completed("farm patterns eu") == ["plain,euclid"]
    assert completed("farm bank ca") == ["plain,cache", "plain,casio"]
    assert completed("farm bank kit") == ["plain,kit_"], "how a score writes it"
    assert completed("farm render --work-dir x") == ["dir,x"]


@pytest.mark.parametrize(("shell", "sign"), [("bash", "COMP_WORDS"), ("zsh", "#compdef farm"), ("fish", "commandline")])
def test_scripts_for_shells(line: Farm, shell: str, sign: str) -> None:
    ran = line("completion", shell)
    assert ran.status == 0
    assert sign in ran.out
    assert "_FARM_COMPLETE" in ran.out
    assert f"farm completion {shell}" in line("completion", "--help").out


@pytest.fixture
def bash(line: Farm, tmp_path: Path) -> Iterator[Callable[[bytes], str]]:
    """What `farm` is called with after keys in an interactive bash that has the script, each argument in `<>`."""
    (tmp_path / "rc").write_text(f"PS1=\n{line('completion', 'bash').out}", encoding="utf-8")
    (tmp_path / "bin").mkdir()
    starter = tmp_path / "bin" / "farm"
    ask = f'[ -n "$_FARM_COMPLETE" ] && exec "{sys.executable}" -P -m farm'
    starter.write_text(f"#!/bin/sh\n{ask}\nprintf '<%s>' \"$@\"; echo .\n", encoding="utf-8")
    starter.chmod(0o755)
    (tmp_path / "in").mkdir()
    env = {**ENV, "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}", "TERM": "dumb", "INPUTRC": os.devnull}
    ours, theirs = pty.openpty()
    streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
    command = ["bash", "--noprofile", "--rcfile", str(tmp_path / "rc"), "-i"]
    shell = subprocess.Popen(command, cwd=tmp_path / "in", env=env, start_new_session=True, **streams)
    os.close(theirs)

    def typed(keys: bytes) -> str:
        os.write(ours, keys + b"\n")
        seen = b""
        while not (found := re.search(rb"\n(<.*>)\.\r\n", seen)):
            assert select.select([ours], [], [], 30)[0], seen
            seen += os.read(ours, 1 << 16)
        return os.fsdecode(found[1])

    yield typed
    shell.kill()
    shell.wait()
    os.close(ours)


def test_bash_completes_scores_and_folders_alone_and_escapes_them(bash: Callable[[bytes], str], tmp_path: Path) -> None:
    for name in ("ein lied.ph", "ein.wav", "a$(id).ph", "LOUD.PH", "loud.toml", "bad\udcff.ph", "t, u.wav"):
        (tmp_path / "in" / name).write_bytes(b"")
    (tmp_path / "in" / "two words").mkdir()
    (tmp_path / "in" / "two words" / "song.ph").write_bytes(b"")
    assert bash(b"farm render ein\t") == "<render><ein lied.ph>"
    assert bash(b"farm check a\\$\t") == "<check><a$(id).ph>"
    assert bash(b"farm plan 'ein\t") == "<plan><ein lied.ph>"
    assert bash(b"farm verify L\t") == "<verify><LOUD.PH>"
    assert bash(b"farm verify l\t") == "<verify><l>"
    assert bash(b"farm verify bad\xff\t") == "<verify><bad\udcff.ph>"
    assert bash(b"farm render tw\ts\t") == "<render><two words/song.ph>"
    assert bash(b"farm render x.ph t,\t") == "<render><x.ph><t, u.wav>"
    assert bash(b"farm render x.ph --qual\tb\t") == "<render><x.ph><--quality><best>"


def test_the_commands_stand_in_the_order_of_need(line: Farm) -> None:
    text = line("--help").out.partition("Commands:")[2]
    names = [row.split()[0] for row in text.splitlines() if row.startswith("  ") and row[2] != " "]
    assert names == list(cli.farm.commands)
    assert names.index("render") < names.index("warmup")
    assert "..." not in text, "every summary fits its line"


@pytest.mark.parametrize(
    ("membership", "files", "granted"),
    [
        ("0::/", {"cpu.max": "150000 100000"}, 1.5),
        ("0::/a/b", {"a/b/cpu.max": "max 100000", "a/cpu.max": "50000 100000"}, 0.5),
        ("0::/of/the/host", {"cpu.max": "200000 100000"}, 2.0),
        ("3:cpu,cpuacct:/nu", {"cpu/nu/cpu.cfs_quota_us": "50000", "cpu/nu/cpu.cfs_period_us": "100000"}, 0.5),
        ("3:cpu,cpuacct:/nu", {"cpu/nu/cpu.cfs_quota_us": "-1", "cpu/nu/cpu.cfs_period_us": "100000"}, None),
        ("", {}, None),
    ],
)
def test_the_quota_is_that_of_the_own_group(
    tmp_path: Path, membership: str, files: dict[str, str], granted: float | None
) -> None:
    (tmp_path / "cgroup").write_text(f"1:name=systemd:/x\n{membership}\n", encoding="ascii")
    for name, text in files.items():
        (tmp_path / "fs" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "fs" / name).write_text(f"{text}\n", encoding="ascii")
    assert quota_cpus(tmp_path / "fs", tmp_path / "cgroup") == granted
