"""Whatever a client sends, translating ends with a statement or an Oracle error."""

from __future__ import annotations

import contextlib
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.stored_names import shown_name
from tracekit.localdb.translate import translate
from tracekit.localdb.translate.lexer import tokenize

_STATEMENTS = """
WITH q ( a , b ) AS ( SELECT x , MAX ( y ) KEEP ( DENSE_RANK FIRST ORDER BY z ) FROM t GROUP BY x )
SELECT LISTAGG ( DISTINCT a , ',' ) WITHIN GROUP ( ORDER BY a ) OVER ( PARTITION BY b ) FROM q , t
WHERE q . a = t . b (+) AND ROWNUM <= :n AND x IN ( :p0 , :p1 ) AND y LIKE '%' || :p || '%'
START WITH a = 1 CONNECT BY NOCYCLE PRIOR a = b ORDER SIBLINGS BY a FETCH FIRST 5 ROWS ONLY
MERGE INTO t a USING u b ON ( a . id = b . id ) WHEN MATCHED THEN UPDATE SET a . x = b . x
WHERE 1 = 1 WHEN NOT MATCHED THEN INSERT ( id ) VALUES ( b . id )
UPDATE t SET ( a , b ) = ( SELECT 1 , 2 FROM dual )
INSERT INTO t ( a ) VALUES ( :v ) RETURNING a INTO :r DELETE FROM t WHERE ROWNUM = 1 UNION ALL MINUS
CREATE TABLE t ( a NUMBER ( 10 , 2 ) NOT NULL , b VARCHAR2 ( 20 ) DEFAULT 'x' , PRIMARY KEY ( a ) )
ALTER TABLE t ADD ( c DATE ) DROP COLUMN c CREATE INDEX i ON t ( a DESC ) CREATE SEQUENCE s NOCACHE
TO_CHAR ( SYSDATE , 'YYYY' ) TRUNC ( d , 'MM' ) - INTERVAL '1' DAY CAST ( a AS TIMESTAMP ) DECODE (
CASE WHEN a IS NULL THEN 1 ELSE 2 END EXTRACT ( YEAR FROM d ) REGEXP_SUBSTR ( a , b , 1 , 2 ) ""
"""
_WORDS = _STATEMENTS.split()
_LINES = [line.split() for line in _STATEMENTS.strip().splitlines()]


@given(
    start=st.sampled_from(_LINES),
    edits=st.lists(
        st.tuples(
            st.integers(0, 40), st.sampled_from(["cut", "put", "swap"]), st.sampled_from(_WORDS)
        ),
        max_size=6,
    ),
)
@example(["SELECT", "LISTAGG", "(", "DISTINCT", ")", "FROM", "t"], [])
@settings(max_examples=400, deadline=None)
def test_only_oracle_errors_come_out(start: list[str], edits: list[tuple[int, str, str]]) -> None:
    words = list(start)
    for place, edit, word in edits:
        index = place % (len(words) or 1)
        words[index : index + (edit != "put")] = [] if edit == "cut" else [word]
    with contextlib.suppress(OraError):
        translate(" ".join(words))


@given(st.text(alphabet="aq'\"()[]:-/* \n1,;.é", max_size=40))
@settings(max_examples=200, deadline=None)
def test_tokens_cover_the_text_in_order(sql: str) -> None:
    try:
        tokens = tokenize(sql)
    except OraError as error:
        assert error.number in (1740, 1756)
        assert sql[error.position] in "'\"qQnN"
        return
    assert all(shown_name(token.text) == sql[token.start : token.end] for token in tokens)
    assert all(a.end <= b.start for a, b in pairwise(tokens))


def test_deep_nesting_is_an_error() -> None:
    with pytest.raises(OraError):
        translate("SELECT " + "(" * 5000 + "1" + ")" * 5000 + " FROM dual")
