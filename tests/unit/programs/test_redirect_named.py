"""The database that a call of python-oracledb names, found without resolving it."""

from __future__ import annotations

from typing import Any

import oracledb
import pytest

from tracekit.programs.redirect_named import named_database

LOGIN = {"user": "scott", "password": "tiger"}


@pytest.mark.parametrize(
    ("dsn", "arguments", "label", "addresses"),
    [
        ("db:1522/SHOP", LOGIN, "db:1522/SHOP", {("db", 1522)}),
        ("scott/tiger@db/SHOP", {}, "db:1521/SHOP", {("db", 1521)}),
        ("scott/ti@ger@db/SHOP", {}, "db:1521/SHOP", {("db", 1521)}),
        ("tcps://db:2484/SHOP?wallet_location=/w", LOGIN, "db:2484/SHOP", {("db", 2484)}),
        ("SHOPALIAS", LOGIN, "SHOPALIAS", set()),
        ("scott/tiger@SHOPALIAS", {}, "SHOPALIAS", set()),
        ("scott/tiger", {}, "scott", set()),
        ("ldap://dir.example/cn=SHOP?x=1", LOGIN, "ldap://dir.example/cn=SHOP", set()),
        (None, {"host": "db", "port": 1600, "sid": "X"}, "db:1600/X", {("db", 1600)}),
        (
            "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCPS)(HOST=a)(PORT=1))(ADDRESS=(PROTOCOL=TCP)(HOST=b)"
            "(PORT=2))(CONNECT_DATA=(SID=X)))",
            LOGIN,
            "a:1,b:2/X",
            {("a", 1), ("b", 2)},
        ),
    ],
)
def test_named(
    dsn: str | None, arguments: dict[str, Any], label: str, addresses: set[tuple[str, int]]
) -> None:
    named = named_database(oracledb, dsn, None, arguments)

    assert (named.label, set(named.addresses)) == (label, addresses)


def test_parameters_are_read_and_left_as_they_are() -> None:
    params = oracledb.ConnectParams(host="db", port=1600, service_name="SHOP", **LOGIN)

    named = named_database(oracledb, None, params, {"host": "other"})

    assert named.label == "other:1600/SHOP"
    assert params.host == "db"
