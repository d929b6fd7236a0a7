"""Euclidean rhythms: k hits spread as evenly as possible over n steps.

Bjorklund's algorithm, after Toussaint, "The Euclidean algorithm generates traditional musical rhythms" (2005),
with the start point of Tidal.
"""

from __future__ import annotations


def euclid(hits: int, steps: int, rotation: int = 0) -> list[bool]:
    """Which of `steps` steps are hits, rotated left (earlier) by `rotation`.

    A negative `hits` exchanges hits and rests; more hits than steps means all; no steps means no list.
    """
    if steps <= 0:
        return []
    pattern = [not hit for hit in _bjorklund(-hits, steps)] if hits < 0 else _bjorklund(hits, steps)
    start = rotation % steps
    return pattern[start:] + pattern[:start]


def _bjorklund(hits: int, steps: int) -> list[bool]:
    if hits <= 0:
        return [False] * steps
    if hits >= steps:
        return [True] * steps
    heads, heads_count = [True], hits
    tails, tails_count = [False], steps - hits
    while tails_count > 1:
        joined = heads + tails
        if heads_count <= tails_count:
            heads, tails_count = joined, tails_count - heads_count
        else:
            heads, tails, heads_count, tails_count = joined, heads, tails_count, heads_count - tails_count
    return heads * heads_count + tails * tails_count
