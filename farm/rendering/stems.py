"""Stems: which files a render makes besides its mix, what each takes, and where it stands."""

from __future__ import annotations

import os
import string
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, cast

from farm.audio.formats import BY_EXTENSION, W64, WAV, Format
from farm.errors import FileError, Notice, UsageError, suggestion
from farm.graph.graph import Graph
from farm.graph.score import Score
from farm.graph.seeds import seed64
from farm.options import Clip, RenderOptions
from farm.rendering.delivery import Delivery, whole_mix
from workers.records import record

By = Literal["output", "bus"]
Tap = Literal["post", "pre", "master"]
BYS: tuple[By, ...] = ("output", "bus")
TAPS: tuple[Tap, ...] = ("post", "pre", "master")
NAME = "{score}_{index:02}_{stem}.{ext}"
FIELDS = ("score", "index", "stem", "ext")
MIX = "mix"
REFERENCE = "what the stems add up to"


@record(frozen=True, slots=True)
class StemOptions:
    """Which stems a render makes.

    `by`: a file for each output, or for each bus too that an output hears. `solo`: only these outputs are heard, in the
    mix and as stems; `mute`: these are not. `name`: the files, with {score}, {index}, {stem} and {ext}. `keep_silent`:
    whether stems appear in which nothing sounds. `stem_tap`: "post" takes them after gain and fades, before the
    limiter; "pre" before gain and fades; "master" lets each pass through all that the mix passes through. `format`: the
    extension of the files. `hashed`: whether the report has the SHA-256 of each stem's frames. `labels`: as for
    `farm.render_file`, beside the mix and each stem.

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
                raise UsageError(f"--{option} takes the names of outputs", hint='in Python ("o1", "o2")')

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
    """With buses: which of them are heard in each other, or not as they are."""


def folder_of(folder: object) -> Path:
    """The folder that is meant. Raises UsageError for what is no name of one."""
    if not isinstance(folder, str | os.PathLike) or not os.fspath(folder) or "\0" in str(os.fspath(folder)):
        raise UsageError(f"stems go into a folder, not {folder!r}", hint='for example "stems"')
    return Path(os.fspath(folder))


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
    if asked.by == "bus":
        graph = score.graph(options.seed)
        buses = heard_buses(graph, heard)
        takes += buses
        everything += heard_buses(graph, score.outputs)
        overlaps = overlapping(graph, heard, buses)
    whole = title(score)

    def stem(one: str) -> Stem:
        # Numbered as if nothing was muted.
        number = 1 + everything.index(one)
        return Stem(one, stem_file(asked, whole, number, one.removeprefix("~"), folder))

    mixed = stem_file(asked, whole, 0, MIX, folder) if mix is None else mix
    stems = tuple(map(stem, takes))
    check_apart(stems, mixed)
    return StemPlan(heard, stems, mixed, len(heard) == len(score.outputs), overlaps)


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


def heard_in(graph: Graph, bus: int) -> list[int]:
    """The named buses that a bus hears as sound, itself or through others, in the order of the score."""
    found: set[int] = set()
    waiting = [bus]
    while waiting:
        body = graph.buses[waiting.pop()]
        nodes, seen = [body.result], {body.result}
        while nodes:
            node = body.nodes[nodes.pop()]
            inputs = {index for _, index in node.inputs} - seen
            seen |= inputs
            nodes += inputs
            if node.node == "bus" and node.target not in found:
                found.add(node.target)
                waiting.append(node.target)
    return sorted(one for one in found if is_named(graph, one))


def is_named(graph: Graph, bus: int) -> bool:
    """Whether a bus has a name in the score."""
    name = graph.buses[bus].name
    return name.startswith("~") and name[1:].replace("_", "a").isalnum()


def heard_buses(graph: Graph, heard: Sequence[str]) -> list[str]:
    """The named buses that outputs hear."""
    found: dict[str, None] = {}
    for output in graph.outputs:
        if output.name in heard:
            found.update(dict.fromkeys(graph.buses[bus].name for bus in heard_in(graph, output.bus)))
    return list(found)


def overlapping(graph: Graph, heard: Sequence[str], buses: Sequence[str]) -> tuple[str, ...]:
    """Why the stems of buses do not add up to the mix, where they do not: which are heard twice."""
    numbers = {scope.name: number for number, scope in enumerate(graph.buses)}
    found = []
    for name in buses:
        inside = [graph.buses[one].name for one in heard_in(graph, numbers[name]) if graph.buses[one].name in buses]
        if inside:
            found.append(f"{', '.join(inside)} in {name}")
    for name in buses:
        several = [
            output.name
            for output in graph.outputs
            if output.name in heard and numbers[name] in heard_in(graph, output.bus)
        ]
        if len(several) > 1:
            found.append(f"{name} in {' and '.join(several)}")
    return tuple(found)


def title(score: Score) -> str:
    """What {score} stands for: the name of its file without `.ph`."""
    name = os.path.basename(score.name)
    name = name[:-3] if name.lower().endswith(".ph") else name
    return name if name and not name.startswith("<") and name != "-" else "score"


def stem_file(asked: StemOptions, score: str, index: int, stem: str, folder: Path) -> Path:
    """The file of a stem. Raises UsageError for a --name that names no file in the folder."""
    values = {"score": score, "index": index, "stem": stem, "ext": asked.format}
    try:
        fields = [field for _, field, _, _ in string.Formatter().parse(asked.name) if field is not None]
        for field in fields:
            if field not in FIELDS:
                hint = suggestion(field, FIELDS) or f"there are {', '.join(f'{{{one}}}' for one in FIELDS)}"
                raise UsageError(f"--name {asked.name}: there is no {{{field}}}", hint=hint)
        name = asked.name.format(**cast(Any, values))
    except (ValueError, IndexError, KeyError) as error:
        raise UsageError(f"--name {asked.name}: {error}", hint=f"for example {NAME}") from None
    place = os.path.normpath(name)
    if "\0" in name or not name or name.endswith("/"):
        raise UsageError(f"--name {asked.name}: {name!r} is not the name of a file", hint=f"for example {NAME}")
    if os.path.isabs(name) or place == ".." or place.startswith(f"..{os.sep}"):
        raise UsageError(f"--name {asked.name}: {name} lies outside of the folder", hint="name files within it")
    if Path(place).suffix.lower() not in asked.form.extensions:
        raise UsageError(f"--name {asked.name}: {name} does not end in .{asked.format}", hint="end it with .{ext}")
    return folder / place


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
