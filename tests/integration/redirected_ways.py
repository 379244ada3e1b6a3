"""A program that names a production database in every way that python-oracledb knows.

Run as `python redirected_ways.py HOST:PORT`; prints one JSON object: each way, and what it got.
"""

from __future__ import annotations

# Names imported at the top, as programs do.
import asyncio
import json
import multiprocessing
import os
import ssl
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import oracledb
from oracledb import connect, connect_async, create_pool

HOST, PORT = sys.argv[1].rsplit(":", 1)
EASY = f"{HOST}:{PORT}/PROD"
LOGIN: dict[str, Any] = {"user": "scott", "password": "tiger"}
TCPS_SID = (
    f"(DESCRIPTION=(RETRY_COUNT=0)(ADDRESS=(PROTOCOL=TCPS)(HOST={HOST})(PORT={PORT}))"
    "(CONNECT_DATA=(SID=PROD))(SECURITY=(SSL_SERVER_DN_MATCH=ON)))"
)
ADDRESS = f"(ADDRESS=(PROTOCOL=TCP)(HOST={HOST})(PORT={PORT}))"
FAILOVER = (
    f"(DESCRIPTION=(ADDRESS_LIST=(LOAD_BALANCE=ON){ADDRESS}{ADDRESS})"
    "(CONNECT_DATA=(SERVICE_NAME=PROD)))"
)
SQL = "SELECT 42 AS ANSWER FROM DUAL"


