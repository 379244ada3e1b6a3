"""redis-py's answers and transactions, typed for clients that decode nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from redis import Redis
from redis.client import Pipeline

T = TypeVar("T")
Fields = Mapping[bytes, bytes]
Value = str | bytes | int


def transact(redis: Redis, attempt: Callable[[Pipeline], T], *watched: str) -> T:
    """Run `attempt`; repeat it if another client changed what it read before it could write.

    `attempt` reads from the pipeline, calls its `multi()`, then queues its writes.
    """
    run = cast(Callable[[Pipeline], None], attempt)
    return cast(T, redis.transaction(run, *watched, value_from_callable=True))


def put_fields(pipe: Redis, key: str, fields: Mapping[str, Value]) -> None:
    """Set fields of the hash at `key`."""
    pipe.hset(key, mapping=cast(Mapping[Any, Any], fields))


def as_bytes(value: object) -> bytes:
    """A value, a field or a name."""
    assert isinstance(value, bytes), type(value)
    return value


def as_fields(value: object) -> Fields:
    """The fields of a hash.

    Raises:
        TypeError: it is not a hash.
    """
    if not isinstance(value, dict):
        raise TypeError(f"expected a hash, not {type(value).__name__}")
    return value
