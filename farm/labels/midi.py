"""Labels as a Standard MIDI File (MIDI 1.0, RP-001): format 1, 960 ticks a quarter, a track an output.

The first track has tempo, time signature and a marker for each cycle. A voice is a note from its onset to the end of
its gate. A sound whose bank is known as a drum is one of General MIDI's on channel 10; any other is a note of its
pitch, c4 where it has none, with a pitch bend (two semitones up and down) where the pitch lies between keys. The
loudness of a note grows with the square of its velocity, as General MIDI wants it: 127 is a gain of 1.
"""

from __future__ import annotations

import heapq
import math
import struct
from collections.abc import Iterator
from dataclasses import field
from typing import Any

from farm.errors import Notice
from farm.labels.channels import DRUMS, MidiChannels
from farm.labels.drums import KEYS
from farm.labels.piece import LabelledPiece
from farm.labels.ticks import TICKS, Ticks, ticks_of
from farm.labels.voices import LoggedVoices
from farm.quantities import counted
from workers.records import record

BENDS = 4096
"""Steps of a pitch bend in a semitone."""
UNPITCHED = 60.0
LOUDEST = 127
NAME, MARKER, END, TEMPO, SIGNATURE = 0x03, 0x06, 0x2F, 0x51, 0x58
"""Kinds of meta events."""
LONGEST_DELTA = (1 << 28) - 1


@record(eq=False)
class MidiTrack:
    """The events of a track, in order of time."""

    data: bytearray = field(default_factory=bytearray)
    tick: int = 0

    def add(self, tick: int, event: bytes) -> None:
        """An event at a tick, no earlier than the last."""
        self.data += variable(min(max(tick - self.tick, 0), LONGEST_DELTA)) + event
        self.tick = max(tick, self.tick)

    def chunk(self, tick: int) -> bytes:
        """The track as the file has it; it ends at a tick."""
        self.add(tick, meta(END, b""))
        return b"MTrk" + struct.pack(">I", len(self.data)) + bytes(self.data)


@record(eq=False)
class MidiNotes:
    """Makes notes of voices, in order of onset. `off`, ends to come: tick, number, channel, key, track, onset tick."""

    ticks: Ticks
    tracks: dict[str, MidiTrack]
    channels: MidiChannels = field(default_factory=MidiChannels)
    off: list[tuple[int, int, int, int, str, int]] = field(default_factory=list)
    over: set[int] = field(default_factory=set)
    """Numbers of notes in `off` that ended before."""
    number: int = 0
    misplaced: int = 0
    """Notes that sound at another pitch, because there are 15 channels."""
    beyond: int = 0
    """Notes whose pitch no key has."""

    def add(self, row: Any) -> None:
        """The note of a voice."""
        tick = self.ticks.at(int(row["onset_frame"]))
        self.let_go(tick)
        drum = KEYS.get(str(row["sound"])) if row["file"] else None
        channel, key, bend = (DRUMS, drum, 0) if drum is not None else self.placed(float(row["pitch_midi"]))
        track = self.tracks[str(row["track"])]
        self.end_earlier(channel, key, tick)
        state = self.channels.channels[channel]
        if drum is None and state.bend != bend:
            if state.held:
                self.misplaced += 1
            else:
                state.bend = bend
                track.add(tick, bytes((0xE0 | channel, bend & 0x7F, bend >> 7)))
        loud = max(min(math.floor(LOUDEST * math.sqrt(float(row["gain"])) + 0.5), LOUDEST), 1)
        track.add(tick, bytes((0x90 | channel, key, loud)))
        self.channels.press(channel, key)
        end = max(self.ticks.at(int(row["gate_end_frame"])), tick + 1)
        heapq.heappush(self.off, (end, self.number, channel, key, str(row["track"]), tick))
        self.number += 1

    def placed(self, pitch: float) -> tuple[int, int, int]:
        """Channel, key and bend of a pitch."""
        pitch = UNPITCHED if math.isnan(pitch) else pitch
        key = math.floor(pitch + 0.5)
        bend = (BENDS * 2) + math.floor((pitch - key) * BENDS + 0.5)
        if not 0 <= key <= 127:
            self.beyond += 1
            key, bend = min(max(key, 0), 127), BENDS * 2
        return self.channels.choose(key, bend), key, bend

    def let_go(self, until: int) -> None:
        """Ends the notes whose gate ends by a tick."""
        while self.off and self.off[0][0] <= until:
            tick, number, channel, key, track, _ = heapq.heappop(self.off)
            if number in self.over:
                self.over.discard(number)
            else:
                self.end(tick, channel, key, track)

    def end_earlier(self, channel: int, key: int, tick: int) -> None:
        """A key that is struck again ends first."""
        if key not in self.channels.channels[channel].held:
            return
        for _, number, one, other, track, onset in sorted(self.off):
            if (one, other) == (channel, key) and onset < tick and number not in self.over:
                self.over.add(number)
                self.end(tick, channel, key, track)

    def end(self, tick: int, channel: int, key: int, track: str) -> None:
        """A note ends."""
        self.tracks[track].add(tick, bytes((0x80 | channel, key, 0x40)))
        self.channels.release(channel, key, tick)

    def notices(self, file: str) -> Iterator[Notice]:
        """What the file cannot say."""
        if self.misplaced:
            message = f"{file}: {counted(self.misplaced, 'note')} without the right bend: more than 15 pitches at once"
            yield Notice(f"{message} lie between keys", None, "label stems one by one, or take --labels jams")
        if self.beyond:
            message = f"{file}: {counted(self.beyond, 'note')} lower or higher than all keys of MIDI, moved to the last"
            yield Notice(message, None, "--labels jams has every pitch")


