"""A reply: message parts in, packets out."""

from __future__ import annotations

from typing import NoReturn

from tracekit.localdb.connection import Connection, ConnectionClosed
from tracekit.localdb.hooks import Manner
from tracekit.localdb.wire.capabilities import Agreement
from tracekit.localdb.wire.packets import DataPacker

_BYTES_PER_WRITE = 512 << 10


class Response:
    """Packs the parts of a reply, and writes them in large pieces."""

    def __init__(self, connection: Connection, agreement: Agreement) -> None:
        self._connection = connection
        self._end_of_response = agreement.end_of_response
        self._packer = DataPacker(agreement.sdu)

    def add(self, part: bytes | memoryview) -> None:
        """Append a message or a run of rows.

        Raises:
            BreakRequested: the client sent a break; only whole packets were sent.
            ConnectionClosed: the client disconnected.
        """
        self._packer.add(part)
        if self._packer.ready_bytes >= _BYTES_PER_WRITE:
            self._connection.check()
            self._connection.send(self._packer.take())

    def finish(self, last: bytes) -> None:
        """Append the last message and send the rest.

        Raises:
            BreakRequested: a break arrived before; the rest was not sent.
            ConnectionClosed: the client disconnected.
        """
        self._packer.add(last)
        self._connection.check()
        self._connection.send(self._packer.finish(end_of_response=self._end_of_response))

    def cut_off(self, manner: Manner, last: bytes) -> NoReturn:
        """Send the part of the reply that is ready, and end the connection.

        Args:
            manner: How the connection ends.
            last: The end of the call, so that there is a packet to truncate.

        Raises:
            ConnectionClosed: always.
        """
        if manner is Manner.IN_PACKET:
            self._packer.add(last)
        packets = b"".join(self._packer.finish(end_of_response=False))
        if manner is Manner.IN_PACKET:
            packets = packets[:-1]
        self._connection.send([packets])
        if manner is Manner.SILENT:
            self._connection.ignore_client()
        raise ConnectionClosed(f"cut off by a fault: {manner.value}")
