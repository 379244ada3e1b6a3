"""Read and write the JSON file of a shape, and the workload that is made from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
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
    """The shape in the file at `path`.

    Raises:
        WorkloadError: there is no such file, or it cannot be read.
        ConfigError: it is not a shape.
    """
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise WorkloadError(
            f"the shape {path} does not exist. Record it with tracekit shape record"
        ) from None
    except OSError as exc:
        raise WorkloadError(f"the shape {path} could not be read: {exc}") from exc
    return shape_from_json(text, source=str(path))


def write_shape(shape: Shape, path: Path) -> None:
    """Write the file, whole or not at all.

    Raises:
        WorkloadError: it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished.write_text(_compact(to_json(_told(shape))), encoding="utf-8")
        unfinished.replace(path)
    except OSError as exc:
        unfinished.unlink(missing_ok=True)
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
    """The workload that is made from `shape`.

    Args:
        shape: What was recorded.
        name: Of the workload.
        keys: How many are asked for; default as many as were while it was recorded.
        rows: How many rows a query has, by its name, where more or fewer keys do not say it.
        seed: Of the values.
        folder: Where files are looked for that candidates name.

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
    """The workload of the shape in the file at `path`, named as the file; see `shape_workload`.

    Raises:
        WorkloadError: the file cannot be read.
        ConfigError: it is not a shape.
    """
    return shape_workload(
        read_shape(path), path.stem, keys=keys, rows=rows, seed=seed, folder=path.parent
    )


def with_shape(defined: Workload, path: Path) -> Workload:
    """A definition that names the shape at `path`, completed by what the shape says.

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


def _told(record: object) -> object:
    """A record without the fields that say what they say where they are left out."""
    if is_dataclass(record):
        return {
            one.name: _told(getattr(record, one.name))
            for one in fields(record)
            if getattr(record, one.name) != _default(one) or one.name == "schema_version"
        }
    return [_told(one) for one in record] if isinstance(record, tuple) else record


def _default(one: Field[Any]) -> object:
    return one.default_factory() if one.default_factory is not MISSING else one.default


def _compact(text: str) -> str:
    """Lists of numbers on one line each, so that a difference of two files can be read."""
    return _NUMBERS.sub(lambda found: f"[{' '.join(found[1].split())}]", text)


def _keys_sql(shape: Shape, keys_of: Mapping[str, str]) -> str:
    ((space, table),) = keys_of.items()
    key = next(query.key for query in shape.queries if query.key_space == space)
    columns = ", ".join(map(quoted, key))
    return f"SELECT {columns} FROM {quoted(SCHEMA, table)} ORDER BY {quoted(ORDINAL)}"  # noqa: S608 (names of a shape, quoted)
