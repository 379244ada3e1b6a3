"""Commands to a running server process: one JSON line in, one JSON line out.

`{"do": "add_fault", "fault": {"kind": "drop_after", "rows": 5000}}` · `{"do": "clear_faults"}` ·
`{"do": "release_stalls"}` · `{"do": "clone", "name": "T1"}` ·
`{"do": "drop_clone", "name": "T1"}` · `{"do": "status"}`. Each answer is the status after the
command, `{"clients": 2, "faults": [[{"kind": "drop_after", "rows": 5000}, 1]]}` (each fault and
how often it fired), or `{"error": "..."}`.
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
    """Set a fault in addition to those already set."""

    fault: AnyFault


class ClearFaults(_Command, tag="clear_faults"):
    """Lift and forget all faults."""


class ReleaseStalls(_Command, tag="release_stalls"):
    """Let stalled calls continue."""


class Clone(_Command, tag="clone"):
    """Make a private copy of the database with its own service name."""

    name: str


class DropClone(_Command, tag="drop_clone"):
    """Close the sessions of a clone and drop it."""

    name: str


class Status(_Command, tag="status"):
    """Only return the status."""


class ServerStatus(msgspec.Struct, frozen=True):
    """The status of a server."""

    clients: int
    """The number of open connections, including those logging on."""
    faults: tuple[tuple[AnyFault, int], ...]
    """Every fault set since the last `clear_faults`, and how often it fired."""


class Clones(Protocol):
    """Makes and drops clones of the served database."""

    def clone(self, name: str) -> None:
        """Make a clone.

        Raises:
            ConnectError: a clone with this name exists, or the name is malformed.
        """

    def drop_clone(self, name: str) -> None:
        """Close the clone's sessions and drop it."""


class Control:
    """Runs the commands that a server process receives."""

    def __init__(self, server: Server, board: FaultBoard, clones: Clones) -> None:
        self._server = server
        self._clones = clones
        self._board = board

    def answer(self, line: bytes) -> bytes:
        """Run the command in `line`; returns the answer without a line end."""
        try:
            command = msgspec.json.decode(
                line, type=AddFault | ClearFaults | ReleaseStalls | Clone | DropClone | Status
            )
        except msgspec.DecodeError as exc:
            return msgspec.json.encode({"error": f"not a command: {exc}"})
        try:
            self._run(command)
        except TracekitError as exc:
            return msgspec.json.encode({"error": str(exc)})
        return msgspec.json.encode(
            ServerStatus(self._server.client_count, tuple(self._board.fired()))
        )

    def _run(
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
