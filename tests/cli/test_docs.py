"""`farm docs`: the pages, the manual page, and that what they say is what the code has."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from farm import cli
from farm.cli import doctor, manual
from farm.cli.settings import Setting
from scripts.documenting import reference
from tests.cli.conftest import ROOT, Process, Ran

Farm = Callable[..., Ran]
FOLDER = ROOT / "farm" / "docs"
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.md"))}
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_pages_there_are() -> None:
    assert {*PAGES} == {"batches", "command-line", "contributing", "design", "figures", "language", "python"}


def test_the_list_names_every_page_by_its_heading(farm: Farm) -> None:
    ran = farm("docs")
    assert (ran.status, ran.err) == (0, "")
    lines = dict(re.split(r"  +", line, maxsplit=1) for line in ran.out.splitlines() if "  " in line)
    assert lines == {name: text.partition("\n")[0].removeprefix("# ") for name, text in PAGES.items()}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_printed_without_marks_for_programs(farm: Farm, name: str) -> None:
    ran = farm("docs", name)
    assert (ran.status, ran.err) == (0, "")
    assert "<!--" not in ran.out
    assert "\n\n\n" not in re.sub(r"```.*?```", "code", ran.out, flags=re.DOTALL)
    assert ran.out.split() == re.sub(r"<!-- .* -->", "", PAGES[name]).split()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (("langauge",), "there is no page called `langauge`\n  did you mean `language`?"),
        (("qqqq",), f"there is no page called `qqqq`\n  there are {', '.join(PAGES)}"),
        (("",), "there is no page called ``"),
        (("../docs/design",), "there is no page called `../docs/design`"),
        (("design", "--man"), "--man prints the manual page, which has no NAME"),
    ],
)
def test_a_page_that_is_not_there(farm: Farm, line: tuple[str, ...], said: str) -> None:
    ran = farm("docs", *line)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


def test_a_page_goes_through_a_pager_on_a_terminal_alone(
    farm: Farm, monkeypatch: pytest.MonkeyPatch, process: Callable[..., Process[str]]
) -> None:
    paged: list[str] = []
    monkeypatch.setattr("click.echo_via_pager", paged.append)
    ran = farm("docs", "python")
    assert paged == []
    monkeypatch.setattr("farm.printer.streams.is_terminal", lambda stream: stream is sys.stdout)
    assert farm("docs", "python") == (0, "", "")
    assert paged == [ran.out]
    piped = process("docs", "python", env={"PAGER": "false"})
    assert (piped.returncode, piped.stdout, piped.stderr) == (0, ran.out, "")


@pytest.mark.parametrize("line", ["docs", "docs language", "docs figures", "docs --man"])
def test_pages_come_without_anything_heavy(line: str) -> None:
    code = f"import sys; from farm import cli; cli.run({line.split()!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    heavy = {"numpy", "numba", "llvmlite", "soundfile", "rich", "psutil"}
    assert "click" in done.stderr.split()
    assert not heavy & {*done.stderr.split()}


def test_shells_complete_pages() -> None:
    (item,) = cli.farm.commands["docs"].params[0].shell_complete(reference.click.Context(cli.farm), "lang")
    assert (item.value, item.help) == ("language", "The language in ten minutes")


def test_the_manual_page_holds_every_command_and_option(farm: Farm) -> None:
    text = farm("docs", "--man").out
    assert text.isascii()
    assert text.startswith('.TH "FARM" 1\n.SH NAME\nfarm \\- render .ph scores')
    plain = text.replace("\\-", "-")
    for name, command in cli.farm.commands.items():
        section = plain.split(f'.SS "farm {name}')[1].split("\n.S")[0]
        for param in command.params:
            assert all(f"{one} " in section.replace('"', " ").replace(",", " ") for one in param.opts if one[0] == "-")
    titles = re.findall(r"^\.SH (.*)$", text, re.MULTILINE)
    assert titles == ["NAME", "SYNOPSIS", "DESCRIPTION", "COMMANDS", "ENVIRONMENT", "EXIT STATUS", "SEE ALSO"]
    variables = {one.variable for one in cli.farm.commands["render"].params if isinstance(one, Setting)}
    assert variables | {*doctor.OTHER_VARIABLES} == {*re.findall(r"FARM_\w+", plain.split(".SH ENVIRONMENT")[1])}
    assert {*manual.VARIABLES} == {*doctor.OTHER_VARIABLES}


def test_the_manual_page_has_no_request_by_accident(farm: Farm) -> None:
    text = farm("docs", "--man").out
    requests = {line.split()[0] for line in text.splitlines() if line.startswith((".", "'"))}
    assert requests == {".TH", ".SH", ".SS", ".br", ".B", ".I", ".PP", ".TP", ".EX", ".EE"}
    # Every backslash begins one of these; every \& stands where a line would be a request.
    assert not re.sub(r"\\(-|e|&(?=[.'])|\((dq|ga|ha|ti)|\[u[0-9A-F]{4,6}\])", "", text).count("\\")


@pytest.mark.skipif(shutil.which("groff") is None, reason="there is no groff")
def test_groff_has_nothing_to_say_about_the_manual_page(farm: Farm) -> None:
    done = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-rLL=200n"],
        input=farm("docs", "--man").out,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    shown = re.sub(r".\x08|\x1b\[[\d;]*m", "", done.stdout)
    assert "farm render song.ph - | aplay -" in shown
    assert "--tail auto|none|SECONDS" in shown
    assert "farm ren<TAB> song<TAB>" in shown


@pytest.mark.parametrize(
    ("text", "roff"),
    [
        (".wav is\nwhat `x` is", r"\&.wav is what \(gax\(ga is"),
        ("'a' \\ b", r"\&'a' \e b"),
        ("look-ahead -3 --from", r"look-ahead \-3 \-\-from"),
        ('−90 "dB"', r"\[u2212]90 \(dqdB\(dq"),
    ],
)
def test_text_as_roff(text: str, roff: str) -> None:
    assert manual.prose(text) == roff


def test_tables_of_commands_and_options_are_those_of_the_command_line() -> None:
    assert reference.renewed(PAGES["command-line"]) == PAGES["command-line"], "scripts/renew-docs makes them anew"


def test_a_page_without_the_marks_is_told() -> None:
    with pytest.raises(ValueError, match="`<!-- render: begin -->`"):
        reference.renewed(PAGES["command-line"].replace("<!-- render: begin -->", ""))


@pytest.mark.parametrize(
    ("name", "file"), re.findall(r"`([\w.]+)` in\s+`((?:farm|workers)/[\w/]+\.py)`", PAGES["design"])
)
def test_the_functions_that_the_page_of_the_design_names_are_there(name: str, file: str) -> None:
    body = ast.parse((ROOT / file).read_text(encoding="utf-8")).body
    for part in name.split("."):
        (found,) = [one for one in body if isinstance(one, ast.FunctionDef | ast.ClassDef) and one.name == part]
        body = found.body


def test_the_page_of_the_design_names_where_each_phase_begins() -> None:
    named = re.findall(r"`([\w.]+)` in\s+`(?:farm|workers)/", PAGES["design"])
    assert {"parse", "understand", "static_plan", "plan_window", "Rendering.pieces", "catalog"} <= {*named}
    paths = re.findall(r"`((?:farm|workers|tests|scripts|configs)/[\w./-]*)`", PAGES["design"])
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_the_tree_on_the_page_of_the_design_is_the_one_there_is() -> None:
    tree = PAGES["design"].split("## The tree")[1].split("```")[1]
    for top in ("farm", "workers"):
        below = re.split(r"\n(?=\w)", tree)
        (lines,) = [one for one in below if one.startswith(f"{top}/")]
        named = set(re.findall(r"(?:^|  )  ([a-z_]+(?:/|\.py)) ", lines, re.MULTILINE))
        there = {path.name + "/" if path.is_dir() else path.name for path in (ROOT / top).iterdir()}
        assert named <= there
        folders = {one for one in there if one.endswith("/") and not one.startswith("_")}
        assert folders <= named
    (line,) = [one for one in tree.splitlines() if one.startswith("scripts/")]
    programs = {path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and path.suffix == ""}
    assert {*line.split()[1:]} == programs


@pytest.mark.parametrize("name", ["contributing", "figures", "command-line"])
def test_commands_of_the_clone_are_there(name: str) -> None:
    scripts = re.findall(r"scripts/([\w-]+)", PAGES[name])
    assert [one for one in scripts if not (ROOT / "scripts" / one).exists()] == []
    tests = re.findall(r"\btests/[\w/.]+\b", PAGES[name])
    assert [one for one in tests if not (ROOT / one).exists()] == []


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    assert 100 <= len(README.splitlines()) <= 220
    assert {*re.findall(r"\]\(farm/docs/([\w-]+)\.md\)", README)} == {*PAGES}


def test_pages_are_written_for_their_readers() -> None:
    for name, text in PAGES.items():
        assert re.match(r"# \w.*\n\n", text), name
        assert text.count("```") % 2 == 0, name
        assert Path(FOLDER / f"{name}.md").stat().st_size < 100_000
