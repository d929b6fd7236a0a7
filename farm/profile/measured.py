"""A score's longest chain from measured times: rendered on a pool into nothing."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import numpy as np

from farm.graph.score import Score
from farm.options import RenderOptions
from farm.profile.chains import longest_chain
from farm.profile.trace import Trace, Traced, typical
from farm.rendering.outline import Outline, outline
from farm.rendering.stream import Stream
from farm.rendering.warm import Warm
from workers.cores import worker_count
from workers.records import record
from workers.wire import Task


@record(frozen=True, slots=True)
class Measured:
    """Seconds, as measured: of all tasks, and of the longest chain of them; both by the keys of their groups too."""

    tasks_s: float
    chain_s: float
    groups_s: dict[str, float]
    chain_groups_s: dict[str, float]

    @property
    def share(self) -> float:
        """What of all tasks the longest chain is."""
        return self.chain_s / self.tasks_s if self.tasks_s else 0.0

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "share": self.share}


def measured(score: Score, options: RenderOptions, runs: int = 1) -> Measured:
    """Renders a score on a pool, all of it, into nothing, and times its tasks: the median of several runs.

    Raises what a render raises.
    """
    pool = replace(options, backend="local", threads=options.threads or worker_count()[0])
    with Warm() as warm:
        traced = typical([followed(outline(score, pool), warm) for _ in range(runs)])
    chain = longest_chain(traced.plan, traced.windows)
    spent = np.zeros(len(traced.plan.groups))
    for one in traced.windows:
        spent += np.bincount(one.window.tasks[:, Task.GROUP], one.tasks_s, len(spent))
    groups = {group.key: float(took) for group, took in zip(traced.plan.groups, spent, strict=True)}
    return Measured(traced.tasks_s, chain.seconds, groups, chain.groups)


def followed(derived: Outline, warm: Warm) -> Traced:
    """One run."""
    with Stream(derived, warm) as stream:
        trace = Trace(stream.rendering)
        for _ in stream:
            pass
    return trace.result()
