"""Statements that would take all memory or time: they end, and the other clients go on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import oracledb
import psutil
import pytest

from tracekit import LocalOracle

MIB = 1 << 20
MOST_GROWTH_BYTES = 600 * MIB
PADDED = "SELECT RPAD('x', 32767) c FROM DUAL CONNECT BY LEVEL <= 3000"


@pytest.fixture(scope="module", name="local")
def _local() -> Iterator[LocalOracle]:
    with LocalOracle(":memory:") as local:
        yield local


def _connect(local: LocalOracle) -> oracledb.Connection:
    return oracledb.connect(user=local.user, password=local.password, dsn=local.dsn)


def _peak_growth(local: LocalOracle, statement: str) -> tuple[int, str]:
    """Bytes that the server's peak grew by, and what came."""
    pid = local.server_pid
    assert pid is not None
    before = psutil.Process(pid).memory_info().rss
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    with _connect(local) as connection:
        connection.call_timeout = 120_000
        try:
            came = str(connection.cursor().execute(statement).fetchall()[:1])
        except oracledb.Error as error:
            came = str(error).split(":")[0]
    status = Path(f"/proc/{pid}/status").read_text()
    return (int(status.split("VmHWM:")[1].split()[0]) << 10) - before, came


@pytest.mark.skipif(not psutil.LINUX, reason="only Linux reports peaks of other processes")
@pytest.mark.parametrize(
    ("statement", "came"),
    [
        ("SELECT COUNT(*) FROM DUAL CONNECT BY LEVEL <= 100000000", "[(100000000,)]"),
        ("SELECT LENGTH(RPAD('x', 3000000000, 'ab')) FROM DUAL", "[(32767,)]"),
        ("SELECT LENGTH(RPAD(TO_CLOB('x'), 300000000, 'ab')) FROM DUAL", "ORA-04030"),
        (
            "SELECT REPLACE(RPAD('x',32767,'x'), 'x', RPAD('y',32767,'y')) FROM DUAL",
            "ORA-04030",
        ),
        (
            "SELECT LISTAGG(RPAD('x', 4000)) WITHIN GROUP (ORDER BY 1) FROM DUAL "
            "CONNECT BY LEVEL <= 1000000",
            "ORA-",
        ),
    ],
)
def test_memory_is_bounded(local: LocalOracle, statement: str, came: str) -> None:
    grown, got = _peak_growth(local, statement)
    assert got.startswith(came)
    assert grown < MOST_GROWTH_BYTES


def test_long_texts_are_streamed(local: LocalOracle) -> None:
    counted = f"SELECT COUNT(*), MAX(LENGTH(c)) FROM ({PADDED})"
    grown, got = _peak_growth(local, counted)
    assert got == "[(3000, 32767)]"
    with _connect(local) as connection:
        lengths = {len(text) for (text,) in connection.cursor().execute(PADDED)}
    assert lengths == {32767}
    assert grown < MOST_GROWTH_BYTES


def test_a_break_is_heard_and_others_go_on(local: LocalOracle) -> None:
    endless = (
        "SELECT COUNT(*) FROM (SELECT LEVEL a FROM DUAL CONNECT BY LEVEL <= 1000000), "
        "(SELECT LEVEL b FROM DUAL CONNECT BY LEVEL <= 1000000)"
    )
    with _connect(local) as busy, _connect(local) as other:
        cancelled: list[str] = []

        def run() -> None:
            with pytest.raises(oracledb.Error) as caught:
                busy.cursor().execute(endless)
            cancelled.append(caught.value.args[0].full_code)

        thread = threading.Thread(target=run)
        thread.start()
        for number in range(50):
            row = other.cursor().execute("SELECT :1 + 1 FROM DUAL", [number]).fetchone()
            assert row == (number + 1,)
        busy.cancel()
        thread.join(30)
        assert cancelled == ["ORA-01013"]
        assert busy.cursor().execute("SELECT 1 FROM DUAL").fetchone() == (1,)
