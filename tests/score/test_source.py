"""Reading a score's file."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from farm.errors import FileError, ScoreError
from farm.score import Source, read_source
from farm.score.source import MAX_BYTES


def test_reads_utf8_with_byte_order_mark_and_any_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.ph"
    path.write_bytes("\ufeff-- é\r\nout: 1\r~a: 2\n".encode())
    source = read_source(str(path))
    assert source.text == "-- é\nout: 1\n~a: 2\n"
    assert source.name == str(path)


def test_dash_reads_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Input:
        buffer = io.BytesIO(b"out: 1")

    monkeypatch.setattr("sys.stdin", Input())
    assert read_source("-") == Source("<stdin>", "out: 1")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="no such file"):
        read_source(str(tmp_path / "none.ph"))
    with pytest.raises(FileError, match="folder"):
        read_source(str(tmp_path))
    with pytest.raises(FileError):
        read_source("a\0b")


def test_wrong_encoding_points_at_the_byte(tmp_path: Path) -> None:
    path = tmp_path / "a.ph"
    path.write_bytes(b"out: 1\r\n-- caf\xe9 noir\n")
    with pytest.raises(ScoreError, match="UTF-8") as caught:
        read_source(str(path))
    loc = caught.value.loc
    assert loc is not None
    assert (loc.line, loc.column) == (2, 7)
    assert loc.text.startswith("-- caf") and loc.text.endswith(" noir")


@pytest.mark.parametrize("character", ["\x00", "\x1b", "\x0c", "\x7f", "\x85"])
def test_control_characters(tmp_path: Path, character: str) -> None:
    path = tmp_path / "a.ph"
    path.write_text(f"out: 1\n\t~a: {character}2\n", encoding="utf-8")
    with pytest.raises(ScoreError, match="control character") as caught:
        read_source(str(path))
    assert caught.value.loc is not None
    assert (caught.value.loc.line, caught.value.loc.column) == (2, 6)


def test_a_file_too_large(tmp_path: Path) -> None:
    path = tmp_path / "a.ph"
    with open(path, "wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ScoreError, match="16 MB"):
        read_source(str(path))


def test_loc() -> None:
    source = Source("a.ph", "ab\n\ncdé")
    assert source.loc(0).line == 1
    assert source.loc(2).column == 3
    assert source.loc(3).line == 2
    place = source.loc(5, 2)
    assert (place.file, place.line, place.column, place.length, place.text) == ("a.ph", 3, 2, 2, "cdé")
    assert source.loc(7).column == 4
