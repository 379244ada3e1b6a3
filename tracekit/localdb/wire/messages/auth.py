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
    """One phase: who, and the keys and values of that phase."""

    user: str
    """As the database knows it: upper case, unless it was quoted."""
    mode: int
    pairs: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True)
class AuthPair:
    """One key and value of a reply."""

    key: str
    value: str = field(repr=False)
    flags: int = 0


def parse_auth(reader: TtcReader) -> AuthRequest:
    """The body of either phase, after its function header.

    Raises:
        RemoteWireError: it is malformed.
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
    """The keys and values that answer either phase; a status message has to follow."""
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
    """`user` as an identifier: upper case, or the inside of its double quotes."""
    if len(user) > 1 and user.startswith('"') and user.endswith('"'):
        return user[1:-1]
    return user.upper()


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as exc:
        raise RemoteWireError("a login text is not UTF-8") from exc
