-- Names as clients see them: see localdb/stored_names.py. Names in a file that Oracle DDL did not
-- make are in capitals here.
CREATE MACRO $sys.TRACEKIT_SHOWN(held) AS
    translate(held, '$held', 'abcdefghijklmnopqrstuvwxyz');
CREATE MACRO $sys.TRACEKIT_NAME(held) AS
    translate(held, 'abcdefghijklmnopqrstuvwxyz$held',
              'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz');

-- As unquoted names are: only the letters that Oracle folds in every character set.
CREATE MACRO $sys.TRACEKIT_CAPITALS(held) AS
    translate(held, 'abcdefghijklmnopqrstuvwxyz', 'ABCDEFGHIJKLMNOPQRSTUVWXYZ');

-- Tables in DuckDB's default schema are found without their owner's name, like one's own.
CREATE MACRO $sys.TRACEKIT_OWNER(held) AS
    CASE WHEN held = 'main' THEN '$owner' ELSE $sys.TRACEKIT_NAME(held) END;

-- A session's schema of temporary tables comes first in its search path.
CREATE MACRO $sys.TRACEKIT_CURRENT_SCHEMA() AS
    $sys.TRACEKIT_NAME(list_filter(current_schemas(false), lambda s: NOT starts_with(s, '$private'))[1]);

-- The base of all views: tables and views as a client sees them. An overlay's view of a table in the
-- file counts as a table.
CREATE VIEW $sys.TRACEKIT_OBJECTS AS
SELECT $sys.TRACEKIT_OWNER(t.schema_name) AS owner, t.schema_name AS real_schema, t.table_name AS name,
       'TABLE' AS kind, '$catalog' AS held_in, t.schema_name AS held_schema,
       t.table_name AS held_name, t.comment, NULL AS text, t.estimated_size AS size_rows,
       t.table_oid AS object_id, g.detail AS on_commit
FROM duckdb_tables() t
LEFT JOIN $notes g
  ON g.catalog_name = '$catalog' AND g.kind = 'T' AND g.schema_name = t.schema_name
 AND g.table_name = t.table_name
WHERE t.database_name = '$catalog' AND NOT t.temporary
  AND t.table_name NOT IN ('$declared_table', '$notes_table')
  AND NOT starts_with(t.schema_name, '$private')
UNION ALL
SELECT $sys.TRACEKIT_OWNER(v.schema_name), v.schema_name, v.view_name,
       CASE WHEN f.table_name IS NULL THEN 'VIEW' ELSE 'TABLE' END,
       CASE WHEN f.table_name IS NULL THEN '$catalog' ELSE f.database_name END,
       coalesce(f.schema_name, v.schema_name), coalesce(f.table_name, v.view_name),
       coalesce(v.comment, f.comment),
       coalesce(q.detail,
                regexp_replace(regexp_replace(v.sql, '^CREATE VIEW .*? AS ', '', 's'), ';\s*$', '')),
       f.estimated_size, v.view_oid, NULL
FROM duckdb_views() v
LEFT JOIN duckdb_tables() f
  ON f.database_name <> '$catalog'
 AND upper(f.schema_name) = upper(v.schema_name) AND upper(f.table_name) = upper(v.view_name)
 AND contains(v.sql, ' FROM ' || f.database_name || '.')
LEFT JOIN $notes q
  ON q.catalog_name = '$catalog' AND q.kind = 'Q' AND q.schema_name = v.schema_name
 AND q.table_name = v.view_name
WHERE v.database_name = '$catalog' AND NOT v.internal
  AND v.schema_name <> 'SYS';

CREATE VIEW $sys.ALL_TABLES AS
SELECT owner AS OWNER, $sys.TRACEKIT_NAME(name) AS TABLE_NAME, 'USERS' AS TABLESPACE_NAME,
       CAST(NULL AS VARCHAR) AS CLUSTER_NAME, CAST(NULL AS VARCHAR) AS IOT_NAME,
       'VALID' AS STATUS, 'YES' AS LOGGING, size_rows AS NUM_ROWS,
       CAST(NULL AS TIMESTAMP_S) AS LAST_ANALYZED, 'NO' AS PARTITIONED,
       CAST(NULL AS VARCHAR) AS IOT_TYPE,
       CASE WHEN on_commit IS NULL THEN 'N' ELSE 'Y' END AS TEMPORARY,
       'N' AS SECONDARY, 'NO' AS NESTED,
       CASE on_commit WHEN 'DELETE' THEN 'SYS$TRANSACTION' WHEN 'PRESERVE' THEN 'SYS$SESSION' END
           AS DURATION, 'DISABLED' AS COMPRESSION,
       CAST(NULL AS VARCHAR) AS COMPRESS_FOR, 'NO' AS DROPPED, 'NO' AS READ_ONLY,
       CAST(NULL AS BIGINT) AS BLOCKS, CAST(NULL AS BIGINT) AS AVG_ROW_LEN,
       CAST(NULL AS BIGINT) AS SAMPLE_SIZE, '         1' AS DEGREE, '    N' AS CACHE,
       'DISABLED' AS ROW_MOVEMENT, 'YES' AS MONITORING, 'NO' AS EXTERNAL
FROM $sys.TRACEKIT_OBJECTS WHERE kind = 'TABLE';

CREATE VIEW $sys.ALL_VIEWS AS
SELECT owner AS OWNER, $sys.TRACEKIT_NAME(name) AS VIEW_NAME, length(text) AS TEXT_LENGTH, text AS TEXT,
       text AS TEXT_VC, 'N' AS EDITIONING_VIEW, 'N' AS READ_ONLY
