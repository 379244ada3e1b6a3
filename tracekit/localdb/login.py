"""Log on a client: connect, negotiate, authenticate."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from tracekit.errors import RemoteWireError
from tracekit.localdb.connection import Connection, ConnectionClosed
from tracekit.localdb.cursors import MAX_OPEN_CURSORS
from tracekit.localdb.hooks import SessionHooks
from tracekit.localdb.options import ServerOptions
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.response import Response
from tracekit.localdb.wire.capabilities import (
    FIELD_18_1_EXT_1,
    VERSION_DESIRED,
    VERSION_END_OF_RESPONSE,
    VERSION_MINIMUM,
    Agreement,
    ClientCapabilities,
)
from tracekit.localdb.wire.messages.auth import AuthPair, AuthRequest, make_auth_reply, parse_auth
from tracekit.localdb.wire.messages.connect import (
    ERR_INCOMPATIBLE_VERSION,
    ERR_NO_SERVICE,
    ERR_UNKNOWN_SERVICE,
    ERR_UNKNOWN_SID,
    FLAG_END_OF_RESPONSE,
    FLAG_FAST_AUTH,
    ConnectRequest,
    ConnectTarget,
    make_accept,
    make_refuse,
    parse_connect,
    parse_connect_data,
)
from tracekit.localdb.wire.messages.data_types import make_data_types, parse_data_types
from tracekit.localdb.wire.messages.end import EndOfCall, make_end_of_call, make_status
from tracekit.localdb.wire.messages.fast_auth import parse_fast_auth
from tracekit.localdb.wire.messages.functions import (
    FunctionCode,
    MessageType,
    expect_function,
)
from tracekit.localdb.wire.messages.protocol import make_protocol, parse_protocol
from tracekit.localdb.wire.packets import PacketType
from tracekit.localdb.wire.primitives import TtcReader
from tracekit.localdb.wire.verifier import Challenge, Verifier

_MOST_LOGIN_BYTES = 64 << 10
_VERSION_19_21 = 19 << 24 | 21 << 16
"""The version reported to clients: Oracle 19c, release update 21."""
_VERSION_12_2 = 12 << 24 | 2 << 20
"""The same for clients whose field version uses the older format."""


@dataclass(frozen=True)
class LoggedOn:
    """The outcome of a login: the negotiated capabilities and the client's initial settings."""

    agreement: Agreement
    reader: TtcReader
    alter_session: str | None
    client: Mapping[str, str]
    """The client's attributes, by their names in SYS_CONTEXT."""
    clone: str
    """The service name if it is a clone's; otherwise empty."""


