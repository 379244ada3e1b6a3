"""Commands to a running server process: one JSON line in, one JSON line out.

`{"do": "add_fault", "fault": {"kind": "drop_after", "rows": 5000}}` · `{"do": "clear_faults"}` ·
`{"do": "release_stalls"}` · `{"do": "clone", "name": "T1"}` ·
`{"do": "drop_clone", "name": "T1"}` · `{"do": "status"}`. Each answer is the status after the
command, `{"clients": 2, "faults": [[{"kind": "drop_after", "rows": 5000}, 1]]}` (each fault and
how often it struck), or `{"error": "..."}`.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from tracekit.errors import TracekitError
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
    """Let stalled calls continue."""


class Clone(_Command, tag="clone"):
    """Make a private copy of the database under a service name of its own."""

    name: str


class DropClone(_Command, tag="drop_clone"):
    """End the sessions of a copy and free it."""

    name: str


class Status(_Command, tag="status"):
    """Only tell."""


class ServerStatus(msgspec.Struct, frozen=True):
    """What a server tells about itself."""

    clients: int
    """Connections that are open, those still logging on included."""
    faults: tuple[tuple[AnyFault, int], ...]
    """Every fault set since the last `clear_faults`, and how often it struck."""


class Clones(Protocol):
    """What can copy the served database."""

    def clone(self, name: str) -> None:
        """Make a copy.

        Raises:
            ConnectError: there is one of this name, or it cannot be a name.
        """

    def drop_clone(self, name: str) -> None:
        """End the copy's sessions and free it."""


class Control:
    """Carries out the commands that come to one server process."""

    def __init__(self, server: Server, board: FaultBoard, clones: Clones) -> None:
        self._server = server
        self._clones = clones
        self._board = board

    def answer(self, line: bytes) -> bytes:
        """Carry out the command in `line`; its answer, without the end of the line."""
        try:
            command = msgspec.json.decode(
                line, type=AddFault | ClearFaults | ReleaseStalls | Clone | DropClone | Status
            )
        except msgspec.DecodeError as exc:
            return msgspec.json.encode({"error": f"no command: {exc}"})
        try:
            self._carry_out(command)
        except TracekitError as exc:
            return msgspec.json.encode({"error": str(exc)})
        return msgspec.json.encode(
            ServerStatus(self._server.client_count, tuple(self._board.fired()))
        )

    def _carry_out(
        self, command: AddFault | ClearFaults | ReleaseStalls | Clone | DropClone | Status
    ) -> None:
        match command:
            case AddFault(fault=fault):
                self._board.add(fault)
            case ClearFaults():
                self._board.clear()
            case ReleaseStalls():
                self._board.release()
            case Clone(name=name):
                self._clones.clone(name)
            case DropClone(name=name):
                self._clones.drop_clone(name)
