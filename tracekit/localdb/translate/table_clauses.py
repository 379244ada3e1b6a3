"""Remove the storage clauses of CREATE TABLE and CREATE INDEX before parsing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.lexer import Token, TokenKind

_STATES = ("ENABLE", "VALIDATE", "NOVALIDATE", "RELY", "NORELY")
_PHYSICAL = {
    "TABLESPACE", "PCTFREE", "PCTUSED", "INITRANS", "MAXTRANS", "STORAGE", "LOGGING", "NOLOGGING",
    "COMPRESS", "NOCOMPRESS", "CACHE", "NOCACHE", "PARALLEL", "NOPARALLEL", "MONITORING",
    "NOMONITORING", "SEGMENT", "ENABLE", "DISABLE", "RESULT_CACHE", "ROW", "LOB", "PARTITION",
    "SUBPARTITION", "ORGANIZATION", "INMEMORY", "NO", "FILESYSTEM_LIKE_LOGGING",
}  # fmt: skip


def is_create_table(tokens: Sequence[Token]) -> bool:
    """Whether the statement is CREATE [GLOBAL TEMPORARY] TABLE."""
    words = [token.text.upper() for token in tokens[:4]]
    return words[:2] == ["CREATE", "TABLE"] or words[2:4] == ["TEMPORARY", "TABLE"]


def without_storage(tokens: Sequence[Token]) -> list[Token]:
    """The tokens of a CREATE TABLE without constraint states and physical properties.

    Raises:
        OraError: ORA-03001 for an unsupported clause; ORA-00922 for an unknown one.
    """
    start = next((i for i, token in enumerate(tokens) if token.text == "("), None)
    query = next((i for i, token in enumerate(tokens) if token.is_word("AS")), len(tokens))
    if start is None or query < start:
        head = next((i for i, t in enumerate(tokens[:query]) if _is_property(tokens, i)), query)
        _check_properties(tokens[head:query])
        return [*tokens[:head], *tokens[query:]]
    end = _closing(tokens, start)
    kept = [*tokens[: start + 1], *_plain_columns(tokens[start + 1 : end]), tokens[end]]
    rest = tokens[end + 1 :]
    query = next((i for i, token in enumerate(rest) if token.is_word("AS")), len(rest))
    while rest[:query] and rest[0].is_word("ON"):
        kept += rest[:4]
        rest, query = rest[4:], query - 4
    _check_properties(rest[:query])
    return [*kept, *rest[query:]]


def without_index_owner(tokens: Sequence[Token]) -> list[Token]:
    """The tokens of a CREATE INDEX without the schema of its name, which is always its table's.

    Raises:
        OraError: ORA-03001 if its schema is not its table's.
    """
    on = next((i for i, token in enumerate(tokens) if token.is_word("ON")), 0)
    if not on or tokens[on - 2].text != ".":
        return list(tokens)
    owner, table = tokens[on - 3], tokens[on + 1 : on + 3]
    if len(table) < 2 or table[1].text != "." or owner.name != table[0].name:
        raise unsupported("an index in another schema than its table's", owner.start)
    return [*tokens[: on - 3], *tokens[on - 1 :]]


def _is_property(tokens: Sequence[Token], index: int) -> bool:
    return index > 2 and tokens[index].is_word(*_PHYSICAL)


def _check_properties(tokens: Sequence[Token]) -> None:
    if not tokens:
        return
    if not tokens[0].is_word(*_PHYSICAL):
        raise OraError(922, "missing or invalid option", position=tokens[0].start)
    for first, second in pairwise(tokens):
        if first.is_word("ORGANIZATION") and second.is_word("EXTERNAL"):
            raise unsupported("ORGANIZATION EXTERNAL", first.start)


def _closing(tokens: Sequence[Token], start: int) -> int:
    depth = 0
    for index in range(start, len(tokens)):
        depth += (tokens[index].text == "(") - (tokens[index].text == ")")
        if depth == 0:
            return index
    raise OraError(907, "missing right parenthesis", position=tokens[-1].end)


def _plain_columns(tokens: Sequence[Token]) -> list[Token]:
    kept: list[Token] = []
    index = 0
    while index < len(tokens):
        token = tokens[index]
        names_a_column = not kept or kept[-1].text in ("(", ",")
        if names_a_column or token.kind is not TokenKind.WORD:
            kept.append(token)
        elif token.is_word("DISABLE", "DEFERRABLE", "DEFERRED"):
            if token.is_word("DEFERRABLE") and kept[-1].is_word("NOT"):
                kept.pop()
            else:
                raise unsupported(f"a constraint that is {token.text.upper()}", token.start)
        elif token.is_word("INITIALLY"):
            index += tokens[index + 1 : index + 2] != [] and tokens[index + 1].is_word("IMMEDIATE")
        elif token.is_word("USING") and tokens[index + 1 : index + 2]:
            index = _after_index(tokens, index + 1) - 1
        elif not token.is_word(*_STATES):
            kept.append(token)
        index += 1
    return kept


def _after_index(tokens: Sequence[Token], index: int) -> int:
    """The index after the USING INDEX clause."""
    index += 1
    while index < len(tokens) and tokens[index].text != ",":
        if tokens[index].text == "(":
            index = _closing(tokens, index)
        elif tokens[index].is_word(*_STATES) or tokens[index].is_word("CONSTRAINT"):
            break
        index += 1
    return index
