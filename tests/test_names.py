"""Nodes and transforms are asked what they are; where one is known by its name, the list below says why.

Every string of `farm` and `workers` that is the name or an alias of a node or transform, outside the file that defines
it, stands in `KNOWN`: by folder, with a reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from farm.pattern.register import transforms
from workers.catalog import catalog, language

ROOT = Path(__file__).resolve().parents[1]

KNOWN = (
    # What is placed by the graph and by the planner, and has no name in a score.
    ("farm/graph", "add mul scale gain", "what operators, products with voices and levels become"),
    ("farm/graph", "hold", "a constant or steps as a signal; also a reading of steps"),
    ("farm/graph", "gate", "what mutes an oscillator in rests; also a reading of steps"),
    ("farm/graph", "pan", "the two sides of `jux` on a signal"),
    ("farm/graph", "tri", "what plays notes that nothing plays (language 10.4)"),
    (
        "farm/plan",
        "mix broadcast keep keep_side resume fold",
        "joints of groups: signals to lanes and back, voices to their sum",
    ),
    (
        "farm/plan",
        "hold since_onset gate",
        "joints of scopes: constants beside signals, lanes before an onset, steps",
    ),
    ("farm/plan", "recall remember", "the frame before, in loops of buses"),
    ("farm/plan", "ending", "the fade of sources at the end of a score"),
    ("farm/plan", "voice_adsr voice_percussive", "the envelopes of bus voices, by what the voices say"),
    ("farm/plan", "master cell_peaks limiter deliver loudness", "output paths"),
    # Other words that are written alike.
    ("farm/graph", "adsr", "a modifier, and the envelope that it gives to voices"),
    ("farm/graph", "gain pan legato", "controls of voices, and modifiers that set them"),
    ("farm/graph", "master", "a bus that is heard when no output is written (language 1.5)"),
    ("farm/pattern/transforms", "gain pan", "controls of voices"),
    ("farm/labels", "gain pan", "controls of voices"),
    ("farm/pattern", "slow hold", "features of mini-notation"),
    ("farm/plan", "gain delay fast slow late", "ports and numbers of output paths"),
    ("farm/plan", "adsr", "the envelope of voices"),
    ("farm", "gain", "--gain"),
    ("farm/rendering", "mix", "what the file of all outputs is called"),
    ("farm/rendering", "master", "--stem-tap master"),
    ("farm/cli", "master", "--stem-tap master"),
    ("farm/batch", "line", "a line of a list, or of a score"),
    ("farm/cli", "resume gain", "--resume, --gain"),
    ("farm/printer", "line", "a line of text"),
    ("farm/score", "supersaw triangle hold gain amp", "what people bring from elsewhere"),
    ("farm/score", "add sub mul div", "buses of these names cannot be defined (language 1.5)"),
    ("workers", "fold", "a shape of nodes"),
    ("workers", "sin", "what stands in kernels for math.sin"),
    ("workers/nodes", "mix gain delay fast slow late", "params, ports and numbers"),
    ("workers/targets/vectors", "add sub mul", "instructions of LLVM"),
)


def homes() -> dict[str, set[Path]]:
    """Files that define a node or transform, by its name and aliases."""
    found: dict[str, set[Path]] = {}
    defined = [(name, node.kernel) for name, node in (*catalog().items(), *language().items())]
    defined += [(name, one.function) for name, one in transforms().items()]
    for name, function in defined:
        code = function.__code__  # type: ignore[attr-defined]
        found.setdefault(name, set()).add(Path(code.co_filename))
    return found


def names_in(path: Path, source: str) -> Iterator[str]:
    """Names of nodes and transforms in the strings of a file, without those that it defines."""
    known = homes()
    for part in ast.walk(ast.parse(source)):
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and path not in known.get(part.value, {path}):
            yield part.value


def found() -> set[tuple[str, str]]:
    """Folder and name of everything that is known by its name."""
    files = [path for package in ("farm", "workers") for path in (ROOT / package).rglob("*.py")]
    return {
        (str(path.parent.relative_to(ROOT)), name)
        for path in files
        for name in names_in(path, path.read_text(encoding="utf-8"))
    }


LISTED = {(folder, name) for folder, names, _ in KNOWN for name in names.split()}


def test_nodes_and_transforms_are_known_by_name_only_where_the_list_says_so() -> None:
    assert sorted(found() - LISTED) == []


def test_the_list_says_nothing_that_is_not_so() -> None:
    assert sorted(LISTED - found()) == []
    assert all(len(reason) > 5 for _, _, reason in KNOWN)


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("A = ('sine', 'saw')", ["sine", "saw"]),
        ("if node.name == 'lpf':\n    pass", ["lpf"]),
        ("def f():\n    return transform in {'off': 1}", ["off"]),
        ("match name:\n    case 'degrade_by':\n        pass", ["degrade_by"]),
        ("A = 'a sine, a saw'", []),
    ],
)
def test_a_name_is_seen(source: str, names: list[str]) -> None:
    assert list(names_in(ROOT / "farm" / "elsewhere.py", source)) == names
    own = Path(catalog()["sine"].kernel.__code__.co_filename)  # type: ignore[attr-defined]
    assert "sine" not in names_in(own, source)


def test_no_two_classes_have_the_same_name() -> None:
    places: dict[str, list[str]] = {}
    for package in ("farm", "workers"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for one in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(one, ast.ClassDef):
                    places.setdefault(one.name, []).append(f"{path.relative_to(ROOT)}:{one.lineno}")
    assert len(places) > 200
    assert {name: where for name, where in places.items() if len(where) > 1} == {}
