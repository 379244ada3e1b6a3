"""Options that take several values, separated by commas: click callbacks."""

from __future__ import annotations

import click


def names(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """The names in `value`, without the blanks around them; None where the option is not given."""
    return tuple(name.strip() for name in value.split(",")) if value else None


def numbers(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[int, ...]:
    """The whole numbers in `value`; a usage error where one is none."""
    try:
        return tuple(int(part) for part in value.split(",")) if value else ()
    except ValueError:
        raise click.BadParameter(f"{value!r}: expected numbers of CIDs, as 11000,57000") from None
