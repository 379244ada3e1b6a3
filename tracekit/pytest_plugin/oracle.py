"""The fixtures that give tests an Oracle, and one that misbehaves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tracekit.pytest_plugin.options import option

if TYPE_CHECKING:
    from tracekit.testbed import Faults, LocalOracle


@pytest.fixture(scope="session")
def local_oracle(request: pytest.FixtureRequest) -> Iterator[LocalOracle]:
    """A running local Oracle, one for the session (one for each worker under pytest-xdist).

    It serves what `--tracekit-oracle` or the ini key `tracekit_oracle` names: a workload, a DuckDB
    file, or `:memory:`, the default. `local_oracle.database` is ready to read from it. What tests
    write is seen by later tests of the session, and never reaches a file.
    """
    from tracekit.testbed import LocalOracle

    source = option(request.config, "oracle") or ":memory:"
    with LocalOracle(source) as running:
        yield running


@pytest.fixture
def oracle_faults(local_oracle: LocalOracle) -> Iterator[Faults]:
    """What `local_oracle` does wrong: `oracle_faults.drop_after(rows=5000, once=True)`.

    All faults are lifted when the test ends.
    """
    yield local_oracle.faults
    local_oracle.faults.clear()
