"""The vocabulary of `workers.simd` as LLVM vectors for Numba: 8 float32, 8 uint32 and 8 truth values.

Only `targets/numba.py` imports this. Every name of `VOCABULARY` means exactly what `workers.simd` says; memory is an
address (int64) and an index in floats.
"""

from __future__ import annotations

from typing import Any

from workers.targets.vectors import lanes, memory, target, words

__all__ = ["VOCABULARY", "target"]

VOCABULARY: dict[str, Any] = {
    name: value
    for module in (lanes, memory, words)
    for name, value in vars(module).items()
    if type(value).__name__ in ("_Intrinsic", "intrinsic", "Intrinsic")
}
VOCABULARY["U"] = lanes.word
