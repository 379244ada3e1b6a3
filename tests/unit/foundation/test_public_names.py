"""The public surface is what `__all__` says, typed and lazy."""

from __future__ import annotations

import pkgutil
import subprocess
import sys

import tracekit


def _loaded_after(code: str) -> set[str]:
    script = f"{code}\nimport sys\nprint(*sorted(sys.modules))"
    output = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    return set(output.split())


def test_every_public_name_is_there() -> None:
    for name in tracekit.__all__:
        assert getattr(tracekit, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    assert not hasattr(tracekit, "no_such_name")


def test_importing_the_package_loads_no_room() -> None:
    loaded = _loaded_after("import tracekit")

    assert not {name for name in loaded if name.startswith("tracekit.")} - {"tracekit._version"}


def test_fetching_loads_neither_pandas_nor_the_server_nor_plots() -> None:
    loaded = _loaded_after("import tracekit; tracekit.Database; tracekit.EventFetcher")

    assert not loaded & {"pandas", "duckdb", "matplotlib", "memray", "IPython", "rich", "sqlglot"}


def test_no_room_hides_a_public_name() -> None:
    rooms = {room.name for room in pkgutil.iter_modules(tracekit.__path__)}
    assert rooms & set(tracekit.__all__) == {"errors"}
