"""Foreign keys, against a model that looks at the rows as a statement leaves them."""

from __future__ import annotations

from collections.abc import Iterator

import oracledb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracekit.testbed import LocalOracle

Rows = list[tuple[int, int | None]]


@pytest.fixture(scope="module")
def cursor() -> Iterator[oracledb.Cursor]:
    with (
        LocalOracle(":memory:") as local,
        oracledb.connect(user=local.user, password=local.password, dsn=local.dsn) as connection,
        connection.cursor() as opened,
    ):
        opened.execute(
            "CREATE TABLE staff (id NUMBER(5) CONSTRAINT staff_pk PRIMARY KEY,"
            " boss NUMBER(5) CONSTRAINT staff_boss REFERENCES staff)"
        )
        opened.execute(
            "CREATE TABLE task (id NUMBER(5), owner NUMBER,"
            " CONSTRAINT task_owner FOREIGN KEY (owner) REFERENCES staff (id))"
        )
        yield opened


ids = st.integers(1, 4)
steps = st.one_of(
    st.tuples(st.just("INSERT INTO staff VALUES (:1, :2)"), st.tuples(ids, st.none() | ids)),
    st.tuples(st.just("INSERT INTO task VALUES (:1, :2)"), st.tuples(ids, st.none() | ids)),
    st.tuples(st.just("DELETE FROM staff WHERE id = :1"), st.tuples(ids)),
    st.tuples(st.just("DELETE FROM staff WHERE id < :1"), st.tuples(ids)),
    st.tuples(st.just("DELETE FROM task WHERE id >= :1"), st.tuples(ids)),
    st.tuples(st.just("UPDATE staff SET boss = :1 WHERE id = :2"), st.tuples(st.none() | ids, ids)),
    st.tuples(st.just("UPDATE staff SET id = id + 4, boss = boss + 4"), st.tuples()),
    st.tuples(st.just("UPDATE staff SET id = id WHERE id > :1"), st.tuples(ids)),
    st.tuples(st.just("UPDATE task SET owner = :1 WHERE id = :2"), st.tuples(ids, ids)),
    st.tuples(st.just("COMMIT"), st.tuples()),
)


def after(staff: Rows, task: Rows, sql: str, binds: tuple[int | None, ...]) -> tuple[Rows, Rows]:
    """The rows as a statement would leave them."""
    if sql.startswith("INSERT INTO staff"):
        return [*staff, (binds[0] or 0, binds[1])], task
    if sql.startswith("INSERT INTO task"):
        return staff, [*task, (binds[0] or 0, binds[1])]
    if sql == "DELETE FROM staff WHERE id = :1":
        return [row for row in staff if row[0] != binds[0]], task
    if sql.startswith("DELETE FROM staff"):
        return [row for row in staff if row[0] >= (binds[0] or 0)], task
    if sql.startswith("DELETE FROM task"):
        return staff, [row for row in task if row[0] < (binds[0] or 0)]
    if sql.startswith("UPDATE staff SET boss"):
        return [(key, binds[0] if key == binds[1] else boss) for key, boss in staff], task
    if sql.startswith("UPDATE staff SET id = id +"):
        return [(key + 4, None if boss is None else boss + 4) for key, boss in staff], task
    if sql.startswith("UPDATE task"):
        return staff, [(key, binds[0] if key == binds[1] else owner) for key, owner in task]
    return staff, task


def is_sound(staff: Rows, task: Rows) -> bool:
    keys = {key for key, _ in staff}
    referred = {boss for _, boss in staff} | {owner for _, owner in task}
    return len(keys) == len(staff) and referred - {None} <= keys


@settings(
    max_examples=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked=st.lists(steps, min_size=4, max_size=14))
def test_only_what_leaves_orphans_is_refused(
    cursor: oracledb.Cursor, asked: list[tuple[str, tuple[int | None, ...]]]
) -> None:
    cursor.execute("DELETE FROM task")
    cursor.execute("DELETE FROM staff")
    staff: Rows = []
    task: Rows = []
    for sql, binds in asked:
        changed = after(staff, task, sql, binds)
        if is_sound(*changed):
            cursor.execute(sql, binds)
            staff, task = changed
        else:
            with pytest.raises(oracledb.IntegrityError, match=r"ORA-(00001|02291|02292)"):
                cursor.execute(sql, binds)
        key = lambda row: (row[0], row[1] or 0)  # noqa: E731 (used twice, here)
        assert sorted(cursor.execute("SELECT * FROM staff"), key=key) == sorted(staff, key=key)
        assert sorted(cursor.execute("SELECT * FROM task"), key=key) == sorted(task, key=key)
    cursor.connection.commit()


def test_definitions_that_foreign_keys_stand_in_the_way_of(cursor: oracledb.Cursor) -> None:
    for sql, said in (
        ("DROP TABLE staff", "ORA-02449"),
        ("TRUNCATE TABLE staff", "ORA-02266"),
        ("ALTER TABLE staff DROP CONSTRAINT staff_pk", "ORA-02273"),
        ("CREATE TABLE other (n NUMBER(5) REFERENCES nowhere (n))", "ORA-00942"),
        ("CREATE TABLE other (n NUMBER(5) REFERENCES task (id))", "ORA-02270"),
    ):
        with pytest.raises(oracledb.DatabaseError, match=said):
            cursor.execute(sql)
    known = (
        "SELECT c.constraint_name, r.constraint_name, r.table_name FROM user_constraints c"
        " JOIN user_constraints r ON r.constraint_name = c.r_constraint_name ORDER BY 1"
    )
    assert list(cursor.execute(known)) == [
        ("STAFF_BOSS", "STAFF_PK", "STAFF"),
        ("TASK_OWNER", "STAFF_PK", "STAFF"),
    ]
    cursor.execute("ALTER TABLE task DROP CONSTRAINT task_owner")
    cursor.execute("INSERT INTO task VALUES (1, 99)")
    cursor.connection.commit()
    with pytest.raises(oracledb.DatabaseError, match="ORA-02298"):
        cursor.execute("ALTER TABLE task ADD CONSTRAINT again FOREIGN KEY (owner) REFERENCES staff")
    cursor.execute("DELETE FROM task")
    cursor.execute("ALTER TABLE task ADD CONSTRAINT again FOREIGN KEY (owner) REFERENCES staff")
    cursor.execute("ALTER TABLE staff RENAME TO people")
    with pytest.raises(oracledb.IntegrityError, match=r"ORA-02291: .*\(\w+\.AGAIN\)"):
        cursor.executemany("INSERT INTO task VALUES (:1, :2)", [(n, 7) for n in range(20)])
    cursor.execute("DROP TABLE people CASCADE CONSTRAINTS")
    cursor.execute("INSERT INTO task VALUES (1, 99)")
