"""Limits of memory, and which errors mean that memory ran out."""

import errno
import re
import resource

import pytest

from tracekit import process_memory
from tracekit.errors import BatchFailure, BatchFetchError, ProfileError
from tracekit.profiling.memory_limit import (
    AtMemoryLimit,
    error_chain,
    is_out_of_memory,
    lacks_memory,
    limited_memory,
)

MIB = 2**20


def caused(cause, *, said=True):
    """A ValueError with `cause` behind it."""
    try:
        try:
            raise cause
        except BaseException as exc:
            if said:
                raise ValueError("no") from exc
            raise ValueError("no")  # noqa: B904 - the cause is in the context
    except ValueError as error:
        return error


def made_for(cause):
    """A ValueError whose cause was never raised, and so is no context."""
    try:
        raise ValueError("no") from cause
    except ValueError as error:
        return error


def while_another_was_handled(cause, error):
    """`error` with a cause, raised while a KeyError was handled."""
    try:
        try:
            raise KeyError
        except KeyError:
            raise error from cause
    except type(error) as raised:
        return raised


def of_batches(*causes):
    return BatchFetchError("q", [BatchFailure(n, 1, cause) for n, cause in enumerate(causes)], 2)


@pytest.mark.parametrize(
    "error", [ValueError("no"), of_batches(KeyError()), ExceptionGroup("several", [KeyError()])]
)
def test_a_cause_is_found_beside_what_else_there_is(error):
    assert is_out_of_memory(while_another_was_handled(MemoryError(), error))


@pytest.mark.parametrize(
    ("error", "is_one"),
    [
        (MemoryError(), True),
        (AtMemoryLimit("at its limit"), True),
        (OSError(errno.ENOMEM, "no memory"), True),
        (OSError(errno.ENOSPC, "no space"), False),
        (OSError(), False),
        (ValueError(errno.ENOMEM), False),
        (caused(MemoryError()), True),
        (caused(MemoryError(), said=False), True),
        (made_for(MemoryError()), True),
        (caused(KeyError()), False),
        (ExceptionGroup("several", [KeyError(), MemoryError()]), True),
        (of_batches(KeyError(), MemoryError()), True),
        (of_batches(KeyError()), False),
    ],
    ids=str,
)
def test_a_refused_allocation_is_found_among_the_causes(error, is_one):
    assert is_out_of_memory(error) is is_one
    assert lacks_memory(error, None, None) is is_one


def test_each_cause_is_given_once():
    one, other = ValueError("one"), KeyError("other")
    one.__cause__, one.__context__, other.__context__ = other, other, one
    assert set(map(id, error_chain(one))) == {id(one), id(other)}
    assert len(list(error_chain(one))) == 2


THREAD = RuntimeError("can't start new thread")


@pytest.mark.parametrize(
    ("error", "used_bytes", "limit_bytes", "lacks"),
    [
        (ValueError(), 95, 100, True),
        (ValueError(), 94, 100, False),
        (ValueError(), None, 100, False),
        (ValueError(), 95, None, False),
        (THREAD, 1, 100, True),
        (THREAD, None, None, False),
        (caused(THREAD), 1, 100, True),
        (RuntimeError("another"), 1, 100, False),
        (ValueError("can't start new thread"), 1, 100, False),
    ],
)
def test_any_error_with_the_limit_used_up_is_lack_of_memory(error, used_bytes, limit_bytes, lacks):
    assert lacks_memory(error, used_bytes, limit_bytes) is lacks


def test_without_a_limit_nothing_is_set():
    before = resource.getrlimit(resource.RLIMIT_DATA)
    with limited_memory(None):
        assert resource.getrlimit(resource.RLIMIT_DATA) == before


def test_a_limit_holds_for_the_block_alone():
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limit = process_memory.data_bytes() + 2**30
    with limited_memory(limit):
        assert resource.getrlimit(resource.RLIMIT_DATA) == (limit, hard)
    assert resource.getrlimit(resource.RLIMIT_DATA) == (soft, hard)
    with pytest.raises(KeyError), limited_memory(limit):
        raise KeyError("far from the limit")
    with pytest.raises(MemoryError), limited_memory(limit):
        bytearray(2**31)
    with pytest.raises(KeyboardInterrupt), limited_memory(limit):
        raise KeyboardInterrupt
    assert resource.getrlimit(resource.RLIMIT_DATA) == (soft, hard)


def test_an_error_near_the_limit_says_how_much_was_in_use():
    held = bytearray(200 * MIB)
    limit = process_memory.data_bytes() + 4 * MIB
    with pytest.raises(AtMemoryLimit) as caught, limited_memory(limit):
        raise ValueError(f"Wrapping {held[0]} failed")
    assert re.fullmatch(r"Wrapping 0 failed, with [\d.]+ [MG]iB in use", str(caught.value))
    assert isinstance(caught.value.__cause__, ValueError)


@pytest.mark.parametrize(("used", "refused"), [(100 * MIB, True), (100 * MIB - 1, False)])
def test_a_limit_that_is_in_use_already_is_refused(monkeypatch, used, refused):
    monkeypatch.setattr(process_memory, "data_bytes", lambda: used)
    before = resource.getrlimit(resource.RLIMIT_DATA)
    if not refused:
        # Of the real process: the block allocates nothing.
        with limited_memory(100 * MIB):
            pass
        return
    with pytest.raises(ProfileError) as caught, limited_memory(100 * MIB):
        pytest.fail("it must not begin")
    assert str(caught.value) == (
        "the memory limit of 100 MiB is below the 100 MiB of private writable memory in use before "
        "the run starts. Raise the limit."
    )
    assert resource.getrlimit(resource.RLIMIT_DATA) == before
