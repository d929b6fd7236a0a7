"""Folders of loose files, nested folders, files that are left out, and links, as `--samples` finds them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from farm.audio import folders
from farm.audio.samples import Bank, SampleLibrary
from farm.errors import SampleError
from farm.graph.slab import bank_notices, no_bank


def made(root: Path, *names: str) -> SampleLibrary:
    """A library of a folder with these (empty) files."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"")
    return SampleLibrary((root,))


def bank(library: SampleLibrary, name: str) -> Bank:
    found = library.bank(name)
    assert found is not None
    return found


def own(library: SampleLibrary) -> dict[str, list[str]]:
    """The files of all banks that are not built in, below their folder."""
    root = library.folders[0]
    return {
        one.name: [str(file.relative_to(root)) for file in one.files] for one in library.banks() if not one.built_in
    }


def said(found: Bank) -> list[str]:
    return [notice.message for notice in bank_notices(found, None)]


def test_loose_files_are_a_bank_named_after_their_folder(tmp_path: Path) -> None:
    library = made(tmp_path / "loops", "b.wav", "a.flac", "c.MP3", "kit/x.wav", "notes.txt")
    assert [file.name for file in bank(library, "loops").files] == ["a.flac", "b.wav", "c.MP3"]
    assert bank(library, "loops").folder == tmp_path / "loops"
    assert bank(library, "loops").file(4).name == "b.wav"
    assert own(library) == {"loops": ["a.flac", "b.wav", "c.MP3"], "kit": ["kit/x.wav"]}


@pytest.mark.parametrize("written", [".", "../loops", "loops/", "../loops/kit/.."])
def test_however_the_folder_is_written(tmp_path: Path, written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path / "loops", "a.wav", "kit/x.wav")
    monkeypatch.chdir(tmp_path if written == "loops/" else tmp_path / "loops")
    library = SampleLibrary((Path(written),))
    assert [file.name for file in bank(library, "loops").files] == ["a.wav"]
    assert [file.name for file in bank(library, "kit").files] == ["x.wav"]


def test_a_hidden_folder_is_named_without_its_dot(tmp_path: Path) -> None:
    assert own(made(tmp_path / ".sounds", "a.wav")) == {"sounds": ["a.wav"]}


def test_nested_folders_are_banks(tmp_path: Path) -> None:
    library = made(tmp_path, "drums/808/kicks/a.wav", "drums/808/snares/a.wav", "drums/fx.wav", "a/b/c/d/e/f/g/h/x.wav")
    assert own(library) == {
        "kicks": ["drums/808/kicks/a.wav"],
        "snares": ["drums/808/snares/a.wav"],
        "drums": ["drums/fx.wav"],
        "h": ["a/b/c/d/e/f/g/h/x.wav"],
    }
    assert bank(library, "kicks").folder == tmp_path / "drums" / "808" / "kicks"
    assert library.bank("808") is None
    assert not bank(library, "cp").shadowed


def test_of_one_name_the_least_deep_counts_then_the_first_by_its_path(tmp_path: Path) -> None:
    library = made(tmp_path, "z/kit/1.wav", "b/kit/2.wav", "a/deep/kit/3.wav", "b/kit/kit/4.wav")
    found = bank(library, "kit")
    assert (found.within, found.shadowed) == ("b/kit", ("z/kit", "a/deep/kit", "b/kit/kit"))
    (message,) = said(found)
    assert message.startswith(f"several folders are called `kit`: {tmp_path}/b/kit is played, not {tmp_path}/z/kit, ")
    assert [one.shadowed for one in library.banks() if one.name == "kit"] == [found.shadowed]
    direct = made(tmp_path, "kit/0.wav")
    assert bank(direct, "kit").within == "kit"
    assert own(direct)["kit"] == ["kit/0.wav"]
    assert [len(one.shadowed) for one in direct.banks() if one.name == "kit"] == [4]
    root = made(tmp_path / "kit", "kit/00.wav")
    assert (bank(root, "kit").within, bank(root, "kit").shadowed) == ("", ("kit",))


