"""Fixtures for tests: a local Oracle, its faults, and replays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tracekit.pytest_plugin.options import option

WORKLOAD_MARKER = "tracekit_workload"
WORKLOAD_MARKER_LINE = (
    f"{WORKLOAD_MARKER}(workload, keys=None): local_oracle serves this workload, shape or file, "
    "built with this number of keys"
)

if TYPE_CHECKING:
    from tracekit.experiment.view import Replay
    from tracekit.testbed import Faults, LocalOracle


@pytest.fixture(scope="session")
def local_oracle_server(request: pytest.FixtureRequest) -> Iterator[LocalOracle]:
    """A running local Oracle, one per session (one per worker under pytest-xdist).

    It serves what `--tracekit-oracle` or the ini key `tracekit_oracle` names: a workload, a DuckDB
    file, or `:memory:`, the default. Use it in fixtures with a wider scope than a test: every later
    `local_oracle` starts with what they write and commit here. Nothing is written to a file.
    """
    from tracekit.testbed import LocalOracle

    source = option(request.config, "oracle") or ":memory:"
    with LocalOracle(source) as running:
        yield running


@pytest.fixture(scope="session")
def tracekit_workload_servers() -> Iterator[Callable[..., LocalOracle]]:
    """The running local Oracles of `tracekit_workload` markers, one for each workload and size."""
    from tracekit.testbed import LocalOracle

    with ExitStack() as stack:
        running: dict[tuple[str, int | None], LocalOracle] = {}

        def serve(source: str | Path, *, keys: int | None = None) -> LocalOracle:
            known = (str(source), keys)
            if known not in running:
                running[known] = stack.enter_context(LocalOracle(source, keys=keys))
            return running[known]

        yield serve


@pytest.fixture
def local_oracle(request: pytest.FixtureRequest) -> Iterator[LocalOracle]:
    """The session's local Oracle with a separate database for this test.

    It starts with all tables of `local_oracle_server`, or of the workload or shape in the test's
    marker: `@pytest.mark.tracekit_workload("payments", keys=5000)`. Other tests do not see what
    the test writes, in any schema. Creating the database takes milliseconds.
    `local_oracle.database` is ready to read from it; `local_oracle.dsn`, `.user` and `.password`
    are for drivers and SQLAlchemy.
    """
    marker = request.node.get_closest_marker(WORKLOAD_MARKER)
    if marker is None:
        server = request.getfixturevalue("local_oracle_server")
    else:
        try:
            source, keys = _named(*marker.args, **marker.kwargs)
        except TypeError as exc:
            raise pytest.UsageError(
                f"@pytest.mark.{WORKLOAD_MARKER}: {exc}. Write "
                f'@pytest.mark.{WORKLOAD_MARKER}("payments", keys=5000)'
            ) from None
        server = request.getfixturevalue("tracekit_workload_servers")(source, keys=keys)
    with server.fresh() as mine:
        yield mine


def _named(source: str | Path, *, keys: int | None = None) -> tuple[str | Path, int | None]:
    """The values of the marker."""
    return source, keys


@pytest.fixture
def oracle_faults(local_oracle: LocalOracle) -> Iterator[Faults]:
    """Injects faults into `local_oracle`: `oracle_faults.drop_after(rows=5000, once=True)`.

    All faults are removed when the test ends.
    """
    yield local_oracle.faults
    local_oracle.faults.clear()


@pytest.fixture
def replay(tmp_path: Path) -> Callable[..., Replay]:
    """`tracekit.replay` for a test: by default the run's folder is in `tmp_path`.

    `replay("payments", keys=2000).verdict.passed` runs a workload's candidates and compares them.
    """
    from tracekit.experiment.replay import replay as run_replay

    numbers = count(1)

    def run(*arguments: Any, **options: Any) -> Replay:
        options.setdefault("output", tmp_path / f"tracekit-run-{next(numbers)}")
        return run_replay(*arguments, **options)

    return run
