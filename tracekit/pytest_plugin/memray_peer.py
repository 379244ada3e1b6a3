"""Coexistence with pytest-memray: it starts the process's only Tracker, whose results are used."""

from __future__ import annotations

from pathlib import Path

import pytest

_MARKERS = ("limit_memory", "limit_leaks", "limit_leaked_objects")
_MANAGER = "memray_manager"


def memray_tracks(item: pytest.Item) -> bool:
    """Whether pytest-memray will track the call of `item`."""
    config = item.config
    if not config.pluginmanager.has_plugin(_MANAGER):
        return False
    return bool(
        config.getoption("memray", False)
        or config.getini("memray")
        or any(item.get_closest_marker(name) for name in _MARKERS)
    )


def memray_saw(item: pytest.Item) -> tuple[int, Path] | None:
    """Heap peak of the call of `item`, without merely reserved memory, and its capture.

    None if pytest-memray kept none.
    """
    manager = item.config.pluginmanager.get_plugin(_MANAGER)
    result = getattr(manager, "results", {}).get(item.nodeid)
    if result is None:
        return None
    from tracekit.profiling import read_heap

    capture = Path(result.result_file)
    return read_heap(capture).peak_bytes, capture
