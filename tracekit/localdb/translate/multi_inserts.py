"""INSERT ALL without conditions: one INSERT for each of its tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.handlers import Step
from tracekit.localdb.translate.lexer import Token, TokenKind, bind_name
from tracekit.localdb.translate.table_clauses import closing

_ROWS = '"TRACEKIT$ROWS"'
_ONE_ROW = (["SELECT", "*", "FROM", "DUAL"], ["SELECT", "1", "FROM", "DUAL"])


@dataclass(frozen=True)
class MultiInsert:
    """INSERT ALL as several statements."""

    steps: tuple[Step, ...]
    bind_names: tuple[str, ...]
    """A name for each placeholder, in order; each is unique in the statements."""


def multi_insert(sql: str, tokens: Sequence[Token]) -> MultiInsert | None:
    """Divide INSERT ALL into statements; None for any other statement.

    Raises:
        OraError: ORA-03001 for conditions, for sequences, of which Oracle takes one value for all
            tables, and for a query of its own tables; ORA-00925 or ORA-00928 if it is malformed.
    """
    if len(tokens) < 2 or not tokens[0].is_word("INSERT") or not tokens[1].is_word("ALL", "FIRST"):
        return None
    if tokens[1].is_word("FIRST") or (tokens[2:] and tokens[2].is_word("WHEN")):
        raise unsupported("INSERT ALL or FIRST with conditions", tokens[1].start)
    for token in tokens:
        if token.is_word("NEXTVAL", "CURRVAL"):
            raise unsupported(f"INSERT ALL with {token.text.upper()}", token.start)
    binds = [token for token in tokens if token.kind is TokenKind.BIND]
    names = {token.start: f"b{index}_{bind_name(token)}" for index, token in enumerate(binds)}
    targets, query = _targets(tokens)
    source = _text(sql, query, names)
    is_one_row = [token.text.upper() for token in query] in _ONE_ROW
    _refuse_own_tables(targets, query)
    steps: list[Step] = []
    for into, values in targets:
        head = f"INSERT {_text(sql, into, names)}"
        if values and is_one_row:
            steps.append(Step(f"{head} VALUES ({_text(sql, values, names)})"))
        else:
            listed = _text(sql, values, names) if values else "*"
            steps.append(Step(f"{head} SELECT {listed} FROM ({source}) {_ROWS}"))  # noqa: S608
    return MultiInsert(tuple(steps), tuple(names[token.start].upper() for token in binds))


def _refuse_own_tables(
    targets: Sequence[tuple[Sequence[Token], Sequence[Token]]], query: Sequence[Token]
) -> None:
    """Refuse a query of a table that an earlier statement has changed by then."""
    read = {token.name for token in query}
    for into, _ in targets:
        names = [token for token in into[1:] if token.kind is not TokenKind.SYMBOL]
        named = names[1] if len(into) > 2 and into[2].text == "." else names[0]
        if named.name in read and len(targets) > 1:
            raise unsupported("INSERT ALL with a query of its own tables", named.start)


def _targets(
    tokens: Sequence[Token],
) -> tuple[list[tuple[Sequence[Token], Sequence[Token]]], Sequence[Token]]:
    """The INTO clauses with their values, and the query."""
    found: list[tuple[Sequence[Token], Sequence[Token]]] = []
    index = 2
    while index < len(tokens) and tokens[index].is_word("INTO"):
        end = index + 2
        while end + 1 < len(tokens) and tokens[end].text == ".":
            end += 2
        if end < len(tokens) and tokens[end].text == "(":
            end = closing(tokens, end) + 1
        into, values = tokens[index:end], tokens[:0]
        if end + 1 < len(tokens) and tokens[end].is_word("VALUES"):
            close = closing(tokens, end + 1)
            values = tokens[end + 2 : close]
            end = close + 1
        found.append((into, values))
        index = end
    if not found:
        raise OraError(925, "missing INTO keyword", position=tokens[1].end)
    if index >= len(tokens):
        raise OraError(928, "missing SELECT keyword", position=tokens[-1].end)
    return found, tokens[index:]


def _text(sql: str, tokens: Sequence[Token], names: dict[int, str]) -> str:
    """The text of tokens, with the new names of binds."""
    pieces: list[str] = []
    end = tokens[0].start if tokens else 0
    for token in tokens:
        pieces.append(sql[end : token.start])
        is_bind = token.kind is TokenKind.BIND
        pieces.append(f":{names[token.start]}" if is_bind else sql[token.start : token.end])
        end = token.end
    return "".join(pieces)
