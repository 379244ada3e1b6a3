"""An option that takes a number of bytes."""

from __future__ import annotations

from typing import Any

import click

from tracekit.errors import ConfigError
from tracekit.sizes import parse_size


class SizeType(click.ParamType[int]):
    """A number of bytes, written as 2GiB or 24MB."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The bytes; a usage error if `value` is not a size."""
        try:
            size_bytes = value if isinstance(value, int) else parse_size(value)
        except ConfigError as exc:
            self.fail(str(exc), param, ctx)
        if not size_bytes:
            self.fail(f"{value!r} leaves no memory at all. Write it like 512MiB", param, ctx)
        return size_bytes
