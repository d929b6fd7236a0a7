"""Begins a node or a transform: its file and its tests, which work as they are.

python -m scripts.extending.begin node|transform NAME
"""

from __future__ import annotations

import argparse
import ast
import keyword
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "farm" / "docs" / "contributing.md"
LONGEST = 40
"""Letters of a name."""


class Refused(Exception):
    """A name that cannot be taken; the text says why."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What can be begun. `model`: what the page calls its example, below `heading`; `tests` are written for it."""

    name: str
    heading: str
    model: str
    folder: str
    tests: str
    test_folder: str
    written: str
    """How a name may be written, as a pattern and in words."""
    in_words: str


KINDS = {
    one.name: one
    for one in (
        Kind(
            name="node",
            heading="A node in one file",
            model="dull",
            folder="workers/nodes",
            tests="node.py",
            test_folder="tests/dsp",
            written=r"[a-z][a-z0-9]*(_[a-z0-9]+)*",
            in_words="small letters, digits and single underscores, a letter first: soft_clip",
        ),
        Kind(
            name="transform",
            heading="A transform in one function",
            model="twice",
            folder="farm/pattern/transforms",
            tests="transform.py",
            test_folder="tests/pattern",
            written=r"[a-z][A-Za-z0-9]*(_[a-z0-9]+)*",
            in_words="letters, digits and single underscores, a small letter first: rotL",
        ),
    )
}


def main() -> int:
    """Reads the command line, writes two files, and says what is next."""
    which, *words = sys.argv[1:] or [""]
    if which not in KINDS:
        print(__doc__, file=sys.stderr)
        return 2
    kind = KINDS[which]
    parser = argparse.ArgumentParser(
        prog=f"scripts/new-{which}", description=f"Write a {which} that works, with its tests."
    )
    parser.add_argument("name", metavar="NAME", help=f"as scores will write it; {kind.in_words}")
    given = parser.parse_args(words)
    try:
        files = begun(kind, given.name)
        write(files)
    except (Refused, OSError) as problem:
        print(f"{parser.prog}: {problem}", file=sys.stderr)
        return 2 if isinstance(problem, Refused) else 1
    shown = [str(path.relative_to(ROOT)) for path in files]
    print(f"{shown[0]}: it works, and is to be made what `{given.name}` shall be")
    print(f"{shown[1]}: run it with: scripts/test {shown[1]}")
    pages = "nodes" if which == "node" else "patterns"
    print(f"`farm {pages} {given.name}` shows its page; `farm docs contributing` says what it must satisfy")
    return 0


def begun(kind: Kind, name: str) -> dict[Path, str]:
    """The texts of both files, formatted, by path. Raises Refused for a name that cannot be taken."""
    if not re.fullmatch(kind.written, name, re.ASCII):
        raise Refused(f"`{name}` cannot be a name: {kind.in_words}")
    if len(name) > LONGEST:
        raise Refused(f"`{name}` has {len(name)} letters; a name has {LONGEST} at most")
    function = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
    model = example(kind)
    if keyword.iskeyword(name) or keyword.iskeyword(function):
        raise Refused(f"`{name}` is a word of Python, and names no function")
    taken(name)
    if function in names_in(model):
        raise Refused(f"`{name}` is a name that its own file needs for something else")
    code = model.replace(f"def {kind.model}(", f"def {function}(")
    if function != name:
        code = code.replace("@transform\n", f'@transform(name="{name}")\n')
    tests = (
        (Path(__file__).parent / kind.tests)
        .read_text(encoding="utf-8")
        .replace(f"test_{kind.model}_", f"test_{function}_")
    )
    texts = {
        ROOT / kind.folder / f"{function}.py": code,
        ROOT / kind.test_folder / f"test_{function}.py": tests,
    }
    for path in texts:
        if path.exists():
            raise Refused(f"{path.relative_to(ROOT)} is there already, and is left as it is")
    return {path: formatted(re.sub(rf"\b{kind.model}\b", name, text), path) for path, text in texts.items()}


def example(kind: Kind) -> str:
    """The code on the page for contributors."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {kind.heading}\n")[2]
    return text.partition("```python\n")[2].partition("```")[0]


def names_in(code: str) -> set[str]:
    """All names that a file uses, other than that of its function."""
    found: set[str] = set()
    for one in ast.walk(ast.parse(code)):
        match one:
            case ast.Name(id=name) | ast.arg(arg=name):
                found.add(name)
            case ast.alias(name=name):
                found.add(name)
    return found


def taken(name: str) -> None:
    """Raises Refused for a name that means something already."""
    from farm.graph.calling import function_names
    from farm.score.elsewhere import FORMS, OUTSIDE, STATEMENTS
    from farm.score.statements import HEAD_WORDS
    from workers.catalog import catalog, language

    if name in function_names():
        raise Refused(
            f"`{name}` is there already: `farm {'nodes' if name in language() else 'patterns'} {name}` tells about it"
        )
    if name in catalog():
        raise Refused(f"`{name}` is there already, among the nodes that the planner places")
    if name in HEAD_WORDS or re.fullmatch(r"(out|o|d|main|hush|unhush)\d*", name):
        raise Refused(f"`{name}` is reserved: statements of a score begin with it")
    if name in FORMS or name in STATEMENTS or name in OUTSIDE:
        raise Refused(f"`{name}` is reserved: farm/score/elsewhere.py says what a score writes in its place")


def formatted(text: str, path: Path) -> str:
    """A file's text as the project's formatter has it."""
    command = [sys.executable, "-m", "ruff", "format", "--no-cache", "--stdin-filename", str(path), "-"]
    return subprocess.run(command, cwd=ROOT, input=text, text=True, stdout=subprocess.PIPE, check=True).stdout


def write(files: dict[Path, str]) -> None:
    """Writes all of these files or none. Raises OSError."""
    made: list[Path] = []
    try:
        for path, text in files.items():
            with path.open("x", encoding="utf-8") as file:
                made.append(path)
                file.write(text)
    except BaseException:
        for path in made:
            path.unlink(missing_ok=True)
        raise


if __name__ == "__main__":
    sys.exit(main())
