from __future__ import annotations

from typing import Any

import pytest

from tracekit.errors import ConfigError
from tracekit.localdb.options import ServerOptions


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "localhost"])
def test_loopback_needs_no_leave(host: str) -> None:
    assert ServerOptions("u", "p", host=host).host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "10.0.0.1", "example.org", "localhost.evil"])
def test_other_hosts_need_it(host: str) -> None:
    with pytest.raises(ConfigError, match="allow_remote"):
        ServerOptions("u", "p", host=host)
    assert ServerOptions("u", "p", host=host, allow_remote=True).host == host


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"port": -1}, "port=-1"),
        ({"field_version": 25}, "field_version=25"),
        ({"field_version": 6}, "field_version=6"),
        ({"password": ""}, "password is empty"),
        ({"schema": ""}, "schema is empty"),
    ],
)
def test_values_that_make_no_sense(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ServerOptions(**{"user": "u", "password": "p", **changed})


def test_the_password_is_not_shown() -> None:
    assert "tiger" not in repr(ServerOptions("scott", "tiger"))


def test_users_are_compared_as_the_database_knows_them() -> None:
    assert ServerOptions("scott", "p").is_user("SCOTT")
    assert not ServerOptions('"scott"', "p").is_user("SCOTT")
