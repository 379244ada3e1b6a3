"""Commands to a running server process: one JSON line in, one JSON line out.

`{"do": "add_fault", "fault": {"kind": "drop_after", "rows": 5000}}` · `{"do": "clear_faults"}` ·
`{"do": "release_stalls"}` · `{"do": "status"}`. Each answer is the status after the command,
`{"clients": 2, "faults": [[{"kind": "drop_after", "rows": 5000}, 1]]}` (each fault and how often it
struck), or `{"error": "..."}`.
"""

from __future__ import annotations

import msgspec

from tracekit.localdb.faults import AnyFault
from tracekit.localdb.faults_board import FaultBoard
from tracekit.localdb.server import Server


class _Command(msgspec.Struct, forbid_unknown_fields=True, tag_field="do"):
    pass


class AddFault(_Command, tag="add_fault"):
    """Set a fault, as well as those set before."""

    fault: AnyFault


class ClearFaults(_Command, tag="clear_faults"):
    """Lift and forget all faults."""


class ReleaseStalls(_Command, tag="release_stalls"):
    """Let whoever waits in a stall go on."""


class Status(_Command, tag="status"):
    """Only tell."""


class ServerStatus(msgspec.Struct, frozen=True):
    """What a server tells about itself."""

    clients: int
    """Connections that are open, those still logging on included."""
    faults: tuple[tuple[AnyFault, int], ...]
    """Every fault set since the last `clear_faults`, and how often it struck."""


class Control:
    """Carries out the commands that come to one server process."""

    def __init__(self, server: Server, board: FaultBoard) -> None:
        self._server = server
        self._board = board

    def answer(self, line: bytes) -> bytes:
        """Carry out the command in `line`; its answer, without the end of the line."""
        try:
            command = msgspec.json.decode(
                line, type=AddFault | ClearFaults | ReleaseStalls | Status
            )
        except msgspec.DecodeError as exc:
            return msgspec.json.encode({"error": f"no command: {exc}"})
        match command:
            case AddFault(fault=fault):
                self._board.add(fault)
            case ClearFaults():
                self._board.clear()
            case ReleaseStalls():
                self._board.release()
        return msgspec.json.encode(
            ServerStatus(self._server.client_count, tuple(self._board.fired()))
        )
