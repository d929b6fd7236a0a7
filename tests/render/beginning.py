"""Renderings that begin anywhere: before, nothing was."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from farm.graph.graph import Graph
from farm.plan.limiting import limiting
from farm.plan.path import OutputPath, WholeNumbers, stereo
from farm.rendering.outline import Part
from farm.rendering.rendering import Rendering
from farm.rendering.warm import Warm
from tests.render.sound import RATE, Frames, asked, score


def mixed(graph: Graph) -> OutputPath:
    """The stereo mix of all outputs, as it is."""
    return OutputPath(stereo(tuple(output.bus for output in graph.outputs)), 1.0)


def limited(graph: Graph) -> OutputPath:
    """The same under a ceiling of -1 dB, as 24 bits, its loudness measured."""
    return replace(
        mixed(graph), clip="limit", limiter=limiting(RATE, -1.0), coding=WholeNumbers(24, "tpdf", 0), measured=True
    )


def heard(
    text: str,
    start: int,
    count: int,
    began: int | None = None,
    end: int | None = None,
    rate: int = RATE,
    path: Callable[[Graph], OutputPath] = mixed,
    **options: object,
) -> Frames:
    """`count` frames of a score from frame `start` on, before which nothing was; its groups began at frame `began`."""
    given = asked(rate=rate, **options)
    graph = score(text).graph(0)
    roots = tuple(dict.fromkeys(output.bus for output in graph.outputs))
    with Warm() as warm:
        rendering = Rendering(graph, given, Part(roots, end, end is not None, start, (path(graph),), start), warm)
        if began is not None:
            starts = (began,) * len(rendering.plan.groups)
            rendering.bounds = replace(rendering.bounds, starts=starts)
        pieces = [piece.blocks[0].frames.copy() for piece in rendering.pieces(start + count)]
        rendering.close()
    return np.concatenate(pieces)
