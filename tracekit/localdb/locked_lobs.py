"""LOBs of rows that a session has locked, which it may write until the transaction ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from tracekit.localdb.lob_pieces import LobPieces
from tracekit.localdb.lob_space import Extent, LobSpace
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.column import OracleType
from tracekit.localdb.wire.rows_lob import LobPlace


@dataclass
class _LockedLob:
    place: LobPlace
    type: OracleType
    written: LobPieces | None = None
    """The value since it was first written; before, the locator's own."""
    unsaved: bool = False
    writable: bool = True
    released: bool = False
    """Whether its result is closed."""


class LockedLobs:
    """What a session wrote to the LOBs of locked rows.

    The table gets a value when it is next needed, not with every piece that is written.

    Args:
        space: Stores the values.
    """

    def __init__(self, space: LobSpace) -> None:
        self._space = space
        self._lobs: dict[int, _LockedLob] = {}
        self._numbers = count(1)
        self._gone: set[int] = set()

    def add(self, place: LobPlace, oracle_type: OracleType) -> int:
        """Note a LOB of a locked row, and return its number."""
        number = next(self._numbers)
        self._lobs[number] = _LockedLob(place, oracle_type)
        return number

    def is_gone(self, number: int) -> bool:
        """Whether a LOB was written, and what was written is no longer kept."""
        return number in self._gone

    def written(self, number: int) -> LobPieces | None:
        """The value that was written to a LOB; None if there is none."""
        lob = self._lobs.get(number)
        return lob.written if lob else None

    def changeable(self, number: int, extent: Extent) -> LobPieces:
        """The value of a LOB, to be changed now.

        Args:
            number: The LOB's number; 0 if its row is not locked.
            extent: The value that its locator was made for.

        Raises:
            OraError: ORA-22920 if its row is not locked.
        """
        lob = self._lobs.get(number)
        if lob is None or not lob.writable:
            raise OraError(22920, "row containing the LOB value is not locked")
        if lob.written is None:
            self._space.pin(extent.segment)
            lob.written = LobPieces(self._space, [extent] if extent.size_bytes else [])
            if not extent.size_bytes:
                self._space.unpin(extent.segment)
        lob.unsaved = True
        return lob.written

    def unsaved(self) -> Iterator[tuple[LobPlace, str | bytes]]:
        """Yield what the tables do not have yet; it counts as saved from then on."""
        for lob in list(self._lobs.values()):  # results that are read add to them
            if lob.unsaved and lob.written is not None:
                lob.unsaved = False
                value = b"".join(lob.written.read(0, lob.written.size_bytes))
                is_text = lob.type is OracleType.CLOB
                yield lob.place, value.decode("utf-16-be", "replace") if is_text else value

    def end_transaction(self, *, kept: bool) -> None:
        """Refuse to write to any of these LOBs from now on.

        Args:
            kept: Whether their tables keep what was written.
        """
        for number, lob in list(self._lobs.items()):
            lob.writable = lob.unsaved = False
            if lob.released:
                self._forget(number)
            elif lob.written is not None and not kept:
                lob.written.free()
                lob.written = None

    def release(self, numbers: Iterable[int]) -> None:
        """Forget LOBs whose locators may become invalid, unless they can still be written."""
        for number in numbers:
            self._lobs[number].released = True
            if not self._lobs[number].writable:
                self._forget(number)

    def close(self) -> None:
        """Forget all."""
        for number in list(self._lobs):
            self._forget(number)

    def _forget(self, number: int) -> None:
        written = self._lobs.pop(number).written
        if written is not None:
            written.free()
            self._gone.add(number)
