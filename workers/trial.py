"""A trial of a CLOSED_FORM node: does its formula give the state that its kernel leaves?

The python target runs the kernel for a few frames, and the seek is asked for the same state. They differ where a node
says that its memory is a formula and it is not: a clone that enters in the middle would play something else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from workers.calls import CONSTANT_FIXTURES
from workers.definitions import Definition, Param, Unit, arguments_of
from workers.simd import LANES
from workers.targets import python

FRAMES = 9
"""How many frames are run: more than a block's edge, fewer than take time."""
RATE_HZ = 44100.0


def lost(definition: Definition) -> list[str]:
    """Fields of the state that the seek gives otherwise than the kernel. Raises whatever the kernel raises."""
    assert definition.seek is not None
    params: dict[str, Any] = {param.name: constants(param) for param in definition.params}
    rng = np.random.default_rng(1)
    fixtures: dict[str, Any] = dict.fromkeys(CONSTANT_FIXTURES, np.ones(LANES, np.float32))
    fixtures |= {"rate_hz": np.full(LANES, RATE_HZ, np.float32), "period_s": np.full(LANES, 1 / RATE_HZ, np.float32)}
    fixtures |= {"seed": np.arange(LANES, dtype=np.uint32), "past": np.zeros(LANES, np.float32)}
    fixtures |= dict.fromkeys(("since", "origin"), np.zeros(LANES, np.uint32))
    dtypes = {field.name: np.float32 if field.dtype == "f4" else np.uint32 for field in definition.state}
    call = python.KernelCall(
        definition=definition,
        frame=0,
        frames=FRAMES,
        lanes=LANES,
        inputs={port.name: rng.uniform(-1.0, 1.0, (FRAMES, LANES)).astype(np.float32) for port in definition.ports},
        params=params,
        signals=frozenset(),
        fixtures=fixtures,
        state={name: np.zeros(LANES, dtype) for name, dtype in dtypes.items()},
    )
    python.run(call)
    wanted = {name: params[name] for name in arguments_of(definition.seek) if name not in ("state", "frames")}
    with np.errstate(all="ignore"):
        found = python.seek(definition, wanted, np.full(LANES, FRAMES, np.uint32))
    return [name for name, left in call.state.items() if not same(np.broadcast_to(found[name], LANES), left)]


def same(found: Any, left: Any) -> bool:
    """Equal bit for bit."""
    a, b = (np.ascontiguousarray(one) for one in (found, left))
    return bool(a.dtype == b.dtype and np.array_equal(a.view(np.uint32), b.view(np.uint32)))


def constants(param: Param) -> Any:
    """Values of a param in eight lanes, as a kernel gets them: its ends, and what lies between."""
    values = np.linspace(param.low, param.high, LANES)
    if param.as_unit is Unit.PHASE:
        return np.floor(np.clip(values / RATE_HZ, 0.0, 0.5) * 2.0**32).astype(np.uint32) | np.uint32(1)
    if param.as_unit is Unit.WORD:
        return np.floor(values).astype(np.uint32)
    if param.as_unit is Unit.FRAMES:
        return np.floor(values * RATE_HZ + 0.5).astype(np.float32)
    return values.astype(np.float32)
