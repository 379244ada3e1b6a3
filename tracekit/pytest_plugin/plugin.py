"""The entry point: options, marker, fixtures, and the hooks of one session."""

from __future__ import annotations

import pytest

from tracekit.profiling.arrow_pool import pin_arrow_pool
from tracekit.pytest_plugin.limits import MARKER_LINE
from tracekit.pytest_plugin.options import add_options, read_options
from tracekit.pytest_plugin.oracle import WORKLOAD_MARKER_LINE
from tracekit.pytest_plugin.oracle import local_oracle as local_oracle
from tracekit.pytest_plugin.oracle import local_oracle_server as local_oracle_server
from tracekit.pytest_plugin.oracle import oracle_faults as oracle_faults
from tracekit.pytest_plugin.oracle import replay as replay
from tracekit.pytest_plugin.oracle import tracekit_workload_servers as tracekit_workload_servers
from tracekit.pytest_plugin.session import PeakSession


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options and ini keys."""
    add_options(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Set Arrow's pool before a conftest can load Arrow: memray sees the system's allocator."""
    early_config.add_cleanup(pin_arrow_pool())


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and measure in this session."""
    config.addinivalue_line("markers", MARKER_LINE)
    config.addinivalue_line("markers", WORKLOAD_MARKER_LINE)
    session = PeakSession(read_options(config), is_worker=hasattr(config, "workerinput"))
    config.pluginmanager.register(session, "tracekit_peaks")
