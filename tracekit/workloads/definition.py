"""A workload's definition: the checked TOML, and the workload made from it."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec

from tracekit.errors import WorkloadError
from tracekit.jsonvalue import encode_typed
from tracekit.records import QueryDefinition
from tracekit.sqltext import names_sql_file
from tracekit.workloads.generator import generator_version

MOST_KEYS = 100_000_000
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class QueryTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `queries.NAME` table."""

    sql: str
    """The text, or the path of a `.sql` file relative to the definition."""
    key: str | list[str] | None = None
    binds: dict[str, Any] = {}
    keys_per_statement: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 1000


class Definition(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One `[workloads.NAME]` table."""

    description: str = ""
    extends: str | None = None
    """Another workload in the same file, whose entries this one inherits."""
    database: str | None = None
    """A DuckDB file, served by a local Oracle."""
    dsn: str | None = None
    """A real Oracle; user and password come from the environment."""
    generator: str | None = None
    """`module:function` that fills a DuckDB file."""
    shape: str | None = None
    """A shape's file to generate rows from; `size` and `parameters.rows` set their number."""
    queries: dict[Name, QueryTable | str] = {}
    """The queries by name; plain text is the SQL of a query without a key."""
    query: str | None = None
    """The default query; needed if there are several."""
    keys: str | None = None
    """A query whose first columns are the keys, or `@FILE` with one key per line."""
    size: Annotated[int, msgspec.Meta(ge=1, le=MOST_KEYS)] | None = None
    """Number of keys that the generator makes."""
    seed: Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    candidates: dict[str, str] | list[str] = {}
    reference: str | None = None
    sysdate: Annotated[datetime.datetime, msgspec.Meta(tz=False)] | None = None
    """Value of SYSDATE while the workload is served."""
    parameters: dict[str, Any] = {}
    """Parameters of the generator."""


@dataclass(frozen=True)
class Workload:
    """A definition at one size: the data, the queries and the candidates."""

    name: str
    description: str = ""
    database: Path | None = None
    dsn: str | None = None
    generator: str | None = None
    queries: dict[str, QueryDefinition] = field(default_factory=dict)
    query: str | None = None
    """The default query."""
    keys: str | None = None
    size: int | None = None
    seed: int | None = None
    candidates: tuple[str, ...] = ()
    """The candidates, each `NAME=SPEC` or the name of a built-in one."""
    reference: str | None = None
    sysdate: datetime.datetime | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path()
    """The folder of its definition, in which files and modules that it names are searched."""

    @property
    def fingerprint(self) -> str | None:
        """SHA-256 of everything that determines a generated workload's rows, in hex; else None."""
        if self.generator is None:
            return None
        decisive = {
            "name": self.name,
            "generator": self.generator,
            "version": generator_version(self.generator),
            "size": self.size,
            "seed": self.seed,
            "sysdate": self.sysdate,
            "parameters": dict(self.parameters),
        }
        return hashlib.sha256(encode_typed(decisive, sort_keys=True)).hexdigest()

    def sized(self, keys: int) -> Workload:
        """This workload with another number of keys.

        Raises:
            WorkloadError: it cannot have that many, or is not generated.
        """
        if self.generator is None:
            raise WorkloadError(
                f"workload {self.name!r} is not generated, so its number of keys is fixed"
            )
        if not 1 <= keys <= MOST_KEYS:
            raise WorkloadError(
                f"workload {self.name!r} cannot have {keys:,} keys; expected 1 to {MOST_KEYS:,}"
            )
        return replace(self, size=keys)


def workload_of(name: str, definition: Definition, folder: Path, source: str) -> Workload:
    """Make the workload of a checked definition.

    Args:
        name: The workload's name.
        definition: Its table, with `extends` resolved.
        folder: The folder in which files that it names are searched.
        source: The name of the definition's file in messages.

    Raises:
        WorkloadError: it contradicts itself, or names a file that is missing.
    """
    named = ("database", "dsn", "generator", "shape")
    sources = [option for option in named if getattr(definition, option)]
    if len(sources) > 1:
        raise WorkloadError(
            f"{source}: workload {name!r} has both {sources[0]} and {sources[1]}. Keep only one"
        )
    is_made = definition.generator is not None or definition.shape is not None
    if not is_made and (definition.size is not None or definition.parameters):
        raise WorkloadError(
            f"{source}: workload {name!r} has a size or parameters, but neither a generator "
            "nor a shape that would use them"
        )
    if definition.generator is not None and definition.size is None:
        raise WorkloadError(f"{source}: workload {name!r} has a generator, but no size (its keys)")
    if definition.query is not None and definition.query not in definition.queries:
        raise WorkloadError(
            f"{source}: workload {name!r} has the unknown query {definition.query!r}; expected "
            f"one of {', '.join(definition.queries)}"
        )
    if definition.keys and definition.keys.startswith("@"):
        keys: str | None = f"@{folder / definition.keys[1:]}"
    else:
        keys = definition.keys
    return Workload(
        name=name,
        description=definition.description,
        database=folder / definition.database if definition.database else None,
        dsn=definition.dsn,
        generator=definition.generator,
        queries={
            query: _query(query, table, folder, f"{source}: workload {name!r}")
            for query, table in definition.queries.items()
        },
        query=definition.query,
        keys=keys,
        size=definition.size,
        seed=definition.seed if definition.seed is not None or not definition.generator else 0,
        candidates=_candidates(definition.candidates),
        reference=definition.reference,
        sysdate=definition.sysdate,
        parameters=definition.parameters,
        folder=folder,
    )


def _candidates(written: Mapping[str, str] | Sequence[str]) -> tuple[str, ...]:
    if isinstance(written, Mapping):
        return tuple(name if name == spec else f"{name}={spec}" for name, spec in written.items())
    return tuple(written)


def _query(name: str, table: QueryTable | str, folder: Path, source: str) -> QueryDefinition:
    found = QueryTable(table) if isinstance(table, str) else table
    sql = found.sql
    if names_sql_file(sql):
        try:
            sql = (folder / sql).read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as exc:
            raise WorkloadError(f"{source}: query {name!r} could not be read: {exc}") from exc
    key = (found.key,) if isinstance(found.key, str) else tuple(found.key or ())
    return QueryDefinition(name, sql, key, found.binds, found.keys_per_statement)
