"""A tenth of `scripts/matrix batch`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts" / "benching"
sys.path.insert(0, str(SCRIPTS))
try:
    import batch_matrix
finally:
    sys.path.remove(str(SCRIPTS))


@pytest.mark.parametrize("case", ["killed", "samples", "disks", "short jobs", "two hosts"])
def test_nothing_is_lost(case: str, tmp_path: Path) -> None:
    fine, said = batch_matrix.tried(case, batch_matrix.TENTH, tmp_path)
    assert fine, said
