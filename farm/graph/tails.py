"""Effects behind a bus that voices play: what ends its chain runs once on the sum of the voices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from farm.errors import Loc
from farm.graph.nodes import catalog
from farm.graph.terms import Constant, NodeTerm, Term
from workers.records import record


@record(frozen=True, slots=True, eq=False)
class Built:
    """A node that stands already, in the place of a term."""

    node: int
    loc: Loc


Placed = Term | Built


def unchanged(term: Placed) -> Placed:
    """No effects to run on the sum."""
    return term


def split_tail(term: Term) -> tuple[Term, Callable[[Placed], Placed], bool]:
    """What runs in each voice, what runs once on the sum (effects that end the chain), and whether there is any."""
    if not isinstance(term, NodeTerm) or not term.inputs:
        return term, unchanged, False
    definition = catalog()[term.node]
    scales = definition.product and sum(isinstance(one, Constant) for _, one in (*term.inputs, *term.params)) == 1
    if not definition.ends_voice and not scales:
        return term, unchanged, False
    index = next((i for i, (_, one) in enumerate(term.inputs) if not isinstance(one, Constant)), 0)
    port, inner = term.inputs[index]
    core, before, found = split_tail(inner)
    if scales and not found:
        return term, unchanged, False

    def after(placed: Placed) -> Placed:
        inputs = (*term.inputs[:index], (port, before(placed)), *term.inputs[index + 1 :])
        return replace(term, inputs=inputs)  # type: ignore[arg-type]

    return core, after, True
