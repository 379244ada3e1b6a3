"""Find workloads by name: the project's own and its shapes, then those of tracekit."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from tracekit.errors import WorkloadError
from tracekit.workloads.definition import Definition, Workload, workload_of
from tracekit.workloads.shapes import load_shape, with_shape

USER_DIR = Path("profiles/workloads")
"""A project's folder for definitions, relative to the working directory."""
SHAPES_DIR = Path("profiles/shapes")
"""A project's folder for shapes; each is a workload named after its file."""

_PACKAGE = Path(__file__).parent
_PYPROJECT = "pyproject.toml"
_OWN_FILE = "tracekit.toml"


def load(name_or_path: str | Path, *, keys: int | None = None) -> Workload:
    """Load the workload of that name, or the TOML or shape file at that path, with `keys` keys.

    Names are searched in tracekit.toml (`[workloads.NAME]`) or pyproject.toml
    (`[tool.tracekit.workloads.NAME]`) in the working directory or the nearest folder above it, in
    `profiles/workloads/*.toml`, in `profiles/shapes/*.json`, and among tracekit's own.

    Raises:
        WorkloadError: the workload or file does not exist, the definition is malformed, or it
            cannot have that number of keys.
    """
    text = str(name_or_path)
    if text.endswith(".json"):
        found = load_shape(Path(text))
    elif isinstance(name_or_path, Path) or text.endswith(".toml") or "/" in text:
        found = _only(Path(name_or_path))
    else:
        found = _named(text)
    return found if keys is None else found.sized(keys)


def known_workloads() -> list[Workload]:
    """All workloads that can be loaded by name, sorted by name.

    Raises:
        WorkloadError: a definition is malformed; names its file.
    """
    tables = _tables()
    return [_workload(name, tables[name]) for name in sorted(tables)]


def shipped_folder() -> Path:
    """The folder of the definitions that come with tracekit, and of their SQL."""
    installed = _PACKAGE / "definitions"
    # The wheel contains profiles/workloads as tracekit/workloads/definitions. In a checkout they
    # are in their own folder.
    return installed if installed.is_dir() else _PACKAGE.parents[1] / "profiles" / "workloads"


Tables = Mapping[str, Any]
Found = tuple[Path, Tables]
"""A file, and the tables of all its workloads by name."""


def _named(name: str) -> Workload:
    known = _tables()
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise WorkloadError(
            f"unknown workload {name!r}; expected one of {', '.join(sorted(known))}.{hint} "
            f"Define it in {_OWN_FILE} ([workloads.{name}]), or name a .toml, .json (shape) or "
            ".duckdb file."
        )
    return _workload(name, known[name])


def _only(path: Path) -> Workload:
    tables = _read(path)
    if len(tables) != 1:
        names = ", ".join(tables) or "none"
        raise WorkloadError(
            f"{path} defines {len(tables)} workloads ({names}), so use the name of one"
        )
    return _workload(next(iter(tables)), (path, tables))


def _tables() -> dict[str, Found]:
    """The file and tables of each name; nearer files override farther ones."""
    shapes = sorted((Path.cwd() / SHAPES_DIR).glob("*.json"))
    found: dict[str, Found] = {
        path.stem: (path, {path.stem: {"shape": path.name}}) for path in shapes
    }
    for path in _files():
        tables = _read(path)
        found |= dict.fromkeys(tables, (path, tables))
    return found


def _files() -> Iterator[Path]:
    """Files that may define workloads, farthest first."""
    yield from sorted(shipped_folder().glob("*.toml"))
    if USER_DIR.resolve() != shipped_folder().resolve():
        yield from sorted((Path.cwd() / USER_DIR).glob("*.toml"))
    here = Path.cwd()
    for folder in (here, *here.parents):
        there = [folder / name for name in (_PYPROJECT, _OWN_FILE) if (folder / name).is_file()]
        if there:
            yield from there
            return


def _read(path: Path) -> Tables:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise WorkloadError(f"the workload definition {path} does not exist") from None
    except (OSError, UnicodeDecodeError) as exc:
        raise WorkloadError(f"{path} could not be read: {exc}") from exc
    except tomllib.TOMLDecodeError as exc:
        raise WorkloadError(f"{path} is not valid TOML: {exc}") from exc
    if path.name == _PYPROJECT:
        document = document.get("tool", {}).get("tracekit", {})
    tables = document.get("workloads", {})
    if not isinstance(tables, dict):
        raise WorkloadError(f"{path}: expected tables [workloads.NAME]")
    return tables


def _workload(name: str, found: Found) -> Workload:
    path, tables = found
    try:
        definition = msgspec.convert(_extended(name, tables, path, ()), Definition)
    except msgspec.ValidationError as exc:
        raise WorkloadError(f"{path}: workload {name!r} is malformed: {exc}") from exc
    workload = workload_of(name, definition, path.parent, str(path))
    return with_shape(workload, path.parent / definition.shape) if definition.shape else workload


def _extended(name: str, tables: Tables, path: Path, below: tuple[str, ...]) -> dict[str, Any]:
    """The table of `name` over that of the workload it extends."""
    table = dict(tables[name])
    base = table.get("extends")
    if base is None:
        return table
    if base in (*below, name) or base not in tables:
        what = "extends itself" if base in (*below, name) else f"extends the unknown {base!r}"
        raise WorkloadError(f"{path}: workload {name!r} {what}")
    return _merged(_extended(base, tables, path, (*below, name)), table)


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged
