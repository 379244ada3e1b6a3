from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.errors import ConfigError
from tracekit.testbed.init_script import statements

SCRIPT = """\
REM don't trip over quotes here
SET DEFINE OFF
/* a comment; with a semicolon */
CREATE TABLE t (
    a VARCHAR2(10) -- not the end;
);

INSERT INTO t VALUES ('it''s; one');  INSERT INTO t VALUES (q'[a;'b]');
CREATE VIEW "v;w" AS
  SELECT a / 2 FROM t
/
BEGIN
  NULL;
END;
/
CREATE OR REPLACE PROCEDURE p AS BEGIN
  NULL;
END;
/
prompt done;
SET TRANSACTION READ ONLY;
COMMIT
"""


def cut(text: str) -> list[tuple[int, str]]:
    return [(one.line, one.sql) for one in statements(text, "init.sql")]


def test_scripts_are_cut_where_sqlplus_would() -> None:
    assert cut(SCRIPT) == [
        (4, "CREATE TABLE t (\n    a VARCHAR2(10) -- not the end;\n)"),
        (8, "INSERT INTO t VALUES ('it''s; one')"),
        (8, "INSERT INTO t VALUES (q'[a;'b]')"),
        (9, 'CREATE VIEW "v;w" AS\n  SELECT a / 2 FROM t'),
        (12, "BEGIN\n  NULL;\nEND;"),
        (16, "CREATE OR REPLACE PROCEDURE p AS BEGIN\n  NULL;\nEND;"),
        (21, "SET TRANSACTION READ ONLY"),
        (22, "COMMIT"),
    ]


@pytest.mark.parametrize("text", ["", "\n ;;\n/\n", "-- nothing", "/* nothing", "REM nothing"])
def test_scripts_of_nothing_have_no_statements(text: str) -> None:
    assert cut(text) == []


def test_nothing_after_exit_is_run() -> None:
    assert cut("COMMIT;\nEXIT\nDROP TABLE t;") == [(1, "COMMIT")]


@pytest.mark.parametrize("command", ["@other.sql", "CONNECT scott/tiger", "exec p", "DEFINE a = 1"])
def test_commands_that_would_be_missed_are_refused_by_line(command: str) -> None:
    with pytest.raises(
        ConfigError, match=rf"init\.sql:2: {command}: the local Oracle does not support"
    ):
        cut(f"COMMIT;\n{command}\n")


def test_a_quote_that_does_not_end_is_an_error_with_its_line() -> None:
    with pytest.raises(ConfigError, match=r"init\.sql:3: ORA-01756"):
        cut("COMMIT;\nSELECT 1,\n'open FROM DUAL;")


def test_statements_are_named_by_their_head() -> None:
    (one,) = statements(f"SELECT\n  {'a, ' * 30} b FROM t;", "init.sql")
    assert one.head == "SELECT a, a, a, a, a, a, a, a, a, a, a, a, a, a, a..."


@given(st.lists(st.text(alphabet="ab'\"; \n/", max_size=8), max_size=5))
def test_quoted_text_never_ends_a_statement(texts: list[str]) -> None:
    written = [f"SELECT '{text.replace(chr(39), chr(39) * 2)}' FROM DUAL" for text in texts]
    found = cut("".join(f"{one};\n" for one in written))
    assert [sql for _, sql in found if "\n/\n" not in sql] == [
        one for one in written if "\n/\n" not in one
    ]
