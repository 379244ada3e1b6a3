"""Examples of the definitions in exported schemas and migrations, for the table of SQL."""

from __future__ import annotations

from typing import Any

Row = tuple[str, tuple[str, ...], Any, str]


def _of(construct: str, *steps_and_result: Any) -> Row:
    *steps, gives = steps_and_result
    return construct, tuple(steps), gives, ""


_PARENT = "CREATE TABLE p (id NUMBER PRIMARY KEY)"
_WITH_CLOB = "CREATE TABLE t (id NUMBER, c CLOB, b BLOB)"
_PARENTS = "INSERT INTO p SELECT LEVEL FROM DUAL CONNECT BY LEVEL <= 3"

SCHEMAS: list[Row] = [
    # What changes no result
    _of(
        "LOB storage, collation, partitions",
        "CREATE TABLE t (a NUMBER, b CLOB, c VARCHAR2(9) COLLATE USING_NLS_COMP)"
        " DEFAULT COLLATION USING_NLS_COMP LOB (b) STORE AS SECUREFILE (CHUNK 8192)"
        " PARTITION BY HASH (a) PARTITIONS 4",
        "SELECT COUNT(*) FROM t",
        0,
    ),
    _of(
        "index properties",
        "CREATE INDEX emp_i ON emp (NVL(comm, 0), job) LOCAL TABLESPACE users COMPUTE STATISTICS",
        "CREATE BITMAP INDEX emp_b ON emp (deptno)",
        "SELECT COUNT(*) FROM USER_INDEXES WHERE index_name IN ('EMP_I', 'EMP_B')",
        2,
    ),
    _of("a domain index", "CREATE INDEX i ON emp (job) INDEXTYPE IS CTXSYS.CONTEXT", "ORA-03001"),
    _of(
        "ALTER INDEX",
        "CREATE INDEX emp_i ON emp (job DESC, ename)",
        "ALTER INDEX emp_i REBUILD ONLINE",
        "ALTER INDEX emp_i RENAME TO emp_j",
        "SELECT index_name, descend FROM USER_IND_COLUMNS WHERE column_name = 'ENAME'",
        [("EMP_J", "ASC")],
    ),
    _of(
        "CREATE SYNONYM",
        "CREATE USER hr IDENTIFIED BY x",
        "CREATE TABLE hr.staff (id NUMBER, name VARCHAR2(9))",
        "CREATE SYNONYM people FOR hr.staff",
        "INSERT INTO people VALUES (1, 'Ann')",
        "UPDATE people SET name = 'Eve' WHERE people.id = 1",
        "SELECT people.name, p.id FROM people JOIN people p ON p.id = people.id",
        [("Eve", 1)],
    ),
    _of(
        "CREATE PUBLIC SYNONYM, also of a sequence",
        "CREATE SEQUENCE dept_seq START WITH 50",
        "CREATE PUBLIC SYNONYM next_dept FOR dept_seq",
        "CREATE PUBLIC SYNONYM departments FOR dept",
        "INSERT INTO departments (deptno) SELECT next_dept.NEXTVAL FROM DUAL",
        "SELECT MAX(deptno) FROM departments",
        50,
    ),
    _of(
        "a public synonym where the schema has a table",
        "CREATE PUBLIC SYNONYM emp FOR dept",
        "SELECT COUNT(*) FROM emp",
        6,
    ),
    _of(
        "a synonym of a synonym",
        "CREATE SYNONYM one FOR emp",
        "CREATE SYNONYM two FOR one",
        "SELECT COUNT(*) FROM two",
        6,
    ),
    _of(
        "synonyms of each other",
        "CREATE SYNONYM one FOR two",
        "CREATE SYNONYM two FOR one",
        "SELECT * FROM two",
        "ORA-01775",
    ),
    _of("a synonym of nothing", "CREATE SYNONYM s FOR nothing", "SELECT * FROM s", "ORA-00980"),
    _of("a synonym with the name of a table", "CREATE SYNONYM emp FOR dept", "ORA-00955"),
    _of(
        "a table with the name of a synonym",
        "CREATE SYNONYM s FOR dept",
        "CREATE TABLE s (a NUMBER)",
        "ORA-00955",
    ),
    _of(
        "CREATE OR REPLACE SYNONYM",
        "CREATE SYNONYM s FOR dept",
        "CREATE OR REPLACE EDITIONABLE SYNONYM s FOR emp",
        "SELECT table_name FROM USER_SYNONYMS WHERE synonym_name = 'S'",
        "EMP",
    ),
    _of(
        "DROP SYNONYM",
        "CREATE SYNONYM s FOR dept",
        "DROP SYNONYM s FORCE",
        "SELECT * FROM s",
        "ORA-00942",
    ),
    _of("DROP SYNONYM of none", "DROP SYNONYM nothing", "ORA-01434"),
    _of("DROP PUBLIC SYNONYM of none", "DROP PUBLIC SYNONYM nothing", "ORA-01432"),
    _of("a synonym across a database link", "CREATE SYNONYM s FOR dept@far", "ORA-03001"),
    # LOBs are not compared
    *(
        _of(f"a CLOB in {where}", _WITH_CLOB, f"SELECT COUNT(*) FROM t {condition}", "ORA-00932")
        for where, condition in (
            ("a comparison", "WHERE c = 'x'"),
            ("IN", "WHERE c IN ('x')"),
            ("BETWEEN", "WHERE c BETWEEN 'a' AND 'b'"),
            ("a join", "JOIN t u ON u.c = t.c"),
            ("GROUP BY", "GROUP BY c"),
        )
    ),
    _of("a CLOB in ORDER BY", _WITH_CLOB, "SELECT id FROM t ORDER BY c", "ORA-00932"),
    _of(
        "a BLOB in a comparison",
        _WITH_CLOB,
        "SELECT id FROM t WHERE b = HEXTORAW('01')",
        "ORA-00932",
    ),
    _of(
        "a CLOB's text in a comparison",
        _WITH_CLOB,
        "SELECT COUNT(*) FROM t WHERE TO_CHAR(c) = 'x' AND c LIKE 'x%' AND SUBSTR(c, 1, 1) = 'x'",
        0,
    ),
    _of("ALTER INDEX of no index", "ALTER INDEX nothing REBUILD", "ORA-01418"),
    _of(
        "CREATE VIEW ... WITH READ ONLY",
        "CREATE NOFORCE EDITIONABLE VIEW v (a) AS SELECT deptno FROM dept WITH READ ONLY",
        "SELECT MAX(a) FROM v",
        40,
    ),
    _of(
        "CREATE VIEW ... WITH CHECK OPTION",
        "CREATE FORCE VIEW v AS SELECT deptno FROM dept WITH CHECK OPTION CONSTRAINT v_c",
        "SELECT MIN(deptno) FROM v",
        10,
    ),
    _of(
        "ALTER TABLE of storage and partitions",
        "ALTER TABLE dept ENABLE ROW MOVEMENT",
        "ALTER TABLE dept MOVE TABLESPACE users",
        "ALTER TABLE dept ADD PARTITION p9 VALUES LESS THAN (9)",
        "SELECT COUNT(*) FROM dept",
        4,
    ),
    _of("TRUNCATE PARTITION", "ALTER TABLE dept TRUNCATE PARTITION p9", "ORA-03001"),
    _of("roles and users", "CREATE ROLE reader", "ALTER USER dwh QUOTA UNLIMITED ON users", 0),
    _of("EXPLAIN PLAN", "EXPLAIN PLAN FOR SELECT * FROM dept", "ORA-03001"),
    _of("an invisible column", "CREATE TABLE t (a NUMBER, b NUMBER INVISIBLE)", "ORA-03001"),
    # Defaults
    _of(
        "DEFAULT ON NULL",
        "CREATE TABLE t (a NUMBER DEFAULT ON NULL 7, b CHAR(2) DEFAULT ON NULL 'x')",
        "INSERT INTO t VALUES (NULL, NULL)",
        "INSERT INTO t SELECT NULL, 'yy' FROM DUAL",
        "SELECT a, b FROM t ORDER BY b",
        [(7, "x "), (7, "yy")],
    ),
    _of(
        "GENERATED BY DEFAULT ON NULL",
        "CREATE TABLE t (id NUMBER GENERATED BY DEFAULT ON NULL AS IDENTITY, a NUMBER)",
        "INSERT INTO t VALUES (NULL, 5)",
        "INSERT INTO t (a) VALUES (6)",
        "SELECT id, a FROM t ORDER BY a",
        [(1, 5), (2, 6)],
    ),
    _of(
        "ALTER TABLE ADD with DEFAULT ON NULL",
        "ALTER TABLE dept ADD (budget NUMBER DEFAULT ON NULL 100)",
        "INSERT INTO dept (deptno, budget) VALUES (99, NULL)",
        "SELECT SUM(budget) FROM dept",
        500,
    ),
    # Foreign keys
    _of(
        "ON DELETE CASCADE",
        _PARENT,
        "CREATE TABLE c (id NUMBER PRIMARY KEY, p NUMBER REFERENCES p ON DELETE CASCADE)",
        "CREATE TABLE g (c NUMBER REFERENCES c ON DELETE CASCADE)",
        _PARENTS,
        "INSERT INTO c SELECT id * 10, id FROM p",
        "INSERT INTO g SELECT id FROM c",
        "DELETE FROM p WHERE id <> 2",
        "SELECT c FROM g",
        20,
    ),
    _of(
        "ON DELETE CASCADE in one table",
        "CREATE TABLE t (id NUMBER PRIMARY KEY, up NUMBER REFERENCES t ON DELETE CASCADE)",
        "INSERT INTO t SELECT LEVEL, NULLIF(LEVEL - 1, 0) FROM DUAL CONNECT BY LEVEL <= 9",
        "DELETE FROM t WHERE id = 4",
        "SELECT COUNT(*) FROM t",
        3,
    ),
    _of(
        "ON DELETE SET NULL",
        _PARENT,
        "CREATE TABLE c (id NUMBER, p NUMBER CONSTRAINT c_p REFERENCES p ON DELETE SET NULL)",
        _PARENTS,
        "INSERT INTO c SELECT id, id FROM p",
        "DELETE FROM p WHERE id = 2",
        "SELECT id, p FROM c ORDER BY id",
        [(1, 1), (2, None), (3, 3)],
    ),
    _of(
        "a child that stops a cascade",
        _PARENT,
        "CREATE TABLE c (id NUMBER PRIMARY KEY, p NUMBER REFERENCES p ON DELETE CASCADE)",
        "CREATE TABLE g (c NUMBER REFERENCES c)",
        _PARENTS,
        "INSERT INTO c SELECT id * 10, id FROM p",
        "INSERT INTO g VALUES (30)",
        "DELETE FROM p",
        "ORA-02292",
    ),
    _of(
        "USER_CONSTRAINTS: DELETE_RULE",
        "CREATE TABLE c (d NUMBER(2) CONSTRAINT c_d REFERENCES dept ON DELETE CASCADE)",
        "SELECT delete_rule FROM USER_CONSTRAINTS WHERE constraint_name = 'C_D'",
        "CASCADE",
    ),
    _of(
        "a foreign key of another precision",
        "CREATE TABLE p (id NUMBER(6) PRIMARY KEY)",
        "CREATE TABLE c (p NUMBER REFERENCES p)",
        "INSERT INTO p VALUES (7)",
        "INSERT INTO c VALUES (7)",
        "INSERT INTO c VALUES (8)",
        "ORA-02291",
    ),
    # Constraints
    _of(
        "ALTER TABLE ADD of columns and constraints",
        "ALTER TABLE dept ADD (n NUMBER DEFAULT 1 NOT NULL, CONSTRAINT n_c CHECK (n > 0))",
        "INSERT INTO dept (deptno, n) VALUES (99, -1)",
        "ORA-02290",
    ),
    _of(
        "ALTER TABLE ADD of a violated constraint adds no column",
        "ALTER TABLE dept ADD (n NUMBER DEFAULT 0, CONSTRAINT n_c CHECK (n > 0))",
        "ORA-02293",
    ),
    _of(
        "MODIFY of a key that fails changes nothing",
        "CREATE TABLE t (u NUMBER(3) UNIQUE)",
        "INSERT INTO t VALUES (NULL)",
        "BEGIN EXECUTE IMMEDIATE 'ALTER TABLE t MODIFY (u NUMBER(9) NOT NULL)';"
        " EXCEPTION WHEN OTHERS THEN IF SQLCODE != -2296 THEN RAISE; END IF; END;",
        "INSERT INTO t VALUES (1000)",
        "ORA-01438",
    ),
    _of(
        "RENAME CONSTRAINT",
        "ALTER TABLE dept RENAME CONSTRAINT dept_pk TO dept_key",
        "INSERT INTO dept VALUES (10, 'x')",
        "ORA-00001",
    ),
    _of("RENAME of no constraint", "ALTER TABLE dept RENAME CONSTRAINT a TO b", "ORA-23292"),
    _of(
        "ENABLE CONSTRAINT",
        "ALTER TABLE dept ENABLE VALIDATE CONSTRAINT dept_pk",
        "ALTER TABLE dept MODIFY CONSTRAINT dept_pk RELY",
        "ALTER TABLE dept ENABLE CONSTRAINT nothing",
        "ORA-02430",
    ),
    _of(
        "ENABLE and DISABLE at once",
        "ALTER TABLE dept ENABLE PRIMARY KEY DISABLE CONSTRAINT dept_pk",
        "ORA-03001",
    ),
    _of("DISABLE CONSTRAINT", "ALTER TABLE dept DISABLE CONSTRAINT dept_pk", "ORA-03001"),
    _of(
        "SET UNUSED",
        "ALTER TABLE dept SET UNUSED COLUMN dname",
        "ALTER TABLE dept DROP UNUSED COLUMNS",
        "SELECT dname FROM dept",
        "ORA-00904",
    ),
    # Scripts
    _of(
        "INSERT ALL",
        "INSERT ALL INTO dept VALUES (50, 'A') INTO dept (deptno) VALUES (60) SELECT * FROM DUAL",
        2,
    ),
    _of(
        "INSERT ALL of a query",
        "CREATE TABLE names (n VARCHAR2(10))",
        "INSERT ALL INTO names VALUES (dname) INTO names VALUES (LOWER(dname))"
        " SELECT dname FROM dept WHERE deptno < 30",
        "SELECT LISTAGG(n, ',') WITHIN GROUP (ORDER BY n) FROM names",
        "ACCOUNTING,RESEARCH,accounting,research",
    ),
    _of(
        "INSERT ALL that fails inserts nothing",
        "BEGIN EXECUTE IMMEDIATE 'INSERT ALL INTO dept (deptno) VALUES (50) INTO dept (deptno)"
        " VALUES (10) SELECT * FROM DUAL'; EXCEPTION WHEN DUP_VAL_ON_INDEX THEN NULL; END;",
        "SELECT COUNT(*) FROM dept",
        4,
    ),
    _of(
        "INSERT ALL WHEN",
        "INSERT ALL WHEN deptno > 10 THEN INTO dept (deptno) VALUES (deptno + 1)"
        " SELECT deptno FROM dept",
        "ORA-03001",
    ),
    _of(
        "DROP of what may not exist",
        "BEGIN EXECUTE IMMEDIATE 'DROP TABLE nothing';"
        " EXCEPTION WHEN OTHERS THEN IF SQLCODE != -942 THEN RAISE; END IF; END;",
        "SELECT COUNT(*) FROM dept",
        4,
    ),
    _of(
        "an error that a handler raises again",
        "BEGIN EXECUTE IMMEDIATE 'DROP SEQUENCE nothing';"
        " EXCEPTION WHEN OTHERS THEN IF SQLCODE NOT IN (-942, -955) THEN RAISE; END IF; END;",
        "ORA-02289",
    ),
    _of(
        "what the local Oracle does not support is not handled",
        "BEGIN EXECUTE IMMEDIATE 'CREATE DIRECTORY d AS ''/tmp''';"
        " EXCEPTION WHEN OTHERS THEN NULL; END;",
        "ORA-03001",
    ),
    _of(
        "WHEN DUP_VAL_ON_INDEX",
        "BEGIN INSERT INTO dept VALUES (50, 'x'); INSERT INTO dept VALUES (50, 'y');"
        " EXCEPTION WHEN DUP_VAL_ON_INDEX THEN UPDATE dept SET dname = 'z' WHERE deptno = 50; END;",
        "SELECT dname FROM dept WHERE deptno = 50",
        "z",
    ),
    _of(
        "an error without a handler",
        "BEGIN INSERT INTO dept VALUES (50, 'x'); INSERT INTO dept VALUES (50, 'y');"
        " EXCEPTION WHEN NO_DATA_FOUND THEN NULL; END;",
        "ORA-00001",
    ),
    _of(
        "an error of compilation is not handled",
        "BEGIN DELETE FROM nothing; EXCEPTION WHEN OTHERS THEN NULL; END;",
        "ORA-00942",
    ),
    # Sequences
    _of(
        "ALTER SEQUENCE INCREMENT BY",
        "CREATE SEQUENCE s MAXVALUE 9999999999999999999999999999 CACHE 20 NOKEEP NOSCALE GLOBAL",
        "CREATE TABLE t (a NUMBER DEFAULT s.NEXTVAL, b NUMBER)",
        "INSERT INTO t (b) VALUES (1)",
        "ALTER SEQUENCE s INCREMENT BY 10",
        "INSERT INTO t (b) VALUES (2)",
        "SELECT a FROM t ORDER BY b",
        [(1,), (11,)],
    ),
    _of(
        "ALTER SEQUENCE RESTART",
        "CREATE SEQUENCE s",
        "SELECT s.NEXTVAL FROM dept",
        "ALTER SEQUENCE s RESTART START WITH 100",
        "SELECT s.NEXTVAL FROM DUAL",
        100,
    ),
    _of(
        "ALTER SEQUENCE MAXVALUE below its last value",
        "CREATE SEQUENCE s",
        "SELECT s.NEXTVAL FROM dept",
        "ALTER SEQUENCE s MAXVALUE 2",
        "ORA-04009",
    ),
    _of(
        "ALTER SEQUENCE START WITH",
        "CREATE SEQUENCE s",
        "ALTER SEQUENCE s START WITH 5",
        "ORA-02283",
    ),
    # The dictionary
    _of(
        "USER_INDEXES of a bitmap",
        "CREATE BITMAP INDEX emp_b ON emp (deptno)",
        "CREATE BITMAP INDEX emp_u ON emp (UPPER(job))",
        "ALTER INDEX emp_b RENAME TO emp_c",
        "SELECT index_name, index_type FROM user_indexes WHERE index_name IN ('EMP_C', 'EMP_U')"
        " ORDER BY 1",
        [("EMP_C", "BITMAP"), ("EMP_U", "FUNCTION-BASED BITMAP")],
    ),
    _of(
        "USER_VIEWS has the text as written",
        "CREATE OR REPLACE FORCE VIEW v AS select dname , 'x  y' z from Dept",
        "SELECT text, text_length FROM user_views",
        [("select dname , 'x  y' z from Dept", 33)],
    ),
    _of(
        "USER_SEQUENCES",
        "CREATE SEQUENCE s",
        "CREATE SEQUENCE t INCREMENT BY -1 NOCACHE",
        "ALTER SEQUENCE t CACHE 7 ORDER",
        "SELECT min_value, max_value, cache_size, order_flag FROM user_sequences"
        " ORDER BY sequence_name",
        [(1, 10**28 - 1, 20, "N"), (1 - 10**27, -1, 7, "Y")],
    ),
    _of(
        "USER_TAB_COLUMNS of NUMERIC, NCHAR and ROWID",
        "CREATE TABLE t (a NUMERIC, b NCHAR(4), c ROWID)",
        "SELECT data_precision, data_scale, data_length FROM user_tab_columns"
        " WHERE table_name = 'T' ORDER BY column_id",
        [(None, 0, 22), (None, None, 8), (None, None, 10)],
    ),
    _of(
        "CREATE TABLE AS SELECT with names of columns",
        "CREATE TABLE t (a, b) AS SELECT deptno * 2, dname FROM dept",
        "SELECT MAX(a), MAX(b) FROM t",
        [(80, "SALES")],
    ),
    _of(
        "CREATE TABLE AS SELECT with too few names",
        "CREATE TABLE t (a) AS SELECT deptno, dname FROM dept",
        "ORA-01730",
    ),
    _of(
        "CREATE TABLE AS SELECT with constraints",
        "CREATE TABLE t (a PRIMARY KEY) AS SELECT deptno FROM dept",
        "ORA-03001",
    ),
    # Names and keys that are taken
    _of(
        "an index of the session's schema",
        "CREATE INDEX dwh.emp_q ON emp (ename)",
        "SELECT COUNT(*) FROM user_indexes WHERE index_name = 'EMP_Q'",
        1,
    ),
    _of("an index of the primary key's columns", "CREATE INDEX i ON emp (empno)", "ORA-01408"),
    _of(
        "an index of the columns of another",
        "CREATE INDEX i ON emp (job DESC)",
        "CREATE INDEX j ON emp (job)",
        "CREATE INDEX k ON emp (job)",
        "ORA-01408",
    ),
    _of("a sequence with a table's name", "CREATE SEQUENCE emp", "ORA-00955"),
    _of(
        "a table with a sequence's name",
        "CREATE SEQUENCE s",
        "CREATE TABLE s (a NUMBER)",
        "ORA-00955",
    ),
    _of(
        "RENAME COLUMN to another's name",
        "ALTER TABLE dept RENAME COLUMN deptno TO dname",
        "ORA-00957",
    ),
    _of(
        "REFERENCES of a table without primary key",
        "CREATE TABLE k (a NUMBER UNIQUE)",
        "CREATE TABLE t (a NUMBER REFERENCES k)",
        "ORA-02268",
    ),
    _of("DROP PRIMARY KEY that is referenced", "ALTER TABLE dept DROP PRIMARY KEY", "ORA-02273"),
    _of(
        "DROP PRIMARY KEY CASCADE",
        "ALTER TABLE dept DROP PRIMARY KEY CASCADE",
        "SELECT COUNT(*) FROM user_constraints WHERE constraint_type = 'R'",
        0,
    ),
    _of("SET of fewer values", "UPDATE emp SET (job, sal) = (SELECT 1 FROM DUAL)", "ORA-00947"),
    _of(
        "IN of fewer columns",
        "SELECT 1 FROM emp WHERE (job, sal) IN (SELECT 1 FROM DUAL)",
        "ORA-00947",
    ),
    _of("ALTER of no sequence", "ALTER SEQUENCE nothing INCREMENT BY 2", "ORA-02289"),
]
