"""What a process may grow by while it is fuzzed."""

from __future__ import annotations

import os
from pathlib import Path

from tests.fuzz.cases import Failure


def rss_bytes(pid: int, field: str = "VmRSS") -> int:
    """Resident memory of a process now, or its highest (`VmHWM`)."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1]) * 1024
    raise Failure(f"process {pid} has no {field}: it is gone")


class GrowthLimit:
    """Fails when a process has grown by more than it may since the first check.

    Args:
        growth_bytes: most that may stay.
        peak_bytes: most that may be needed for a moment.
        pid: which process; by default this one.
    """

    def __init__(self, growth_bytes: int, peak_bytes: int, pid: int | None = None) -> None:
        self._pid = pid or os.getpid()
        self._most = growth_bytes
        self._most_peak = peak_bytes
        self._base: int | None = None
        self.growth_bytes = 0
        self.peak_growth_bytes = 0

    def check(self, where: str) -> None:
        """Look; the first look is the base, since first uses allocate for good.

        Raises:
            Failure: it grew too much.
        """
        now = rss_bytes(self._pid)
        if self._base is None:
            self._base = now
        self.growth_bytes = now - self._base
        self.peak_growth_bytes = rss_bytes(self._pid, "VmHWM") - self._base
        if self.growth_bytes > self._most or self.peak_growth_bytes > self._most_peak:
            raise Failure(
                f"memory grew by {self.growth_bytes:,} bytes (at most {self.peak_growth_bytes:,}) "
                f"up to {where}; allowed are {self._most:,} and {self._most_peak:,}"
            )

    def describe(self) -> str:
        """What was seen so far."""
        return (
            f"memory grew by {self.growth_bytes / 2**20:,.1f} MiB, "
            f"at most {self.peak_growth_bytes / 2**20:,.1f} MiB"
        )
