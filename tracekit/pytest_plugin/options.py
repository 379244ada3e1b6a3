"""Options of the command line and the ini file."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from tracekit.errors import ConfigError
from tracekit.pytest_plugin.limits import Gate, parse_gate
from tracekit.sizes import parse_size

# pytest reads an ini key only if the option's default is None, so all defaults are None.
_OPTIONS = {
    "max": ("SIZE", "Fail every test without its own limit that peaks above SIZE (e.g. 64MiB)"),
    "gate": ("FIGURE", "The figure to compare with limits: auto (default), heap or os"),
    "json": ("FILE", "Write the peaks of all measured tests to FILE"),
    "captures": ("DIR", "Keep the memray capture of every measured test in DIR"),
    "oracle": ("SOURCE", "Served by local_oracle: a workload, a DuckDB file, :memory: (default)"),
}


@dataclass(frozen=True)
class Options:
    """The plugin's settings for one run."""

    max_bytes: int | None
    """Limit of tests without their own."""
    gate: Gate
    """Gate of tests whose markers do not set one."""
    json_file: Path | None
    captures_dir: Path | None


def add_options(parser: pytest.Parser) -> None:
    """Declare `--tracekit-*` and the ini keys `tracekit_*` of the same meaning."""
    group = parser.getgroup("tracekit", "memory peaks (tracekit)")
    for name, (metavar, text) in _OPTIONS.items():
        group.addoption(f"--tracekit-{name}", metavar=metavar, default=None, help=text)
        parser.addini(f"tracekit_{name}", text, default=None)


def read_options(config: pytest.Config) -> Options:
    """The settings; the command line overrides the ini file.

    Raises:
        pytest.UsageError: the size or the gate is invalid, or a place to write to.
    """
    limit = option(config, "max")
    try:
        max_bytes = None if limit is None else parse_size(limit, name="--tracekit-max")
        gate = parse_gate(option(config, "gate") or Gate.AUTO)
    except ConfigError as exc:
        raise pytest.UsageError(str(exc)) from exc
    json_file, captures_dir = _path(config, "json"), _path(config, "captures")
    if json_file is not None:
        if json_file.is_dir():
            raise pytest.UsageError(f"--tracekit-json: {json_file} is a directory; name a file")
        _check_folder("--tracekit-json", json_file.parent)
    if captures_dir is not None:
        _check_folder("--tracekit-captures", captures_dir)
    return Options(max_bytes, gate, json_file, captures_dir)


def _check_folder(option_name: str, folder: Path) -> None:
    """Check before the tests run that `folder` is a directory or can be created."""
    existing = next(each for each in (folder, *folder.parents) if each.exists())
    if not existing.is_dir():
        raise pytest.UsageError(f"{option_name}: {existing} is not a directory")
    if not os.access(existing, os.W_OK):
        raise pytest.UsageError(f"{option_name}: nothing can be written to {existing}")


def option(config: pytest.Config, name: str) -> str | None:
    """The text of one option; None if neither the command line nor the ini file sets it."""
    given = config.getoption(f"tracekit_{name}")
    if given is None:
        given = config.getini(f"tracekit_{name}")
    return str(given) if given else None


def _path(config: pytest.Config, name: str) -> Path | None:
    text = option(config, name)
    return None if text is None else config.invocation_params.dir / text
