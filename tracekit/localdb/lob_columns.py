"""How to send a cursor's LOB columns, which a client defines once for all executions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from tracekit.localdb.lobs import ResultLobs
from tracekit.localdb.wire.column import ColumnDescription
from tracekit.localdb.wire.messages.binds import BindMetadata
from tracekit.localdb.wire.rows_lob import (
    LobKeeper,
    defined_columns,
    has_lobs,
    redescribed_columns,
)


class Definable(Protocol):
    """A result whose columns can be sent in another form than described."""

    @property
    def columns(self) -> Sequence[ColumnDescription]:
        """The columns as described."""

    def define(self, columns: Sequence[ColumnDescription], keeper: LobKeeper) -> None:
        """Set how to send the columns, before the first row."""


class CursorLobs:
    """The state of a cursor's LOB columns between executions."""

    def __init__(self) -> None:
        self._described: Sequence[ColumnDescription] = ()
        self._sent_as: Sequence[ColumnDescription] = ()
        self._keeper: ResultLobs | None = None

    def describe(self, columns: Sequence[ColumnDescription]) -> None:
        """Note that the columns are described to the client."""
        described = tuple(columns)
        if described != self._described:
            self._sent_as = redescribed_columns(self._sent_as, described)
            self._described = described

    def begin(
        self, result: Definable, make_keeper: Callable[[], ResultLobs], *, is_described: bool
    ) -> bool:
        """Replace the previous result, whose locators may become invalid.

        Args:
            result: The new result, before its first row is read.
            make_keeper: Makes the keeper of its LOBs.
            is_described: Whether this reply describes the columns to the client.

        Returns:
            Whether this reply may contain rows; a client that wants locators defines them first.
        """
        self.release()
        self.describe(result.columns)
        if not has_lobs(self._described):
            return True
        self._keeper = make_keeper()
        result.define(self._sent_as, self._keeper)
        return not (is_described and has_lobs(self._sent_as))

    def define(self, result: Definable | None, defines: Sequence[BindMetadata]) -> None:
        """Apply the client's definition of the columns to the open result and later ones.

        Raises:
            OraError: the form is not supported, or rows were already sent.
        """
        self._sent_as = defined_columns(self._described, defines)
        if result is not None and self._keeper is not None:
            result.define(self._sent_as, self._keeper)

    def forget(self) -> None:
        """Reset the state for a new statement."""
        self.release()
        self._described = self._sent_as = ()

    def keep_returned(self, make_keeper: Callable[[], ResultLobs]) -> ResultLobs:
        """Make the keeper of RETURNING ... INTO values, which are kept until the next execution."""
        self.release()
        self._keeper = make_keeper()
        return self._keeper

    def release(self) -> None:
        """Allow the last result's locators to become invalid."""
        if self._keeper is not None:
            self._keeper.release()
            self._keeper = None
