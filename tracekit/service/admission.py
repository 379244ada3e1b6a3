"""Decide, from counts, whether a request is answered immediately, by a job, or refused."""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum, auto

from tracekit.config import TraceSettings
from tracekit.errors import AdmissionError
from tracekit.jobs import AGGREGATED_PROFILES

_log = logging.getLogger("tracekit.service")


class Admission(Enum):
    """How an admitted request is served."""

    AT_ONCE = auto()
    AS_JOB = auto()


def admit(
    profile: str, cid_count: int, settings: TraceSettings, queue_at_hand: Callable[[], bool]
) -> Admission:
    """How a request for `cid_count` CIDs is served.

    Args:
        profile: One of PROFILES; aggregated ones (MSD) are never refused, only logged.
        cid_count: After normalisation.
        settings: The thresholds, inclusive.
        queue_at_hand: Called only if needed.

    Raises:
        AdmissionError: too many CIDs for an immediate answer, and there is no queue.
    """
    above = cid_count > settings.cid_limit
    if above and profile in AGGREGATED_PROFILES:
        _log.warning("%s: %d CIDs, the limit is %d", profile, cid_count, settings.cid_limit)
    if cid_count > settings.async_cid_threshold and queue_at_hand():
        return Admission.AS_JOB
    if above and profile not in AGGREGATED_PROFILES:
        raise AdmissionError(cid_count, settings.cid_limit)
    return Admission.AT_ONCE
