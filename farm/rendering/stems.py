"""Stems: which files a render makes besides its mix, what each takes, and where it stands."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Literal

from farm.audio.formats import BY_EXTENSION, W64, WAV, Format
from farm.errors import FileError, Notice, UsageError, suggestion
from farm.graph.graph import Graph
from farm.graph.hearing import heard_buses, overlapping, with_others
from farm.graph.score import Score
from farm.graph.seeds import seed64
from farm.options import Clip, RenderOptions
from farm.rendering.delivery import Delivery, whole_mix
from farm.rendering.stem_files import MIX, NAME, stem_file, title
from workers.records import record

By = Literal["output", "bus"]
Tap = Literal["post", "pre", "master"]
BYS: tuple[By, ...] = ("output", "bus")
TAPS: tuple[Tap, ...] = ("post", "pre", "master")
REFERENCE = "what the stems add up to"


@record(frozen=True, slots=True)
class StemOptions:
    """Which stems a render makes.

    `by`: a file for each output, or for each bus too that an output hears. `solo`: only these outputs are heard, in the
    mix and as stems; `mute`: these are not. `name`: the files, with {score}, {index}, {stem} and {ext}. `keep_silent`:
    whether stems appear in which nothing sounds. `stem_tap`: "post" takes them after gain and fades, before the
    limiter; "pre" before gain and fades, where they add up to the mix; "master" lets each pass through all that the
    mix passes through, a limiter of its own included. `format`: the extension of the files. `hashed`: whether the
    report has the SHA-256 of each stem's frames. `labels`: as for `farm.render_file`, beside the mix and each stem.

    Raises UsageError for what makes no sense.
    """

    by: By = "output"
    solo: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()
    name: str = NAME
    keep_silent: bool = False
    stem_tap: Tap = "post"
    format: str = "wav"
    hashed: bool = False
    labels: bool | str | Sequence[str] = ()

    def __post_init__(self) -> None:
        choices: tuple[tuple[str, str, Sequence[str]], ...] = (("by", self.by, BYS), ("stem-tap", self.stem_tap, TAPS))
        for option, value, known in choices:
            if value not in known:
                hint = suggestion(str(value), known)
                raise UsageError(f"--{option} must be one of {', '.join(known)}, not {value}", hint=hint)
        if f".{self.format}".lower() not in BY_EXTENSION:
            formats = [one[1:] for one in BY_EXTENSION]
            hint = suggestion(self.format, formats) or f"formats are {', '.join(formats)}"
            raise UsageError(f"--format {self.format}: not a format that farm writes", hint=hint)
        for option, names in (("solo", self.solo), ("mute", self.mute)):
            if isinstance(names, str):
                wanted = tuple(one.strip() for one in names.split(","))
                raise UsageError(f"--{option} takes a tuple of names, not a string", hint=f"{option}={wanted!r}")

    @property
    def form(self) -> Format:
        """The format of the files."""
        return BY_EXTENSION[f".{self.format}".lower()]


@record(frozen=True, slots=True)
class Stem:
    """A stem before it is rendered: the output or bus that it takes, and its file."""

    takes: str
    file: Path


@record(frozen=True, slots=True)
class StemPlan:
    """What a render with stems makes: `heard` outputs, the stems, the file of the mix."""

    heard: tuple[str, ...]
    stems: tuple[Stem, ...]
    mix: Path
    all_heard: bool
    """Whether nothing is muted."""
    overlaps: tuple[str, ...] = ()
    """With buses: why they need not add up to the mix."""
    others: tuple[str, ...] = ()
    """With buses: outputs with parts that are none."""
    title: str = ""
    """The name of the score, as files have it."""
    folder: Path = Path()

    @property
    def buses(self) -> tuple[Stem, ...]:
        """The stems of buses, which follow those of outputs."""
        return self.stems[len(self.heard) :]


def stem_plan(
    score: Score, options: RenderOptions, asked: StemOptions, folder: Path, mix: Path | None = None
) -> StemPlan:
    """Which files there will be: stems in `folder`, the mix there too or at `mix`.

    Raises UsageError for names that cannot be meant, FileError for a folder that is none.
    """
    if options.outputs_as_channels:
        hint = "leave one of them out: stems are stereo files of their own"
        raise UsageError("--outputs-as-channels makes one file of all outputs, and stems make several", hint=hint)
    if options.channels == "mono":
        hint = "leave it out: stereo stems, each made mono, add up to the mix made mono"
        raise UsageError("--channels mono goes with one file: stems are stereo", hint=hint)
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise FileError(f"cannot write stems into {folder}: it is a file, and no folder", hint="name a folder")
    heard = heard_outputs(score, asked)
    takes: list[str] = list(heard)
    everything: list[str] = list(score.outputs)
    overlaps: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    if asked.by == "bus":
        graph = score.graph(options.seed)
        buses = heard_buses(graph, heard)
        takes += buses
        everything += heard_buses(graph, score.outputs)
        overlaps, others = overlapping(graph, heard, buses), with_others(graph, heard)
    whole = title(score)

    def stem(one: str) -> Stem:
        # Numbered as if nothing was muted.
        number = 1 + everything.index(one)
        return Stem(one, file(number, one.removeprefix("~")))

    def file(number: int, called: str) -> Path:
        return stem_file(folder, asked.name, asked.format, asked.form, whole, number, called)

    mixed = file(0, MIX) if mix is None else mix
    stems = tuple(map(stem, takes))
    check_apart(stems, mixed)
    return StemPlan(heard, stems, mixed, len(heard) == len(score.outputs), overlaps, others, whole, folder)


def heard_outputs(score: Score, asked: StemOptions) -> tuple[str, ...]:
    """The outputs that --solo and --mute leave. Raises UsageError for names that are none of outputs."""
    for option, names in (("solo", asked.solo), ("mute", asked.mute)):
        for name in names:
            if name not in score.outputs:
                outputs = ", ".join(score.outputs)
                hint = suggestion(name, score.outputs) or f"its outputs are {outputs}"
                raise UsageError(f"--{option} {name}: {score.name} has no such output", hint=hint)
    heard = [one for one in score.outputs if (not asked.solo or one in asked.solo) and one not in asked.mute]
    if score.outputs and not heard:
        raise UsageError("--solo and --mute leave no output", hint=f"its outputs are {', '.join(score.outputs)}")
    return tuple(heard)


def check_apart(stems: Sequence[Stem], mix: Path) -> None:
    """Raises UsageError where two files have one name."""
    taken = {os.path.realpath(mix).casefold(): f"the {MIX}"}
    for stem in stems:
        key = os.path.realpath(stem.file).casefold()
        if key in taken:
            hint = "--name with {index} or {stem} tells them apart"
            raise UsageError(f"{stem.file} would be both {taken[key]} and the stem `{stem.takes}`", hint=hint)
        taken[key] = f"the stem `{stem.takes}`"


def deliveries_of(plan: StemPlan, options: RenderOptions, asked: StemOptions, mix: Delivery) -> tuple[Delivery, ...]:
    """What the files get: the mix, the stems, and at last what stems of outputs add up to, which becomes no file."""
    whole = mix if plan.all_heard else replace(mix, takes=plan.heard)
    form = asked.form
    clip: Clip = "rescale" if mix.clip == "rescale" else "none"
    if asked.stem_tap == "master" and mix.clip != "error":
        clip = mix.clip
    if asked.stem_tap == "pre":
        clip = "none"
    base = replace(
        whole_mix(options, options.bits if form.bits else "32f", form not in (WAV, W64) and options.bits == "24"),
        gain=1.0 if asked.stem_tap == "pre" else options.gain,
        fades=asked.stem_tap != "pre",
        clip=clip,
        hashed=asked.hashed,
        measured=False,
    )
    made = [
        replace(base, name=stem.takes, takes=(stem.takes,), seed=seed64(options.seed, f"dither {stem.takes}"))
        for stem in plan.stems
    ]
    clip = "rescale" if clip == "rescale" else "none"
    reference = replace(base, name=REFERENCE, takes=plan.heard, bits="32f", clip=clip, hashed=False, filed=False)
    return (whole, *made, reference)


def sources_of(graph: Graph, bus: int) -> set[int]:
    """The sources of voices whose sound a bus hears, through other buses and instruments too."""
    found: set[int] = set()
    seen, waiting = {bus}, [graph.buses[bus]]
    while waiting:
        for node in waiting.pop().nodes:
            if node.node == "voices" and node.target not in found:
                found.add(node.target)
                instrument = graph.sources[node.target].instrument
                if instrument is not None:
                    waiting.append(graph.instruments[instrument])
            elif node.node == "bus" and node.target not in seen:
                seen.add(node.target)
                waiting.append(graph.buses[node.target])
    return found


def spanning(graph: Graph, cuts: Mapping[int, set[int]], max_voices: int | None) -> list[Notice]:
    """What makes outputs depend on each other: groups of `cut` (by source) that several play in, a limit of voices."""
    notices = []
    playing: dict[int, list[str]] = {}
    for output in graph.outputs:
        groups = set[int]().union(*(cuts.get(source, set()) for source in sources_of(graph, output.bus)))
        for group in sorted(groups - {0}):
            playing.setdefault(group, []).append(output.name)
    shared = {tuple(names): group for group, names in playing.items() if len(names) > 1}
    for names, group in shared.items():
        which = f"`cut {group}` is" if group > 0 else "`cut -1` of one sample is"
        message = f"{which} shared by {listed(names)}: what one plays chokes voices of the others, muted or not"
        notices.append(Notice(message, None, "another number for `cut` in each output makes them independent"))
    if max_voices is not None and len(graph.outputs) > 1:
        everyone = listed(output.name for output in graph.outputs)
        message = f"--max-voices {max_voices} counts the voices of {everyone} together, muted or not"
        notices.append(Notice(message, None, "without it no stem depends on another"))
    return notices


def listed(names: Iterable[str]) -> str:
    """Names, in backticks."""
    return ", ".join(f"`{name}`" for name in names)
