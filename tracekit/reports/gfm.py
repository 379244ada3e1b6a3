"""GitHub-flavoured Markdown in which any text stays literal.

Values come from a database: pipes, backticks, tags and mentions in them must stay text. A value
becomes a code span if it can, because that is readable unrendered, too. Otherwise it goes into
`<code>` with its punctuation as character references, which are always text (CommonMark 0.31,
section 2.5).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from tracekit.reports import figures
from tracekit.reports.table import Column, Table

_MEANS_SOMETHING = re.compile(r"[\\`*_{}\[\]<>()#+!|~&@$:]")
_STARTS_A_BLOCK = re.compile(r"^(\s*)(>|(?:[-+]|-{3,}|=+|\d{1,9}[.)])(?=\s|$))")
_BREAKS_A_CODE_SPAN = re.compile(r"[`|\\]|^\s|\s$|\s\s|^$")


def prose(text: str) -> str:
    """`text` as Markdown that renders as exactly that text."""
    one_line = figures.printable(text)
    escaped = re.sub(r"[\\`*\[\]<|~&@$#]|(?<![^\W_])_|_(?![^\W_])", _reference, one_line)
    return _STARTS_A_BLOCK.sub(_block_start_as_text, escaped)


def code(text: str) -> str:
    """`text` as code."""
    shown = figures.printable(text)
    if not _BREAKS_A_CODE_SPAN.search(shown):
        return f"`{shown}`"
    return f"<code>{_MEANS_SOMETHING.sub(_reference, shown)}</code>"


def table_lines(table: Table) -> str:
    """`table` as a GFM table; empty if it has no rows."""
    if not table.rows:
        return ""
    titles = _line(prose(column.title) for column in table.columns)
    rules = _line("---:" if column.numeric else "---" for column in table.columns)
    rows = (_line(map(_cell, table.columns, row)) for row in table.rows)
    return "\n".join((titles, rules, *rows))


def bullet(lines: Iterable[str]) -> str:
    """A list of texts; empty if there are none."""
    return "\n".join(f"- {prose(line)}" for line in lines)


def details(summary: str, body: str) -> str:
    """`body` (Markdown) folded under `summary` (one line of Markdown)."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def section(heading: str, body: str) -> list[str]:
    """A heading and its body as blocks; nothing if there is no body."""
    return [f"## {heading}", body] if body else []


def marker(kind: str, *names: str) -> str:
    """A hidden comment by which a bot finds its earlier comment on the same subject."""
    return f"<!-- tracekit:{':'.join((kind, *map(_plain, names)))} -->"


def _plain(name: str) -> str:
    """`name` without anything that could end a comment, and without its folder."""
    base = re.split(r"[/\\]", name)[-1]
    plain = re.sub(r"[^0-9A-Za-z_.]+", "-", base).strip("-")
    # Two names must have different markers, or one report would overwrite the other.
    return plain if plain == base else f"{plain}-{hashlib.sha256(base.encode()).hexdigest()[:6]}"


def fenced(text: str) -> str:
    """Lines of text as a code block."""
    lines = [figures.printable(line) for line in text.splitlines()]
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join((f"{fence}text", *lines, fence))


def _block_start_as_text(found: re.Match[str]) -> str:
    return found[1] + found[2][:-1] + _reference(found[2][-1])


def _cell(column: Column, cell: str) -> str:
    plain = not column.literal or cell in {"", figures.NOT_MEASURED}
    return prose(cell) if plain else code(cell)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _reference(found: re.Match[str] | str) -> str:
    char = found if isinstance(found, str) else found[0]
    return f"&#{ord(char)};"
