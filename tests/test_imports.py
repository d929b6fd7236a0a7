"""Holds the imports of every file of `farm` and `workers` to one table, and keeps `farm --help` light."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Container, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent

# What a module and everything below it may import, by the longest row that fits its name. A package's own file is
# called `package.__init__`. The standard library and the module's own row are always allowed, and to all of farm
# also what EVERYONE_IN_FARM names. A library stands in the rows of its doors and nowhere else.
MAY_IMPORT = {
    "farm.__init__": "farm workers numpy",  # lazily: see LAZY
    "farm.__main__": "farm.cli",
    "farm.errors": "",
    "farm.normal": "",
    "farm.options": "",
    "farm.quantities": "",
    "farm.regex": "",
    "farm.version": "",
    "farm.sources": "workers.catalog",
    "farm.cli": "farm.batch farm.rendering farm.labels farm.profile farm.plan farm.graph farm.score farm.pattern"
    " farm.audio farm.printer workers.catalog workers.docstrings click rich",
    "farm.printer": "rich",
    "farm.rendering": "farm.sources farm.labels farm.plan farm.graph farm.pattern farm.score farm.audio workers.cache"
    " workers.arena workers.futex workers.slab workers.lost workers.pool workers.worker workers.wire workers.run"
    " workers.cores workers.catalog workers.calls workers.stats workers.targets numpy",
    "farm.batch": "farm.sources farm.rendering farm.graph.score farm.score farm.audio workers.cores workers.lifeline"
    " workers.ownership workers.starting workers.worker",
    "farm.profile": "farm.plan farm.graph.score farm.rendering workers.stats workers.cores workers.wire numpy",
    "farm.plan": "farm.graph farm.pattern workers.catalog workers.calls workers.arena workers.spans"
    " workers.stats workers.dsp.dither_keys workers.dsp.true_peak workers.wire numpy",
    "farm.graph": "farm.score farm.pattern farm.audio.samples farm.audio.folders farm.audio.decode farm.audio.keeping"
    " farm.audio.lock farm.audio.planes workers.catalog"
    " workers.named workers.slab numpy",
    "farm.labels": "farm.plan farm.graph farm.pattern farm.audio workers.wire numpy",
    "farm.score": "",
    "farm.pattern": "workers.docstrings workers.index numpy",
    "farm.audio": "workers.cache workers.dsp.dither_keys workers.ownership workers.slab workers.wire numpy soundfile",
    "workers": "workers numpy",
    "workers.cores": "workers numpy psutil",
    "workers.targets": "workers numpy llvmlite",
    "workers.targets.numba": "workers numpy llvmlite numba",
    "workers.targets.vectors": "workers numpy llvmlite numba",
}
EVERYONE_IN_FARM = (
    "farm.errors farm.normal farm.options farm.quantities farm.regex farm.version workers.records workers.levels"
)

# Modules that import, outside of functions, nothing but what everyone may.
LAZY = {"farm.__init__"}

# Any other row with numba belongs to a part of this module, which nothing else may import.
NUMBA_DOOR = "workers.targets.numba"

HEAVY = {"numba", "llvmlite", "numpy", "soundfile"}


# Files that reach each other through their imports, still. A circle that was opened goes from here; none may come.
class Import(NamedTuple):
    """`target` is the dotted name asked for: `from a import b` asks for `a.b`."""

    target: str
    line: int
    lazy: bool


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(package + ".")


def is_type_checking(test: ast.expr) -> bool:
    return ast.unparse(test) in {"TYPE_CHECKING", "typing.TYPE_CHECKING"}


def imports(module: str, source: str, *, typing: bool = False) -> Iterator[Import]:
    """The imports of a module's source; those for type checkers only, if `typing`."""

    def visit(node: ast.AST, lazy: bool) -> Iterator[Import]:
        match node:
            case ast.If() if is_type_checking(node.test) and not typing:
                for statement in node.orelse:
                    yield from visit(statement, lazy)
                return
            case ast.Import():
                for alias in node.names:
                    yield Import(alias.name, node.lineno, lazy)
            case ast.ImportFrom():
                above = module.split(".")[: -node.level] if node.level else []
                base = ".".join([*above, *([node.module] if node.module else [])])
                for alias in node.names:
                    yield Import(f"{base}.{alias.name}", node.lineno, lazy)
            case ast.Call(func=ast.Attribute(attr="import_module") | ast.Name(id="import_module" | "__import__")):
                if node.args and isinstance(node.args[0], ast.Constant):
                    yield Import(str(node.args[0].value), node.lineno, lazy)
        inside = lazy or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for child in ast.iter_child_nodes(node):
            yield from visit(child, inside)

    yield from visit(ast.parse(source), lazy=False)