FROM $sys.TRACEKIT_OBJECTS WHERE kind = 'VIEW';

CREATE VIEW $sys.TRACEKIT_COLUMNS AS
SELECT o.owner, o.name AS table_name, o.kind AS object_kind, c.column_name,
       c.column_index AS column_id, coalesce(c.comment, h.comment) AS comment,
       coalesce($sys.TRACEKIT_SHOWN(v.detail),
       regexp_replace(replace(replace(replace(regexp_replace(regexp_replace(h.column_default,
               'ora_number\(CAST\((.*) AS VARCHAR\)\)', '\1'),
               'ora_number\(''([^'']*)''\)', '\1'), 'ora_sysdate()', 'SYSDATE'),
               'ora_systimestamp()', 'SYSTIMESTAMP'), 'ora_localtimestamp()', 'LOCALTIMESTAMP'),
               'nextval\(''(.*)''\)', '\1.nextval')) AS default_text,
       coalesce(h.is_nullable, c.is_nullable) AS is_nullable,
       regexp_extract(c.data_type, '^[A-Z_ ]+') AS stored,
       c.numeric_precision AS stored_precision, c.numeric_scale AS stored_scale,
       i.detail AS generation,
       trim(string_split(i.name, '.')[-1], '"') AS identity_sequence,
       d.type_name AS declared, d.type_precision, d.type_scale, d.type_length
FROM $sys.TRACEKIT_OBJECTS o
JOIN duckdb_columns() c
  ON c.database_name = '$catalog' AND c.schema_name = o.real_schema AND c.table_name = o.name
LEFT JOIN duckdb_columns() h
  ON h.database_name = o.held_in AND h.schema_name = o.held_schema
 AND h.table_name = o.held_name AND upper(h.column_name) = upper(c.column_name)
LEFT JOIN $declared d
  ON d.catalog_name = '$catalog' AND d.schema_name = o.real_schema AND d.table_name = o.name AND d.column_name = c.column_name
LEFT JOIN $notes v
  ON v.catalog_name = '$catalog' AND v.kind = 'V' AND v.schema_name = o.real_schema
 AND v.table_name = o.name AND v.subject = c.column_name
LEFT JOIN $notes i
  ON i.catalog_name = '$catalog' AND i.kind = 'I' AND i.schema_name = o.real_schema
 AND i.table_name = o.name AND i.subject = c.column_name;

