from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tracekit.profiling.cgroup import CgroupMemory, cgroup_memory

MIB = 2**20
Read = Callable[[str, Mapping[str, object]], CgroupMemory | None]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Lays out the files of control groups and reads them."""

    def laid_out(lines: str, files: Mapping[str, object]) -> CgroupMemory | None:
        for name, text in files.items():
            file = tmp_path / "fs" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{text}\n")
        (tmp_path / "cgroup").write_bytes(os.fsencode(lines))
        return cgroup_memory(tmp_path / "cgroup", tmp_path / "fs")

    return laid_out


def test_version_2_is_limited_by_the_group_or_parent_that_leaves_the_least(read: Read) -> None:
    files = {"memory.max": "max", "a/memory.max": MIB, "a/b/memory.max": 2 * MIB}
    assert read("0::/a/b\n", files) == CgroupMemory(MIB, 0)
    used = {**files, "a/b/memory.max": 2 * MIB, "a/b/memory.current": 2 * MIB - 1}
    assert read("0::/a/b\n", used) == CgroupMemory(2 * MIB, 2 * MIB - 1)


def test_version_1_is_read_where_the_group_is_mounted_as_root(read: Read) -> None:
    files = {
        "memory/memory.limit_in_bytes": 3 * MIB,
        "memory/memory.usage_in_bytes": 2 * MIB,
        "memory/memory.stat": f"cache 5\ntotal_inactive_file {MIB}",
    }
    assert read("5:cpu:/x\n4:memory:/docker/abc\n", files) == CgroupMemory(3 * MIB, MIB)


def test_memory_high_limits_too_and_says_that_it_throttles(read: Read) -> None:
    files = {"a/memory.max": 6 * MIB, "a/memory.high": 2 * MIB, "a/memory.current": MIB}
    found = read("0::/a\n", files)
    assert found == CgroupMemory(2 * MIB, MIB, throttled=True)
    assert found.free_bytes == MIB


def test_cache_that_can_be_dropped_is_not_in_use(read: Read) -> None:
    stat = f"anon 1\ninactive_file {3 * MIB}\nactive_file 7"
    files = {"a/memory.max": 4 * MIB, "a/memory.current": 4 * MIB, "a/memory.stat": stat}
    assert read("0::/a\n", files) == CgroupMemory(4 * MIB, MIB)


@pytest.mark.parametrize("group", ["Xen", "böx", "容器", "a b:c", "\udcff"])
def test_a_group_may_have_any_name(read: Read, group: str) -> None:
    assert read(f"0::/{group}\n", {f"{group}/memory.max": MIB}) == CgroupMemory(MIB, 0)


def test_no_limit_is_none(read: Read) -> None:
    files = {"memory/memory.limit_in_bytes": 2**63 - 4096, "a/memory.max": "max"}
    assert read("0::/a\n4:memory:/\n", files) is None


def test_no_control_groups_is_none(tmp_path: Path) -> None:
    assert cgroup_memory(tmp_path / "gone", tmp_path) is None


def test_other_controllers_of_version_1_have_no_memory(read: Read) -> None:
    files = {
        "memory/a/memory.limit_in_bytes": 3 * MIB,
        "memory/x/memory.limit_in_bytes": MIB,
        "memory/memory.limit_in_bytes": 9 * MIB,
    }
    found = CgroupMemory(3 * MIB, 0)
    assert read("5:cpu,cpuacct:/x\n4:hugetlb,memory:/a\n", files) == found
    assert read("5:cpu:/x\n", files) is None


def test_files_outside_of_the_mount_are_not_read(read: Read) -> None:
    """The parents of the innermost group end with the root of all groups."""
    assert read("0::/a\n", {"a/memory.max": 2 * MIB, "../memory.max": MIB}) == CgroupMemory(
        2 * MIB, 0
    )


@pytest.mark.parametrize(
    ("stat", "used"),
    [
        (f"malformed\nönly 7\nanon 7 8\ninactive_file {MIB}", 2 * MIB),
        ("anon 1", 3 * MIB),
        (f"inactive_file {5 * MIB}", 0),
        (f"x 1\ninactive_file {MIB}\ninactive_files 7", 2 * MIB),
    ],
)
def test_use_is_without_the_cache(read: Read, stat: str, used: int) -> None:
    files = {"a/memory.max": 4 * MIB, "a/memory.current": 3 * MIB, "a/memory.stat": stat}
    found = read("0::/a\n", files)
    assert found == CgroupMemory(4 * MIB, used)
    assert found.free_bytes == 4 * MIB - used


def test_above_its_limit_a_group_has_nothing_free() -> None:
    assert CgroupMemory(MIB, 2 * MIB).free_bytes == 0
    assert not CgroupMemory(MIB, 2 * MIB).throttled


@pytest.mark.parametrize(
    ("text", "limit_bytes"),
    [(2**60 - 1, 2**60 - 1), (2**60, None), ("1 2", None), ("ünknown", None)],
)
def test_what_is_no_limit_is_none(read: Read, text: object, limit_bytes: int | None) -> None:
    found = read("0::/a\n", {"a/memory.max": text})
    assert (found.limit_bytes if found else None) == limit_bytes
