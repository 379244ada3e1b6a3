"""A ready local Oracle: builds the workload, starts the server process, hands out a Database."""

from tracekit.testbed.faults import Faults
from tracekit.testbed.local_oracle import LocalOracle

__all__ = ["Faults", "LocalOracle"]
