"""How often the kernel killed for lack of memory, so that a SIGKILL can be explained."""

from __future__ import annotations

from pathlib import Path

_VMSTAT = Path("/proc/vmstat")


def kernel_kills(vmstat: Path = _VMSTAT) -> int | None:
    """Kills since boot, including memory cgroups; None if the kernel does not report them.

    Args:
        vmstat: Has them as `oom_kill`, like /proc/vmstat.
    """
    try:
        text = vmstat.read_text(encoding="ascii")
    except OSError:
        return None
    for line in text.splitlines():
        name, _, count = line.partition(" ")
        if name == "oom_kill":
            return int(count)
    return None
