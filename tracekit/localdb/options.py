"""The address a server listens on, and the user it accepts."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field

from tracekit.errors import ConfigError
from tracekit.localdb.wire.capabilities import FIELD_VERSION_MAX, FIELD_VERSION_MIN
from tracekit.localdb.wire.messages.auth import fold_user


@dataclass(frozen=True)
class ServerOptions:
    """The settings of a server; validated on creation.

    Raises:
        ConfigError: a value is invalid, or the host is reachable from elsewhere and
            `allow_remote` is not set.
    """

    user: str
    password: str = field(repr=False)
    host: str = "127.0.0.1"
    port: int = 0
    """0 for any free port."""
    service: str = "TRACEKIT"
    schema: str = "DWH"
    """The schema for unqualified names after log-on."""
    allow_remote: bool = False
    field_version: int = FIELD_VERSION_MAX
    """The newest message layout to offer (12: Oracle 19c, 24: 23ai); clients can use less."""
    fast_auth: bool = True
    """Whether to offer logging on with two fewer round trips."""
    login_seconds: float = 30.0
    """The time limit for log-on."""

    def __post_init__(self) -> None:
        if not self.allow_remote and not _is_loopback(self.host):
            raise ConfigError(
                f"host={self.host!r} can be reached from other machines. Use 127.0.0.1, or allow "
                "remote clients explicitly (allow_remote)."
            )
        if not 0 <= self.port <= 65_535:
            raise ConfigError(f"port={self.port}: expected 0 to 65535")
        if not FIELD_VERSION_MIN <= self.field_version <= FIELD_VERSION_MAX:
            raise ConfigError(
                f"field_version={self.field_version}: expected {FIELD_VERSION_MIN} to "
                f"{FIELD_VERSION_MAX}"
            )
        for name in ("user", "password", "service", "schema"):
            if not getattr(self, name):
                raise ConfigError(f"{name} is empty")

    def is_user(self, folded: str) -> bool:
        """Whether `folded` (a name as the database stores it) may log on."""
        return folded == fold_user(self.user)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
