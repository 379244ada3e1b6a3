"""Which database a call of python-oracledb names, told without resolving it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

_PLACE = ("host", "port", "service_name", "sid", "config_dir")


@dataclass(frozen=True)
class NamedDatabase:
    """A database as the program names it."""

    label: str
    """Without user and password: `HOST:PORT/SERVICE`, an alias, or a URL without its query."""
    addresses: frozenset[tuple[str, int]]
    """Its hosts and ports, where they can be told without asking a directory."""


def named_database(driver: Any, dsn: Any, params: Any, kwargs: dict[str, Any]) -> NamedDatabase:
    """What the arguments of a connection or a pool name together.

    Args:
        driver: the module oracledb.
        dsn: as given.
        params: as given.
        kwargs: the other arguments.
    """
    if not isinstance(dsn, str):
        return _of_params(driver, params, kwargs)
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
    except Exception:  # an alias nobody knows, or a text the driver does not understand
        return NamedDatabase(text.partition("?")[0][:200], frozenset())
    is_alias = not any(mark in text for mark in ("(", "/", ":"))
    addresses = params_addresses(parsed)
    return NamedDatabase(text if is_alias else _label(parsed, addresses), addresses)


def params_addresses(params: Any) -> frozenset[tuple[str, int]]:
    """Hosts and ports that a ConnectParams leads to."""
    hosts, ports = _many(params.host), _many(params.port)
    return frozenset(
        (host, int(port)) for host, port in zip(hosts, ports, strict=False) if host is not None
    )


def _without_credentials(driver: Any, dsn: str, params: Any, kwargs: dict[str, Any]) -> str:
    if "@" in dsn and not dsn.lstrip().startswith("("):
        return dsn.rpartition("@")[2].strip()
    user = kwargs.get("user") or getattr(params, "user", None)
    if user or kwargs.get("externalauth") or getattr(params, "externalauth", False):
        return dsn.strip()
    _, _, rest = driver.ConnectParams().parse_dsn_with_credentials(dsn)
    return (rest or "").strip()


def _of_params(driver: Any, params: Any, kwargs: dict[str, Any]) -> NamedDatabase:
    given = {name: kwargs[name] for name in _PLACE if kwargs.get(name) is not None}
    try:
        found = params.copy() if params is not None else driver.ConnectParams()
        found.set(**given)
    except Exception:  # the driver will say what is wrong with them
        return NamedDatabase("", frozenset())
    addresses = params_addresses(found)
    return NamedDatabase(_label(found, addresses), addresses)


def _label(params: Any, addresses: frozenset[tuple[str, int]]) -> str:
    names = [name for name in (*_many(params.service_name), *_many(params.sid)) if name]
    where = ",".join(sorted(f"{host}:{port}" for host, port in addresses))
    return f"{where}/{names[0]}" if names else where


def _many(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