-- The same types with which duck/describe.py describes results.
CREATE VIEW $sys.ALL_TAB_COLS AS
WITH typed AS (
    SELECT *, CASE
        WHEN declared IN ('TIMESTAMP', 'TIMESTAMP WITH TIME ZONE', 'TIMESTAMP WITH LOCAL TIME ZONE')
            THEN replace(declared, 'TIMESTAMP', 'TIMESTAMP(' || coalesce(type_scale, 6) || ')')
        WHEN declared = 'INTERVAL DAY TO SECOND'
            THEN 'INTERVAL DAY(' || coalesce(type_precision, 2) || ') TO SECOND('
                 || coalesce(type_scale, 6) || ')'
        WHEN declared = 'INTERVAL YEAR TO MONTH'
            THEN 'INTERVAL YEAR(' || coalesce(type_precision, 2) || ') TO MONTH'
        WHEN declared = 'BOOLEAN' THEN 'NUMBER'
        WHEN declared IS NOT NULL THEN declared
        WHEN stored IN ('DATE', 'TIMESTAMP_S') THEN 'DATE'
        WHEN stored = 'TIMESTAMP_MS' THEN 'TIMESTAMP(3)'
        WHEN stored = 'TIMESTAMP' THEN 'TIMESTAMP(6)'
        WHEN stored = 'TIMESTAMP_NS' THEN 'TIMESTAMP(9)'
        WHEN stored = 'TIMESTAMP WITH TIME ZONE' THEN 'TIMESTAMP(6) WITH TIME ZONE'
        WHEN stored = 'STRUCT' THEN 'TIMESTAMP(6) WITH TIME ZONE'
        WHEN stored = 'INTERVAL' THEN 'INTERVAL DAY(2) TO SECOND(6)'
        WHEN stored = 'FLOAT' THEN 'BINARY_FLOAT'
        WHEN stored = 'DOUBLE' THEN 'BINARY_DOUBLE'
        WHEN stored = 'BLOB' THEN 'RAW'
        WHEN stored IN ('VARCHAR', 'ENUM', 'UUID') THEN 'VARCHAR2'
        ELSE 'NUMBER' END AS data_type
    FROM $sys.TRACEKIT_COLUMNS
), sized AS (
    SELECT *,
        CASE WHEN data_type = 'FLOAT' THEN coalesce(type_precision, 126)
             WHEN data_type LIKE 'INTERVAL%' THEN coalesce(type_precision, 2)
             WHEN data_type <> 'NUMBER' THEN NULL
             WHEN declared = 'NUMBER' THEN type_precision
             WHEN stored = 'BIT' THEN NULL
             WHEN stored = 'DECIMAL' AND (stored_precision, stored_scale) = (38, 18) THEN NULL
             WHEN stored = 'DECIMAL' THEN stored_precision
             ELSE CASE stored WHEN 'BOOLEAN' THEN 1 WHEN 'TINYINT' THEN 3 WHEN 'UTINYINT' THEN 3
                  WHEN 'SMALLINT' THEN 5 WHEN 'USMALLINT' THEN 5 WHEN 'INTEGER' THEN 10
                  WHEN 'UINTEGER' THEN 10 WHEN 'BIGINT' THEN 18 WHEN 'UBIGINT' THEN 20
                  ELSE 38 END END AS data_precision,
        CASE WHEN data_type IN ('VARCHAR2', 'CHAR', 'NVARCHAR2', 'NCHAR')
             THEN coalesce(type_length, 32767) END AS char_count
    FROM typed
)
SELECT owner AS OWNER, $sys.TRACEKIT_NAME(table_name) AS TABLE_NAME,
       $sys.TRACEKIT_NAME(column_name) AS COLUMN_NAME,
       data_type AS DATA_TYPE, CAST(NULL AS VARCHAR) AS DATA_TYPE_MOD,
       CAST(NULL AS VARCHAR) AS DATA_TYPE_OWNER,
       CAST(CASE WHEN char_count IS NOT NULL THEN least(char_count * CASE WHEN data_type LIKE 'N%' THEN 2 ELSE 4 END, 32767)
            WHEN data_type IN ('NUMBER', 'FLOAT') THEN 22
            WHEN data_type = 'RAW' THEN coalesce(type_length, 32767)
            WHEN data_type = 'DATE' THEN 7
            WHEN data_type LIKE 'TIMESTAMP%WITH TIME ZONE' THEN 13
            WHEN data_type LIKE 'TIMESTAMP%' THEN 11
            WHEN data_type = 'BINARY_FLOAT' THEN 4
            WHEN data_type = 'BINARY_DOUBLE' THEN 8
            WHEN data_type LIKE 'INTERVAL DAY%' THEN 11
            WHEN data_type LIKE 'INTERVAL YEAR%' THEN 5
            WHEN data_type = 'LONG' THEN 0
            WHEN data_type = 'ROWID' THEN 10
            ELSE 4000 END AS INTEGER) AS DATA_LENGTH,
       data_precision AS DATA_PRECISION,
       CASE WHEN data_type LIKE 'TIMESTAMP%' THEN CAST(data_type[11] AS INTEGER)
            WHEN data_type LIKE 'INTERVAL DAY%' THEN coalesce(type_scale, 6)
            WHEN data_type LIKE 'INTERVAL YEAR%' THEN 0
            WHEN declared = 'NUMBER' THEN type_scale
            WHEN data_type <> 'NUMBER' OR data_precision IS NULL THEN NULL
            WHEN stored = 'DECIMAL' THEN stored_scale ELSE 0 END AS DATA_SCALE,
       CASE WHEN is_nullable THEN 'Y' ELSE 'N' END AS NULLABLE,
       column_id AS COLUMN_ID, length(default_text) AS DEFAULT_LENGTH,
       default_text AS DATA_DEFAULT, CAST(NULL AS BIGINT) AS NUM_DISTINCT,
       CASE WHEN data_type IN ('NVARCHAR2', 'NCHAR') THEN 'NCHAR_CS'
            WHEN char_count IS NOT NULL OR data_type = 'CLOB' THEN 'CHAR_CS'
            END AS CHARACTER_SET_NAME,
       coalesce(char_count, 0) AS CHAR_LENGTH,
       CASE WHEN char_count IS NOT NULL THEN 'C' END AS CHAR_USED,
       'NO' AS HIDDEN_COLUMN, 'NO' AS VIRTUAL_COLUMN, column_id AS SEGMENT_COLUMN_ID,
       column_id AS INTERNAL_COLUMN_ID, $sys.TRACEKIT_NAME(column_name) AS QUALIFIED_COL_NAME, 'YES' AS USER_GENERATED,
       'NO' AS DEFAULT_ON_NULL,
       CASE WHEN generation IS NULL THEN 'NO' ELSE 'YES' END AS IDENTITY_COLUMN,
       char_count AS CHAR_COL_DECL_LENGTH,
       CASE WHEN char_count IS NOT NULL OR data_type IN ('CLOB', 'NCLOB') THEN 'USING_NLS_COMP'
            END AS COLLATION,
       CAST(NULL AS BLOB) AS LOW_VALUE, CAST(NULL AS BLOB) AS HIGH_VALUE,
       CAST(NULL AS DOUBLE) AS DENSITY, CAST(NULL AS BIGINT) AS NUM_NULLS,
       CAST(NULL AS BIGINT) AS NUM_BUCKETS, CAST(NULL AS TIMESTAMP_S) AS LAST_ANALYZED,
       CAST(NULL AS BIGINT) AS SAMPLE_SIZE, CAST(NULL AS BIGINT) AS AVG_COL_LEN,
       'NONE' AS HISTOGRAM
FROM sized;

CREATE VIEW $sys.ALL_TAB_COLUMNS AS
SELECT * EXCLUDE (HIDDEN_COLUMN, VIRTUAL_COLUMN, SEGMENT_COLUMN_ID, INTERNAL_COLUMN_ID,
                  QUALIFIED_COL_NAME, USER_GENERATED)
FROM $sys.ALL_TAB_COLS;

CREATE VIEW $sys.ALL_TAB_COMMENTS AS
SELECT owner AS OWNER, $sys.TRACEKIT_NAME(name) AS TABLE_NAME, kind AS TABLE_TYPE, comment AS COMMENTS
FROM $sys.TRACEKIT_OBJECTS;

CREATE VIEW $sys.ALL_COL_COMMENTS AS
SELECT owner AS OWNER, $sys.TRACEKIT_NAME(table_name) AS TABLE_NAME,
       $sys.TRACEKIT_NAME(column_name) AS COLUMN_NAME, comment AS COMMENTS
FROM $sys.TRACEKIT_COLUMNS;

