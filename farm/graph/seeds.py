"""Places as seeds: the name of a bus or output and the path in its syntax tree, hashed with the render's seed."""

from __future__ import annotations

from hashlib import blake2b


def seed64(seed: int, seed_path: str) -> int:
    """A 64-bit seed for patterns."""
    return int.from_bytes(blake2b(f"{seed}:{seed_path}".encode(), digest_size=8).digest(), "little")


def seed32(seed: int, seed_path: str) -> int:
    """A 32-bit seed for kernels."""
    return int.from_bytes(blake2b(f"{seed}|{seed_path}".encode(), digest_size=4).digest(), "little")