def midi(piece: LabelledPiece, voices: LoggedVoices, notices: list[Notice]) -> Iterator[bytes]:
    """The file; what it cannot say is added to `notices`."""
    ticks = ticks_of(piece)
    tracks = {name: MidiTrack() for name in voices.tracks}
    for name, track in tracks.items():
        track.add(0, meta(NAME, name.encode("utf-8")))
    notes = MidiNotes(ticks, tracks)
    for part in voices.chunks():
        for row in part:
            notes.add(row)
    end = ticks.at(piece.frames)
    notes.let_go(max([end, *(one[0] for one in notes.off)]))
    notices += notes.notices(piece.file)
    yield b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks) + 1, TICKS)
    yield conductor(piece, ticks).chunk(end)
    for track in tracks.values():
        yield track.chunk(max(end, track.tick))


def conductor(piece: LabelledPiece, ticks: Ticks) -> MidiTrack:
    """The track of tempo and cycles."""
    track = MidiTrack()
    track.add(0, meta(NAME, piece.score.encode("utf-8")))
    if ticks.quarters < 256:
        track.add(0, meta(SIGNATURE, bytes((ticks.quarters, 2, 24, 8))))
    tempos = ((tick, 0, meta(TEMPO, quarter_us.to_bytes(3, "big"))) for tick, quarter_us in ticks.tempos())
    for tick, _, event in heapq.merge(tempos, markers(piece, ticks)):
        track.add(tick, event)
    return track


def markers(piece: LabelledPiece, ticks: Ticks) -> Iterator[tuple[int, int, bytes]]:
    """A marker where each cycle begins."""
    cycle, end = math.ceil(piece.first_cycle), ticks.at(piece.frames)
    while (tick := ticks.of_cycle(cycle)) < end:
        yield tick, 1, meta(MARKER, f"cycle {cycle}".encode())
        cycle += 1


def meta(kind: int, data: bytes) -> bytes:
    """A meta event."""
    return bytes((0xFF, kind)) + variable(len(data)) + data


def variable(value: int) -> bytes:
    """A number of at most 28 bits, seven a byte, all but the last marked."""
    parts = [value & 0x7F]
    while value := value >> 7:
        parts.append(value & 0x7F | 0x80)
    return bytes(reversed(parts))