CREATE VIEW $sys.ALL_TAB_IDENTITY_COLS AS
SELECT c.owner AS OWNER, $sys.TRACEKIT_NAME(c.table_name) AS TABLE_NAME,
       $sys.TRACEKIT_NAME(c.column_name) AS COLUMN_NAME,
       c.generation AS GENERATION_TYPE, $sys.TRACEKIT_NAME(c.identity_sequence) AS SEQUENCE_NAME,
       'START WITH: ' || s.start_value || ', INCREMENT BY: ' || s.increment_by
       || ', MAX_VALUE: ' || CASE WHEN s.max_value = 9223372036854775807
                                  THEN '9999999999999999999999999999' ELSE CAST(s.max_value AS VARCHAR) END
       || ', MIN_VALUE: ' || s.min_value || ', CYCLE_FLAG: ' || CASE WHEN s.cycle THEN 'Y' ELSE 'N' END
       || ', CACHE_SIZE: 20, ORDER_FLAG: N, SCALE_FLAG: N, EXTEND_FLAG: N, SESSION_FLAG: N, KEEP_VALUE: N'
           AS IDENTITY_OPTIONS
FROM $sys.TRACEKIT_COLUMNS c
LEFT JOIN duckdb_sequences() s
  ON s.database_name = '$catalog' AND s.sequence_name = c.identity_sequence
 AND $sys.TRACEKIT_NAME(s.schema_name) = c.owner
WHERE c.generation IS NOT NULL;

CREATE VIEW $sys.TRACEKIT_CONSTRAINTS AS
WITH held AS (
    SELECT o.owner, o.real_schema, o.name AS table_name, o.object_id,
           k.* EXCLUDE (table_name),
           CASE k.constraint_type WHEN 'PRIMARY KEY' THEN 'P' WHEN 'UNIQUE' THEN 'U'
                WHEN 'FOREIGN KEY' THEN 'R' WHEN 'NOT NULL' THEN 'N' ELSE 'C' END AS kind,
           list_transform(CASE k.constraint_type WHEN 'CHECK' THEN list_distinct(k.constraint_column_names)
                          ELSE k.constraint_column_names END, lambda c: $sys.TRACEKIT_CAPITALS(c)) AS columns
    FROM $sys.TRACEKIT_OBJECTS o
    JOIN duckdb_constraints() k
      ON k.database_name = o.held_in AND k.schema_name = o.held_schema
     AND k.table_name = o.held_name
    WHERE o.kind = 'TABLE'
), numbered AS (
    -- CHECKs are identified by their order, other constraints by their columns.
    SELECT *, CASE WHEN kind = 'C' THEN '' ELSE array_to_string(constraint_column_names, ',') END
                  AS subject,
           row_number() OVER (PARTITION BY owner, table_name, kind,
                                  CASE WHEN kind <> 'C' THEN constraint_column_names END
                              ORDER BY constraint_index) AS place
    FROM held
), notes AS (
    SELECT *, row_number() OVER (PARTITION BY schema_name, table_name, kind, subject
                                 ORDER BY position) AS place
    FROM $notes WHERE catalog_name = '$catalog' AND kind IN ('P', 'U', 'R', 'C', 'N')
)
SELECT k.owner, k.table_name, k.constraint_index,
       coalesce(n.name, $sys.TRACEKIT_CAPITALS(k.constraint_name)) AS constraint_name,
       CASE WHEN n.name IS NULL OR starts_with(n.name, 'SYS_C') THEN 'GENERATED NAME'
            ELSE 'USER NAME' END AS generated,
       CASE k.kind WHEN 'N' THEN 'C' ELSE k.kind END AS constraint_type, k.kind,
       CASE k.kind WHEN 'N' THEN '"' || $sys.TRACEKIT_NAME(k.columns[1]) || '" IS NOT NULL'
            WHEN 'C' THEN $sys.TRACEKIT_SHOWN(coalesce(nullif(n.detail, ''), k.expression)) END AS search_condition,
       k.columns, $sys.TRACEKIT_CAPITALS(k.referenced_table) AS referenced_table,
       list_transform(k.referenced_column_names, lambda c: $sys.TRACEKIT_CAPITALS(c)) AS referenced_columns
FROM numbered k
LEFT JOIN notes n
  ON n.schema_name = k.real_schema AND n.table_name = k.table_name AND n.kind = k.kind
 AND n.subject = k.subject AND n.place = k.place
WHERE
  -- A primary key's columns are NOT NULL implicitly: Oracle has no constraint for that.
  NOT (k.kind = 'N' AND EXISTS (
      SELECT 1 FROM held p
      WHERE p.owner = k.owner AND p.table_name = k.table_name AND p.kind = 'P'
        AND list_contains(p.columns, k.columns[1])))
UNION ALL
-- Foreign keys are only in the notes, because DuckDB does not have them.
SELECT $sys.TRACEKIT_NAME(schema_name), table_name, 10000 + position, name,
       CASE WHEN starts_with(name, 'SYS_C') THEN 'GENERATED NAME' ELSE 'USER NAME' END,
       'R', 'R', NULL, string_split(subject, ','), string_split(detail, ',')[2],
       string_split(detail, ',')[3:]
FROM $notes WHERE catalog_name = '$catalog' AND kind = 'R' AND detail <> '';

