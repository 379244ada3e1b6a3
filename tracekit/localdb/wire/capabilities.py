"""The capabilities that both sides negotiate at connect (`impl/thin/capabilities.pyx`)."""

from __future__ import annotations

from dataclasses import dataclass

from tracekit.errors import RemoteWireError

VERSION_DESIRED = 319
VERSION_MINIMUM = 315
"""Older clients use 16-bit packet lengths throughout; they are refused."""
VERSION_END_OF_RESPONSE = 319
VERSION_FLAGS2 = 318

CHARSET_UTF8 = 873
CHARSET_UTF16 = 2000

MAX_STRING_BYTES = 32_767
"""Longer binds move to the end of their row (the server offers 32K strings)."""

FIELD_VERSION_MAX = 24
FIELD_VERSION_MIN = 7
FIELD_12_2 = 8
FIELD_12_2_EXT1 = 9
FIELD_18_1_EXT_1 = 11
FIELD_20_1 = 14
FIELD_23_1 = 17
FIELD_TOKENS = 18
FIELD_ANNOTATIONS = 20
FIELD_VECTORS = 24

_COMPILE_CAPS = 55
_RUNTIME_CAPS = 13
_CCAP_FIELD_VERSION = 7
_CCAP_TTC3 = 37
_CCAP_TTC4 = 40
_TTC3_SERVER = 0xB8
_TTC3_BIG_CHUNKS = 0x20
_TTC4_END_OF_RESPONSE = 0x20
_RCAP_COMPAT = 0
_RCAP_TIME_ZONE = 1
_RCAP_TTC = 6
_COMPAT_81 = 2
_TTC_32K = 0x04


@dataclass(frozen=True)
class Agreement:
    """What a connection negotiated."""

    sdu: int
    end_of_response: bool = False
    field_version: int = FIELD_VERSION_MAX


@dataclass(frozen=True)
class ClientCapabilities:
    """The capabilities of a client."""

    field_version: int
    end_of_response: bool
    sends_time_zone: bool


def make_compile_caps(field_version: int, *, end_of_response: bool) -> bytes:
    """The server's compile-time capabilities.

    All others are 0: clients do not use what is not offered, such as explicit request
    boundaries and HA readiness.
    """
    caps = bytearray(_COMPILE_CAPS)
    caps[_CCAP_FIELD_VERSION] = field_version
    caps[_CCAP_TTC3] = _TTC3_SERVER
    caps[_CCAP_TTC4] = _TTC4_END_OF_RESPONSE if end_of_response else 0
    return bytes(caps)


def make_runtime_caps() -> bytes:
    """The server's run-time capabilities: 32K strings, no time zone exchange."""
    caps = bytearray(_RUNTIME_CAPS)
    caps[_RCAP_COMPAT] = _COMPAT_81
    caps[_RCAP_TTC] = _TTC_32K
    return bytes(caps)


def parse_client_capabilities(compile_caps: bytes, runtime_caps: bytes) -> ClientCapabilities:
    """Parse the client's capability arrays.

    Raises:
        RemoteWireError: they are too short, or the client lacks ub4 chunk lengths.
    """
    if len(compile_caps) <= _CCAP_TTC4 or len(runtime_caps) <= _RCAP_TIME_ZONE:
        raise RemoteWireError(
            f"capabilities of {len(compile_caps)} and {len(runtime_caps)} bytes are too short"
        )
    if not compile_caps[_CCAP_TTC3] & _TTC3_BIG_CHUNKS:
        raise RemoteWireError("the client sends long values with one-byte chunk lengths")
    field_version = compile_caps[_CCAP_FIELD_VERSION]
    if field_version < FIELD_VERSION_MIN:
        raise RemoteWireError(f"field version {field_version} is older than Oracle 12.1")
    return ClientCapabilities(
        field_version=field_version,
        end_of_response=bool(compile_caps[_CCAP_TTC4] & _TTC4_END_OF_RESPONSE),
        sends_time_zone=bool(runtime_caps[_RCAP_TIME_ZONE] & 1),
    )
