"""A position in a stream: after which `records` line."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tracekit.errors import ConfigError

_TEXT = re.compile(r"([a-z_]{1,64}):([0-9]{1,9})", re.ASCII)


@dataclass(frozen=True)
class Position:
    """After chunk `chunk` of `domain`; written `DOMAIN:CHUNK`."""

    domain: str
    chunk: int

    @classmethod
    def parse(cls, text: str) -> Position:
        """Parse a position.

        Raises:
            ConfigError: `text` is not a position.
        """
        match = _TEXT.fullmatch(text)
        if match is None:
            raise ConfigError(f"after={text[:80]!r}: expected DOMAIN:CHUNK, such as history:12")
        return cls(match[1], int(match[2]))

    def __str__(self) -> str:
        return f"{self.domain}:{self.chunk}"