CREATE VIEW $sys.ALL_CONSTRAINTS AS
SELECT k.owner AS OWNER, $sys.TRACEKIT_NAME(k.constraint_name) AS CONSTRAINT_NAME,
       k.constraint_type AS CONSTRAINT_TYPE, $sys.TRACEKIT_NAME(k.table_name) AS TABLE_NAME,
       k.search_condition AS SEARCH_CONDITION, k.search_condition AS SEARCH_CONDITION_VC,
       r.owner AS R_OWNER, $sys.TRACEKIT_NAME(r.constraint_name) AS R_CONSTRAINT_NAME,
       CASE WHEN k.constraint_type = 'R' THEN coalesce((
           SELECT a.detail FROM $notes a
           WHERE a.catalog_name = '$catalog' AND a.kind = 'A' AND a.name = k.constraint_name
             AND $sys.TRACEKIT_NAME(a.schema_name) = k.owner
       ), 'NO ACTION') END AS DELETE_RULE,
       'ENABLED' AS STATUS, 'NOT DEFERRABLE' AS DEFERRABLE, 'IMMEDIATE' AS DEFERRED,
       'VALIDATED' AS VALIDATED, k.generated AS GENERATED,
       CASE WHEN k.constraint_type IN ('P', 'U') THEN k.owner END AS INDEX_OWNER,
       CASE WHEN k.constraint_type IN ('P', 'U') THEN $sys.TRACEKIT_NAME(k.constraint_name) END AS INDEX_NAME
FROM $sys.TRACEKIT_CONSTRAINTS k
LEFT JOIN $sys.TRACEKIT_CONSTRAINTS r
  ON k.constraint_type = 'R' AND r.constraint_type IN ('P', 'U') AND r.owner = k.owner
 AND $sys.TRACEKIT_CAPITALS(r.table_name) = k.referenced_table AND r.columns = k.referenced_columns;

CREATE VIEW $sys.ALL_CONS_COLUMNS AS
SELECT owner AS OWNER, $sys.TRACEKIT_NAME(constraint_name) AS CONSTRAINT_NAME, $sys.TRACEKIT_NAME(table_name) AS TABLE_NAME,
       $sys.TRACEKIT_NAME(unnest(columns)) AS COLUMN_NAME,
       CASE WHEN constraint_type = 'C' THEN NULL
            ELSE unnest(generate_series(1, len(columns))) END AS POSITION
FROM $sys.TRACEKIT_CONSTRAINTS;

CREATE VIEW $sys.TRACEKIT_INDEXES AS
SELECT o.owner, o.name AS table_name, $sys.TRACEKIT_CAPITALS(i.index_name) AS index_name, i.is_unique,
       CAST(i.expressions AS VARCHAR[]) AS parts
FROM $sys.TRACEKIT_OBJECTS o
JOIN duckdb_indexes() i
  ON i.database_name = o.held_in AND i.schema_name = o.held_schema AND i.table_name = o.held_name
UNION ALL
SELECT owner, table_name, constraint_name, true, columns
FROM $sys.TRACEKIT_CONSTRAINTS WHERE constraint_type IN ('P', 'U');

CREATE VIEW $sys.TRACEKIT_INDEX_PARTS AS
WITH parts AS (
    SELECT *, trim(unnest(parts), '"') AS part, unnest(generate_series(1, len(parts))) AS position
    FROM $sys.TRACEKIT_INDEXES
)
SELECT p.owner, p.table_name, p.index_name, p.position,
       CASE WHEN x.name IS NULL THEN p.part ELSE '"' || p.part || '"' END AS part,
       CASE WHEN x.name IS NULL THEN c.column_name END AS column_name,
       CASE WHEN x.name IS NULL THEN 'ASC' ELSE 'DESC' END AS descend
FROM parts p
LEFT JOIN $notes x
  ON x.catalog_name = '$catalog' AND x.kind = 'X' AND x.name = p.index_name
 AND $sys.TRACEKIT_NAME(x.schema_name) = p.owner AND list_contains(string_split(x.detail, ','), p.part)
LEFT JOIN $sys.TRACEKIT_COLUMNS c
  ON c.owner = p.owner AND c.table_name = p.table_name
 AND upper(c.column_name) = upper(p.part);

CREATE VIEW $sys.ALL_INDEXES AS
SELECT i.owner AS OWNER, $sys.TRACEKIT_NAME(i.index_name) AS INDEX_NAME,
       CASE WHEN EXISTS (
           SELECT 1 FROM $sys.TRACEKIT_INDEX_PARTS p
           WHERE p.owner = i.owner AND p.index_name = i.index_name AND p.column_name IS NULL
       ) THEN 'FUNCTION-BASED ' ELSE '' END
       || CASE WHEN b.name IS NULL THEN 'NORMAL' ELSE 'BITMAP' END AS INDEX_TYPE,
       i.owner AS TABLE_OWNER, $sys.TRACEKIT_NAME(i.table_name) AS TABLE_NAME, 'TABLE' AS TABLE_TYPE,
       CASE WHEN i.is_unique THEN 'UNIQUE' ELSE 'NONUNIQUE' END AS UNIQUENESS,
       'DISABLED' AS COMPRESSION, CAST(NULL AS INTEGER) AS PREFIX_LENGTH,
       'USERS' AS TABLESPACE_NAME, 'VALID' AS STATUS, 'NO' AS PARTITIONED, 'N' AS TEMPORARY,
       'VISIBLE' AS VISIBILITY
FROM $sys.TRACEKIT_INDEXES i
LEFT JOIN $notes b
  ON b.catalog_name = '$catalog' AND b.kind = 'B' AND b.name = i.index_name
 AND $sys.TRACEKIT_NAME(b.schema_name) = i.owner;

