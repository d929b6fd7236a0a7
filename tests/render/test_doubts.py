"""What is said of a cache that is not used as it was meant: by a render, and by the doctor."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from farm.errors import RenderError
from farm.rendering import doctor
from farm.rendering.doubts import cache_notices
from tests.render.sound import frames
from workers import cache
from workers.targets import keys, objects

SHELF = objects.Shelf("of-the-tests", "v2")


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FARM_CACHE", str(tmp_path / "named"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "usual"))
    monkeypatch.setattr(cache, "TEMPORARY", ())
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    cache.told()


def test_a_cache_that_is_as_it_should_be_is_worth_no_word(tmp_path: Path) -> None:
    assert objects.stored(["a"], SHELF) == {}
    assert cache_notices() == ()
    assert [(one.state, one.found.split(",")[0]) for one in doctor.cache_folders()] == [("fine", f"{tmp_path}/named")]


def test_r13_a_folder_that_others_may_write_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "named").mkdir()
    (tmp_path / "named").chmod(0o777)
    for _ in range(3):
        assert objects.stored(["a"], SHELF) == {}
    (notice,) = cache_notices()
    assert notice.message == f"the cache folder {tmp_path}/named is not used: others may write to it (mode 777)"
    assert notice.hint is not None
    assert f"kept in {tmp_path}/usual/ph-farm; FARM_CACHE=FOLDER names another folder" in notice.hint
    assert cache_notices() == ()
    refused, used = doctor.cache_folders()
    assert (refused.state, refused.found) == ("warning", notice.message)
    assert "chmod go-w" in refused.advice
    assert (used.state, used.found.split(",")[0]) == ("fine", f"{tmp_path}/usual/ph-farm")


def test_r16_no_folder_at_all_is_told(tmp_path: Path) -> None:
    for name in ("named", "usual"):
        (tmp_path / name).write_bytes(b"")
    with cache.writable(*SHELF.below) as folder:
        assert folder is None
    notices = cache_notices()
    assert [one.message for one in notices] == [
        f"the cache folder {tmp_path}/{name} cannot be written: not a directory" for name in ("named", "usual/ph-farm")
    ]
    assert {one.hint for one in notices} == {
        "what is compiled and decoded is not kept; FARM_CACHE=FOLDER names another folder"
    }
    found = list(doctor.cache_folders())
    assert [one.state for one in found] == ["warning"] * 3
    assert found[-1].found == "none can be written: what is compiled and decoded is not kept"
    assert list(doctor.sound_cache()) == []
    assert [one.name for one in doctor.kernel_cache()] == ["kernels"]


@pytest.mark.parametrize(("brought", "state"), [(True, "warning"), (False, "broken")])
def test_who_has_all_machine_code_needs_no_compiler(brought: bool, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there = metadata.version

    def version(library: str) -> str:
        if library in ("numba", "llvmlite"):
            raise metadata.PackageNotFoundError(library)
        return there(library)

    def toolchain() -> str:
        raise ModuleNotFoundError("there is no numba", name="numba")

    monkeypatch.setattr(metadata, "version", version)
    monkeypatch.setattr(keys, "toolchain", toolchain)
    monkeypatch.setattr(objects, "lacking", lambda names, level: [] if brought else list(names))
    _, libraries = doctor.versions()
    (kernels,) = doctor.kernel_cache()
    assert (libraries.state, kernels.state) == (state, "fine" if brought else "broken")
    assert libraries.advice.endswith("pip install numba llvmlite")
    assert kernels.found.endswith("nothing can be compiled without numba")


def test_why_machine_code_was_to_be_compiled_stands_below_why_it_could_not_be(monkeypatch: pytest.MonkeyPatch) -> None:
    def provide(*_: object, **__: object) -> objects.MachineCode:
        cache.doubt(cache.Doubt("there", "there is not used: it belongs to user b"))
        raise objects.CompileError("lpf_constant: there is no numba to do it with")

    monkeypatch.setattr(objects, "provide", provide)
    with pytest.raises(RenderError) as refused:
        frames("out: saw 110")
    assert refused.value.message == "a kernel could not be compiled: lpf_constant: there is no numba to do it with"
    assert refused.value.hint == "there is not used: it belongs to user b"
