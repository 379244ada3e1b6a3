"""SQLAlchemy: reflection, the ORM, sequences and savepoints."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest

from tracekit.testbed import LocalOracle

sa = pytest.importorskip("sqlalchemy")
pytest.importorskip("greenlet")
from sqlalchemy.dialects import oracle  # noqa: E402
from sqlalchemy.ext.asyncio import create_async_engine  # noqa: E402

ROWS = [
    {"id": i, "name": f"站{i}", "made": datetime(2026, 1, i), "qty": i / 4} for i in range(1, 6)
]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with LocalOracle(":memory:") as local:
        host, service = local.dsn.split("/")
        yield f"oracle+oracledb://{local.user}:{local.password}@{host}/?service_name={service}"


@pytest.fixture
def engine(url: str) -> Iterator[Any]:
    engine = sa.create_engine(url)
    yield engine
    left = sa.MetaData()
    left.reflect(engine)
    left.drop_all(engine)
    engine.dispose()


def lots() -> Any:
    return sa.Table(
        "lots",
        sa.MetaData(),
        sa.Column("id", sa.Integer, sa.Sequence("lot_ids"), primary_key=True),
        sa.Column("name", sa.String(20), nullable=False),
        sa.Column("made", oracle.DATE),
        sa.Column("qty", oracle.NUMBER(12, 3)),
        sa.Column("share", oracle.BINARY_DOUBLE),
        sa.Column("at", oracle.TIMESTAMP),
        sa.Column("maker", sa.ForeignKey("makers.id")),
        sa.Column("note", sa.Text),
        sa.UniqueConstraint("name"),
        sa.Index("lots_by_day", "made", "qty"),
    )


def make_tables(engine: Any) -> Any:
    table = lots()
    sa.Table("makers", table.metadata, sa.Column("id", sa.Integer, primary_key=True))
    table.metadata.create_all(engine)
    return table


def test_reflection_gives_back_what_was_declared(engine: Any) -> None:
    table = make_tables(engine)
    found = sa.inspect(engine)
    assert sorted(found.get_table_names()) == ["lots", "makers"]
    assert found.get_sequence_names() == ["lot_ids"]
    assert found.has_table("lots")
    assert not found.has_table("nothing")
    assert found.get_pk_constraint("lots")["constrained_columns"] == ["id"]
    indexes = {tuple(one["column_names"]): one["unique"] for one in found.get_indexes("lots")}
    assert indexes == {("made", "qty"): False, ("name",): True}
    (key,) = found.get_foreign_keys("lots")
    assert (key["constrained_columns"], key["referred_table"]) == (["maker"], "makers")
    columns = {one["name"]: one for one in found.get_columns("lots")}
    assert list(columns) == table.columns.keys()
    assert {name: one["nullable"] for name, one in columns.items()} == {
        column.name: column.nullable for column in table.columns
    }
    dialect = engine.dialect
    declared = {column.name: column.type.compile(dialect) for column in table.columns}
    assert {name: one["type"].compile(dialect) for name, one in columns.items()} == declared | {
        "name": "VARCHAR(20 CHAR)",  # what SQLAlchemy reads VARCHAR2 as
        "maker": "INTEGER",
    }


def test_a_reflected_table_answers_like_the_declared_one(engine: Any) -> None:
    table = make_tables(engine)
    with engine.begin() as connection:
        connection.execute(table.insert(), ROWS)
    reflected = sa.Table("lots", sa.MetaData(), autoload_with=engine)
    query = sa.select(reflected.c["id", "name", "made", "qty"]).order_by(reflected.c.id)
    with engine.connect() as connection:
        rows = [dict(row) for row in connection.execute(query).mappings()]
    assert rows == ROWS


def test_keys_drawn_from_a_sequence_come_back(engine: Any) -> None:
    table = make_tables(engine)
    with engine.begin() as connection:
        first = connection.execute(table.insert().values(name="a")).inserted_primary_key
        more = connection.execute(
            table.insert().returning(table.c.id, table.c.name), [{"name": "b"}, {"name": "c"}]
        ).all()
    assert tuple(first) == (1,)
    assert [tuple(row) for row in more] == [(2, "b"), (3, "c")]


def test_nested_transactions(engine: Any) -> None:
    table = make_tables(engine)
    with engine.begin() as connection:
        connection.execute(table.insert(), ROWS[:1])
        with connection.begin_nested():
            connection.execute(table.insert(), ROWS[1:2])
        undone = connection.begin_nested()
        connection.execute(table.insert(), ROWS[2:])
        undone.rollback()
    with engine.connect() as connection:
        assert connection.scalars(sa.select(table.c.id).order_by(table.c.id)).all() == [1, 2]


def test_the_orm_writes_reads_changes_and_deletes(engine: Any) -> None:
    base = sa.orm.declarative_base()

    class Lot(base):
        __table__ = make_tables(engine)

    with sa.orm.Session(engine) as session:
        session.add_all([Lot(**row) for row in ROWS])
        session.commit()
        latest = sa.select(Lot).where(Lot.name.not_like("%5")).order_by(Lot.made.desc())
        assert [lot.id for lot in session.scalars(latest.offset(1).limit(2))] == [3, 2]
        session.get(Lot, 3).name = "changed"
        session.delete(session.get(Lot, 4))
        session.commit()
        assert [lot.name for lot in session.scalars(latest)] == ["changed", "站2", "站1"]


def test_the_asynchronous_engine(url: str) -> None:
    async def ask() -> Any:
        engine = create_async_engine(url.replace("+oracledb:", "+oracledb_async:"))
        try:
            async with engine.connect() as connection:
                query = "SELECT LEVEL AS n FROM dual CONNECT BY LEVEL <= 3"
                return (await connection.execute(sa.text(query))).scalars().all()
        finally:
            await engine.dispose()

    assert asyncio.run(ask()) == [1, 2, 3]
