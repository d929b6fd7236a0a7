"""Voices as labels have them: a structured array, one row a voice, in order of onset."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from farm.graph.labelling import SAID
from farm.graph.sounds import NOTHING
from farm.labels.log import CUT, ITSELF, VoiceLog
from farm.labels.piece import LabelledPiece
from farm.labels.spool import ENDINGS
from workers.records import record

Voices = NDArray[Any]
"""A structured array with the fields of `fields_of`."""
CONTROLS = tuple(name for name in SAID if name not in ("gain", "pan"))
"""Controls that stand in labels as the score says them."""
TIMES = ("onset", "gate_end", "end")


@record(frozen=True, slots=True, eq=False)
class LoggedVoices:
    """The voices of a log that are heard in a file, as `chunks` give them.

    `takes`: the outputs and buses of which the file is the sum; None: all outputs.
    """

    log: VoiceLog
    piece: LabelledPiece
    takes: tuple[str, ...] | None = None

    @property
    def fields(self) -> list[tuple[str, Any]]:
        """The fields of their array.

        `onset_s`, `gate_end_s` and `end_s`: where the voice begins, where its hap lets it go, and where its sound ends,
        in seconds from the file's first frame; the same in frames. `cycle`: of the onset, in the score; `beat`: in its
        cycle, from 1 on. `track`: the first output that hears it, or else
        its bus. `output`: those that hear it, one or several (`o1 o2`); `bus`: where it stands. `sound`: a
        bank or an instrument (`~bass`), `number` of the sound in its bank (-1: an instrument) and its `file`.
        `pitch_hz`, `pitch_midi`: NaN where nothing says it. `gain`: a factor, its share of a chord included; `pan`: -1
        to 1. `ended`: one of ENDINGS. Then each control as the score says it, NaN where it does not.
        """
        heard = self.log.heard
        sounds = self.log.sounds.all
        outputs = [self.outputs_of(source) for source in heard.homes]
        names: list[tuple[str, Any]] = [(f"{time}_s", np.float64) for time in TIMES]
        names += [(f"{time}_frame", np.int64) for time in TIMES]
        names += [("cycle", np.float64), ("beat", np.float64)]
        names += [("track", text(map(self.track_of, heard.homes)))]
        names += [("output", text(outputs)), ("bus", text(heard.homes.values()))]
        names += [("sound", text(one.name for one in sounds)), ("number", np.int64)]
        names += [("file", text(one.file for one in sounds))]
        names += [(name, np.float64) for name in ("pitch_hz", "pitch_midi", "gain", "pan")]
        return [*names, ("ended", text(ENDINGS)), *((name, np.float64) for name in CONTROLS)]

    def outputs_of(self, source: int) -> str:
        """The outputs that hear a source, for people."""
        return " ".join(self.log.heard.outputs_of(source))

    def track_of(self, source: int) -> str:
        """The first output that hears a source, of those in the file if it can be; else the bus in which it stands."""
        outputs = self.log.heard.outputs_of(source)
        own = [one for one in outputs if self.takes is None or one in self.takes]
        return next(iter([*own, *outputs]), self.log.heard.homes[source])

    @property
    def tracks(self) -> dict[str, frozenset[int]]:
        """The sources by their tracks, outputs first, in the order of the score."""
        wanted = self.log.heard.sources(self.takes)
        names = dict.fromkeys([*self.log.heard.outputs, *map(self.track_of, sorted(wanted))])
        found = {name: frozenset(one for one in wanted if self.track_of(one) == name) for name in names}
        return {name: sources for name, sources in found.items() if sources}

    def chunks(self, track: str | None = None) -> Iterator[Voices]:
        """The voices that begin in the file, in order of onset: all, or those of one of `tracks`.

        Raises FileError where the disk refuses to give them back.
        """
        wanted = self.log.heard.sources(self.takes) if track is None else self.tracks[track]
        inside = np.array(sorted(wanted), np.int64)
        fields = self.fields
        for rows in self.log.spool:
            onset = rows["onset_frame"]
            keep = (onset >= self.piece.first) & (onset < self.piece.last) & (rows["sound"] != NOTHING)
            keep &= np.isin(rows["source"], inside) & (rows["end_frame"] > onset)
            if keep.any():
                yield self.labelled(rows[keep], fields)

    def labelled(self, rows: NDArray[Any], fields: list[tuple[str, Any]]) -> Voices:
        """Some rows of the spool as labels have them."""
        piece, made = self.piece, np.zeros(len(rows), fields)
        end = np.minimum(rows["end_frame"], piece.last)
        ended = np.where(rows["end_frame"] > piece.last, CUT, rows["ended"])
        # What was cut off was let go there at the latest.
        let_go = np.minimum(rows["gate_frame"], np.where(ended == ITSELF, piece.last, end))
        frames = (rows["onset_frame"], let_go, end)
        for time, frame in zip(TIMES, frames, strict=True):
            made[f"{time}_frame"] = frame - piece.first
            made[f"{time}_s"] = (frame - piece.first) / piece.rate
        made["cycle"] = rows["cycle"]
        made["beat"] = (rows["cycle"] - np.floor(rows["cycle"])) * piece.beats + 1.0
        sources, which = np.unique(rows["source"], return_inverse=True)
        made["track"] = np.array([self.track_of(int(one)) for one in sources])[which]
        made["output"] = np.array([self.outputs_of(int(one)) for one in sources])[which]
        made["bus"] = np.array([self.log.heard.homes[int(one)] for one in sources])[which]
        sounds = self.log.sounds.all
        numbers, which = np.unique(rows["sound"], return_inverse=True)
        for name, values in zip(("sound", "number", "file"), zip(*(sounds[one] for one in numbers)), strict=True):
            made[name] = np.array(values)[which]
        for name in ("pitch_hz", "pitch_midi", "gain", "pan"):
            made[name] = rows[name]
        made["ended"] = np.array(ENDINGS)[ended]
        for name in CONTROLS:
            made[name] = rows["said"][:, SAID.index(name)]
        return made

    def array(self) -> Voices:
        """All of them at once."""
        parts = list(self.chunks())
        return np.concatenate(parts) if parts else np.zeros(0, self.fields)


class KeptVoices:
    """The voices of a render that is over, as an array when it is asked for. Until then the log has them."""

    def __init__(self, logged: LoggedVoices) -> None:
        self._logged = logged
        self._array: Voices | None = None

    @property
    def array(self) -> Voices:
        """All of them, the same array each time. Raises FileError where the disk refuses to give them back."""
        if self._array is None:
            self._array = self._logged.array()
            self._logged.log.close()
        return self._array


def text(words: Any) -> str:
    """The type of a field that holds any of some words."""
    return f"U{max(map(len, words), default=1) or 1}"