class Login:
    """Logs on one client.

    Args:
        connection: The client's connection.
        options: The server's options, including user and password.
        verifier: The verifier of the user's password; made once, because that is deliberately slow.
        banner: The server's name.
        session_id: The number of the session.
        hooks: Called before a client connects and logs on.
        is_clone: Whether a name belongs to a clone of the database.
    """

    def __init__(
        self,
        connection: Connection,
        options: ServerOptions,
        verifier: Verifier,
        banner: str,
        session_id: int,
        hooks: SessionHooks,
        is_clone: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._connection = connection
        self._options = options
        self._verifier = verifier
        self._banner = banner
        self._session_id = session_id
        self._hooks = hooks
        self._is_clone = is_clone
        self._clone = ""
        self._end_of_response = False
        self._reader = TtcReader(refill=connection.next_payload, limit=_MOST_LOGIN_BYTES)

    def run(self) -> LoggedOn:
        """Log on the client.

        Raises:
            ConnectionClosed: the client disconnected or was refused; the message says which.
            Cut: a hook ended the connection.
            RemoteWireError: the client sent malformed data.
        """
        plain = self._accept()
        if self._reader.peek() == MessageType.FAST_AUTH:
            request = parse_fast_auth(self._reader)
            agreement = self._agree(plain, request.capabilities)
            user, opening = request.auth, self._protocol() + make_data_types()
        else:
            parse_protocol(self._reader)
            self._reply(plain, self._protocol())
            agreement = self._agree(plain, parse_data_types(self._reader))
            self._reply(plain, make_data_types())
            expect_function(self._reader, FunctionCode.AUTH_PHASE_ONE, agreement.field_version)
            user, opening = parse_auth(self._reader), b""
        challenge = self._challenge(user.user)
        self._reply(agreement, opening, make_auth_reply(challenge.pairs()), make_status())
        return self._authenticate(agreement, challenge, _identity(user))

    def _accept(self) -> Agreement:
        packet = self._connection.receive_short()
        if packet.type != PacketType.CONNECT:
            raise RemoteWireError(f"packet type {packet.type}; expected CONNECT")
        request = parse_connect(packet.body)
        data = request.data
        if request.needs_more:
            data = self._connection.receive_short().payload
        error = self._refusal(request, parse_connect_data(data))
        if error:
            self._connection.send([make_refuse(error)])
            raise ConnectionClosed(f"refused with error {error}")
        try:
            self._hooks.before_connect()
        except OraError as exc:
            self._connection.send([make_refuse(exc.number)])
            raise ConnectionClosed(f"refused with error {exc.number}") from exc
        version = min(request.version, VERSION_DESIRED)
        flags2 = FLAG_FAST_AUTH if self._options.fast_auth else 0
        if version >= VERSION_END_OF_RESPONSE:
            flags2 |= FLAG_END_OF_RESPONSE
        self._connection.accept(make_accept(request, version, flags2=flags2))
        self._end_of_response = version >= VERSION_END_OF_RESPONSE
        return Agreement(request.sdu)

    def _refusal(self, request: ConnectRequest, target: ConnectTarget) -> int:
        """The listener's error if it refuses this client, otherwise 0."""
        wanted = self._options.service.upper()
        if request.version < VERSION_MINIMUM:
            return ERR_INCOMPATIBLE_VERSION
        if target.service is not None and self._is_clone(target.service):
            self._clone = target.service
            return 0
        if target.service is not None:
            return 0 if target.service.upper() == wanted else ERR_UNKNOWN_SERVICE
        if target.sid is not None:
            return 0 if target.sid.upper() == wanted else ERR_UNKNOWN_SID
        return ERR_NO_SERVICE

    def _protocol(self) -> bytes:
        return make_protocol(
            self._banner, self._options.field_version, end_of_response=self._end_of_response
        )

    def _agree(self, plain: Agreement, client: ClientCapabilities) -> Agreement:
        return Agreement(
            sdu=plain.sdu,
            end_of_response=self._end_of_response and client.end_of_response,
            field_version=min(client.field_version, self._options.field_version),
        )

    def _challenge(self, user: str) -> Challenge:
        known = self._options.is_user(user)
        return Challenge(self._verifier if known else Verifier.of_nobody())

    def _authenticate(
        self, agreement: Agreement, challenge: Challenge, client: Mapping[str, str]
    ) -> LoggedOn:
        self._reader.start_message(_MOST_LOGIN_BYTES)
        expect_function(self._reader, FunctionCode.AUTH_PHASE_TWO, agreement.field_version)
        request = parse_auth(self._reader)
        proof = challenge.check(
            request.pairs.get("AUTH_SESSKEY", ""),
            request.pairs.get("AUTH_PASSWORD", ""),
            self._options.password,
        )
        try:
            if proof is None or not self._options.is_user(request.user):
                raise OraError(1017, "invalid username/password; logon denied")
            self._hooks.before_login(request.user)
        except OraError as error:
            end = EndOfCall.from_error(error)
            self._reply(agreement, make_end_of_call(end, agreement.field_version))
            raise ConnectionClosed(f"logon denied with ORA-{error.number:05d}") from error
        pairs = self._session_pairs(proof, agreement.field_version)
        self._reply(agreement, make_auth_reply(pairs), make_status())
        client = {**client, "SID": str(self._session_id), "SESSIONID": str(self._session_id)}
        return LoggedOn(agreement, self._reader, _alter_session(request), client, self._clone)

    def _session_pairs(self, proof: str, field_version: int) -> Iterator[AuthPair]:
        version = _VERSION_19_21 if field_version >= FIELD_18_1_EXT_1 else _VERSION_12_2
        values = {
            "AUTH_SVR_RESPONSE": proof,
            "AUTH_VERSION_NO": str(version),
            "AUTH_SESSION_ID": str(self._session_id),
            "AUTH_SERIAL_NUM": str(self._session_id % 0xFFFF + 1),
            "AUTH_MAX_OPEN_CURSORS": str(MAX_OPEN_CURSORS),
            "AUTH_MAX_IDEN_LENGTH": "128",
            "AUTH_SC_DBUNIQUE_NAME": self._options.service,
            "AUTH_SC_SERVICE_NAME": self._clone or self._options.service,
            "AUTH_INSTANCENAME": self._options.service,
            "AUTH_DBNAME": self._options.service,
        }
        return (AuthPair(key, value) for key, value in values.items())

    def _reply(self, agreement: Agreement, *messages: bytes) -> None:
        response = Response(self._connection, agreement)
        for message in messages[:-1]:
            response.add(message)
        response.finish(messages[-1])


_IDENTITY = {
    "HOST": "AUTH_MACHINE",
    "OS_USER": "AUTH_SID",
    "TERMINAL": "AUTH_TERMINAL",
    "CLIENT_PROGRAM_NAME": "AUTH_PROGRAM_NM",
    "MODULE": "AUTH_PROGRAM_NM",
}


def _identity(request: AuthRequest) -> dict[str, str]:
    """The client's attributes; the module is the program's name unless the client sets one."""
    return {name: request.pairs.get(key, "") for name, key in _IDENTITY.items()}


def _alter_session(request: AuthRequest) -> str | None:
    """The statement with which the client sets its time zone."""
    return request.pairs.get("AUTH_ALTER_SESSION") or None