def row_of(module: str) -> str | None:
    return max((row for row in MAY_IMPORT if within(module, row)), key=len, default=None)


def offences(module: str, source: str) -> list[str]:
    """What a module imports against the table, in words."""
    row = row_of(module)
    if row is None:
        return [f"{module} has no row in MAY_IMPORT"]
    everyone = EVERYONE_IN_FARM.split() if within(module, "farm") else []
    allowed = [*sys.stdlib_module_names, *everyone, *MAY_IMPORT[row].split(), row]
    found = []
    for target, line, lazy in imports(module, source):
        if not any(within(target, name) for name in allowed):
            found.append(f"{module}, line {line}: may not import {target}")
        elif module in LAZY and not lazy and not any(within(target, n) for n in [*sys.stdlib_module_names, *everyone]):
            found.append(f"{module}, line {line}: may import {target} only inside a function")
    return found


def project_files() -> dict[str, Path]:
    """All modules of farm and workers by dotted name."""
    paths = sorted(path for package in ("farm", "workers") for path in (ROOT / package).rglob("*.py"))
    return {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in paths}


FILES = project_files()


def file_of(target: str, files: Container[str]) -> str | None:
    """The file that an import of `target` (a module, or a name in one) reads; None for what is not the project's."""
    while target:
        for module in (target, f"{target}.__init__"):
            if module in files:
                return module
        target = target.rpartition(".")[0]
    return None


def circles(sources: Mapping[str, str]) -> list[str]:
    """The groups of files each of which reaches itself, by imports of any kind: at once, late, for types only."""
    reached: dict[str, set[str]] = {}
    for module, source in sources.items():
        targets = {file_of(found.target, sources) for found in imports(module, source, typing=True)}
        reached[module] = {target for target in targets if target is not None}
    grown = True
    while grown:
        grown = False
        for module, found in reached.items():
            more = found.union(*(reached[one] for one in found))
            grown = grown or len(more) > len(found)
            reached[module] = more
    looping = [module for module, found in reached.items() if module in found]
    groups = {tuple(other for other in looping if other in reached[one] and one in reached[other]) for one in looping}
    return sorted(" ".join(group) for group in groups)


def test_every_row_is_of_something_that_is_there() -> None:
    named = {*MAY_IMPORT, *" ".join((*MAY_IMPORT.values(), EVERYONE_IN_FARM)).split()}
    ours = {name for name in named if name.partition(".")[0] in ("farm", "workers")} - {"farm.__version__"}
    packages = {module.removesuffix(".__init__") for module in FILES}
    assert sorted(ours - packages - {*FILES}) == []


def test_both_packages_are_read() -> None:
    assert "farm.errors" in FILES
    assert any(within(module, "workers") for module in FILES)


@pytest.mark.parametrize("module", FILES)
def test_imports_follow_the_table(module: str) -> None:
    assert offences(module, FILES[module].read_text(encoding="utf-8")) == []


