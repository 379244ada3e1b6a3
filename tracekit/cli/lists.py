"""Options that take several values, separated by commas: click callbacks."""

from __future__ import annotations

import click


def numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...]:
    """The whole numbers in `value`; a usage error if one is not a number."""
    if value is None:
        return ()
    try:
        return tuple(int(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(
            f"{value!r}: expected numbers of keys, such as 11000,57000"
        ) from None
