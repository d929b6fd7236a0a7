"""How much steps and brackets of mini-notation may sound, reckoned from what stands in them."""

from __future__ import annotations

from collections.abc import Sequence as Several

from farm.pattern.mini_tree import SILENT, Density, Node, Sequence, Step, numbers_in

Alternatives = tuple[tuple[Sequence, ...], ...]
"""What stands in a bracket: alternatives, by chance, of layers, together."""


def sequenced(steps: list[Step]) -> Sequence:
    """Steps one after another, with what they are together."""
    new = tuple.__new__
    if len(steps) == 1:
        return new(Sequence, (tuple(steps), steps[0].node.extent))
    if not steps:
        return Sequence((), SILENT)
    peaks, layers, heights, chances = zip(*[node.extent for _, node in steps], strict=True)
    together = new(Density, (sum(peaks), max(layers), max(heights), True in chances))
    return new(Sequence, (tuple(steps), together))


def of_group(kind: str, alternatives: Alternatives, pace: Node | None) -> Density:
    """Of a bracket; `pace` is that of `{ }%pace`."""
    first = alternatives[0]
    if kind != "{" and len(alternatives) == 1 and len(first) == 1:
        peak, together, height, chance = first[0].extent
        if kind == "<" and len(first[0].steps) > 1:
            peak = max([step.node.extent.peak for step in first[0].steps])
        return tuple.__new__(Density, (peak, together, height + 1, chance))
    peak, together, height = 0.0, 0, 0
    chance = len(alternatives) > 1
    for layers in alternatives:
        steps = steps_a_cycle(layers, pace) if kind == "{" else 1.0
        peak_here, together_here = 0.0, 0
        for layer in layers:
            own = layer.extent
            peak_here += own.peak if kind == "[" else of_layer(layer, kind, steps)
            together_here += own.layers
            height = max(height, own.height)
            chance = chance or own.chance
        peak, together = max(peak, peak_here), max(together, together_here)
    if pace is not None:
        chance = chance or pace.extent.chance
        together *= max(pace.extent.layers, 1)
        peak *= max(pace.extent.layers, 1)
        height = max(height, pace.extent.height)
    return Density(peak, together, height + 1, chance)


def of_layer(layer: Sequence, kind: str, pace: float) -> float:
    """About the most haps a cycle of one layer in angle brackets or braces."""
    if not layer.steps:
        return layer.extent.peak
    if kind == "<":
        return max([step.node.extent.peak for step in layer.steps])
    return layer.extent.peak * max(pace, 0.0) / float(layer.weight)


def steps_a_cycle(layers: Several[Sequence], pace: Node | None) -> float:
    """The most steps a cycle of a polymeter: its pace, the values of which are numbers, or what its first layer has."""
    if pace is None:
        return float(layers[0].weight)
    return max((float(atom.number or 0) for atom in numbers_in(pace)), default=0.0)
