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
    """Read a record of type `kind` from JSON.

    Raises:
        ConfigError: `text` is not a record of this type; the message names `source` and the field.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except msgspec.DecodeError as exc:
        raise ConfigError(f"{source} could not be read: {exc}") from exc
