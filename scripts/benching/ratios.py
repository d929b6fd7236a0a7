"""What two checkouts took for the same work, run in turns, as ratios. Only the standard library is used here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

LIMIT = 1.05
"""A row whose CPU ratio is above this is marked."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One run: seconds of all CPUs that the process and its children used, seconds on the wall (None where only a part
    of a process is timed), a hash of what came out ("" where nothing is hashed)."""

    cpu_s: float
    wall_s: float | None
    sha256: str


@dataclass(frozen=True, slots=True)
class Spread:
    """The least, the middle and the largest of several ratios."""

    least: float
    median: float
    most: float


def spread(these: Sequence[float], those: Sequence[float]) -> Spread:
    """Of the ratios of each turn to the one it is paired with. Both are seconds above 0, equally many, at least one.

    Raises ValueError.
    """
    ratios = sorted(this / that for this, that in zip(these, those, strict=True))
    return Spread(ratios[0], median(ratios), ratios[-1])


@dataclass(frozen=True, slots=True)
class Compared:
    """One row: what this checkout (`these`) and the other one (`those`) took, turn by turn."""

    row: str
    quality: str
    workers: int
    these: tuple[Turn, ...]
    those: tuple[Turn, ...]

    @property
    def cpu(self) -> Spread:
        """Ratios of CPU seconds."""
        return spread([one.cpu_s for one in self.these], [one.cpu_s for one in self.those])

    @property
    def wall(self) -> Spread | None:
        """Ratios of wall times; None where there are none."""
        these, those = walls(self.these), walls(self.those)
        return spread(these, those) if these and those else None

    @property
    def least_wall(self) -> float | None:
        """The ratio of the least wall times; None where there are none."""
        these, those = walls(self.these), walls(self.those)
        return min(these) / min(those) if these and those else None

    @property
    def marked(self) -> bool:
        """Whether the middle one of the CPU ratios is above the limit."""
        return self.cpu.median > LIMIT

    @property
    def hashes(self) -> tuple[frozenset[str], frozenset[str]]:
        """All hashes that came out here, and there."""
        return frozenset(one.sha256 for one in self.these), frozenset(one.sha256 for one in self.those)

    @property
    def differs(self) -> bool:
        """Whether any two turns gave other results."""
        here, there = self.hashes
        return len(here | there) > 1

    @property
    def note(self) -> str:
        """What is to be said of the row."""
        here, there = self.hashes
        said = [f"ABOVE {LIMIT:g} x CPU"] if self.marked else []
        if len(here) > 1 or len(there) > 1:
            said.append("results DIFFER from turn to turn" + (" there" if len(here) == 1 else ""))
        elif here != there:
            said.append(f"results differ: {short(here)} here, {short(there)} there")
        return "; ".join(said)

    def as_json(self) -> dict[str, Any]:
        """Everything, for a document of JSON."""
        wall = self.wall
        return {
            "row": self.row,
            "quality": self.quality,
            "workers": self.workers,
            "cpu_ratio": asdict(self.cpu),
            "wall_ratio": None if wall is None else asdict(wall),
            "least_wall_ratio": self.least_wall,
            "above": self.marked,
            "differs": self.differs,
            "note": self.note,
            "this": [asdict(one) for one in self.these],
            "that": [asdict(one) for one in self.those],
        }


def walls(turns: Sequence[Turn]) -> list[float]:
    """The wall times there are, in seconds."""
    return [one.wall_s for one in turns if one.wall_s is not None]


def short(hashes: frozenset[str]) -> str:
    """The first letters of the only hash."""
    (one,) = hashes
    return one[:12] or "none"


def digits(seconds: float) -> str:
    """Seconds in 7 letters or more, with 3 digits that count."""
    return f"{seconds:7.3f}" if seconds >= 0.1 else f"{seconds:7.1e}"


def table(rows: Sequence[Compared]) -> str:
    """The rows as text."""
    wide = max([len("row"), *(len(one.row) for one in rows)])
    lines = [
        f"{'row':<{wide}}  quality  workers   CPU s   there  CPU x    min    max   wall s   there  wall x    min"
        "  median    max"
    ]
    for one in rows:
        cpu, wall, least = one.cpu, one.wall, one.least_wall
        text = (
            f"{one.row:<{wide}}  {one.quality:<7}  {one.workers:7}"
            f" {digits(median(turn.cpu_s for turn in one.these))} {digits(median(turn.cpu_s for turn in one.those))}"
            f"  {cpu.median:5.3f}  {cpu.least:5.3f}  {cpu.most:5.3f}"
        )
        if wall is not None and least is not None:
            text += (
                f"  {digits(min(walls(one.these)))} {digits(min(walls(one.those)))}"
                f"   {least:5.3f}  {wall.least:5.3f}   {wall.median:5.3f}  {wall.most:5.3f}"
            )
        lines.append(f"{text}  {one.note}".rstrip())
    return "\n".join(lines)
