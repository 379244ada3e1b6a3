"""The one Redis that web processes and workers share."""

from __future__ import annotations

from redis import Redis
from redis.backoff import ExponentialWithJitterBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from redis.retry import Retry

from tracekit.config import TraceSettings
from tracekit.errors import ConfigError

_SOCKET_SECONDS = 15.0
_IMPATIENT_SECONDS = 2.0
_RETRIES = 4  # a restarting server is back within a second or two


def connect_store(settings: TraceSettings, *, patient: bool = True) -> Redis:
    """A client of the Redis that REDIS_URL names; connects when first used.

    Args:
        settings: The settings with its URL.
        patient: Wait for a server that restarts; otherwise fail within seconds, for callers that
            can continue without it.

    Raises:
        ConfigError: REDIS_URL is not set or malformed. The message does not repeat it, because it
            can include a password.
    """
    if settings.redis_url is None:
        raise ConfigError("REDIS_URL is not set. It names the Redis for jobs and their results.")
    try:
        client: Redis = Redis.from_url(
            settings.redis_url,
            socket_connect_timeout=_SOCKET_SECONDS if patient else _IMPATIENT_SECONDS,
            socket_timeout=_SOCKET_SECONDS if patient else _IMPATIENT_SECONDS,
            retry=Retry(
                ExponentialWithJitterBackoff(base=0.1, cap=2.0), _RETRIES if patient else 0
            ),
            retry_on_error=[RedisConnectionError, RedisTimeoutError],
        )
    except ValueError:
        raise ConfigError(
            "REDIS_URL is malformed: expected redis://, rediss:// or unix://, such as "
            "redis://:PASSWORD@localhost:6379/0"
        ) from None
    return client
