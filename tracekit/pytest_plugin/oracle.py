"""The fixtures that give tests an Oracle, one that misbehaves, and replays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tracekit.pytest_plugin.options import option

if TYPE_CHECKING:
    from tracekit.experiment.view import Replay
    from tracekit.testbed import Faults, LocalOracle


@pytest.fixture(scope="session")
def local_oracle_server(request: pytest.FixtureRequest) -> Iterator[LocalOracle]:
    """A running local Oracle, one for the session (one for each worker under pytest-xdist).

    It serves what `--tracekit-oracle` or the ini key `tracekit_oracle` names: a workload, a DuckDB
    file, or `:memory:`, the default. For fixtures of a wider scope than a test: what they write
    and commit here, the `local_oracle` of every later test starts with. Nothing reaches a file.
    """
    from tracekit.testbed import LocalOracle

    source = option(request.config, "oracle") or ":memory:"
    with LocalOracle(source) as running:
        yield running


@pytest.fixture
def local_oracle(local_oracle_server: LocalOracle) -> Iterator[LocalOracle]:
    """The session's local Oracle with a database of this test's own.

    It starts with all tables of `local_oracle_server`. What the test writes, in whichever schema,
    other tests do not see; making it takes milliseconds. `local_oracle.database` is ready to read
    from it; `local_oracle.dsn`, `.user` and `.password` are for drivers and SQLAlchemy.
    """
    with local_oracle_server.fresh() as mine:
        yield mine


@pytest.fixture
def oracle_faults(local_oracle: LocalOracle) -> Iterator[Faults]:
    """What `local_oracle` does wrong: `oracle_faults.drop_after(rows=5000, once=True)`.

    All faults are lifted when the test ends.
    """
    yield local_oracle.faults
    local_oracle.faults.clear()


@pytest.fixture
def replay(tmp_path: Path) -> Callable[..., Replay]:
    """`tracekit.replay` for a test: each run's folder is in `tmp_path`, where no other is named.

    `replay("payments", keys=2000).verdict.passed` runs a workload's candidates and compares them.
    """
    from tracekit.experiment.replay import replay as run_replay

    numbers = count(1)

    def run(*arguments: Any, **options: Any) -> Replay:
        options.setdefault("output", tmp_path / f"tracekit-run-{next(numbers)}")
        return run_replay(*arguments, **options)

    return run
