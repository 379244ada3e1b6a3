"""Show a shape in a terminal."""

from __future__ import annotations

from tracekit.records.shape import SHARED_BY, ColumnShape, QueryShape, Shape, StatementShape
from tracekit.reports.table import Column, Table
from tracekit.reports.text_report import TextPage
from tracekit.sizes import format_size

_MOST_STATEMENT = 300


def shape_text(
    shape: Shape, *, size_bytes: int | None = None, width: int | None = None, color: bool = False
) -> str:
    """Describe each query and column of a shape.

    Args:
        shape: The shape.
        size_bytes: The size of its file.
        width: The columns of the terminal; None for no limit.
        color: Whether to write ANSI colours.
    """
    page = TextPage(width, color=color)
    size = f" · {format_size(size_bytes)}" if size_bytes is not None else ""
    server = f" · recorded from {shape.server}" if shape.server else ""
    page.line(
        f"{len(shape.queries)} {'query' if len(shape.queries) == 1 else 'queries'}{size}{server}",
        style="bold",
    )
    for query in shape.queries:
        _query(page, query)
    if shape.statements:
        page.table(_statements(shape.statements), "Statements without rows")
    page.line(
        "No value of the database is in it. It has lengths, counts and shares, each over at least "
        f"{SHARED_BY} rows or keys, and no smallest, largest or frequent value. Literals in "
        "statements are replaced by ?. It does contain the names of tables and columns.",
        style="dim",
    )
    return page.rendered()


def _query(page: TextPage, query: QueryShape) -> None:
    facts = f"{query.name}: {query.rows:,} rows"
    if query.key:
        facts += (
            f" of {query.keys:,} keys ({', '.join(query.key)}), {query.keys_asked:,} requested, "
            f"{query.keys_per_statement or 0:,.0f} per statement"
        )
    page.line("")
    page.line(facts, style="bold")
    if query.rows_per_key:
        parts = query.rows_per_key
        shown = [parts[len(parts) * tenth // 10] for tenth in (1, 5, 9)]
        page.line(
            f"rows per key: {query.rows / max(1, query.keys):,.2f} on average; "
            f"about {shown[0]:,.0f}, {shown[1]:,.0f} and {shown[2]:,.0f} at a tenth, half and nine "
            f"tenths of the keys. Rows of a key come "
            f"{'one after the other' if query.order == 'key' else 'mixed with those of others'}."
        )
    if query.partial:
        page.line("It was not read to the end while it was recorded.", style="bold")
    statement = query.statement
    page.line(statement if len(statement) <= _MOST_STATEMENT else f"{statement[:_MOST_STATEMENT]}…")
    page.table(_columns(query))


def _columns(query: QueryShape) -> Table:
    return Table.of(
        (
            Column("column", literal=True),
            Column("type"),
            Column("NULL", numeric=True),
            Column("distinct", numeric=True),
            Column("values"),
        ),
        (
            (
                column.name,
                _type(column),
                f"{column.null:.1%}" if column.null else "–",
                f"{column.distinct:,}",
                _likeness(column),
            )
            for column in query.columns
        ),
    )


def _type(column: ColumnShape) -> str:
    if column.precision is not None:
        scale = f",{column.scale}" if column.scale else ""
        return f"{column.type}({column.precision}{scale})"
    return f"{column.type}({column.size})" if column.size else column.type


def _likeness(column: ColumnShape) -> str:
    parts = []
    for width, lengths in column.text.items():
        rows = sum(rows for rows, *_ in lengths.values())
        chars = sum(rows * chars for rows, chars, *_ in lengths.values()) / max(1, rows)
        unit = "bytes" if width == "bytes" else f"{width} characters"
        parts.append((rows, f"about {chars:,.1f} {unit}"))
    total = sum(column.numbers.values())
    parts += [
        (rows, "with a fraction" if kind == "fraction" else _bits(kind))
        for kind, rows in column.numbers.items()
    ]
    total = sum(rows for rows, _ in parts) + sum(column.moments.values())
    parts += [(rows, f"to the {kind}") for kind, rows in column.moments.items()]
    parts.sort(reverse=True)
    if len(parts) == 1:
        return parts[0][1]
    return "; ".join(f"{rows / total:.0%} {text}" for rows, text in parts)


def _bits(kind: str) -> str:
    if kind == "small":
        return "whole, to 256"
    return "whole, above 120 bits" if kind == "more" else f"whole, to {kind} bits"


def _statements(statements: tuple[StatementShape, ...]) -> Table:
    return Table.of(
        (
            Column("kind"),
            Column("statement", literal=True),
            Column("rows", numeric=True),
            Column("error"),
        ),
        (
            (
                one.kind,
                one.statement[:80],
                "–" if one.row_count is None else f"{one.row_count:,}",
                f"ORA-{one.error_code:05}" if one.error_code else "–",
            )
            for one in statements
        ),
    )