CREATE VIEW $sys.ALL_IND_COLUMNS AS
SELECT owner AS INDEX_OWNER, $sys.TRACEKIT_NAME(index_name) AS INDEX_NAME, owner AS TABLE_OWNER,
       $sys.TRACEKIT_NAME(table_name) AS TABLE_NAME,
       coalesce($sys.TRACEKIT_NAME(column_name), 'SYS_NC' || lpad(CAST(position AS VARCHAR), 5, '0') || '$')
           AS COLUMN_NAME,
       position AS COLUMN_POSITION, 22 AS COLUMN_LENGTH, 0 AS CHAR_LENGTH, descend AS DESCEND
FROM $sys.TRACEKIT_INDEX_PARTS;

CREATE VIEW $sys.ALL_IND_EXPRESSIONS AS
SELECT owner AS INDEX_OWNER, $sys.TRACEKIT_NAME(index_name) AS INDEX_NAME, owner AS TABLE_OWNER,
       $sys.TRACEKIT_NAME(table_name) AS TABLE_NAME, $sys.TRACEKIT_SHOWN(part) AS COLUMN_EXPRESSION, position AS COLUMN_POSITION
FROM $sys.TRACEKIT_INDEX_PARTS WHERE column_name IS NULL;

CREATE VIEW $sys.ALL_SEQUENCES AS
SELECT $sys.TRACEKIT_NAME(s.schema_name) AS SEQUENCE_OWNER, $sys.TRACEKIT_NAME(sequence_name) AS SEQUENCE_NAME,
       CASE WHEN min_value < -9223372036854775806 THEN -999999999999999999999999999
            ELSE CAST(min_value AS DECIMAL(28, 0)) END AS MIN_VALUE,
       -- Oracle's largest value; DuckDB counts to that of 64 bits.
       CASE WHEN max_value = 9223372036854775807 THEN 9999999999999999999999999999
            ELSE CAST(max_value AS DECIMAL(28, 0)) END AS MAX_VALUE,
       increment_by AS INCREMENT_BY,
       CASE WHEN cycle THEN 'Y' ELSE 'N' END AS CYCLE_FLAG,
       coalesce(split_part(n.detail, ',', 2), 'N') AS ORDER_FLAG,
       CAST(coalesce(split_part(n.detail, ',', 1), '20') AS INTEGER) AS CACHE_SIZE,
       coalesce(last_value + increment_by, start_value) AS LAST_NUMBER
FROM duckdb_sequences() s
LEFT JOIN $notes n
  ON n.catalog_name = '$catalog' AND n.kind = 'Z' AND n.schema_name = s.schema_name
 AND n.table_name = s.sequence_name
WHERE s.database_name = '$catalog' AND NOT s.temporary
  AND NOT starts_with(s.schema_name, '$private');

CREATE VIEW $sys.ALL_OBJECTS AS
WITH objects AS (
    SELECT owner, $sys.TRACEKIT_NAME(name) AS name, kind, object_id, on_commit
    FROM $sys.TRACEKIT_OBJECTS
    UNION ALL
    SELECT owner, $sys.TRACEKIT_NAME(index_name), 'INDEX', NULL, NULL FROM $sys.TRACEKIT_INDEXES
    UNION ALL SELECT SEQUENCE_OWNER, SEQUENCE_NAME, 'SEQUENCE', NULL, NULL FROM $sys.ALL_SEQUENCES
    UNION ALL SELECT schema_name, table_name, 'SYNONYM', NULL, NULL
    FROM $notes WHERE catalog_name = '$catalog' AND kind = 'S'
)
SELECT owner AS OWNER, name AS OBJECT_NAME, CAST(NULL AS VARCHAR) AS SUBOBJECT_NAME,
       object_id AS OBJECT_ID, object_id AS DATA_OBJECT_ID, kind AS OBJECT_TYPE,
       CAST(NULL AS TIMESTAMP_S) AS CREATED, CAST(NULL AS TIMESTAMP_S) AS LAST_DDL_TIME,
       'VALID' AS STATUS, CASE WHEN on_commit IS NULL THEN 'N' ELSE 'Y' END AS TEMPORARY,
       'N' AS GENERATED, 'N' AS SECONDARY, CAST(NULL AS VARCHAR) AS "TIMESTAMP",
       CASE kind WHEN 'INDEX' THEN 4 ELSE 1 END AS NAMESPACE,
       CAST(NULL AS VARCHAR) AS EDITION_NAME
FROM objects;

CREATE VIEW $sys.ALL_USERS AS
SELECT DISTINCT $sys.TRACEKIT_NAME(schema_name) AS USERNAME, CAST(NULL AS BIGINT) AS USER_ID,
       CAST(NULL AS TIMESTAMP_S) AS CREATED, 'NO' AS COMMON,
       CASE WHEN upper(schema_name) = 'SYS' THEN 'Y' ELSE 'N' END AS ORACLE_MAINTAINED
FROM duckdb_schemas()
WHERE (database_name = '$catalog' AND NOT internal AND schema_name <> 'main'
        AND NOT starts_with(schema_name, '$private'))
   OR (database_name = '$memory' AND schema_name = 'SYS');

CREATE VIEW $sys.USER_USERS AS
SELECT USERNAME, USER_ID, 'OPEN' AS ACCOUNT_STATUS, 'USERS' AS DEFAULT_TABLESPACE,
       'TEMP' AS TEMPORARY_TABLESPACE, CREATED
FROM $sys.ALL_USERS WHERE USERNAME = $sys.TRACEKIT_CURRENT_SCHEMA();

