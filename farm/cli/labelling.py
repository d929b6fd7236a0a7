"""`--labels`: label files beside the sound files that a command writes."""

from __future__ import annotations

from farm.cli.options import setting

labels_option = setting(
    "--labels",
    metavar="FORMATS",
    help="What sounds when, one event a voice, in files beside each sound file: jsonl, csv, jams, lab (Audacity), mid"
    " (MIDI), or several with commas.  [none]",
)


def label_names(labels: str | None, *, to_stdout: bool = False) -> tuple[str, ...]:
    """The names of the formats that are asked for. Raises UsageError for others, and where there is no sound file."""
    if labels is None:
        return ()
    from farm.errors import UsageError
    from farm.labels.formats import label_formats

    names = tuple(one.name for one in label_formats(labels))
    if to_stdout:
        raise UsageError("--labels writes files beside OUT, and OUT `-` is none", hint="name a file for the sound")
    return names
