"""Read and write the JSON file of a shape, and make a workload from it."""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from tracekit.errors import ConfigError, WorkloadError
from tracekit.records import QueryDefinition, Shape, shape_from_json, to_json
from tracekit.workloads.definition import Workload
from tracekit.workloads.shapes.layout import (
    ORDINAL,
    SCHEMA,
    keys_tables,
    quoted,
    select_by_key,
    table_names,
)

GENERATOR = "tracekit.workloads.shapes.generate:build"
_MOST_KEYS_PER_STATEMENT = 1000
_NUMBERS = re.compile(r"\[\n([^\[\]{}\"]*)\]")


def read_shape(path: Path) -> Shape:
    """Read the shape at `path`.

    Raises:
        WorkloadError: the file does not exist or cannot be read.
        ConfigError: it is not a shape.
    """
    try:
        text = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    except FileNotFoundError:
        raise WorkloadError(
            f"the shape {path} does not exist. Record it with tracekit shape record"
        ) from None
    except OSError as exc:
        raise WorkloadError(f"the shape {path} could not be read: {exc}") from exc
    return shape_from_json(text, source=str(path))


def write_shape(shape: Shape, path: Path) -> None:
    """Write the file atomically.

    Raises:
        WorkloadError: it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(_compact(to_json(_without_defaults(shape))), encoding="utf-8")
        unfinished.replace(path)
    except OSError as exc:
        with suppress(OSError):
            unfinished.unlink()
        raise WorkloadError(f"the shape could not be written to {path}: {exc}") from exc


def shape_workload(
    shape: Shape,
    name: str,
    *,
    keys: int | None = None,
    rows: Mapping[str, int] | None = None,
    seed: int = 0,
    folder: Path = Path(),
) -> Workload:
    """Make a workload from `shape`.

    Args:
        shape: The shape.
        name: The workload's name.
        keys: The number of keys to request; by default, the recorded number.
        rows: The number of rows by query name, for queries whose rows do not follow from the keys.
        seed: The seed of the values.
        folder: The folder for files that candidates name.

    Raises:
        ConfigError: it has no query, or `rows` names an unknown one.
    """
    if not shape.queries:
        raise ConfigError(f"shape {name!r} has no query, so no rows can be generated from it")
    for query in rows or {}:
        shape.query(query)
    tables, keys_of = table_names(shape), keys_tables(shape)
    return Workload(
        name=name,
        description=f"shape of {', '.join(query.name for query in shape.queries)}",
        generator=GENERATOR,
        queries={
            query.name: QueryDefinition(
                query.name,
                select_by_key(query, tables[query.name]),
                tuple(map(quoted, query.key)),
                {},
                max(
                    1,
                    min(_MOST_KEYS_PER_STATEMENT, round(query.keys_per_statement or 1000)),
                ),
            )
            for query in shape.queries
        },
        keys=_keys_sql(shape, keys_of) if len(keys_of) == 1 else None,
        size=keys or _recorded_keys(shape),
        seed=seed,
        parameters={"shape": msgspec.to_builtins(shape), "rows": dict(rows or {})},
        folder=folder,
    )


def load_shape(
    path: Path, *, keys: int | None = None, rows: Mapping[str, int] | None = None, seed: int = 0
) -> Workload:
    """Make a workload from the shape at `path`, named after the file; see `shape_workload`.

    Raises:
        WorkloadError: the file cannot be read.
        ConfigError: it is not a shape.
    """
    return shape_workload(
        read_shape(path), path.stem, keys=keys, rows=rows, seed=seed, folder=path.parent
    )


def with_shape(defined: Workload, path: Path) -> Workload:
    """Complete a definition that names the shape at `path` with the shape's content.

    Raises:
        WorkloadError: the file cannot be read.
        ConfigError: it is not a shape.
    """
    made = load_shape(path, rows=defined.parameters.get("rows"), seed=defined.seed or 0)
    return replace(
        made,
        name=defined.name,
        description=defined.description or made.description,
        queries=defined.queries or made.queries,
        query=defined.query,
        keys=defined.keys or made.keys,
        size=defined.size or made.size,
        candidates=defined.candidates,
        reference=defined.reference,
        sysdate=defined.sysdate,
        folder=defined.folder,
    )


def _recorded_keys(shape: Shape) -> int:
    spaces = (one.keys for one in shape.key_spaces)
    return max([*spaces, *(query.keys_asked for query in shape.queries), 1])


def _without_defaults(record: object) -> object:
    """A record without the fields that have their default values."""
    if is_dataclass(record):
        return {
            one.name: _without_defaults(getattr(record, one.name))
            for one in fields(record)
            if getattr(record, one.name) != _default(one) or one.name == "schema_version"
        }
    return [_without_defaults(one) for one in record] if isinstance(record, tuple) else record


def _default(one: Field[Any]) -> object:
    return one.default_factory() if one.default_factory is not MISSING else one.default


def _compact(text: str) -> str:
    """Put lists of numbers on one line each, so that diffs are readable."""
    return _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)


def _keys_sql(shape: Shape, keys_of: Mapping[str, str]) -> str:
    ((space, table),) = keys_of.items()
    key = next(query.key for query in shape.queries if query.key_space == space)
    columns = ", ".join(map(quoted, key))
    return f"SELECT {columns} FROM {quoted(SCHEMA, table)} ORDER BY {quoted(ORDINAL)}"  # noqa: S608 (names of a shape, quoted)
