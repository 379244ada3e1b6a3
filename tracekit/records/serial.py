"""Records to JSON and back; unknown keys are ignored, so newer files stay readable."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from tracekit.errors import ConfigError

T = TypeVar("T")


def to_json(record: Any) -> str:
    """`record` as indented JSON with a trailing newline; bytes are counts, never text."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2).decode("utf-8") + "\n"


def from_json(kind: type[T], text: str | bytes, *, source: str = "record") -> T:
    """The record of type `kind` that `text` holds.

    Raises:
        ConfigError: `text` is not such a record; the message names `source` and the field.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as exc:
        raise ConfigError(f"{source} is not a {kind.__name__}: {exc}") from exc
