"""CREATE SEQUENCE and ALTER SEQUENCE."""

from __future__ import annotations

from dataclasses import replace

from tracekit.localdb.translate.definition_reader import DefinitionReader, path_of
from tracekit.localdb.translate.translated import Definition, SequenceOptions

_MOST = 2**63 - 1
_IGNORED = (
    "KEEP", "NOKEEP", "SCALE", "NOSCALE", "EXTEND", "NOEXTEND",
    "GLOBAL", "SESSION", "SHARD", "NOSHARD",
)  # fmt: skip


def create_sequence(reader: DefinitionReader) -> tuple[str, Definition]:
    """Translate what follows CREATE SEQUENCE."""
    exists = "IF NOT EXISTS " if reader.take("IF", "NOT", "EXISTS") else ""
    schema, name = reader.qualified_name()
    options = _options(reader)
    parts = [f"CREATE SEQUENCE {exists}{path_of(schema, name)}"]
    stated = {
        "START WITH": options.start,
        "INCREMENT BY": options.increment,
        "MINVALUE": options.least,
        "MAXVALUE": options.most,
    }
    parts += [f"{words} {value}" for words, value in stated.items() if value is not None]
    if options.cycles:
        parts.append("CYCLE")
    return " ".join(parts), Definition("CREATE", "SEQUENCE", schema, name, sequence=options)


def alter_sequence(reader: DefinitionReader) -> tuple[str, Definition]:
    """Translate what follows ALTER SEQUENCE; the SQL is empty, because DuckDB cannot alter one."""
    schema, name = reader.qualified_name()
    return "", Definition("ALTER", "SEQUENCE", schema, name, sequence=_options(reader))


def _options(reader: DefinitionReader) -> SequenceOptions:
    found = SequenceOptions()
    while not reader.at_end:
        if reader.take("START", "WITH"):
            found = replace(found, start=reader.integer())
        elif reader.take("INCREMENT", "BY"):
            found = replace(found, increment=reader.integer())
        elif reader.take("MINVALUE"):
            found = replace(found, least=max(reader.integer(), -_MOST))
        elif reader.take("MAXVALUE"):
            found = replace(found, most=min(reader.integer(), _MOST))
        elif reader.take("CYCLE"):
            found = replace(found, cycles=True)
        elif reader.take("NOCYCLE"):
            found = replace(found, cycles=False)
        elif reader.take("RESTART"):
            found = replace(found, restarts=True)
        elif reader.take("NOMINVALUE"):
            found = replace(found, no_least=True)
        elif reader.take("NOMAXVALUE"):
            found = replace(found, no_most=True)
        elif reader.take("CACHE"):
            found = replace(found, cached=reader.integer())
        elif reader.take("NOCACHE"):
            found = replace(found, cached=0)
        elif reader.take("ORDER"):
            found = replace(found, ordered=True)
        elif reader.take("NOORDER"):
            found = replace(found, ordered=False)
        elif not any(reader.take(word) for word in _IGNORED):
            reader.expect_end()
    return found
