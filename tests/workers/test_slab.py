"""The slab: files mapped one after another, whatever stands around their frames."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from workers.slab import PAGE, Extract, Slab, mapped, size_of


def written(path: Path, before: int, count: int, after: int) -> tuple[Path, np.ndarray]:
    """A file of noise, `count` bytes of it wanted, without a zero byte in it."""
    content = np.random.default_rng(count).integers(1, 256, before + count + after).astype(np.uint8)
    path.write_bytes(content.tobytes())
    return path, content[before : before + count]


@pytest.mark.parametrize("before", [0, 44, PAGE - 4, PAGE, PAGE + 80])
@pytest.mark.parametrize("count", [1, 100, PAGE - 44, PAGE, 3 * PAGE + 5])
@pytest.mark.parametrize("after", [0, 1, 2 * PAGE])
def test_only_the_wanted_bytes_are_there(tmp_path: Path, before: int, count: int, after: int) -> None:
    path, wanted = written(tmp_path / "a", before, count, after)
    part = Extract(str(path), size_of([]), before, before + count)
    slab = mapped([part])
    assert part.start % PAGE == before % PAGE
    np.testing.assert_array_equal(slab.bytes[part.start : part.start + count], wanted)
    assert not slab.bytes[: part.start].any()
    assert not slab.bytes[part.start + count : part.stop].any()


def test_parts_that_only_add_keep_the_slab_and_others_make_a_new_one(tmp_path: Path) -> None:
    parts: list[Extract] = []
    contents = []
    for number in range(3):
        path, wanted = written(tmp_path / str(number), 44, 5000 + number, 10)
        contents.append(wanted)
        parts.append(Extract(str(path), size_of(parts), 44, 5044 + number))
    one = mapped(parts[:1])
    assert mapped(parts, one) is one
    for part, wanted in zip(parts, contents):
        np.testing.assert_array_equal(one.bytes[part.start : part.start + len(wanted)], wanted)
    other = mapped([Extract(parts[1].path, size_of([]), 44, 5045)], one)
    assert other is not one
    np.testing.assert_array_equal(other.bytes[other.parts[0].start :][: len(contents[1])], contents[1])


def test_a_slab_that_is_outgrown_is_mapped_anew(tmp_path: Path) -> None:
    path, wanted = written(tmp_path / "a", 0, 100, 0)
    near = Extract(str(path), size_of([]), 0, 100)
    first = mapped([near])
    far = Extract(str(path), first.size, 0, 100)
    second = mapped([near, far], first)
    assert second is not first
    for part in (near, far):
        np.testing.assert_array_equal(second.bytes[part.start : part.start + 100], wanted)


def test_a_file_that_is_gone_or_shorter_is_named(tmp_path: Path) -> None:
    path, _ = written(tmp_path / "a", 0, 100, 0)
    with pytest.raises(OSError, match="shorter"):
        mapped([Extract(str(path), size_of([]), 0, 101)])
    with pytest.raises(OSError, match="absent"):
        mapped([Extract(str(tmp_path / "absent"), size_of([]), 0, 1)])


def test_memory_is_address_space_until_it_is_read() -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE

    before = resident()
    slab = Slab(8 << 30)
    assert slab.size >= 8 << 30
    assert resident() - before < 1 << 22
