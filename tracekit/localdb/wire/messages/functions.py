"""Message types, function codes, and the header before every function and piggyback."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from tracekit.errors import RemoteWireError
from tracekit.localdb.wire.capabilities import FIELD_TOKENS
from tracekit.localdb.wire.primitives import TtcReader


class MessageType(IntEnum):
    """The first byte of a TTC message."""

    PROTOCOL = 1
    DATA_TYPES = 2
    FUNCTION = 3
    ERROR = 4
    ROW_HEADER = 6
    ROW_DATA = 7
    PARAMETER = 8
    STATUS = 9
    IO_VECTOR = 11
    LOB_DATA = 14
    DESCRIBE_INFO = 16
    PIGGYBACK = 17
    SERVER_PIGGYBACK = 23
    ONEWAY_FUNCTION = 26
    TOKEN = 33
    FAST_AUTH = 34


class FunctionCode(IntEnum):
    """What a client asks for, as a function or a piggyback."""

    REEXECUTE = 4
    FETCH = 5
    LOGOFF = 9
    COMMIT = 14
    ROLLBACK = 15
    REEXECUTE_AND_FETCH = 78
    EXECUTE = 94
    LOB_OP = 96
    TPC_SWITCH = 103
    CLOSE_CURSORS = 105
    AUTH_PHASE_TWO = 115
    AUTH_PHASE_ONE = 118
    SET_END_TO_END = 135
    PING = 147
    SET_SCHEMA = 152
    SET_KEY_VALUE = 154
    SESSION_STATE = 176
    PIPELINE_BEGIN = 199
    PIPELINE_END = 200
    ALTER_SESSION = 204
    END_USER_SECURITY = 205


_KNOWN = frozenset(FunctionCode)


@dataclass(frozen=True)
class FunctionHeader:
    """The header before a function's or piggyback's body."""

    message_type: MessageType
    code: int
    token: int = 0
    """Set in pipelines, otherwise 0; a reply may repeat it."""

    @property
    def name(self) -> str:
        """The function's name, or its number if it is not listed."""
        return FunctionCode(self.code).name if self.code in _KNOWN else str(self.code)


def parse_function_header(reader: TtcReader, field_version: int) -> FunctionHeader:
    """Parse the header of the next function or piggyback.

    Raises:
        RemoteWireError: it is another message.
    """
    kind = reader.u8()
    if kind not in (MessageType.FUNCTION, MessageType.PIGGYBACK):
        raise RemoteWireError(f"message type {kind}; expected a function")
    code = reader.u8()
    reader.skip(1)
    token = reader.ub8() if field_version >= FIELD_TOKENS else 0
    return FunctionHeader(MessageType(kind), code, token)


def expect_function(reader: TtcReader, code: FunctionCode, field_version: int) -> None:
    """Read the header of the only function allowed next.

    Raises:
        RemoteWireError: it is another message.
    """
    header = parse_function_header(reader, field_version)
    if header.message_type is not MessageType.FUNCTION or header.code != code:
        raise RemoteWireError(f"function {header.code} where {code.name} ({code}) belongs")