CREATE VIEW $sys.DBA_USERS AS
SELECT USERNAME, USER_ID, 'OPEN' AS ACCOUNT_STATUS, 'USERS' AS DEFAULT_TABLESPACE,
       'TEMP' AS TEMPORARY_TABLESPACE, CREATED, ORACLE_MAINTAINED FROM $sys.ALL_USERS;
CREATE VIEW $sys.USER_CATALOG AS
SELECT OBJECT_NAME AS TABLE_NAME, OBJECT_TYPE AS TABLE_TYPE FROM $sys.ALL_OBJECTS
WHERE OWNER = $sys.TRACEKIT_CURRENT_SCHEMA() AND OBJECT_TYPE IN ('TABLE', 'VIEW', 'SEQUENCE');
CREATE VIEW $sys.CAT AS FROM $sys.USER_CATALOG;
CREATE VIEW $sys.TAB AS
SELECT TABLE_NAME AS TNAME, TABLE_TYPE AS TABTYPE, CAST(NULL AS BIGINT) AS CLUSTERID
FROM $sys.USER_CATALOG WHERE TABLE_TYPE <> 'SEQUENCE';
CREATE VIEW $sys.DICTIONARY AS
SELECT view_name AS TABLE_NAME, CAST(NULL AS VARCHAR) AS COMMENTS FROM duckdb_views()
WHERE database_name = '$memory' AND schema_name = 'SYS' AND NOT starts_with(view_name, 'TRACEKIT');
CREATE VIEW $sys.DICT AS FROM $sys.DICTIONARY;
CREATE VIEW $sys.GLOBAL_NAME AS SELECT 'TRACEKIT' AS GLOBAL_NAME;
CREATE VIEW $sys."V$DATABASE" AS
SELECT 1 AS DBID, 'TRACEKIT' AS NAME, 'READ WRITE' AS OPEN_MODE, 'PRIMARY' AS DATABASE_ROLE,
       'NOARCHIVELOG' AS LOG_MODE, 'NO' AS CDB, 'Linux x86 64-bit' AS PLATFORM_NAME;
CREATE VIEW $sys.USER_TABLESPACES AS
SELECT 'USERS' AS TABLESPACE_NAME, 8192 AS BLOCK_SIZE, 'ONLINE' AS STATUS, 'PERMANENT' AS CONTENTS;

-- These are always empty here, but clients query them.
CREATE VIEW $sys.ALL_TRIGGERS AS
SELECT '' AS OWNER, '' AS TRIGGER_NAME, '' AS TRIGGER_TYPE, '' AS TRIGGERING_EVENT,
       '' AS TABLE_OWNER, '' AS TABLE_NAME, '' AS STATUS, '' AS TRIGGER_BODY WHERE false;
CREATE VIEW $sys.ALL_SOURCE AS
SELECT '' AS OWNER, '' AS NAME, '' AS TYPE, 0 AS LINE, '' AS TEXT WHERE false;
CREATE VIEW $sys.ALL_ERRORS AS
SELECT '' AS OWNER, '' AS NAME, '' AS TYPE, 0 AS SEQUENCE, 0 AS LINE, 0 AS POSITION, '' AS TEXT
WHERE false;
CREATE VIEW $sys.ALL_PROCEDURES AS
SELECT '' AS OWNER, '' AS OBJECT_NAME, '' AS PROCEDURE_NAME, '' AS OBJECT_TYPE WHERE false;
CREATE VIEW $sys.ALL_ARGUMENTS AS
SELECT '' AS OWNER, '' AS OBJECT_NAME, '' AS PACKAGE_NAME, '' AS ARGUMENT_NAME, 0 AS POSITION,
       '' AS DATA_TYPE, '' AS IN_OUT WHERE false;
CREATE VIEW $sys.ALL_TYPES AS
SELECT '' AS OWNER, '' AS TYPE_NAME, '' AS TYPECODE WHERE false;
CREATE VIEW $sys.ALL_DEPENDENCIES AS
SELECT '' AS OWNER, '' AS NAME, '' AS TYPE, '' AS REFERENCED_OWNER, '' AS REFERENCED_NAME,
       '' AS REFERENCED_TYPE WHERE false;
CREATE VIEW $sys.ALL_PART_TABLES AS
SELECT '' AS OWNER, '' AS TABLE_NAME, '' AS PARTITIONING_TYPE, 0 AS PARTITION_COUNT WHERE false;
CREATE VIEW $sys.ALL_TAB_PARTITIONS AS
SELECT '' AS TABLE_OWNER, '' AS TABLE_NAME, '' AS PARTITION_NAME, 0 AS PARTITION_POSITION,
       '' AS HIGH_VALUE, 0 AS NUM_ROWS WHERE false;
CREATE VIEW $sys.ALL_TAB_PRIVS AS
SELECT '' AS GRANTOR, '' AS GRANTEE, '' AS TABLE_SCHEMA, '' AS TABLE_NAME, '' AS PRIVILEGE,
       '' AS GRANTABLE WHERE false;
CREATE VIEW $sys.USER_TAB_PRIVS AS
SELECT '' AS GRANTEE, '' AS OWNER, '' AS TABLE_NAME, '' AS GRANTOR, '' AS PRIVILEGE,
       '' AS GRANTABLE WHERE false;