class Connected(oracledb.Connection):
    """A subclass that names the database itself."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(dsn=EASY, **LOGIN)


class Passed(oracledb.Connection):
    """A subclass that hands its arguments on."""


class Awaited(oracledb.AsyncConnection):
    """An asynchronous subclass."""


def answer(connection: Any) -> str:
    with connection, connection.cursor() as cursor:
        return f"{connection.username} {cursor.execute(SQL).fetchone()[0]}"


async def answer_async(connection: Any) -> str:
    async with connection:
        (row,) = await connection.fetchall(SQL)
        return f"{connection.username} {row[0]}"


def with_pool(pool: Any) -> str:
    try:
        return answer(pool.acquire())
    finally:
        pool.close(force=True)


async def with_pool_async(pool: Any) -> str:
    try:
        return await answer_async(pool.acquire())
    finally:
        await pool.close(force=True)


def by_alias() -> str:
    pool = create_pool(dsn=EASY, **LOGIN, pool_alias="shop")
    try:
        return answer(connect(pool_alias="shop"))
    finally:
        pool.close(force=True)


def in_heterogeneous_pool() -> str:
    pool = create_pool(dsn=EASY, homogeneous=False)
    try:
        return answer(pool.acquire(**LOGIN))
    finally:
        pool.close(force=True)


def with_params() -> str:
    params = oracledb.ConnectParams(
        host=HOST,
        port=int(PORT),
        service_name="PROD",
        **LOGIN,
        externalauth=True,
        https_proxy=HOST,
        https_proxy_port=int(PORT),
        wallet_location="/nowhere",
        wallet_password="tiger",
        stmtcachesize=7,
    )
    connection = connect(params=params)
    assert connection.stmtcachesize == 7, "what says nothing about the place is kept"
    return answer(connection)


def with_pool_params() -> str:
    params = oracledb.PoolParams(host=HOST, port=int(PORT), sid="PROD", min=1, max=3, **LOGIN)
    pool = create_pool(params=params)
    assert pool.max == 3, "what says nothing about the place is kept"
    return with_pool(pool)


def after_a_hook() -> str:
    def hook(params: Any) -> None:
        params.parse_connect_string(EASY)
        params.set(**LOGIN)

    oracledb.register_params_hook(hook)
    try:
        return answer(connect(dsn=EASY, **LOGIN))
    finally:
        oracledb.unregister_params_hook(hook)


def with_sqlalchemy() -> str:
    import sqlalchemy

    engine = sqlalchemy.create_engine(
        f"oracle+oracledb://scott:tiger@{HOST}:{PORT}/?service_name=PROD"
    )
    with engine.connect() as connection:
        return f"{connection.connection.username} {connection.scalar(sqlalchemy.text(SQL))}"


async def with_sqlalchemy_async() -> str:
    import sqlalchemy
    from sqlalchemy.ext.asyncio import create_async_engine

    engine = create_async_engine(
        f"oracle+oracledb_async://scott:tiger@{HOST}:{PORT}/?service_name=PROD"
    )
    async with engine.connect() as connection:
        found = await connection.scalar(sqlalchemy.text(SQL))
    await engine.dispose()
    return f"{found}"


def with_pandas() -> str:
    import pandas
    import sqlalchemy

    engine = sqlalchemy.create_engine("oracle+oracledb://", creator=lambda: connect(EASY, **LOGIN))
    return str(pandas.read_sql(SQL, engine).iloc[0, 0])


def with_polars() -> str:
    import polars

    return str(polars.read_database(SQL, connect(EASY, **LOGIN))["ANSWER"][0])


def with_fetch_df_batches() -> str:
    with connect(EASY, **LOGIN) as connection:
        (batch,) = connection.fetch_df_batches(SQL)
        return str(batch.num_rows())


def in_child(context: str) -> Callable[[], str]:
    def run() -> str:
        with multiprocessing.get_context(context).Pool(1) as workers:
            return workers.apply(answer_easy)

    return run


def answer_easy() -> str:
    return answer(connect(EASY, **LOGIN))


def in_program(*options: str) -> Callable[[], str]:
    code = (
        f"import oracledb; c = oracledb.connect('scott/tiger@{EASY}');"
        f"print(c.username, c.cursor().execute({SQL!r}).fetchone()[0])"
    )

    def run() -> str:
        return subprocess.run(
            [sys.executable, *options, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()

    return run


SYNCHRONOUS: dict[str, Callable[[], str]] = {
    "easy": answer_easy,
    "credentials in the dsn": lambda: answer(connect(f"scott/tiger@{EASY}")),
    "module function": lambda: answer(oracledb.connect(EASY, **LOGIN)),
    "host, port": lambda: answer(connect(host=HOST, port=int(PORT), service_name="PROD", **LOGIN)),
    "proxy user": lambda: answer(connect(EASY, user="scott[sales]", password="tiger")),
    "class": lambda: answer(oracledb.Connection(EASY, **LOGIN)),
    "subclass": lambda: answer(Connected()),
    "conn_class": lambda: answer(connect(EASY, conn_class=Passed, **LOGIN)),
    "params": with_params,
    "pool": lambda: with_pool(create_pool(EASY, **LOGIN)),
    "pool class": lambda: with_pool(oracledb.ConnectionPool(EASY, **LOGIN)),
    "pool of subclass": lambda: with_pool(create_pool(EASY, connectiontype=Passed, **LOGIN)),
    "pool params": with_pool_params,
    "pool alias": by_alias,
    "heterogeneous pool": in_heterogeneous_pool,
    "TCPS and SID": lambda: answer(connect(TCPS_SID, **LOGIN)),
    "TCPS easy": lambda: answer(connect(f"tcps://{EASY}?wallet_location=/nowhere", **LOGIN)),
    "address list": lambda: answer(connect(FAILOVER, **LOGIN)),
    "makedsn": lambda: answer(connect(oracledb.makedsn(HOST, int(PORT), sid="PROD"), **LOGIN)),
    "alias without a file": lambda: answer(connect("PRODALIAS", **LOGIN)),
    "config_dir": lambda: answer(connect("PRODALIAS", config_dir="/nowhere", **LOGIN)),
    "ldap": lambda: answer(connect(f"ldap://{HOST}:{PORT}/cn=PROD,dc=example", **LOGIN)),
    "azure": lambda: answer(connect("config-azure://prod.azconfig.io/?key=shop", **LOGIN)),
    "config file": lambda: answer(connect("config-file:///nowhere.json", **LOGIN)),
    "bad token": lambda: answer(connect(TCPS_SID, access_token="not a token")),
    "token callback": lambda: answer(connect(EASY, access_token=lambda refresh: "no token")),
    "token parameters": lambda: answer(
        connect(EASY, **LOGIN, extra_auth_params={"auth_type": "SimpleAuthentication"})
    ),
    "externalauth": lambda: answer(connect(EASY, externalauth=True)),
    "https_proxy": lambda: answer(
        connect(TCPS_SID, https_proxy=HOST, https_proxy_port=int(PORT), **LOGIN)
    ),
    "use_eztls": lambda: answer(connect(EASY, use_eztls=True, **LOGIN)),
    "ssl_context": lambda: answer(
        connect(TCPS_SID, ssl_context=ssl.create_default_context(), **LOGIN)
    ),
    "newpassword": lambda: answer(connect(EASY, newpassword="lion", **LOGIN)),
    "SYSDBA": lambda: answer(connect(EASY, mode=oracledb.AUTH_MODE_SYSDBA, **LOGIN)),
    "DRCP": lambda: answer(
        connect(f"{EASY}:pooled", cclass="SHOP", purity=oracledb.PURITY_SELF, **LOGIN)
    ),
    "sharding": lambda: answer(connect(EASY, shardingkey=["eu"], **LOGIN)),
    "a hook registered later": after_a_hook,
    "SQLAlchemy": with_sqlalchemy,
    "pandas": with_pandas,
    "polars": with_polars,
    "fetch_df_batches": with_fetch_df_batches,
    "fork": in_child("fork"),
    "spawn": in_child("spawn"),
    "forkserver": in_child("forkserver"),
    "program": in_program(),
    "isolated program": in_program("-I"),
    "program without environment": in_program("-E", "-s"),
}

ASYNCHRONOUS: dict[str, Callable[[], Any]] = {
    "async": lambda: answer_async(connect_async(EASY, **LOGIN)),
    "async conn_class": lambda: answer_async(connect_async(EASY, conn_class=Awaited, **LOGIN)),
    "async params": lambda: answer_async(
        connect_async(params=oracledb.ConnectParams(host=HOST, port=int(PORT), sid="X", **LOGIN))
    ),
    "async pool": lambda: with_pool_async(oracledb.create_pool_async(EASY, **LOGIN)),
    "async ldap": lambda: answer_async(connect_async("ldap://dir.example/cn=PROD", **LOGIN)),
    "async externalauth": lambda: answer_async(connect_async(EASY, externalauth=True)),
    "async SQLAlchemy": with_sqlalchemy_async,
}


def outcome(way: Callable[[], str]) -> str:
    try:
        return way()
    except BaseException as exc:
        return f"{type(exc).__name__}: {exc}"


async def outcomes_async() -> dict[str, str]:
    found = {}
    for name, way in ASYNCHRONOUS.items():
        try:
            found[name] = await way()
        except BaseException as exc:
            found[name] = f"{type(exc).__name__}: {exc}"
    return found


if __name__ == "__main__":
    os.environ.pop("TNS_ADMIN", None)
    found = {name: outcome(way) for name, way in SYNCHRONOUS.items()}
    found |= asyncio.run(outcomes_async())
    sys.stdout.write(json.dumps(found))
