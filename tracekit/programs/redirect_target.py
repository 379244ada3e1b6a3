"""Where a redirected program's connections go: the file that TRACEKIT_REDIRECT names.

It is read at the start of every Python process of the program, so this module imports very little.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tracekit.errors import ConfigError

VARIABLE = "TRACEKIT_REDIRECT"
"""The variable with the path of the target's file. If the path is wrong, no Python starts."""


@dataclass(frozen=True)
class Target:
    """The one database that a redirected program can reach."""

    dsn: str
    user: str
    password: str = field(repr=False)
    addresses: tuple[tuple[str, int], ...]
    """Host and port of `dsn`, as written and as resolved."""
    named_hosts: tuple[str, ...]
    """`HOST` or `HOST:PORT` that must not be contacted by any code."""
    log: str
    """The file in which every redirected connection is logged."""

    def write(self, path: Path) -> None:
        """Save it so that only this user can read it."""
        with open(path, "x", encoding="utf-8", opener=_private) as file:
            json.dump(asdict(self), file)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Target:
        """The target that the environment names.

        Raises:
            ConfigError: there is none, or its file is missing or damaged.
        """
        path = environ.get(VARIABLE, "")
        if not path:
            raise ConfigError(f"{VARIABLE}={path!r}: expected the path of a target's file")
        try:
            found: Any = json.loads(Path(path).read_text(encoding="utf-8"))
            target = cls(
                dsn=found["dsn"],
                user=found["user"],
                password=found["password"],
                addresses=tuple((str(host), int(port)) for host, port in found["addresses"]),
                named_hosts=tuple(map(str, found["named_hosts"])),
                log=found["log"],
            )
        except (OSError, ValueError, KeyError, TypeError) as exc:
            raise ConfigError(
                f"{VARIABLE}={path!r} is not a target's file ({type(exc).__name__}: {exc}). "
                "tracekit writes it, and removes it when the command that started the program ends"
            ) from exc
        target._check(path)
        return target

    def _check(self, path: str) -> None:
        texts = (self.dsn, self.user, self.password, self.log)
        if not all(isinstance(text, str) and text for text in texts) or not self.addresses:
            raise ConfigError(f"{VARIABLE}={path!r}: the target's file is incomplete")


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
