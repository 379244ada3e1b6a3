"""A memory limit for a stretch of this process, and recognising the errors it causes."""

from __future__ import annotations

import errno
import resource
from collections.abc import Iterator
from contextlib import contextmanager

from tracekit import process_memory
from tracekit.errors import BatchFetchError, ProfileError
from tracekit.sizes import format_size

AT_LIMIT_FRACTION = 0.95
"""Share of the memory limit above which any error counts as out of memory."""


class AtMemoryLimit(ProfileError):
    """The process failed with its memory limit nearly used up.

    Libraries have many words for a refused allocation: Arrow's `Wrapping ... failed`, Python's
    `can't start new thread`, a driver's own error.
    """


@contextmanager
def limited_memory(limit_bytes: int | None) -> Iterator[None]:
    """Set RLIMIT_DATA for the block; it is lifted afterwards, so that the end can be reported.

    It limits private writable memory, touched or not. On macOS it is set but not enforced.

    Args:
        limit_bytes: None for no limit.

    Raises:
        ProfileError: the process has more already.
        AtMemoryLimit: the block failed with the limit used up, and its error does not say so.
    """
    if limit_bytes is None:
        yield
        return
    used = process_memory.data_bytes()
    if used is not None and used >= limit_bytes:
        raise ProfileError(
            f"the memory limit of {format_size(limit_bytes)} is below the {format_size(used)} of "
            "private writable memory in use before the run starts. Raise the limit."
        )
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (limit_bytes, hard))
    try:
        yield
    except Exception as exc:
        used = process_memory.data_bytes()  # the traceback still holds what was in use
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))
        if is_out_of_memory(exc) or not lacks_memory(exc, used, limit_bytes):
            raise
        raise AtMemoryLimit(f"{exc}, with {format_size(used or 0)} in use") from exc
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def is_out_of_memory(exc: BaseException) -> bool:
    """Whether a refused allocation is among the causes of `exc`."""
    return any(
        isinstance(cause, MemoryError | AtMemoryLimit)
        or (isinstance(cause, OSError) and cause.errno == errno.ENOMEM)
        for cause in error_chain(exc)
    )


def lacks_memory(exc: BaseException, used_bytes: int | None, limit_bytes: int | None) -> bool:
    """Whether `exc` means out of memory, by its own words or because the limit is nearly used up.

    Args:
        exc: The error.
        used_bytes: The limited memory in use when it was raised; None if unknown.
        limit_bytes: None if there is no limit.
    """
    if is_out_of_memory(exc):
        return True
    if limit_bytes is None:
        return False
    at_limit = used_bytes is not None and used_bytes >= AT_LIMIT_FRACTION * limit_bytes
    return at_limit or _no_thread_stack(exc)


def _no_thread_stack(exc: BaseException) -> bool:
    # Recognised by its text, because the threads' stacks are freed before we see it.
    return any(
        isinstance(cause, RuntimeError) and "can't start new thread" in str(cause)
        for cause in error_chain(exc)
    )


def error_chain(exc: BaseException) -> Iterator[BaseException]:
    """`exc` and all of its causes, each once."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [exc]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting += [one.__cause__, one.__context__]
        if isinstance(one, BaseExceptionGroup):
            waiting += one.exceptions
        if isinstance(one, BatchFetchError):
            waiting += [failure.cause for failure in one.failures]
