"""Whole numbers of 16 and 24 bits side by side in memory, little endian."""

from __future__ import annotations

from workers.simd import Memory, U, from_bits, load, load_strided, store, store_strided, to_bits


def pack_16(words: Memory, target: Memory, at: int, count: int) -> None:
    """`count` words, rounded up to 16, as two bytes each to `target`, as whose number `at`, a multiple of 16, the
    first counts."""
    for i in range(0, count, 16):
        even = to_bits(load_strided(words, i, 2)) & U(0xFFFF)
        odd = to_bits(load_strided(words, i + 1, 2)) << U(16)
        store(target, (at + i) // 2, from_bits(even | odd))


def pack_24(words: Memory, target: Memory, at: int, count: int) -> None:
    """`count` words, rounded up to 32, as three bytes each; `at` is a multiple of 32."""
    for i in range(0, count, 32):
        a = to_bits(load_strided(words, i, 4)) & U(0xFFFFFF)
        b = to_bits(load_strided(words, i + 1, 4)) & U(0xFFFFFF)
        c = to_bits(load_strided(words, i + 2, 4)) & U(0xFFFFFF)
        d = to_bits(load_strided(words, i + 3, 4)) & U(0xFFFFFF)
        place = (at + i) // 4 * 3
        store_strided(target, place, 3, from_bits(a | (b << U(24))))
        store_strided(target, place + 1, 3, from_bits((b >> U(8)) | (c << U(16))))
        store_strided(target, place + 2, 3, from_bits((c >> U(16)) | (d << U(8))))


def pack_upper_24(words: Memory, target: Memory, at: int, count: int) -> None:
    """`count` words, rounded up to 8, as the upper three of four bytes each, as libsndfile takes them."""
    for i in range(0, count, 8):
        store(target, at + i, from_bits(to_bits(load(words, i)) << U(8)))