def test_parts_of_the_numba_door_are_imported_by_it_alone() -> None:
    parts = [row for row, names in MAY_IMPORT.items() if "numba" in names.split() and row != NUMBA_DOOR]
    assert all(within(part, "workers.targets") for part in parts)
    insiders = [NUMBA_DOOR, *parts]
    for module, path in FILES.items():
        if not any(within(module, insider) for insider in insiders):
            asked = {found.target for found in imports(module, path.read_text(encoding="utf-8"))}
            assert not [target for target in asked if any(within(target, part) for part in parts)], module


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("farm.score.lexer", "import numpy"),
        ("farm.score.lexer", "def f():\n    import numpy.linalg"),
        ("farm.score.lexer", "from farm import pattern"),
        ("farm.score.lexer", "from ..pattern import Pattern"),
        ("farm.score.lexer", "import farm"),
        ("farm.score.lexer", "import importlib\nimportlib.import_module('numba')"),
        ("farm.graph.build", "from farm.audio import writer"),
        ("farm.graph.build", "from farm.plan.plan import Plan"),
        ("farm.plan.window", "from farm.rendering.session import Session"),
        ("farm.options", "import click"),
        ("farm.rendering.session", "import psutil"),
        ("farm.audio.writer", "import scipy"),
        ("farm.__init__", "import numpy as np"),
        ("farm.__init__", "from farm.rendering import session"),
        ("farm.unheard_of", ""),
        ("workers.pool", "from farm.errors import FarmError"),
        ("workers.catalog", "from numba import njit"),
        ("workers.run", "import llvmlite.binding"),
        ("workers.targets.objects", "import numba"),
        ("workers.targets.python", "if TYPE_CHECKING:\n    pass\nelse:\n    import numba"),
    ],
)
def test_the_table_refuses(module: str, source: str) -> None:
    assert len(offences(module, source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("farm.score.parser", "from . import lexer\nfrom .syntax import Score\nfrom farm.errors import Loc"),
        ("farm.score.parser", "import re\nfrom collections.abc import Iterator"),
        ("farm.score.parser", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy"),
        ("farm.score.__init__", "from .parser import parse"),
        ("farm.graph.build", "from farm.audio import samples\nfrom farm.audio.samples import Bank"),
        ("farm.__init__", "def __getattr__(name):\n    from farm.rendering import session"),
        ("workers.targets.numba", "import numba\nfrom numba.core import types\nimport llvmlite"),
        ("workers.nodes.filters.ladder", "from workers.simd import F\nfrom ...catalog import node"),
    ],
)
def test_the_table_allows(module: str, source: str) -> None:
    assert offences(module, source) == []


def test_no_file_reaches_itself_late_imports_included() -> None:
    assert circles({module: path.read_text(encoding="utf-8") for module, path in FILES.items()}) == []


@pytest.mark.parametrize(
    ("first", "second", "circle"),
    [
        ("import farm.b", "from farm import a", "farm.a farm.b"),
        ("from farm.b import B", "def f():\n    from farm.a import A", "farm.a farm.b"),
        (
            "from .b import B",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from .a import A",
            "farm.a farm.b",
        ),
        ("import importlib\nimportlib.import_module('farm.b')", "class B:\n    import farm.a as a", "farm.a farm.b"),
        ("import farm.c", "import farm.a", "farm.a farm.b farm.c"),
    ],
)
def test_circles_are_found(first: str, second: str, circle: str) -> None:
    sources = {"farm.a": first, "farm.b": second, "farm.c": "import farm.b", "farm.d": "import farm.a\nimport numpy"}
    assert circles(sources) == [circle]
    assert circles({**sources, "farm.b": ""}) == []
    assert circles({"farm.a": "import farm.a"}) == ["farm.a"]


def test_help_imports_nothing_heavy() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "farm", "--help"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    times = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    imported = {line.rsplit("|", 1)[1].strip() for line in times}
    assert "farm.cli" in imported
    assert not {name.partition(".")[0] for name in imported} & HEAVY


def test_farm_takes_nodes_through_one_door() -> None:
    door = "farm.graph.nodes"
    for module, path in FILES.items():
        if within(module, "farm") and module != door:
            asked = {found.target for found in imports(module, path.read_text(encoding="utf-8"))}
            assert not asked & {"workers.catalog", "workers.catalog.catalog", "workers.catalog.language"}, module
