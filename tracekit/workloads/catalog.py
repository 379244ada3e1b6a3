"""Find workload definitions by name: the user's own first, then those that come with tracekit."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from tracekit.errors import WorkloadError
from tracekit.workloads.definition import Workload, parse

USER_DIR = Path("profiles/workloads")
"""Where a project keeps its own definitions, relative to the working directory."""

_PACKAGE = Path(__file__).parent


def load(name_or_path: str | Path, *, cids: int | None = None) -> Workload:
    """The workload called so, or defined by the TOML file at that path, at `cids` CIDs.

    Scaling by `cids` keeps the shape: distributions, rates and cardinalities stay as defined.

    Raises:
        WorkloadError: there is no such workload or file, the definition is malformed, or `cids`
            is out of range.
    """
    text = str(name_or_path)
    if isinstance(name_or_path, Path) or text.endswith(".toml") or "/" in text:
        return _read(Path(name_or_path), cids=cids)
    known = _definition_files()
    if text not in known:
        close = difflib.get_close_matches(text, known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise WorkloadError(
            f"there is no workload {text!r}, only {', '.join(sorted(known))}.{hint} "
            f"Define one in {USER_DIR}/{text}.toml, or name a .toml file."
        )
    return _read(known[text], cids=cids)


def catalog() -> list[Workload]:
    """All workloads that can be loaded by name, sorted by name, each at its own size.

    Raises:
        WorkloadError: a definition is malformed; names its file.
    """
    return [_read(path) for _, path in sorted(_definition_files().items())]


def _definition_files() -> dict[str, Path]:
    """Definition name to file; a user's definition hides a shipped one of its name."""
    return {path.stem: path for folder in _folders() for path in sorted(folder.glob("*.toml"))}


def _folders() -> Iterator[Path]:
    installed = _PACKAGE / "definitions"
    # The wheel carries profiles/workloads as tracekit/workloads/definitions; a checkout is not
    # built, so there they are found where they are written.
    yield installed if installed.is_dir() else _PACKAGE.parents[1] / "profiles" / "workloads"
    yield USER_DIR


def _read(path: Path, *, cids: int | None = None) -> Workload:
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise WorkloadError(f"{path}: no such workload definition") from None
    except (OSError, UnicodeDecodeError) as exc:
        raise WorkloadError(f"{path} could not be read: {exc}") from exc
    workload = parse(text, source=str(path), cids=cids)
    if workload.name != path.stem:
        raise WorkloadError(
            f"{path} calls itself {workload.name!r}; a definition is found by its file's name: "
            f'write name = "{path.stem}" or rename the file'
        )
    return workload
