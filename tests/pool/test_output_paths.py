"""Output paths on a pool: workers die in the middle of mixing, limiting or packing, and the file has the same bytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pool.paths import KINDS, deaths

KILLS = 7
"""In each of three ways; `scripts/matrix --paths 200` kills ten times as many."""


@pytest.mark.parametrize("kind", KINDS)
def test_workers_that_die_within_tasks_of_a_path_do_not_show_in_the_bytes(kind: str, tmp_path: Path) -> None:
    died, _ = deaths(kind, tmp_path, KILLS)
    assert len(died) == KILLS
    assert len(set(died)) > 1, died
