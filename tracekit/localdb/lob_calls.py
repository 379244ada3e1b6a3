"""Run LOB operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tracekit.localdb.lobs import SessionLobs, StagedData
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.response import Response
from tracekit.localdb.wire.column import OracleType
from tracekit.localdb.wire.locator import Locator
from tracekit.localdb.wire.messages.lob_op import (
    LobOperation,
    LobOpRequest,
    make_created_reply,
    make_is_open_reply,
    make_lob_data,
    make_lob_reply,
)
from tracekit.localdb.wire.rows_lob import CHUNK_BYTES

_KNOWN_TYPES = frozenset(OracleType)

Request = LobOpRequest[StagedData]


class LobCalls:
    """Runs a session's LOB operations; each adds to a reply.

    Args:
        lobs: The session's LOBs.
    """

    def __init__(self, lobs: SessionLobs) -> None:
        self._lobs = lobs
        self._run: dict[int, Callable[[Request, Locator, Response], int | None]] = {
            LobOperation.LENGTH: lambda _, lob, __: lobs.length(lob),
            LobOperation.CHUNK_SIZE: lambda *_: CHUNK_BYTES,
            LobOperation.READ: self._read,
            LobOperation.WRITE: self._write,
            LobOperation.TRIM: self._trim,
            LobOperation.OPEN: lambda _, lob, __: lobs.open(lob),
            LobOperation.CLOSE: lambda _, lob, __: lobs.close_lob(lob),
        }

    def run(self, request: Request, response: Response) -> None:
        """Function 96: run one LOB operation.

        Raises:
            OraError: ORA-22922 for an unknown LOB; ORA-03001 for an unknown operation; or the
                operation's own error.
        """
        if request.operation == LobOperation.CREATE_TEMPORARY:
            return self._create(request, response)
        if request.operation == LobOperation.FREE_TEMPORARY:
            self._lobs.free([request.locator])
            return response.add(make_lob_reply(request.locator, request.amount))
        locator = self._lobs.find(request.locator)
        if request.operation == LobOperation.IS_OPEN:
            is_open = self._lobs.is_open(locator)
            return response.add(make_is_open_reply(request.locator, is_open))
        run = self._run.get(request.operation)
        if run is None:
            raise OraError(3001, f"unimplemented feature: LOB operation {request.operation:#x}")
        amount = run(request, locator, response)
        if request.amount is not None and amount is None:
            amount = request.amount
        return response.add(
            make_lob_reply(request.locator, None if request.amount is None else amount)
        )

    def _create(self, request: Request, response: Response) -> None:
        kind = request.dest_offset
        if kind not in _KNOWN_TYPES:
            raise OraError(3115, "unsupported network datatype or representation")
        locator = self._lobs.create(OracleType(kind), request.source_offset)
        response.add(make_created_reply(locator, request.source_offset))

    def _read(self, request: Request, locator: Locator, response: Response) -> int:
        start, amount = _start(request), request.amount or 0
        read_bytes = 0

        def counted() -> Iterator[bytes]:
            nonlocal read_bytes
            for piece in self._lobs.read(locator, start, amount):
                read_bytes += len(piece)
                yield piece

        for part in make_lob_data(counted()):
            response.add(part)
        return read_bytes // locator.unit_bytes

    def _write(self, request: Request, locator: Locator, _: Response) -> int:
        units = request.data.size_bytes // locator.unit_bytes
        self._lobs.write(locator, _start(request), request.data)
        return units

    def _trim(self, request: Request, locator: Locator, _: Response) -> int:
        units = request.amount or 0
        self._lobs.trim(locator, units)
        return units


def _start(request: Request) -> int:
    """The first unit, 0-based."""
    if request.source_offset < 1:
        raise OraError(24801, "illegal parameter value in OCI lob function")
    return request.source_offset - 1
