"""The two phases of a login (`impl/thin/messages/auth.pyx`)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tracekit.errors import RemoteWireError
from tracekit.localdb.wire.messages.functions import MessageType
from tracekit.localdb.wire.primitives import TtcReader, TtcWriter

_MOST_PAIRS = 1000


@dataclass(frozen=True)
class AuthRequest:
    """One phase of a login: the user, and the keys and values."""

    user: str
    """As the database stores it: in upper case unless quoted."""
    mode: int
    pairs: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class AuthPair:
    """A key and its value in a reply."""

    key: str
    value: str = field(repr=False)
    flags: int = 0


def parse_auth(reader: TtcReader) -> AuthRequest:
    """Parse the body of either phase, after its function header.

    Raises:
        RemoteWireError: the body is malformed.
    """
    reader.skip(1)
    reader.ub4()
    mode = reader.ub4()
    reader.skip(1)
    count = reader.ub4()
    if count > _MOST_PAIRS:
        raise RemoteWireError(f"a login with {count:,} keys")
    reader.skip(2)
    user = _text(reader.bytes_())
    pairs = {}
    for _ in range(count):
        key = _text(reader.bytes2())
        pairs[key.rstrip("\0")] = _text(reader.bytes2()).rstrip("\0")
        reader.ub4()
    return AuthRequest(fold_user(user), mode, pairs)


def make_auth_reply(pairs: Iterable[AuthPair]) -> bytes:
    """Build the reply to either phase; a status message must follow it."""
    pairs = tuple(pairs)
    writer = TtcWriter()
    writer.u8(MessageType.PARAMETER)
    writer.ub(len(pairs))
    for pair in pairs:
        writer.bytes2(pair.key.encode("ascii"))
        writer.bytes2(pair.value.encode("utf-8"))
        writer.ub(pair.flags)
    return bytes(writer)


def fold_user(user: str) -> str:
    """`user` as an identifier: in upper case, or without its double quotes."""
    if len(user) > 1 and user.startswith('"') and user.endswith('"'):
        return user[1:-1]
    return user.upper()


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise RemoteWireError("a login text is not UTF-8") from exc
