"""`farm warmup`: every kernel that any plan may ask for is compiled ahead."""

from __future__ import annotations

from farm.errors import RenderError
from farm.graph.nodes import catalog
from farm.rendering.report import Observer
from workers.calls import VARIANTS, kernel_name
from workers.catalog import Shape


def every_kernel() -> list[str]:
    """Names of the kernels that any plan may ask for, without those of the loop."""
    names = []
    longer = [one.longer for one in catalog().values()]
    for definition in catalog().values():
        # No plan feeds signals to the params of internal nodes, but for the longer forms of others.
        fed = (
            definition.params
            and (definition.role != "internal" or definition in longer)
            and definition.shape in (Shape.LANES, Shape.CHANNELS)
        )
        variants = VARIANTS if fed else VARIANTS[:1]
        names += [kernel_name(definition, variant) for variant in variants]
        if definition.seek is not None:
            names.append(kernel_name(definition, "seek"))
    return names


def warmup(levels: tuple[str, ...] = (), observer: Observer | None = None) -> int:
    """Compiles ahead what did not come with farm, for these CPU levels (none: the host's best).

    Returns how many kernels there are.

    Raises RenderError.
    """
    from workers.targets import objects

    names = (*every_kernel(), *objects.LOOP_ENTRIES)
    count = 0
    for level in levels or objects.host_levels()[:1]:
        try:
            objects.ensure(
                objects.lacking(names, level),
                level,
                jobs=2,
                progress=observer.compiling if observer is not None else None,
                waiting=observer.waiting if observer is not None else None,
            )
        except objects.CompileError as error:
            raise RenderError(f"a kernel could not be compiled: {error}") from error
        count += len(names)
    return count
