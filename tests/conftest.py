"""Guards that hold for every test: a clean environment before, nothing left behind after."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from hypothesis import Phase, settings

from tests.alone import ALONE

# An example that takes long on a busy machine is no failure.
settings.register_profile("tracekit", deadline=None)
settings.load_profile("tracekit")
# `make mutants` wants to know that an example fails, not the smallest one that does.
settings.register_profile(
    "mutants", deadline=None, database=None, phases=[Phase.explicit, Phase.generate]
)

_OURS = ("DB_", "EVENT_FETCHER_", "TRACE_", "TRACEKIT_")
_KEPT = {"TRACEKIT_ORACLE_DSN", "TRACEKIT_CACHE_DIR"}

_FIRST = {
    # The longest: at the end, a worker without tests would wait for them.
    "test_alone.py",
    "test_stories_as_files.py",
    "test_stories_run.py",
    "test_story_in_jupyterlab.py",
}


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the files of `ALONE` to test_alone.py, unless they are named."""
    if collection_path not in ALONE:
        return None
    named = {Path(config.invocation_params.dir, arg.partition("::")[0]) for arg in config.args}
    return True if collection_path not in named else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run some files first."""
    items.sort(key=lambda item: item.path.name not in _FIRST)


@pytest.fixture(autouse=True)
def _clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own settings never decide a test."""
    for name in list(os.environ):
        if name.startswith(_OURS) and name not in _KEPT:
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _no_leaks() -> Iterator[None]:
    """Child processes and non-daemon threads started by a test end with it."""
    children = {child.pid for child in _descendants()}
    threads = set(threading.enumerate())
    yield
    left = [child for child in _descendants() if child.pid not in children]
    _gone, alive = psutil.wait_procs(left, timeout=5)
    assert not alive, f"child processes left running: {[c.cmdline() for c in alive]}"
    strays = [t for t in threading.enumerate() if t not in threads and not t.daemon]
    for thread in strays:
        thread.join(5)
    assert not [t for t in strays if t.is_alive()], f"threads left running: {strays}"


def _descendants() -> list[psutil.Process]:
    """All processes below this one; without a look at every process there is, if it has none."""
    with suppress(OSError):  # a thread that ended meanwhile, or no Linux
        lists = [task / "children" for task in Path("/proc/self/task").iterdir()]
        if not any(file.read_text(encoding="ascii") for file in lists):
            return []
    return psutil.Process().children(recursive=True)
