"""The kernels that a plan names are among those that are compiled ahead and come with a wheel."""

from __future__ import annotations

import pytest

from farm.options import QUALITIES, Quality
from farm.rendering.warmup import every_kernel
from tests.plan.planning import Planner
from tests.render.scores import SCORES
from tests.scores.fingerprint import SCORES as FILES
from workers.catalog import catalog, language

TEXTS = {
    **SCORES,
    **{name: path.read_text(encoding="utf-8") for name, path in FILES.items()},
    **{f"example of {one.name}": one.example for one in language().values()},
}


def named(quality: Quality) -> set[str]:
    """What the plans of all these scores name."""
    return {kernel for text in TEXTS.values() for kernel in Planner(text, quality=quality).plan.kernels}


@pytest.mark.parametrize("quality", QUALITIES)
def test_a_plan_names_nothing_but_what_is_compiled_ahead(quality: Quality) -> None:
    found = named(quality)
    assert found <= set(every_kernel())
    assert {name.rpartition("_")[2] for name in found} == {"constant", "signal", "seek"}
    assert f"sampler_{quality}_constant" in found
    nodes = {name.rpartition("_")[0] for name in found}
    assert {one.name for one in catalog().values() if one.role != "internal"} <= nodes
