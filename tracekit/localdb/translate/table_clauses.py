"""Remove the storage clauses of CREATE TABLE before parsing."""

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
    "SUBPARTITION", "ORGANIZATION", "INMEMORY", "NO", "FILESYSTEM_LIKE_LOGGING", "DEFAULT",
}  # fmt: skip
_PLAIN_COLLATIONS = ("USING_NLS_COMP", "BINARY")
ON_NULL = "TRACEKIT$ON_NULL"
"""The name of the NOT NULL constraint that stands for DEFAULT ON NULL, which no parser reads."""
_NUMBERS = ("NUMBER", "NUMERIC", "DECIMAL", "DEC")


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
    query = query_at(tokens)
    if start is None or query < start:
        head = next((i for i, t in enumerate(tokens[:query]) if _is_property(tokens, i)), query)
        _check_properties(tokens[head:query])
        return [*tokens[:head], *tokens[query:]]
    end = closing(tokens, start)
    kept = [*tokens[: start + 1], *_plain_columns(tokens[start + 1 : end]), tokens[end]]
    rest = tokens[end + 1 :]
    query = query_at(tokens) - end - 1
    while rest[:query] and rest[0].is_word("ON"):
        kept += rest[:4]
        rest, query = rest[4:], query - 4
    _check_properties(rest[:query])
    return [*kept, *rest[query:]]


def query_at(tokens: Sequence[Token]) -> int:
    """Where AS and a query begin; the end, if there is none. `STORE AS` is of a LOB's storage."""
    for index, (before, token, after) in enumerate(
        zip(tokens, tokens[1:], tokens[2:], strict=False), 1
    ):
        begins = after.is_word("SELECT", "WITH") or after.text == "("
        if token.is_word("AS") and begins and not before.is_word("STORE"):
            return index
    return len(tokens)


def _is_property(tokens: Sequence[Token], index: int) -> bool:
    return index > 2 and tokens[index].is_word(*_PHYSICAL)


def _check_properties(tokens: Sequence[Token]) -> None:
    if not tokens:
        return
    if tokens[0].is_word("CLUSTER", "READ", "EXTERNAL"):
        raise unsupported(f"a table with {tokens[0].text.upper()}", tokens[0].start)
    if not tokens[0].is_word(*_PHYSICAL):
        raise OraError(922, "missing or invalid option", position=tokens[0].start)
    for first, second in pairwise(tokens):
        if first.is_word("ORGANIZATION") and second.is_word("EXTERNAL"):
            raise unsupported("ORGANIZATION EXTERNAL", first.start)


def closing(tokens: Sequence[Token], start: int) -> int:
    """The index of the parenthesis that closes the one at `start`."""
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
        token, after = tokens[index], tokens[index + 1 : index + 2]
        names_a_column = not kept or kept[-1].text in ("(", ",")
        if names_a_column or token.kind is not TokenKind.WORD:
            kept.append(token)
        elif token.is_word("DEFERRABLE") and kept[-1].is_word("NOT"):
            kept.pop()
        elif token.is_word("INITIALLY"):
            index += bool(after and after[0].is_word("IMMEDIATE"))
        elif token.is_word("USING") and after:
            index = _after_index(tokens, index + 1) - 1
        elif token.is_word("COLLATE") and after and after[0].name in _PLAIN_COLLATIONS:
            index += 1
        elif token.is_word("DEFAULT") and _is_on_null(tokens, index):
            kept.append(token._replace(text=f'CONSTRAINT "{ON_NULL}" NOT NULL DEFAULT'))
            index += 2 + _for_insert_only(tokens, index + 3)
        elif token.is_word("NATIONAL") and after and after[0].is_word("CHARACTER", "CHAR"):
            varies = tokens[index + 2 : index + 3] and tokens[index + 2].is_word("VARYING")
            kept.append(token._replace(text="NVARCHAR2" if varies else "NCHAR"))
            index += 2 if varies else 1
        elif not token.is_word(*_STATES):
            _refuse_feature(tokens, index)
            kept.append(token)
        index += 1
    return kept


def _words(tokens: Sequence[Token], index: int, count: int) -> list[str]:
    return [token.text.upper() for token in tokens[index : index + count]]


def _is_on_null(tokens: Sequence[Token], index: int) -> bool:
    """Whether it is DEFAULT ON NULL, and not GENERATED BY DEFAULT ON NULL, which can be parsed."""
    return _words(tokens, index + 1, 2) == ["ON", "NULL"] and not tokens[index - 1].is_word("BY")


def _for_insert_only(tokens: Sequence[Token], index: int) -> int:
    if _words(tokens, index, 3) == ["FOR", "INSERT", "ONLY"]:
        return 3
    if _words(tokens, index, 4) == ["FOR", "INSERT", "AND", "UPDATE"]:
        raise unsupported("DEFAULT ON NULL FOR INSERT AND UPDATE", tokens[index].start)
    return 0


def _refuse_feature(tokens: Sequence[Token], index: int) -> None:
    """Name what a column or constraint has that the local Oracle has not.

    Raises:
        OraError: ORA-03001.
    """
    token = tokens[index]
    ahead = [one.text.upper() for one in tokens[index + 1 : index + 5]]
    if token.is_word("DISABLE", "DEFERRABLE", "DEFERRED"):
        raise unsupported(f"a constraint that is {token.text.upper()}", token.start)
    if token.is_word("INVISIBLE", "ENCRYPT", "VIRTUAL"):
        raise unsupported(f"a column that is {token.text.upper()}", token.start)
    if token.is_word("AS") and ahead[:1] == ["("]:
        raise unsupported("a virtual column", token.start)
    if token.is_word("LONG") and ahead[:1] == ["RAW"]:
        raise unsupported("type LONG RAW", token.start)
    if token.is_word(*_NUMBERS) and ahead[:1] == ["("] and ahead[2:4] == [",", "-"]:
        raise unsupported("a negative scale", token.start)


def _after_index(tokens: Sequence[Token], index: int) -> int:
    """The index after the USING INDEX clause."""
    index += 1
    while index < len(tokens) and tokens[index].text != ",":
        if tokens[index].text == "(":
            index = closing(tokens, index)
        elif tokens[index].is_word(*_STATES) or tokens[index].is_word("CONSTRAINT"):
            break
        index += 1
    return index
