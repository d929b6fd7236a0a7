"""The sound files that are written: which extension means which, and what each can hold.

The limits are those of the formats and of the encoders behind them: libvorbis takes rates up to 200 kHz and 255
channels; FLAC (RFC 9639) 8 channels, and rates above 65,535 Hz only in tens; AIFF counts its bytes in 32 bits.
"""

from __future__ import annotations

import os
from pathlib import Path

from farm.errors import UsageError, suggestion
from farm.options import Bits
from workers.records import record


@record(frozen=True, slots=True)
class Format:
    """One kind of sound file. `bits` is empty where frames are not kept as numbers; sizes are in bytes."""

    name: str
    extensions: tuple[str, ...]
    bits: tuple[Bits, ...]
    most_channels: int
    highest_rate: int = 384_000
    finest_rate: int = 384_000
    """Above this, rates are multiples of 10 Hz."""
    most_bytes: int | None = None
    compressed: bool = False


WAV = Format("WAV", (".wav",), ("16", "24", "32f"), 1024)
FLAC = Format("FLAC", (".flac",), ("16", "24"), 8, finest_rate=65_535, compressed=True)
OGG = Format("OGG Vorbis", (".ogg", ".oga"), (), 255, highest_rate=200_000, compressed=True)
W64 = Format("W64", (".w64",), ("16", "24", "32f"), 1024)
AIFF = Format("AIFF", (".aiff", ".aif"), ("16", "24", "32f"), 1024, most_bytes=(1 << 32) - 256)
FORMATS = (WAV, FLAC, OGG, AIFF, W64)
BY_EXTENSION = {extension: one for one in FORMATS for extension in one.extensions}
EXTENSIONS = ", ".join(BY_EXTENSION)


def file_named(name: str) -> Path:
    """The file to write. Raises UsageError for a name that no file can have, and for a folder's."""
    if "\0" in name or not name:
        raise UsageError(f"{name!r} is not the name of a file", hint="for example out.wav")
    path = Path(name)
    if os.path.isdir(path) or name.endswith("/"):
        raise UsageError(f"{name} is a folder, and no file", hint=f"for example {path / 'out.wav'}")
    return path


def format_of(path: Path) -> Format:
    """The format that a file's extension asks for, upper or lower case. Raises UsageError with the list of all."""
    extension = path.suffix.lower()
    found = BY_EXTENSION.get(extension)
    if found is not None:
        return found
    why = f"`{path.suffix}` is not a format that farm writes" if extension else "it has no extension"
    near = suggestion(extension, BY_EXTENSION) if extension else None
    hint = near or f"the extension says the format: {EXTENSIONS}"
    if str(path) == os.devnull:
        hint = f"to render without a file: farm render SCORE - > {os.devnull}, or farm.render in Python"
    raise UsageError(f"cannot write {path}: {why}", hint=hint)


def check_holds(form: Format, rate: int, bits: Bits, channels: int) -> None:
    """Raises UsageError where a format cannot hold such frames."""
    if form.bits and bits not in form.bits:
        raise UsageError(
            f"{form.name} cannot hold --bits {bits}: it holds {' or '.join(form.bits)}",
            hint="WAV, W64 and AIFF hold 32f" if bits == "32f" else None,
        )
    if rate > form.highest_rate:
        raise UsageError(
            f"{form.name} cannot hold --rate {rate}: at most {form.highest_rate} Hz", hint="WAV holds every rate"
        )
    if rate > form.finest_rate and rate % 10:
        hint = f"for example --rate {round(rate / 10) * 10}; WAV holds every rate"
        raise UsageError(
            f"{form.name} cannot hold --rate {rate}: above {form.finest_rate} Hz it counts in tens", hint=hint
        )
    if channels > form.most_channels:
        hint = f"WAV holds up to {WAV.most_channels}"
        raise UsageError(f"{form.name} cannot hold {channels} channels: at most {form.most_channels}", hint=hint)


def check_container(form: Format, container: str, markers: bool) -> None:
    """Raises UsageError where a container or markers go with another extension."""
    if container == "w64" and form is not W64:
        raise UsageError(f"--container w64: {form.name} is no W64", hint="end the name with .w64")
    if container == "rf64" and form is not WAV:
        raise UsageError(f"--container rf64: {form.name} is no WAV", hint="end the name with .wav")
    if markers and form is not WAV:
        raise UsageError(f"--markers: {form.name} files get none", hint="WAV files hold them")


def check_clip(form: Format, clip: str, bits: Bits) -> None:
    """Raises UsageError where frames above full scale have no place in the file and nothing is done about them."""
    if clip == "none" and (bits != "32f" or form.compressed):
        hint = "add --bits 32f and write .wav or .aiff, or use --clip limit"
        raise UsageError("--clip none goes with 32 bit float files only: others end at full scale", hint=hint)
