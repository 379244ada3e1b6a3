"""ALTER TABLE of what changes no result: storage, partitions, statistics, enabled constraints."""

from __future__ import annotations

from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.definition_reader import DefinitionReader

_PHYSICAL = (
    "LOGGING", "NOLOGGING", "PARALLEL", "NOPARALLEL", "CACHE", "NOCACHE", "MOVE", "SHRINK",
    "COMPRESS", "NOCOMPRESS", "STORAGE", "PCTFREE", "PCTUSED", "INITRANS", "ALLOCATE", "DEALLOCATE",
    "MONITORING", "NOMONITORING", "RESULT_CACHE", "INMEMORY", "SPLIT", "MERGE", "COALESCE",
)  # fmt: skip
_PHRASES = (
    ("ENABLE", "ROW"), ("DISABLE", "ROW"), ("ENABLE", "TABLE"), ("DISABLE", "TABLE"),
    ("ENABLE", "ALL"), ("DISABLE", "ALL"), ("READ", "WRITE"), ("ROW", "STORE"), ("NO", "INMEMORY"),
    ("ADD", "SUPPLEMENTAL"), ("DROP", "SUPPLEMENTAL"), ("ADD", "PARTITION"),
    ("ADD", "SUBPARTITION"), ("MODIFY", "PARTITION"), ("MODIFY", "DEFAULT"), ("SET", "INTERVAL"),
    ("DROP", "UNUSED"),
)  # fmt: skip
_REFUSED = (
    ("TRUNCATE", "PARTITION"), ("DROP", "PARTITION"), ("EXCHANGE", "PARTITION"), ("READ", "ONLY"),
    ("TRUNCATE", "SUBPARTITION"), ("DROP", "SUBPARTITION"), ("DISABLE", "CONSTRAINT"),
    ("DISABLE", "PRIMARY"), ("DISABLE", "UNIQUE"), ("DISABLE", "VALIDATE"),
    ("DISABLE", "NOVALIDATE"),
)  # fmt: skip
_STATES = ("VALIDATE", "NOVALIDATE")


def is_without_effect(reader: DefinitionReader) -> bool:
    """Whether the next action of ALTER TABLE changes nothing that the local Oracle has.

    Raises:
        OraError: ORA-03001 if it changes what rows can be read or written in a way that the local
            Oracle cannot follow.
    """
    ahead = [token.text.upper() for token in reader.tokens[reader.index : reader.index + 2]]
    start = reader.tokens[reader.index].start if not reader.at_end else 0
    if tuple(ahead) in _REFUSED:
        raise unsupported(f"ALTER TABLE ... {' '.join(ahead)}", start)
    rest = reader.tokens[reader.index + 1 :]
    if ahead[:1] == ["ENABLE"] and any(token.is_word("DISABLE", "DEFERRED") for token in rest):
        raise unsupported("a constraint that is disabled or deferred", start)
    is_state = ahead[:1] == ["ENABLE"] or ahead == ["MODIFY", "CONSTRAINT"]
    return ahead[:1] in ([one] for one in _PHYSICAL) or tuple(ahead) in _PHRASES or is_state


def enabled_constraint(reader: DefinitionReader) -> str:
    """The constraint that ENABLE CONSTRAINT or MODIFY CONSTRAINT names; "" for anything else.

    Raises:
        OraError: ORA-03001 if MODIFY CONSTRAINT disables it.
    """
    reader.take("ENABLE")
    reader.take("MODIFY")
    _ = any(reader.take(word) for word in _STATES)
    if not reader.take("CONSTRAINT"):
        return ""
    name = reader.name()
    if any(token.is_word("DISABLE", "DEFERRED") for token in reader.tokens[reader.index :]):
        raise unsupported("a constraint that is disabled or deferred", reader.tokens[0].start)
    return name
