"""Decoded sounds: read where nobody else can have put them, kept in memory where nothing can be written."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from farm.audio import keeping
from farm.audio.planes import kept
from farm.errors import FileError
from workers import cache
from workers.slab import Extract, mapped, size_of

ROOT = Path(__file__).resolve().parents[2]
SOUND = np.linspace(-1, 1, 5000, dtype=np.float32)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own."""
    monkeypatch.setenv("FARM_CACHE", str(tmp_path / "c"))
    monkeypatch.setattr(keeping, "_in_memory", {})
    monkeypatch.setattr(keeping, "_memory", [])
    cache.told()
    return tmp_path / "c"


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Nothing that can be written: the cache is a file, and there is neither a home nor a temporary folder."""
    (tmp_path / "c").write_bytes(b"")
    for name in ("XDG_CACHE_HOME", "TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "none")
    monkeypatch.setattr(cache, "TEMPORARY", ())
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("step", ["sounds", "sounds/*.planes"])
def test_r13_sounds_where_others_may_write_are_made_again_elsewhere(
    step: str, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "usual"))
    first = kept(SOUND)
    (path,) = here.glob(step)
    whole = first.path.read_bytes()
    first.path.write_bytes(whole[:-1])
    path.chmod(path.stat().st_mode | 0o002)
    again = kept(SOUND)
    np.testing.assert_array_equal(again.read()[0], SOUND)
    assert str(path) in "".join(one.message for one in cache.told())
    if step == "sounds":
        assert again.path.is_relative_to(tmp_path / "usual")
    else:
        assert again.path == first.path, "its folder is ours, so it is put in its place"
        assert not again.path.stat().st_mode & 0o022


def test_what_others_may_write_is_not_recalled(here: Path, tmp_path: Path) -> None:
    about = os.stat(__file__)
    keeping.remember(about, finite=True)
    assert keeping.recalled(about) == {"finite": True}
    keeping.remember(about, sha256="1")
    assert keeping.recalled(about) == {"finite": True, "sha256": "1"}
    (path,) = here.glob("sounds/known/*.json")
    path.chmod(0o666)
    assert keeping.recalled(about) == {}


@pytest.mark.usefixtures("nowhere")
def test_r16_without_a_folder_sounds_stay_in_memory_and_are_mapped(tmp_path: Path) -> None:
    sounds = [SOUND[: 3 + 1000 * n] for n in range(5)]
    found = [kept(sound) for sound in sounds]
    assert [kept(sound) for sound in sounds] == found
    for sound, one in zip(sounds, found, strict=True):
        np.testing.assert_array_equal(one.read()[0], sound)
    parts: list[Extract] = []
    for one in found:
        parts.append(Extract(str(one.path), size_of(parts), one.first, one.last))
    slab = mapped(parts)
    for sound, one, part in zip(sounds, found, parts, strict=True):
        at = part.start + one.left - one.first
        np.testing.assert_array_equal(slab.bytes[at : at + 4 * one.frames].view(np.float32), sound)
    assert (keeping.lasts(), keeping.held()) == (False, keeping.Held(None, 0, 0))
    assert keeping.clear() == keeping.Held(None, 0, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["c"]
    assert "cannot be written: not a directory" in "".join(one.message for one in cache.told())


def test_r16_a_large_sound_is_resampled_without_a_folder(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import soundfile

    from farm.audio import decode, planes

    monkeypatch.setattr(planes, "IN_MEMORY", 100)
    soundfile.write(nowhere / "a.wav", SOUND, 48_000)
    found = planes.planes_of(nowhere / "a.wav", 44_100)
    assert found.frames == planes.resampled_frames(len(SOUND), 48_000, 44_100)
    assert decode.inspect(nowhere / "a.wav").frames == len(SOUND)
    assert sorted(path.name for path in nowhere.iterdir()) == ["a.wav", "c"]


@pytest.mark.usefixtures("nowhere")
def test_r16_where_memory_is_full_too_the_reason_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(FileError, match="cannot keep a decoded sound in memory: cannot allocate memory"):
        kept(SOUND)


RENDER = """
import sys
from workers import cache
cache.TEMPORARY = ()
if __name__ == "__main__":
    from farm.cli import main
    main()
"""


def rendered(folder: Path, out: str, *options: str, **variables: str) -> tuple[bytes, str]:
    """The sound of a.ph in a folder, rendered with nothing around that can be written but FARM_CACHE; what was said."""
    environment = {"PATH": os.environ["PATH"], "HOME": "none", "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "main.py", "render", "a.ph", out, "--cycles", "1", *options]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return (folder / out).read_bytes(), done.stderr


@pytest.mark.parametrize("portable", ["0", "1"])
def test_r16_a_render_goes_on_without_a_folder_for_sounds(
    tmp_path: Path, portable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cache of kernels is a copy of the usual one; where sounds should be lies a file."""
    (tmp_path / "a.ph").write_text('out: s "bd*2" # speed "1 0.5"\n')
    (tmp_path / "main.py").write_text(RENDER)
    ways = (("--backend", "inline"), ("--backend", "local", "--threads", "2"))
    monkeypatch.delenv("FARM_CACHE")
    usual = Path(cache.roots().read[0].folder)
    expected = [rendered(tmp_path, "usual.wav", *way, FARM_CACHE=str(usual))[0] for way in ways]
    shutil.copytree(usual / "objects", tmp_path / "c" / "objects")
    (tmp_path / "c" / "sounds").write_bytes(b"")
    for way, whole in zip(ways, expected, strict=True):
        made, said = rendered(tmp_path, "none.wav", *way, FARM_CACHE=str(tmp_path / "c"), FARM_PORTABLE=portable)
        assert made == whole
        assert f"the cache folder {tmp_path}/c/sounds is not used: it is a link, or no folder" in said
        assert "compiling" not in said
    assert expected[0] == expected[1]


NOTING = """
import os
from workers.targets import objects
compiled = objects.compiled
def noting(names, *how):
    with open("compiled", "a") as file:
        print(os.getpid(), *names, file=file)
    return compiled(names, *how)
objects.compiled = noting
"""


def test_r16_a_render_goes_on_without_any_folder_and_compiles_once(tmp_path: Path) -> None:
    (tmp_path / "a.ph").write_text('out: s "bd"\n')
    (tmp_path / "main.py").write_text(NOTING + RENDER)
    (tmp_path / "c").write_bytes(b"")
    how = ("--backend", "local", "--threads", "2")
    made, said = rendered(tmp_path, "a.wav", *how, FARM_CACHE=str(tmp_path / "c"), FARM_PORTABLE="1")
    assert made[:4] == b"RIFF"
    assert "(not kept: no cache folder can be written)" in said
    assert f"the cache folder {tmp_path}/c cannot be written: not a directory" in said
    assert "what is compiled and decoded is not kept" in said
    assert len((tmp_path / "compiled").read_text().splitlines()) == 1, "workers are given what was compiled"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ph", "a.wav", "c", "compiled", "main.py"]
