"""Between two windows workers stand: what can be worked out is worked out before, with the plan."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from farm.plan.schedule import SchedulePlan
from farm.rendering.backends import local, over_arena
from farm.rendering.backends.local import LocalBackend
from tests.render.scores import SCORES

from .pools import inline, pooled


@pytest.mark.parametrize("name", ["bus voices", "effects"])
def test_tables_and_schedules_are_made_while_workers_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = {"cycles": Fraction(8), "chunk": 128, "window_frames": 1024}
    expected = inline(SCORES[name], **asked).sha256
    backends: list[LocalBackend] = []
    made: list[tuple[str, bool]] = []
    grown = [0]

    def watched(place: object, what: str) -> None:
        plain = getattr(place, what)

        def noting(*arguments: Any) -> Any:
            made.append((what, backends[0].held))
            return plain(*arguments)

        monkeypatch.setattr(place, what, noting)

    plain_init, plain_growing = LocalBackend.__init__, LocalBackend.grown_arena

    def begun(self: LocalBackend, *arguments: Any) -> None:
        plain_init(self, *arguments)
        backends.append(self)

    def growing(self: LocalBackend, *arguments: Any) -> Any:
        grown[0] += 1
        return plain_growing(self, *arguments)

    monkeypatch.setattr(LocalBackend, "__init__", begun)
    monkeypatch.setattr(LocalBackend, "grown_arena", growing)
    for place, what in ((over_arena, "window_tables"), (over_arena, "wanted"), (local, "schedule")):
        watched(place, what)
    for what in ("pending", "ready"):
        watched(SchedulePlan, what)
    assert pooled(SCORES[name], 2, **asked).sha256 == expected
    windows = sum(what == "schedule" for what, _ in made)
    assert windows > 10 and 1 <= grown[0] < windows // 2
    # The first window finds no arena, and one that outgrows it finds another.
    standing = [what for what, held in made if held]
    assert standing.count("window_tables") == grown[0]
    assert all(standing.count(what) <= 1 for what in ("schedule", "wanted", "pending", "ready"))
    assert sum(what == "window_tables" for what, _ in made) <= windows + grown[0]
