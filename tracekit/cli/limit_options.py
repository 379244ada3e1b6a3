"""Options of the commands that run a user's program: its memory limit, and retention."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from tracekit.cli.size_type import SizeType
from tracekit.errors import ConfigError
from tracekit.programs.notebook import OnLimit

F = TypeVar("F", bound=Callable[..., Any])


def limit_options(program: str, limited: str) -> Callable[[F], F]:
    """Give a command --memory-limit, --on-limit, --expect-out-of-memory and --retention.

    Args:
        program: The process that is killed at the limit, such as `kernel`.
        limited: The memory that is limited, such as `Resident memory the kernel may use`.
    """
    options = (
        click.option("--memory-limit", type=SizeType(), help=f"{limited}, e.g. 2GiB."),
        click.option(
            "--on-limit",
            type=click.Choice([each.value for each in OnLimit]),
            default=OnLimit.ERROR.value,
            show_default=True,
            help=f"At the limit, refuse memory (MemoryError), or kill the {program} with SIGKILL "
            "as a container would; then its child processes count, too.",
        ),
        click.option(
            "--expect-out-of-memory",
            is_flag=True,
            help="Exit with 0 if it runs out of memory, and with 1 if not.",
        ),
        click.option(
            "--retention",
            is_flag=True,
            help="Find what keeps the memory alive, near the limit or else the peak, even if the "
            f"{program} is then killed. Takes extra memory and a processor of its own.",
        ),
    )

    def decorate(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


def check_limit(memory_limit: int | None, on_limit: str, *, expect_out_of_memory: bool) -> OnLimit:
    """What to do at the limit.

    Raises:
        ConfigError: an option needs a limit, and there is none.
    """
    if memory_limit is None and expect_out_of_memory:
        raise ConfigError("--expect-out-of-memory needs a --memory-limit to run out of")
    if memory_limit is None and on_limit == OnLimit.KILL:
        raise ConfigError("--on-limit kill needs a --memory-limit")
    return OnLimit(on_limit)