CREATE VIEW $sys.USER_SYS_PRIVS AS
SELECT '' AS USERNAME, '' AS PRIVILEGE, '' AS ADMIN_OPTION WHERE false;
CREATE VIEW $sys.USER_ROLE_PRIVS AS
SELECT '' AS USERNAME, '' AS GRANTED_ROLE, '' AS ADMIN_OPTION, '' AS DEFAULT_ROLE WHERE false;
CREATE VIEW $sys.SESSION_PRIVS AS SELECT '' AS PRIVILEGE WHERE false;
CREATE VIEW $sys.SESSION_ROLES AS SELECT '' AS ROLE WHERE false;
CREATE VIEW $sys.USER_RECYCLEBIN AS
SELECT '' AS OBJECT_NAME, '' AS ORIGINAL_NAME, '' AS TYPE WHERE false;
CREATE VIEW $sys.ALL_SYNONYMS AS
SELECT schema_name AS OWNER, table_name AS SYNONYM_NAME, detail AS TABLE_OWNER, name AS TABLE_NAME,
       CAST(NULL AS VARCHAR) AS DB_LINK
FROM $notes WHERE catalog_name = '$catalog' AND kind = 'S';
CREATE VIEW $sys.ALL_MVIEWS AS
SELECT '' AS OWNER, '' AS MVIEW_NAME, '' AS CONTAINER_NAME, '' AS QUERY WHERE false;
CREATE VIEW $sys.ALL_MVIEW_COMMENTS AS
SELECT '' AS OWNER, '' AS MVIEW_NAME, '' AS COMMENTS WHERE false;
CREATE VIEW $sys.ALL_DB_LINKS AS
SELECT '' AS OWNER, '' AS DB_LINK, '' AS USERNAME, '' AS HOST,
       CAST(NULL AS TIMESTAMP_S) AS CREATED WHERE false;

CREATE VIEW $sys."V$VERSION" AS
SELECT 'Oracle Database 19c Enterprise Edition Release $version - Production' AS BANNER,
       'Oracle Database 19c Enterprise Edition Release $version - Production' AS BANNER_FULL,
       'Oracle Database 19c Enterprise Edition Release $version - Production' AS BANNER_LEGACY,
       0 AS CON_ID;
CREATE VIEW $sys.PRODUCT_COMPONENT_VERSION AS
SELECT 'Oracle Database 19c Enterprise Edition ' AS PRODUCT, '$version' AS VERSION,
       '$version' AS VERSION_FULL, 'Production' AS STATUS;
CREATE VIEW $sys."V$INSTANCE" AS
SELECT 1 AS INSTANCE_NUMBER, 'tracekit' AS INSTANCE_NAME, 'localhost' AS HOST_NAME,
       '$version' AS VERSION, '$version' AS VERSION_FULL, 'OPEN' AS STATUS;
CREATE VIEW $sys."V$PARAMETER" AS
SELECT * FROM (VALUES
    (1, 'compatible', 2, '$version', '$version'),
    (2, 'cursor_sharing', 2, 'EXACT', 'EXACT'),
    (3, 'db_name', 2, 'tracekit', 'tracekit'),
    (4, 'max_string_size', 2, 'EXTENDED', 'EXTENDED'),
    (5, 'open_cursors', 3, '1000', '1000')
) AS parameters(NUM, NAME, TYPE, VALUE, DISPLAY_VALUE);
CREATE VIEW $sys.NLS_INSTANCE_PARAMETERS AS
SELECT unnest(map_keys(m)) AS PARAMETER, unnest(map_values(m)) AS VALUE
FROM (SELECT $nls_defaults AS m);
CREATE VIEW $sys.NLS_DATABASE_PARAMETERS AS
FROM $sys.NLS_INSTANCE_PARAMETERS
UNION ALL VALUES ('NLS_CHARACTERSET', 'AL32UTF8'), ('NLS_NCHAR_CHARACTERSET', 'AL16UTF16');
CREATE VIEW $sys.NLS_SESSION_PARAMETERS AS
SELECT PARAMETER, $memory.main.ora_nls_parameter(PARAMETER) AS VALUE
FROM $sys.NLS_INSTANCE_PARAMETERS;
CREATE VIEW $sys."V$NLS_PARAMETERS" AS
SELECT PARAMETER, VALUE, 0 AS CON_ID FROM $sys.NLS_SESSION_PARAMETERS
UNION ALL VALUES ('NLS_CHARACTERSET', 'AL32UTF8', 0), ('NLS_NCHAR_CHARACTERSET', 'AL16UTF16', 0);
-- Only the session that asks is shown.
CREATE VIEW $sys."V$SESSION" AS
SELECT CAST($memory.main.ora_context('SID') AS BIGINT) AS SID,
       CAST($memory.main.ora_context('SID') AS BIGINT) % 65535 + 1 AS "SERIAL#",
       CAST($memory.main.ora_context('SESSIONID') AS BIGINT) AS AUDSID,
       100 AS "USER#",
       $sys.TRACEKIT_CURRENT_SCHEMA() AS USERNAME,
       'ACTIVE' AS STATUS,
       'DEDICATED' AS SERVER,
       100 AS "SCHEMA#",
       $sys.TRACEKIT_CURRENT_SCHEMA() AS SCHEMANAME,
       $memory.main.ora_context('OS_USER') AS OSUSER,
       $memory.main.ora_context('HOST') AS MACHINE,
       $memory.main.ora_context('TERMINAL') AS TERMINAL,
       $memory.main.ora_context('CLIENT_PROGRAM_NAME') AS PROGRAM,
       'USER' AS TYPE,
       $memory.main.ora_context('MODULE') AS MODULE,
       $memory.main.ora_context('ACTION') AS ACTION,
       $memory.main.ora_context('CLIENT_INFO') AS CLIENT_INFO,
       $memory.main.ora_context('CLIENT_IDENTIFIER') AS CLIENT_IDENTIFIER,
       'TRACEKIT' AS SERVICE_NAME,
       0 AS CON_ID;
