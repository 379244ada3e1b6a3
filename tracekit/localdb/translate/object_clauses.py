"""Remove from CREATE INDEX and CREATE VIEW, before parsing, what changes no result."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.lexer import Token
from tracekit.localdb.translate.table_clauses import closing, query_at

_INDEX_PROPERTIES = {
    "TABLESPACE", "PCTFREE", "INITRANS", "MAXTRANS", "STORAGE", "LOGGING", "NOLOGGING", "COMPRESS",
    "NOCOMPRESS", "PARALLEL", "NOPARALLEL", "LOCAL", "GLOBAL", "REVERSE", "NOREVERSE", "ONLINE",
    "COMPUTE", "SORT", "NOSORT", "VISIBLE", "INVISIBLE", "INDEXING",
}  # fmt: skip
_VIEW_WORDS = ("FORCE", "NOFORCE", "EDITIONABLE", "NONEDITIONABLE", "EDITIONING")


def without_index_properties(tokens: Sequence[Token]) -> list[Token]:
    """The tokens of a CREATE INDEX without its kind and properties.

    Raises:
        OraError: ORA-03001 for an index that changes results; ORA-02158 for an unknown property.
    """
    on = next((i for i, token in enumerate(tokens) if token.is_word("ON")), len(tokens))
    start = next((i for i in range(on, len(tokens)) if tokens[i].text == "("), None)
    if start is None:
        return list(tokens)
    if tokens[on + 1].is_word("CLUSTER"):
        raise unsupported("an index on a cluster", tokens[on + 1].start)
    end = closing(tokens, start)
    rest = tokens[end + 1 :]
    for token in rest:
        if token.is_word("INDEXTYPE", "UNUSABLE", "FILTER"):
            raise unsupported(f"an index with {token.text.upper()}", token.start)
    if rest and not rest[0].is_word(*_INDEX_PROPERTIES):
        raise OraError(2158, "invalid CREATE INDEX option", position=rest[0].start)
    kept = [one for one in tokens[:on] if not one.is_word("BITMAP")]
    return [*kept, *tokens[on : end + 1]]


def is_bitmap(tokens: Sequence[Token]) -> bool:
    """Whether it is CREATE BITMAP INDEX."""
    return len(tokens) > 1 and tokens[1].is_word("BITMAP")


def without_view_options(tokens: Sequence[Token]) -> list[Token]:
    """The tokens of a CREATE VIEW without FORCE and similar words, and WITH ... at its end."""
    query = query_at(tokens)
    head = [one for one in tokens[:query] if not one.is_word(*_VIEW_WORDS)]
    bequeath = next((i for i, one in enumerate(head) if one.is_word("BEQUEATH")), len(head))
    tail = list(tokens[query:])
    last = next((i for i in reversed(range(len(tail))) if tail[i].is_word("WITH")), None)
    if last is not None:
        words = [one.text.upper() for one in tail[last + 1 :]]
        if words == ["READ", "ONLY"] or words[:2] == ["CHECK", "OPTION"]:
            del tail[last:]
    return [*head[:bequeath], *tail]


def without_index_owner(tokens: Sequence[Token], current_schema: str) -> list[Token]:
    """The tokens of a CREATE INDEX without the schema of its name, which is always its table's.

    Raises:
        OraError: ORA-03001 if its schema is not its table's.
    """
    on = next((i for i, token in enumerate(tokens) if token.is_word("ON")), 0)
    if not on or tokens[on - 2].text != ".":
        return list(tokens)
    owner, table = tokens[on - 3], tokens[on + 1 : on + 3]
    qualified = len(table) == 2 and table[1].text == "."
    if owner.name != (table[0].name if qualified else current_schema):
        raise unsupported("an index in another schema than its table's", owner.start)
    return [*tokens[: on - 3], *tokens[on - 1 :]]
