"""The fixture that gives tests an Oracle."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tracekit.pytest_plugin.options import option

if TYPE_CHECKING:
    from tracekit.testbed import LocalOracle


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
