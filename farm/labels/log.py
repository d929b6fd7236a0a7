"""The log of a rendering's voices: what planning knows of each, window by window, into a spool.

A voice is put down when the window of its onset is planned. Where it ends may be decided later, when it is choked or
stolen: those whose end is open are looked at again with each window, until it has passed or they were cut off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.graph.choking import NOT_CUT
from farm.graph.envelope import CHOKE_S, frames_of
from farm.graph.graph import Graph
from farm.graph.sounds import Sounds
from farm.labels.hearing import NOBODY, Hearing, hearing
from farm.labels.spool import ENDINGS, SPOOLED, Spool
from farm.plan.plan import SourceWindow, WindowPlan
from workers.records import record
from workers.wire import LANES

Ints = NDArray[np.int64]
ITSELF, CHOKED, STOLEN, CUT = range(len(ENDINGS))


@record(frozen=True, slots=True, eq=False)
class OpenEnds:
    """The voices of a source that may still be cut off: their numbers in it, and in the spool."""

    own: Ints
    spooled: Ints


@record(eq=False)
class VoiceLog:
    """Takes the windows of a rendering in order. `folder`: where it keeps what memory shall not hold."""

    rate: int
    folder: Path | None = None
    outputs: tuple[str, ...] | None = None
    """Those that are heard; None: all."""
    sounds: Sounds = field(default_factory=Sounds)
    heard: Hearing = NOBODY
    open: dict[int, OpenEnds] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.fade = frames_of(CHOKE_S, self.rate)
        self.spool = Spool(self.folder)

    def begin(self, graph: Graph) -> None:
        """A rendering of this graph begins."""
        self.heard = hearing(graph, self.outputs)

    def take(self, window: WindowPlan) -> None:
        """Puts down the voices that begin in a window, and which of those before have ended. Raises FileError."""
        for number in sorted(self.open):
            self.look_again(number, window.sources[number], window.last_frame)
        fresh = {number: self.begun(source, window) for number, source in sorted(window.sources.items())}
        rows = np.concatenate([np.zeros(0, SPOOLED), *(self.rows(*one, window) for one in fresh.items())])
        order = np.argsort(rows["onset_frame"], kind="stable")
        place = np.empty(len(order), np.int64)
        place[order] = self.spool.count + np.arange(len(order))
        self.spool.append(rows[order])
        at = 0
        for number, index in fresh.items():
            source = window.sources[number]
            going = self.going(source.columns, index, window.last_frame)
            before = self.open.get(number, OpenEnds(index[:0], index[:0]))
            after = at + len(index)
            own = np.concatenate([before.own, index[going] + source.first_slice * LANES])
            self.open[number] = OpenEnds(own, np.concatenate([before.spooled, place[at:after][going]]))
            at = after

    def begun(self, source: SourceWindow, window: WindowPlan) -> Ints:
        """Which voices of a source begin in a window."""
        onset = source.columns["onset"]
        return np.flatnonzero((onset >= window.first_frame) & (onset < window.last_frame))

    def rows(self, number: int, index: Ints, window: WindowPlan) -> NDArray[Any]:
        """Some voices of a source as the spool has them."""
        columns = window.sources[number].columns
        rows = np.zeros(len(index), SPOOLED)
        rows["source"] = number
        rows["onset_frame"] = onset = columns["onset"][index]
        rows["end_frame"], rows["ended"] = self.ends(columns, index)
        rows["gate_frame"] = onset + columns["label_gate"][index]
        for name in ("sound", "cycle", "pitch_hz", "pitch_midi", "gain", "pan", "said"):
            rows[name] = columns[f"label_{name}"][index]
        return rows

    def look_again(self, number: int, source: SourceWindow, last_frame: int) -> None:
        """Settles the open ends of a source as far as a window knows of them."""
        ends = self.open[number]
        index = ends.own - source.first_slice * LANES
        going = self.going(source.columns, index, last_frame)
        end, ended = self.ends(source.columns, index)
        cut = ended != ITSELF
        self.spool.settle(ends.spooled[cut], end[cut], ended[cut])
        self.open[number] = OpenEnds(ends.own[going], ends.spooled[going])

    def going(self, columns: Mapping[str, NDArray[Any]], index: Ints, last_frame: int) -> NDArray[np.bool_]:
        """Which voices sound on behind a window, and were not cut off: those that were are not any earlier later."""
        ends, ended = self.ends(columns, index)
        going: NDArray[np.bool_] = (ends > last_frame) & (ended == ITSELF)
        return going

    def ends(self, columns: Mapping[str, NDArray[Any]], index: Ints) -> tuple[Ints, Ints]:
        """Where voices end as far as it is decided, and how (ENDINGS)."""
        end = columns["end"][index]
        choked, stolen = columns["choked"][index], columns["stolen"][index]
        stop = np.minimum(choked, stolen)
        cut = (stop < NOT_CUT) & (end == np.where(stop < NOT_CUT, stop, 0) + self.fade)
        how = np.where(stolen < choked, STOLEN, CHOKED)
        return end, np.where(cut, how, ITSELF)

    def close(self) -> None:
        """Gives memory and disk back."""
        self.spool.close()