def test_folders_named_first_go_first_whatever_is_in_them(tmp_path: Path) -> None:
    one, two = made(tmp_path / "one", "deep/er/bd/a.wav"), made(tmp_path / "two", "bd/b.wav")
    both = SampleLibrary((*one.folders, *two.folders))
    assert bank(both, "bd").folder == tmp_path / "one" / "deep" / "er" / "bd"
    assert not bank(both, "bd").built_in


def test_what_is_skipped_is_counted_and_named(tmp_path: Path) -> None:
    library = made(
        tmp_path, "kit/a.wav", *(f"kit/{n}.m4a" for n in range(4)), "kit/b.WMA", "kit/cover.jpg", "kit/.c.m4a"
    )
    assert said(bank(library, "kit")) == [
        "5 files are left out of the bank `kit`, because farm does not play their kind: 0.m4a, 1.m4a, 2.m4a, ..."
    ]
    made(tmp_path, "one/a.wav", "one/b.caf", "none/x.m4a")
    assert said(bank(library, "one"))[0].startswith("1 file is left out of the bank `one`")
    assert library.bank("none") is None
    assert "but 1 of other kinds: x.m4a" in no_bank("none", library).message


def test_links_are_followed_inside_only_and_loops_end(tmp_path: Path) -> None:
    library = made(tmp_path / "B", "a/kit/x.wav", "a/b/y.wav")
    made(tmp_path / "out", "far/z.wav", "deep/more/z.wav")
    root = tmp_path / "B"
    (root / "a" / "loop").symlink_to(root / "a")
    (root / "a" / "b" / "up").symlink_to("../..")
    (root / "a" / "again").symlink_to("kit")
    (root / "a" / "out").symlink_to(tmp_path / "out" / "far")
    (root / "a" / "gone").symlink_to(tmp_path / "nowhere")
    (root / "a" / "b" / "w.wav").symlink_to(tmp_path / "out" / "far" / "z.wav")
    (root / "a" / "b" / "v.wav").symlink_to("../kit/x.wav")
    assert own(library) == {
        "kit": ["a/kit/x.wav"],
        "again": ["a/again/x.wav"],
        "b": ["a/b/v.wav", "a/b/y.wav"],
    }
    assert bank(library, "b").refused == ("w.wav",)
    assert SampleLibrary((root,)).bank("out") is None
    (root / "straight").symlink_to(tmp_path / "out" / "far")
    with pytest.raises(SampleError, match=r"is a link to .*, outside its sample folder"):
        SampleLibrary((root,)).bank("straight")


def test_what_is_too_deep_or_too_much_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = made(tmp_path, "/".join(map(str, range(folders.DEEPEST))) + "/x.wav")
    assert bank(library, str(folders.DEEPEST - 1)) is not None
    deeper = made(tmp_path, "/".join(map(str, range(folders.DEEPEST + 3))) + "/x.wav")
    assert deeper.bank(str(folders.DEEPEST + 2)) is None
    passed_over = tmp_path / "/".join(map(str, range(folders.DEEPEST + 1)))
    assert str(no_bank("10", deeper).hint).endswith(f"; folders that were not looked at: {passed_over}")
    monkeypatch.setattr(folders, "MOST_FOLDERS", 3)
    few = made(tmp_path / "many", *(f"{n}/kit{n}/x.wav" for n in range(9)))
    assert few.bank("kit8") is None
    assert "folders that were not looked at" in str(no_bank("kit8", few).hint)


@pytest.mark.skipif(os.geteuid() == 0, reason="root lists every folder")
def test_a_folder_that_cannot_be_listed_is_passed_over(tmp_path: Path) -> None:
    library = made(tmp_path, "a/kit/x.wav", "b/secret/x.wav")
    (tmp_path / "b").chmod(0)
    try:
        assert bank(library, "kit").within == "a/kit"
        assert library.tree(tmp_path).passed_over == ("b",)
    finally:
        (tmp_path / "b").chmod(0o700)
