"""Who may ask: a bearer token where one is set, else this machine alone."""

from __future__ import annotations

import hmac
import ipaddress
from urllib.parse import urlsplit

from flask import request

from tracekit.service.problems import Problem


def check_caller(token: str | None, *, allow_remote: bool) -> None:
    """Refuse the current request unless its sender may ask.

    Args:
        token: What it must carry as `Authorization: Bearer TOKEN`; None where nothing is asked.
        allow_remote: Without a token, take requests from other machines too.

    Raises:
        Problem: 401 UNAUTHORIZED, or 403 TOKEN_REQUIRED.
    """
    if token is not None:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        matches = hmac.compare_digest(given.strip().encode(), token.encode())
        if scheme.lower() != "bearer" or not matches:
            raise Problem(401, "UNAUTHORIZED", "send the service's token as a bearer token.")
    elif not allow_remote and not (_from_here() and _asks_for_here()):
        said = "without a token this service answers its own machine only: set "
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
    # Another site's name that resolves to this machine would let that site's page read answers.
    return is_loopback(urlsplit(f"//{request.host}").hostname or "")
