"""A session's LOBs: those of its results, and its temporary LOBs."""

from __future__ import annotations

import codecs
import os
from collections.abc import Iterable, Iterator
from itertools import count
from pathlib import Path

from tracekit.localdb.lob_pieces import LobPieces
from tracekit.localdb.lob_space import READ_BYTES, Extent, LobSpace, nonexistent
from tracekit.localdb.locked_lobs import LockedLobs
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.column import ColumnDescription, OracleType
from tracekit.localdb.wire.locator import Locator, make_locator, read_locator
from tracekit.localdb.wire.rows_lob import KeptLob, LobPlace

MAX_TEMPORARY = 1 << 17
MAX_OPEN = 10_000
_KEY_BYTES = 16


class SessionLobs:
    """The LOBs that a session's locators refer to.

    Args:
        folder: The folder for temporary files; None for the system's.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._space = LobSpace(folder)
        self._key = os.urandom(_KEY_BYTES)
        self._temporary: dict[int, LobPieces] = {}
        self._locked = LockedLobs(self._space)
        self._numbers = count(1)
        self._open: set[Locator] = set()

    @property
    def held_bytes(self) -> int:
        """The bytes of LOBs that this session holds, mostly in files."""
        return self._space.held_bytes

    def keeper(self) -> ResultLobs:
        """Make a keeper for the LOBs of one result."""
        return ResultLobs(self._space, self._key, self._locked)

    def stage(self) -> StagedData:
        """Make an object that receives the data of a write."""
        return StagedData(self._space)

    def find(self, data: bytes) -> Locator:
        """The LOB that the locator `data` refers to.

        Raises:
            OraError: ORA-22922 if it was freed or belongs to another session.
        """
        locator = read_locator(data, self._key)
        if locator is None:
            raise nonexistent()
        if locator.temporary:
            exists = locator.first in self._temporary
        elif self._locked.written(locator.locked) is not None:
            exists = True
        else:
            is_gone = self._locked.is_gone(locator.locked)
            exists = not is_gone and self._space.holds(_extent(locator))
        if not exists:
            raise nonexistent()
        return locator

    def create(self, oracle_type: OracleType, charset_form: int) -> bytes:
        """Create an empty temporary LOB and return its locator.

        Raises:
            OraError: ORA-00932 if the type is not a LOB; ORA-04036 if there are too many.
        """
        if oracle_type is not OracleType.CLOB and oracle_type is not OracleType.BLOB:
            raise OraError(932, f"inconsistent datatypes: expected LOB got type {oracle_type}")
        if len(self._temporary) >= MAX_TEMPORARY:
            raise OraError(4036, f"more than {MAX_TEMPORARY:,} temporary LOBs in one session")
        form = 0 if oracle_type is OracleType.BLOB else 2 if charset_form == 2 else 1
        number = next(self._numbers)
        self._temporary[number] = LobPieces(self._space)
        return make_locator(Locator(oracle_type, form, number, temporary=True), self._key)

    def free(self, locators: Iterable[bytes]) -> None:
        """Free temporary LOBs; others are ignored."""
        for data in locators:
            locator = read_locator(data, self._key)
            if locator is not None and locator.temporary:
                self._open.discard(locator)
                pieces = self._temporary.pop(locator.first, None)
                if pieces is not None:
                    pieces.free()

    def length(self, locator: Locator) -> int:
        """The length of the LOB in UTF-16 units (text) or bytes."""
        return self._size_bytes(locator) // locator.unit_bytes

    def read(self, locator: Locator, start: int, amount: int) -> Iterator[bytes]:
        """Yield `amount` units from unit `start` (0-based) in bounded pieces; fewer at the end."""
        unit = locator.unit_bytes
        first = start * unit
        size = max(0, min(amount * unit, self._size_bytes(locator) - first))
        written = self._written(locator)
        if written is not None:
            return written.read(first, size)
        return self._space.read(_extent(locator), first, size)

    def write(self, locator: Locator, start: int, data: StagedData) -> None:
        """Write `data` over the units from `start` (0-based); a gap is filled with blanks or zeros.

        Raises:
            OraError: ORA-22920 if it is not temporary and its row is not locked; ORA-01652 if there
                is no space.
        """
        new = data.take()
        try:
            pieces = self._changeable(locator)
            filler = b"\0" if locator.unit_bytes == 1 else b"\0 "
            pieces.overwrite(start * locator.unit_bytes, new, filler)
        finally:
            new.free()

    def trim(self, locator: Locator, units: int) -> None:
        """Truncate the LOB to `units`.

        Raises:
            OraError: ORA-22920 if it is not temporary and its row is not locked; ORA-22926 if it is
                shorter.
        """
        pieces = self._changeable(locator)
        if units > self.length(locator):
            raise OraError(
                22926, "specified trim length is greater than current LOB value's length"
            )
        pieces.trim(units * locator.unit_bytes)

    def open(self, locator: Locator) -> None:
        """Open the LOB, which only changes `is_open`.

        Raises:
            OraError: ORA-22293 if it is open; ORA-22290 if too many are open.
        """
        if locator in self._open:
            raise OraError(22293, "LOB already opened in the same transaction")
        if len(self._open) >= MAX_OPEN:
            raise OraError(22290, "operation would exceed the maximum number of opened LOBs")
        self._open.add(locator)

    def close_lob(self, locator: Locator) -> None:
        """Close the LOB.

        Raises:
            OraError: ORA-22289 if it is not open.
        """
        if locator not in self._open:
            raise OraError(22289, "cannot perform operation on an unopened file or LOB")
        self._open.remove(locator)

    def is_open(self, locator: Locator) -> bool:
        """Whether the LOB is open."""
        return locator in self._open

    def value(self, data: bytes) -> str | bytes:
        """Read the whole LOB, for use as a bind value.

        Raises:
            OraError: ORA-22922 if it was freed or belongs to another session.
        """
        locator = self.find(data)
        whole = b"".join(self.read(locator, 0, self.length(locator)))
        if locator.type is OracleType.BLOB:
            return whole
        return whole.decode("utf-16-be", "replace")

    def value_bytes(self, data: bytes) -> int:
        """The size in bytes of the LOB that `data` refers to; 0 if there is none."""
        try:
            return self._size_bytes(self.find(data))
        except OraError:
            return 0

    def unsaved(self) -> Iterator[tuple[LobPlace, str | bytes]]:
        """Yield the LOBs of locked rows that were written; they count as saved from then on."""
        return self._locked.unsaved()

    def end_transaction(self, *, kept: bool) -> None:
        """Close all open LOBs, and refuse to write to those of rows from now on.

        Args:
            kept: Whether the tables keep what was written to them.
        """
        self._open.clear()
        self._locked.end_transaction(kept=kept)

    def close(self) -> None:
        """Free everything; all locators become invalid."""
        self._temporary.clear()
        self._locked.close()
        self._open.clear()
        self._space.close()

    def _size_bytes(self, locator: Locator) -> int:
        written = self._written(locator)
        return locator.size_bytes if written is None else written.size_bytes

    def _written(self, locator: Locator) -> LobPieces | None:
        """The value of a LOB that is not as its locator was made; None for all others."""
        if locator.temporary:
            return self._temporary[locator.first]
        return self._locked.written(locator.locked)

    def _changeable(self, locator: Locator) -> LobPieces:
        if locator.temporary:
            return self._temporary[locator.first]
        return self._locked.changeable(locator.locked, _extent(locator))


class ResultLobs:
    """Keeps the LOBs of one result until `release`.

    Args:
        space: Stores their bytes.
        key: The session's secret.
        locked: The LOBs of rows that the session has locked.
    """

    def __init__(self, space: LobSpace, key: bytes, locked: LockedLobs) -> None:
        self._space = space
        self._key = key
        self._locked = locked
        self._segments: set[int] = set()
        self._numbers: list[int] = []

    def keep(
        self, value: memoryview, column: ColumnDescription, place: LobPlace | None = None
    ) -> KeptLob:
        """Keep a value: bytes, or UTF-8 text; with a place, the client may change it there.

        Raises:
            OraError: ORA-01652 if there is no space for it.
        """
        if column.type is OracleType.BLOB:
            pieces = (bytes(value[i : i + READ_BYTES]) for i in range(0, len(value), READ_BYTES))
            extent = self._space.append(pieces, len(value))
        else:
            extent = self._space.append(_as_utf16(value), 2 * len(value))
        if extent.segment in self._segments:
            self._space.unpin(extent.segment)  # one pin per segment is enough
        self._segments.add(extent.segment)
        number = 0
        if place is not None:
            number = self._locked.add(place, column.type)
            self._numbers.append(number)
        locator = Locator(
            column.type,
            column.charset_form,
            extent.offset,
            extent.size_bytes,
            extent.segment,
            locked=number,
        )
        units = extent.size_bytes // locator.unit_bytes
        return KeptLob(make_locator(locator, self._key), units)

    def release(self) -> None:
        """Allow the result's locators to become invalid."""
        while self._segments:
            self._space.unpin(self._segments.pop())
        self._locked.release(self._numbers)
        self._numbers = []


class StagedData:
    """The data of a write, kept as it arrives."""

    def __init__(self, space: LobSpace) -> None:
        self._space = space
        self._pieces = LobPieces(space)
        self._error: OraError | None = None

    @property
    def size_bytes(self) -> int:
        """The number of bytes received."""
        return self._pieces.size_bytes

    def add(self, piece: bytes) -> None:
        """Keep `piece`; without space, drop it and let `take` raise the error."""
        if self._error is None:
            try:
                self._pieces.append(self._space.append([piece], len(piece)))
            except OraError as error:
                self._error = error

    def take(self) -> LobPieces:
        """Return the data.

        Raises:
            OraError: ORA-01652 if there was not enough space.
        """
        if self._error is not None:
            self._pieces.free()
            raise self._error
        return self._pieces


def _extent(locator: Locator) -> Extent:
    return Extent(locator.segment, locator.first, locator.size_bytes)


def _as_utf16(value: memoryview) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder("utf-8")()
    for start in range(0, len(value), READ_BYTES):
        yield decoder.decode(value[start : start + READ_BYTES]).encode("utf-16-be")
