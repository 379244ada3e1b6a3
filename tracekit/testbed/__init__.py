"""A ready local Oracle: build the workload, start the server process, provide a Database."""

from tracekit.testbed.faults import Faults
from tracekit.testbed.local_oracle import LocalOracle

__all__ = ["Faults", "LocalOracle"]
