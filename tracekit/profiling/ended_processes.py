"""Whether this process has started others."""

from __future__ import annotations

import resource


def ended_processes() -> int:
    """A number that rises whenever a process that this one started has ended.

    It is the number of page faults of ended children (getrusage(2), RUSAGE_CHILDREN); every
    process has some.
    """
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_minflt + used.ru_majflt
