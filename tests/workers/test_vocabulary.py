"""Every operation of the vocabulary means the same on numpy arrays and on LLVM vectors, for every kind of number."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from workers.catalog import Definition, catalog
from workers.targets import python

from .harness import Machine, make_call

FOLDER = Path(__file__).parent / "node_folder"
SPECIAL = [
    *(0.0, -0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.49999997, 8388609.0, 1e-40, -1e-40, 2.0**-126, 1e-20),
    *(2147483520.0, 2147483648.0, -2147483648.0, 1e30, -1e30, 3.4e38, np.inf, -np.inf, np.nan),
]


@pytest.fixture(scope="module")
def vocabulary() -> ModuleType:
    spec = importlib.util.spec_from_file_location("vocabulary_nodes", FOLDER / "vocabulary.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def numbers_against_numbers() -> tuple[np.ndarray, np.ndarray]:
    """Every special number against every other, and random bits."""
    a, b = (part.ravel() for part in np.meshgrid(SPECIAL, SPECIAL))
    rng = np.random.default_rng(8)
    left, right = (rng.integers(0, 2**32, 224, dtype=np.uint32).view(np.float32) for _ in range(2))
    return np.concatenate([a.astype(np.float32), left]), np.concatenate([b.astype(np.float32), right])


@pytest.mark.parametrize("level", ["v2", "v3", "v4"])
def test_numpy_and_machine_code_agree(
    level: str, vocabulary: ModuleType, monkeypatch: pytest.MonkeyPatch, skip_above: Callable[[str], None]
) -> None:
    skip_above(level)
    monkeypatch.setenv("FARM_NODES", str(FOLDER))
    known = catalog()
    monkeypatch.setattr("workers.targets.keys.catalog", lambda: {**known, "vocabulary": vocabulary.vocabulary})
    node: Definition = vocabulary.vocabulary
    a, b = numbers_against_numbers()
    call = make_call(node, "constant", lanes=len(a), frames=vocabulary.OPERATIONS)
    call.inputs = {name: np.tile(x, (vocabulary.OPERATIONS, 1)) for name, x in (("a", a), ("b", b))}
    expected = python.run(call)
    found = Machine(level, [node]).run(call)
    same = (found.view(np.uint32) == expected.view(np.uint32)) | (np.isnan(found) & np.isnan(expected))
    wrong = [(int(op), float(a[lane]), float(b[lane])) for op, lane in np.argwhere(~same)[:5]]
    assert same.all(), f"operations (number, a, b) that differ: {wrong}"
