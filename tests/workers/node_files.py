"""Node files for tests: written into a folder that FARM_NODES names, and read as farm reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from farm.errors import DefinitionError
from farm.graph import nodes
from workers import catalog

HEAD = '''"""Nodes of a test."""
from typing import Any
from workers.catalog import CARRIED, CLOSED_FORM, STATELESS, Param, Port, Ring, Shape, Unit, by_port, node
from workers.simd import F, U, Floats, Words, absolute, maximum, minimum, select, to_float, to_int, word
from workers.dsp.math import exp2, sin_phase
'''
"""Five lines: what follows begins in line 6."""


class Mistake(NamedTuple):
    """What is said of a node file: `line` is 0 for the file as a whole."""

    line: int
    message: str
    error: DefinitionError


Define = Callable[..., list[Mistake]]


def forget() -> None:
    """The catalog is found anew when it is asked for next."""
    for found in (catalog.nodes, catalog.catalog, catalog.language, nodes.catalog, nodes.language):
        found.cache_clear()


@pytest.fixture
def define(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Define]:
    """Writes a node file and reads the catalog with it; answers with what is said of it, nothing where it is right."""
    folder = tmp_path / "nodes"
    folder.mkdir()
    monkeypatch.setenv("FARM_NODES", str(folder))

    def defined(text: str, name: str = "a.py") -> list[Mistake]:
        (folder / name).write_text(text, encoding="utf-8")
        forget()
        try:
            nodes.language()
        except DefinitionError as error:
            every = (error, *(one for one in error.also if isinstance(one, DefinitionError)))
            assert all(one.loc is None or one.loc.file == str(folder / name) for one in every)
            return [Mistake(one.loc.line if one.loc else 0, one.message, one) for one in every]
        return []

    yield defined
    monkeypatch.undo()
    forget()


def effect(body: str, *, named: str = "tried", arguments: str = "input, amount", **changed: str) -> str:
    """A node file with one effect: `body` is what it does in each frame, `changed` its keywords as they are written."""
    keywords = {
        "role": '"effect"',
        "ports": '(Port("input"),)',
        "params": '(Param("amount", "1", 0.5, 0.0, 1.0, "how much"),)',
        "memory": "STATELESS",
        "cost_ns": "0.1",
        "example": f'"out: saw 110 # {named} 0.5"',
        **changed,
    }
    lines = "".join(f"    {key}={value},\n" for key, value in keywords.items() if value)
    inside = "".join(f"        {line}\n" for line in body.splitlines())
    return (
        f"{HEAD}@node(\n{lines})\ndef {named}({arguments}, out: Any, frames: int) -> None:\n"
        f'    """A node of a test."""\n    for i in range(frames):\n{inside}'
    )


def last_line(text: str) -> int:
    """The number of a text's last line."""
    return text.count("\n")
