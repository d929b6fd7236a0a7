"""A host's first step: the machine code of a batch, compiled once, before job processes begin."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from farm.batch.order import Order
from farm.errors import FarmError, RenderError
from farm.graph.score import loads
from farm.rendering.delivery import whole_mix
from farm.rendering.outline import outline
from farm.rendering.rendering import Rendering
from farm.rendering.warm import Warm, level_for
from workers.targets import objects


class Compiling(Protocol):
    """Who is told of kernels that are compiled."""

    def compiling(self, done: int, total: int, kept: bool = True) -> None:
        """How many, of how many; `kept`: for the next time too."""

    def waiting(self) -> None:
        """Another process compiles what is needed."""


LOOKED_AT = 8
"""Scores whose kernels are looked for. What another one needs is compiled when it comes, once as well."""


def compile_kernels(orders: Sequence[Order], jobs: int, observer: Compiling | None = None) -> None:
    """Compiles what the first scores of a batch need and the cache lacks. Raises RenderError."""
    level = level_for(None)
    names = sorted({*objects.LOOP_ENTRIES, *(name for order in first_of_each(orders) for name in kernels_of(order))})
    try:
        progress, waiting = (None, None) if observer is None else (observer.compiling, observer.waiting)
        objects.ensure(objects.lacking(names, level), level, jobs=jobs, progress=progress, waiting=waiting)
    except objects.CompileError as error:
        raise RenderError(f"a kernel could not be compiled: {error}") from error


def first_of_each(orders: Sequence[Order]) -> Iterator[Order]:
    """An order of each of the first scores."""
    seen: set[str] = set()
    for order in orders:
        if order.score.sha256 not in seen and order.score.failure is None:
            seen.add(order.score.sha256)
            yield order
        if len(seen) >= LOOKED_AT:
            return


def kernels_of(order: Order) -> tuple[str, ...]:
    """What a job calls; nothing where it cannot be planned, which its own process will tell."""
    with Warm() as warm:
        try:
            options = replace(order.options, samples=tuple(map(str, order.score.library.folders)))
            score = loads(order.score.text, name=order.score.name, seed=options.seed, lenient=options.lenient)
            mix = whole_mix(options, options.bits)
            derived = outline(score, options, deliveries=(mix,), library=order.score.library)
            graph = derived.graph()
            return Rendering(graph, options, derived.outputs(graph), warm, derived.library).plan.kernels
        except FarmError:
            return ()
