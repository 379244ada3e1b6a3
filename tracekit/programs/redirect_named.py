"""Which database a call of python-oracledb names, found without resolving it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_PLACE = ("host", "port", "service_name", "sid")
_DEFAULT_PORT = 1521


@dataclass(frozen=True)
class NamedDatabase:
    """A database as the program names it."""

    label: str
    """Without user and password: `HOST:PORT/SERVICE`, an alias, or a URL without its query."""
    addresses: frozenset[tuple[str, int]]
    """Its hosts and ports, if they are known without asking a directory."""


def named_database(driver: Any, dsn: Any, params: Any, kwargs: dict[str, Any]) -> NamedDatabase:
    """The database that the arguments of a connection or a pool name.

    Args:
        driver: The module oracledb.
        dsn: The argument as given.
        params: The argument as given.
        kwargs: The other arguments.
    """
    if not isinstance(dsn, str):
        return _of_params(params, kwargs)
    text = _without_credentials(driver, dsn, params, kwargs)
    scheme, has_scheme, _ = text.partition("://")
    if has_scheme and scheme.lower() not in ("tcp", "tcps"):
        # Its hook may ask a directory or a vault.
        return NamedDatabase(text.partition("?")[0], frozenset())
    parsed = driver.ConnectParams()
    try:
        folder = kwargs.get("config_dir") or getattr(params, "config_dir", None)
        if folder is not None:
            parsed.set(config_dir=folder)
        parsed.parse_connect_string(text)
    except Exception:  # an unknown alias, or text that the driver does not understand
        return NamedDatabase(text.partition("?")[0][:200], frozenset())
    named = _named(parsed.host, parsed.port, parsed.service_name, parsed.sid)
    is_alias = not any(mark in text for mark in ("(", "/", ":"))
    return NamedDatabase(text, named.addresses) if is_alias else named


def _without_credentials(driver: Any, dsn: str, params: Any, kwargs: dict[str, Any]) -> str:
    if "@" in dsn and not dsn.lstrip().startswith("("):
        return dsn.rpartition("@")[2].strip()
    user = kwargs.get("user") or getattr(params, "user", None)
    if user or kwargs.get("externalauth") or getattr(params, "externalauth", False):
        return dsn.strip()
    _, _, rest = driver.ConnectParams().parse_dsn_with_credentials(dsn)
    # `HOST:PORT/SERVICE` without a user is a user and a password to the driver: take the first.
    return (rest or dsn.partition("/")[0]).strip()


def _of_params(params: Any, kwargs: dict[str, Any]) -> NamedDatabase:
    place = {name: kwargs.get(name) or getattr(params, name, None) for name in _PLACE}
    return _named(**place)


def _named(host: Any, port: Any, service_name: Any, sid: Any) -> NamedDatabase:
    addresses = _addresses(host, port)
    names = [name for name in (*_many(service_name), *_many(sid)) if name]
    where = ",".join(f"{host}:{port}" for host, port in sorted(addresses))
    return NamedDatabase(f"{where}/{names[0]}" if names else where, addresses)


def params_addresses(params: Any) -> frozenset[tuple[str, int]]:
    """Hosts and ports in a ConnectParams."""
    return _addresses(params.host, params.port)


def _addresses(hosts: Any, ports: Any) -> frozenset[tuple[str, int]]:
    found = zip(_many(hosts), _many(ports), strict=False)
    return frozenset((host, int(port or _DEFAULT_PORT)) for host, port in found if host)


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
