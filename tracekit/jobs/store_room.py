"""Whether a full Redis refuses writes or evicts what should be kept."""

from __future__ import annotations

from redis import Redis
from redis.exceptions import RedisError

STORE_FULL = (
    "the store of jobs and results is full. Raise its maxmemory, lower TRACE_JOB_TTL_SECONDS, or "
    "keep large results in files (TRACEKIT_RESULTS_DIR)."
)
_SAFE_POLICY = "noeviction"


def eviction_warning(redis: Redis) -> str | None:
    """A warning if the store may evict jobs and results; None if it keeps them or is unknown."""
    try:
        memory = redis.info("memory")
    except RedisError:
        return None
    policy = str(memory.get("maxmemory_policy", _SAFE_POLICY))
    if policy == _SAFE_POLICY:
        return None
    return (
        f"the store's maxmemory-policy is {policy}, so it evicts jobs and results when it is "
        f"full. Set maxmemory-policy to {_SAFE_POLICY}."
    )
