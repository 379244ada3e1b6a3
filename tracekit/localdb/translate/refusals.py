"""Recognise unsupported constructs, to name them in the error."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.lexer import Token, tokenize

_STORED_CODE = (
    "PROCEDURE", "FUNCTION", "TRIGGER", "PACKAGE", "TYPE", "MATERIALIZED", "DIRECTORY",
    "CONTEXT", "ROLE", "TABLESPACE", "PROFILE", "DATABASE", "CLUSTER", "JAVA", "LIBRARY",
)  # fmt: skip
_WORDS_BEFORE = (
    "OR", "REPLACE", "PUBLIC", "EDITIONABLE", "NONEDITIONABLE", "FORCE", "SHARED", "BIGFILE",
)  # fmt: skip
_UNREADABLE = (
    ("JSON_TABLE",), ("XMLTABLE",), ("MATCH_RECOGNIZE",), ("MODEL",),
    ("VERSIONS", "BETWEEN"), ("AS", "OF"), ("SAMPLE",), ("CURSOR",),
    ("MULTISET",), ("LOG", "ERRORS"), ("PIVOT", "XML"), ("PERIOD", "FOR"), ("CROSS", "APPLY"),
    ("OUTER", "APPLY"), ("PARTITION",), ("DELETE", "WHERE"), ("WITH", "FUNCTION"),
    ("WITH", "PROCEDURE"), *((f"{kind}_{name}",) for kind in ("JSON", "XML") for name in (
        "OBJECT", "ARRAY", "OBJECTAGG", "ARRAYAGG", "QUERY", "VALUE", "EXISTS", "SERIALIZE",
    )), ("XMLSERIALIZE",), ("XMLPARSE",), ("XMLROOT",), ("XMLQUERY",), ("XMLEXISTS",),
    ("XMLFOREST",), ("XMLATTRIBUTES",), ("WITHIN", "GROUP"),
)  # fmt: skip
"""Constructs that the parser cannot read, by the words that introduce them."""


def refuse_stored_code(tokens: Sequence[Token]) -> None:
    """Refuse CREATE of stored code and other objects that only Oracle supports.

    Raises:
        OraError: ORA-03001 naming the object.
    """
    if tokens[0].is_word("EXPLAIN", "FLASHBACK"):
        raise unsupported(tokens[0].text.upper(), tokens[0].start)
    if not tokens[0].is_word("CREATE"):
        return
    if any(token.is_word("PRIVATE") for token in tokens[1:2]):
        raise unsupported("CREATE PRIVATE TEMPORARY TABLE", tokens[1].start)
    for token in tokens[1:6]:
        if token.is_word("MATERIALIZED"):
            raise unsupported("CREATE MATERIALIZED VIEW", token.start)
        if token.is_word(*_STORED_CODE):
            raise unsupported(f"CREATE {token.text.upper()}", token.start)
        if not token.is_word(*_WORDS_BEFORE):
            return


def unreadable_construct(text: str) -> OraError | None:
    """The error naming the unsupported construct that makes a statement unreadable, if any."""
    tokens = tokenize(text)
    for index in range(len(tokens)):
        for words in _UNREADABLE:
            ahead = tokens[index : index + len(words)]
            if len(ahead) == len(words) and all(map(Token.is_word, ahead, words)):
                return unsupported(" ".join(words), tokens[index].start)
    return None
