"""How often the kernel killed for lack of memory, so that a SIGKILL can be explained."""

from __future__ import annotations

from pathlib import Path

_VMSTAT = Path("/proc/vmstat")


def kernel_kills() -> int | None:
    """Kills since boot, including memory cgroups; None if the kernel does not report them.

    Linux counts them as `oom_kill` in /proc/vmstat.
    """
    try:
        text = _VMSTAT.read_text(encoding="ascii")
    except OSError:
        return None
    for line in text.splitlines():
        name, _, count = line.partition(" ")
        if name == "oom_kill":
            return int(count)
    return None
