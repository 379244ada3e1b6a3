"""Piggybacks: small requests before a function, without a reply of their own.

Each is read completely even if it has no effect, because the next message follows directly
(`_write_piggybacks` in `impl/thin/messages/base.pyx`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tracekit.errors import RemoteWireError
from tracekit.localdb.wire.locator import LOCATOR_BYTES
from tracekit.localdb.wire.messages.functions import FunctionCode
from tracekit.localdb.wire.primitives import TtcReader

_MOST_CURSORS = 65_535
_MOST_PAIRS = 10_000
PIPELINE_ABORT_ON_ERROR = 2


@dataclass(frozen=True)
class CloseCursors:
    """Cursors that the client no longer needs."""

    cursor_ids: Sequence[int]


@dataclass(frozen=True)
class SetSchema:
    """Sets the schema for unqualified names."""

    schema: str


@dataclass(frozen=True)
class SetAttributes:
    """The client's attributes, by their names in SYS_CONTEXT."""

    attributes: Mapping[str, str]


@dataclass(frozen=True)
class BeginPipeline:
    """The following requests do not wait for replies."""

    abort_on_error: bool


@dataclass(frozen=True)
class FreeLobs:
    """Temporary LOBs that the client no longer needs."""

    locators: Sequence[bytes]


@dataclass(frozen=True)
class Ignored:
    """Read but ignored (application context)."""


Piggyback = CloseCursors | SetSchema | SetAttributes | BeginPipeline | FreeLobs | Ignored


def parse_piggyback(reader: TtcReader, code: int) -> Piggyback:
    """Parse the body of the piggyback `code`.

    Raises:
        RemoteWireError: the piggyback is unknown, so its end cannot be found.
    """
    parse = _PARSERS.get(code)
    if parse is None:
        raise RemoteWireError(f"unknown piggyback {code}")
    return parse(reader)


def _close_cursors(reader: TtcReader) -> CloseCursors:
    reader.skip(1)
    return CloseCursors([reader.ub4() for _ in range(_count(reader, _MOST_CURSORS))])


def _set_schema(reader: TtcReader) -> SetSchema:
    reader.skip(1)
    return SetSchema(reader.bytes2().decode("utf-8", "replace"))


def _pipeline_begin(reader: TtcReader) -> BeginPipeline:
    reader.ub2()
    reader.skip(1)
    return BeginPipeline(reader.u8() == PIPELINE_ABORT_ON_ERROR)


def _end_to_end(reader: TtcReader) -> SetAttributes:
    reader.skip(2)
    reader.ub4()
    attributes = {name: _attribute(reader) for name in ("CLIENT_IDENTIFIER", "MODULE", "ACTION")}
    for _ in range(2):
        reader.skip(1)
        reader.ub4()
    attributes["CLIENT_INFO"] = _attribute(reader)
    for _ in range(2):
        reader.skip(1)
        reader.ub4()
    attributes["DBOP"] = _attribute(reader)
    return SetAttributes(
        {
            name: (reader.bytes_() or b"").decode("utf-8", "replace") if has_text else ""
            for name, (is_set, has_text) in attributes.items()
            if is_set
        }
    )


def _attribute(reader: TtcReader) -> tuple[bool, bool]:
    """Whether an attribute is set, and whether its text follows."""
    pointer = reader.u8()
    length = reader.ub4()
    return bool(pointer), bool(pointer and length)


def _key_values(reader: TtcReader) -> Ignored:
    reader.skip(1)
    reader.ub4()
    reader.skip(1)
    count = _count(reader, _MOST_PAIRS)
    reader.ub2()
    reader.skip(1)
    reader.bytes_()
    for _ in range(count):
        reader.bytes2()
        reader.bytes2()
        reader.ub4()
    return Ignored()


def _session_state(reader: TtcReader) -> Ignored:
    reader.ub8()
    return Ignored()


def _free_lobs(reader: TtcReader) -> FreeLobs:
    reader.skip(1)
    total = reader.ub4()
    reader.skip(1)
    for _ in range(3):
        reader.ub4()
    reader.skip(3)
    reader.ub4()
    reader.skip(1)
    reader.ub4()
    reader.ub8()
    reader.ub8()
    reader.skip(1)
    for _ in range(3):
        reader.skip(1)
        reader.ub4()
    data = reader.raw(total)
    return FreeLobs([data[i : i + LOCATOR_BYTES] for i in range(0, total, LOCATOR_BYTES)])


def _alter_session(reader: TtcReader) -> Ignored:
    reader.ub4()
    reader.skip(1)
    for _ in range(_count(reader, _MOST_PAIRS)):
        reader.bytes2()
        reader.bytes2()
        reader.ub4()
    return Ignored()


def _count(reader: TtcReader, most: int) -> int:
    count = reader.ub4()
    if count > most:
        raise RemoteWireError(f"a piggyback with {count:,} entries")
    return count


_PARSERS: dict[int, Callable[[TtcReader], Piggyback]] = {
    FunctionCode.CLOSE_CURSORS: _close_cursors,
    FunctionCode.SET_SCHEMA: _set_schema,
    FunctionCode.PIPELINE_BEGIN: _pipeline_begin,
    FunctionCode.SET_END_TO_END: _end_to_end,
    FunctionCode.SET_KEY_VALUE: _key_values,
    FunctionCode.SESSION_STATE: _session_state,
    FunctionCode.LOB_OP: _free_lobs,
    FunctionCode.ALTER_SESSION: _alter_session,
}
