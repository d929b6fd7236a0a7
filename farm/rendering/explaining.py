"""`farm plan`: plans a score as a render would, without rendering it."""

from __future__ import annotations

from dataclasses import replace

from farm.graph.score import Score, all_told
from farm.options import RenderOptions
from farm.plan.explain import Explaining, Explanation
from farm.plan.lower import wanted
from farm.rendering.faults import explained
from farm.rendering.outline import outline
from farm.rendering.rendering import Rendering
from farm.rendering.warm import Warm


def explain(score: Score, options: RenderOptions) -> Explanation:
    """The plan of a render in numbers (of its score; an automatic tail is not counted).

    Raises UsageError, ScoreError, SampleError; RenderError where planning must read a signal and cannot.
    """
    derived = outline(score, options)
    asked, graph, warm = derived.extent, derived.graph(), Warm()
    part = replace(derived.outputs(graph), first_frame=asked.first)
    rendering = Rendering(graph, options, part, warm, derived.library)
    last = asked.last if asked.last is not None else asked.end
    assert last is not None
    stop = rendering.chunks_until(last)
    explaining = Explaining(rendering.plan, {})
    arena: dict[str, int] = {}
    try:
        first = 0
        while first < stop:
            count = rendering.window_chunks(first, stop - first)
            with all_told(score.source, options.samples), explained():
                window = rendering.plan_next(first, count, last)
            explaining.add(window)
            sizes: dict[str, int] = {}
            for (name, _), size in wanted(rendering.plan, window, rendering.read_buses).items():
                sizes[str(name)] = sizes.get(str(name), 0) + size
            arena = {name: max(size, arena.get(name, 0)) for name, size in sizes.items()}
            first += count
    finally:
        rendering.close()
        warm.close()
    return explaining.result({name: size for name, size in arena.items() if size})
