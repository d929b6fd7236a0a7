"""scripts/new-node and scripts/new-transform: what they write works as it is, and nothing is half-written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.extending.begin import KINDS, Refused, begun, write
from tests.copies import copied

ROOT = Path(__file__).resolve().parents[1]
NODES = ("soften", "a" * 40)
TRANSFORMS = ("again", "rotL", "b" * 40)
FILES = (
    *(f"workers/nodes/{name}.py" for name in NODES),
    *(f"farm/pattern/transforms/{name}.py" for name in ("again", "rot_l", "b" * 40)),
)
TESTS = (
    *(f"tests/dsp/test_{name}.py" for name in NODES),
    *(f"tests/pattern/test_{name}.py" for name in ("again", "rot_l", "b" * 40)),
)


def ran(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command in a copy, which sees the copy's modules."""
    environment = {**os.environ, "PYTHONPATH": str(root)}
    return subprocess.run(command, cwd=root, env=environment, text=True, capture_output=True, check=False)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which some of each have been begun."""
    root = copied(tmp_path_factory.mktemp("begun") / "copy")
    for script, names in (("new-node", NODES), ("new-transform", TRANSFORMS)):
        for name in names:
            done = ran(root, str(root / "scripts" / script), name)
            assert (done.returncode, done.stderr) == (0, "")
            assert name in done.stdout
    return root


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", [(), ("wobble", "extra"), ("--nope", "wobble")])
def test_a_wrong_usage_names_the_script(kind: str, words: tuple[str, ...]) -> None:
    done = ran(ROOT, sys.executable, "-P", "-m", "scripts.extending.begin", kind, *words)
    assert (done.returncode, done.stdout) == (2, "")
    usage, said = done.stderr.splitlines()
    assert usage == f"usage: scripts/new-{kind} [-h] NAME"
    assert said.startswith(f"scripts/new-{kind}: error: ")


def test_all_files_are_there_and_hold_their_names(copy: Path) -> None:
    for name in (*FILES, *TESTS):
        text = (copy / name).read_text(encoding="utf-8")
        assert not {"dull", "twice"} & {*text.replace("(", " ").replace('"', " ").replace("`", " ").split()}


@pytest.mark.parametrize("check", ["ruff format --check", "ruff check", "mypy"])
def test_what_is_begun_passes_the_checks(copy: Path, check: str) -> None:
    files = FILES if check == "mypy" else (*FILES, *TESTS)
    done = ran(copy, sys.executable, "-P", "-m", *check.split(), *files)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_begun_passes_its_tests(copy: Path) -> None:
    named = " or ".join((*NODES, *TRANSFORMS))
    laws = ("tests/pattern/test_register.py::test_examples_hold", "tests/workers/test_rules.py")
    for words in (TESTS, (*laws, "-k", named)):
        done = ran(copy, sys.executable, "-P", "-m", "pytest", "-q", "-p", "no:cacheprovider", *words)
        assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_begun_has_its_page(copy: Path) -> None:
    for command, names in (("nodes", NODES), ("patterns", TRANSFORMS)):
        for name in names:
            done = ran(copy, sys.executable, "-P", "-m", "farm", command, name)
            assert done.returncode == 0, done.stderr
            assert name in done.stdout


@pytest.mark.parametrize(
    ("kind", "name", "said"),
    [
        ("node", "", "`` cannot be a name: small letters"),
        ("node", "1x", "`1x` cannot be a name"),
        ("node", "_x", "`_x` cannot be a name"),
        ("node", "a__b", "`a__b` cannot be a name"),
        ("node", "rotL", "`rotL` cannot be a name"),
        ("node", "a b", "`a b` cannot be a name"),
        ("node", "../x", "`../x` cannot be a name"),
        ("node", "größer", "`größer` cannot be a name"),
        ("node", "a" * 41, "has 41 letters; a name has 40 at most"),
        ("node", "lambda", "`lambda` is a word of Python"),
        ("node", "lpf", "`lpf` is there already: `farm nodes lpf` tells about it"),
        ("node", "white_noise", "`white_noise` is there already: `farm nodes white_noise`"),
        ("node", "gain", "`gain` is there already"),
        ("node", "every", "`every` is there already: `farm patterns every` tells about it"),
        ("node", "sampler_good", "`sampler_good` is there already, among the nodes that the planner places"),
        ("node", "filters", "workers/nodes/filters.py is there already, and is left as it is"),
        ("node", "math", "tests/dsp/test_math.py is there already, and is left as it is"),
        ("node", "input", "`input` is a name that its own file needs"),
        ("node", "range", "`range` is a name that its own file needs"),
        ("node", "out", "`out` is reserved: statements of a score begin with it"),
        ("node", "d12", "`d12` is reserved"),
        ("node", "tempo", "`tempo` is reserved"),
        ("node", "cutoff", "`cutoff` is reserved: farm/score/elsewhere.py says what a score writes in its place"),
        ("transform", "fast", "`fast` is there already: `farm patterns fast` tells about it"),
        ("transform", "degrade_by", "`degrade_by` is there already"),
        ("transform", "lpf", "`lpf` is there already: `farm nodes lpf`"),
        ("transform", "stack", "`stack` is a name that its own file needs"),
        ("transform", "chance", "farm/pattern/transforms/chance.py is there already"),
        ("transform", "RotL", "`RotL` cannot be a name: letters, digits"),
        ("transform", "if", "`if` is a word of Python"),
        ("transform", "density", "farm/pattern/transforms/density.py is there already|`density` is reserved"),
    ],
)
def test_names_that_cannot_be_taken(kind: str, name: str, said: str) -> None:
    with pytest.raises(Refused) as caught:
        begun(KINDS[kind], name)
    assert any(one in str(caught.value) for one in said.split("|")), caught.value


def test_a_second_time_is_refused_and_changes_nothing(copy: Path) -> None:
    before = {name: (copy / name).read_bytes() for name in (*FILES, *TESTS)}
    for script, name in (("new-node", "soften"), ("new-transform", "rotL")):
        done = ran(copy, str(copy / "scripts" / script), name)
        assert (done.returncode, done.stdout) == (2, "")
        assert "is there already" in done.stderr
        assert "Traceback" not in done.stderr
    assert before == {name: (copy / name).read_bytes() for name in (*FILES, *TESTS)}


def test_nothing_is_half_written(tmp_path: Path) -> None:
    first, second = tmp_path / "first.py", tmp_path / "nowhere" / "second.py"
    with pytest.raises(FileNotFoundError):
        write({first: "x = 1\n", second: "y = 2\n"})
    assert list(tmp_path.iterdir()) == []
    first.write_text("mine", encoding="utf-8")
    with pytest.raises(FileExistsError):
        write({tmp_path / "other.py": "", first: "x = 1\n"})
    assert first.read_text(encoding="utf-8") == "mine"
    assert list(tmp_path.iterdir()) == [first]
