"""`record_shape`: run queries for their keys, and keep statistics of the results."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.errors import ConfigError
from tracekit.experiment.choose_keys import WantedKeys
from tracekit.experiment.progress import Listener, ReplayProgress
from tracekit.experiment.source import Request, Source, WorkloadLike, open_source
from tracekit.keyed import Key, Query
from tracekit.keyed.keys import batches_of
from tracekit.oracle import Database
from tracekit.records import KeySpace, QueryShape, Shape
from tracekit.sqltext import statement_sha256, without_literals
from tracekit.workloads.shapes import ShapeRecorder, described_column


def record_shape(
    workload: WorkloadLike | None = None,
    *,
    database: Database | None = None,
    queries: Sequence[Query | str | None] = (None,),
    keys: WantedKeys | None = None,
    keys_sql: str | None = None,
    on_progress: Listener | None = None,
) -> Shape:
    """Read queries, one batch of keys at a time, and keep statistics of the results.

    No value of a result leaves this process, and none is held longer than its row batch.

    Args:
        workload: As for `replay`.
        database: An Oracle database to read instead of the workload's.
        queries: Queries, or names of the workload's; None for its only one.
        keys: How many keys, `@FILE`, or a list of keys; default all.
        keys_sql: A query whose columns are the keys.
        on_progress: Called with the progress of each step.

    Raises:
        ConfigError: there is nothing to read, a key column is not selected, or there are no rows.
        WorkloadError: the workload is unknown, or a column has a type that a shape cannot hold.
        ConnectError, FetchError: the database could not be read.
    """
    tell = on_progress or (lambda progress: None)
    shapes: list[QueryShape] = []
    server = ""
    for query in queries:
        with open_source(Request(workload, database, query, keys, keys_sql), tell) as source:
            shapes.append(_recorded(source, tell))
            server = source.server
    spaces = {
        one.key_space: KeySpace(one.key_space, one.keys_asked) for one in shapes if one.key_space
    }
    return Shape(tuple(shapes), key_spaces=tuple(spaces.values()), server=server or None)


def _recorded(source: Source, tell: Listener) -> QueryShape:
    query, database = source.query, source.database
    sql, _ = query.statement([("any",) * query.key_width])
    columns = [described_column(info) for info in database.describe(sql)]
    recorder = ShapeRecorder(query.name, columns, key=query.column_names)
    rows = asked = 0
    step = f"record {query.name}"
    for batch in _batches(source):
        statement, binds = query.statement(batch)
        recorder.begin_statement(batch if query.column_names else None)
        for _, row_batch in database.read_sql_df_slow_iter(statement, binds):
            recorder.add_rows(row_batch)
            rows += len(row_batch)
            tell(ReplayProgress(step, min(0.99, asked / source.key_count), f"{rows:,} rows"))
        recorder.end_statement()
        asked += len(batch)
    if not rows:
        raise ConfigError(
            f"query {query.name!r} returned no rows for {source.key_count:,} keys, so there is "
            "nothing to record. Choose keys that have rows (--keys, --keys-sql)"
        )
    tell(ReplayProgress(step, 1.0, f"{rows:,} rows"))
    return recorder.shape(without_literals(query.sql), statement_sha256(sql))


def _batches(source: Source) -> list[Sequence[Key]]:
    return batches_of(source.keys, source.query)
