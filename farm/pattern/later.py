"""Transforms and pattern functions that the language has and farm does not yet: to be told from mistakes."""

from __future__ import annotations

LATER_TRANSFORMS = frozenset(
    """
    offset wait rotL rotR fastGap compress compressGap zoom focus trim trunc linger inside outside within chunk
    iterBack rot mirror press pressBy humanize reset restart loop loopback gap spin stripe shuffle scramble groove

    stutter dup echo ghost ghostWith slice splice loopAt bite striate chew fit squeeze segment discretise euclid binary
    struct

    sometimes sometimesBy often rarely almostAlways almostNever always every' foldEvery whenmod when someCycles layer
    degradeSeed undegrade

    staccato stretch dur accelerate juxBy

    stack cat slowcat wedge sew stitch choose wchoose run scan irand rand
    every_val sometimes_val sometimes_by_val whenmod_val every_effect sometimes_effect whenmod_effect

    quantize smooth exp log walk mask range weave
    """.split()
)
"""By what they change: time; number; chance and conditions; length and level; combinations; numbers."""
