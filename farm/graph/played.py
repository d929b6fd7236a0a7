"""What voices play, besides how: which file of a bank, and at which frequency an instrument stands by itself."""

from __future__ import annotations

import numpy as np

from farm.graph.asking import Asking
from farm.graph.columns import Floats, Ints
from farm.graph.controls import Controls
from farm.graph.envelope import said
from farm.graph.graph import ConstantFeed, StepsFeed, VoiceSource
from farm.pattern.steps import steps


def file_indices(controls: Controls) -> Ints:
    """What `n` adds to the number of each kind's sample."""
    return np.floor(controls.or_default("n", 0.0) + 0.5).astype(np.int64)


def roots(source: VoiceSource, onset: Ints, asking: Asking) -> Floats:
    """Frequency of the instrument's first oscillator at each onset."""
    root = source.root_hz
    if isinstance(root, ConstantFeed):
        return np.full(len(onset), root.value)
    if isinstance(root, StepsFeed):
        if not len(onset):
            return np.zeros(0)
        first, last = asking.clock.cycle_of(int(onset[0])), asking.clock.cycle_of(int(onset[-1]))
        heard = steps(root.pattern, first, last - first + 1, asking.clock)
        at = np.searchsorted(heard.frames, onset, "right") - 1
        return said(asking.words.hertz(heard.ids), 0.0)[np.maximum(at, 0)]
    assert isinstance(root, int)
    return asking.signal(root, onset)
