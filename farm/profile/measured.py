"""A score's longest chain from measured times: rendered on a pool into nothing."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from farm.graph.score import Score
from farm.options import RenderOptions
from farm.profile.chains import longest_chain
from farm.profile.trace import Trace
from farm.rendering.outline import outline
from farm.rendering.stream import Stream
from farm.rendering.warm import Warm
from workers.cores import worker_count
from workers.records import record


@record(frozen=True, slots=True)
class Measured:
    """Seconds, as measured: of all tasks, and of the longest chain of them, by the keys of its groups."""

    tasks_s: float
    chain_s: float
    chain_groups_s: dict[str, float]

    @property
    def share(self) -> float:
        """What of all tasks the longest chain is."""
        return self.chain_s / self.tasks_s if self.tasks_s else 0.0

    def as_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {**asdict(self), "share": self.share}


def measured(score: Score, options: RenderOptions) -> Measured:
    """Renders a score on a pool, all of it, into nothing, and times its tasks. Raises what a render raises."""
    pool = replace(options, backend="local", threads=options.threads or worker_count()[0])
    with Warm() as warm:
        with Stream(outline(score, pool), warm) as stream:
            trace = Trace(stream.rendering)
            for _ in stream:
                pass
        traced = trace.result()
    chain = longest_chain(traced.plan, traced.windows)
    return Measured(traced.tasks_s, chain.seconds, chain.groups)
