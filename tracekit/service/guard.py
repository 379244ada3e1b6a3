"""Access control: a bearer token if one is set, otherwise only this machine."""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import urlsplit

from flask import request

from tracekit.service.problems import Problem


def check_caller(token: str | None, *, allow_remote: bool) -> None:
    """Refuse the current request unless it is authorised.

    Args:
        token: Required as `Authorization: Bearer TOKEN`; None if no token is set.
        allow_remote: Without a token, also accept requests from other machines.

    Raises:
        Problem: 401 UNAUTHORIZED, or 403 TOKEN_REQUIRED.
    """
    if token is not None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        matches = hmac.compare_digest(given.strip().encode(), token.encode())
        if scheme.lower() != "bearer" or not matches:
            raise Problem(401, "UNAUTHORIZED", "send the service's token as a bearer token.")
    elif not allow_remote and not (_from_here() and _asks_for_here()):
        said = "without a token this service answers only its own machine. Set "
        raise Problem(403, "TOKEN_REQUIRED", said + "TRACEKIT_SERVICE_TOKEN.")


def is_loopback(host: str) -> bool:
    """Whether `host`, a name or an address, is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _from_here() -> bool:
    return request.remote_addr in {None, ""} or is_loopback(str(request.remote_addr))


def _asks_for_here() -> bool:
    # Another site's name could resolve to this machine and let that site's pages read answers.
    return is_loopback(urlsplit(f"//{request.host}").hostname or "")
