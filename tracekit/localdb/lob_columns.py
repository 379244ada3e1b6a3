"""How a cursor's LOB columns are sent, which a client says once for all executions to come."""

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
    """A result whose columns can be sent otherwise than described."""

    @property
    def columns(self) -> Sequence[ColumnDescription]:
        """As described."""

    def define(self, columns: Sequence[ColumnDescription], keeper: LobKeeper) -> None:
        """Say how they are to be sent, before the first row."""


class CursorLobs:
    """What one cursor remembers of its LOB columns from one execution to the next."""

    def __init__(self) -> None:
        self._described: Sequence[ColumnDescription] = ()
        self._sent_as: Sequence[ColumnDescription] = ()
        self._keeper: ResultLobs | None = None

    def describe(self, columns: Sequence[ColumnDescription]) -> None:
        """The columns are described to the client."""
        described = tuple(columns)
        if described != self._described:
            self._sent_as = redescribed_columns(self._sent_as, described)
            self._described = described

    def begin(
        self, result: Definable, make_keeper: Callable[[], ResultLobs], *, is_told: bool
    ) -> bool:
        """A new result takes the place of the last, whose locators may become invalid.

        Args:
            result: Has no rows read yet.
            make_keeper: Makes what keeps its LOBs.
            is_told: Whether this reply describes the columns to the client.

        Returns:
            Whether rows may be sent with it: a client that needs locators says so first.
        """
        self.release()
        self.describe(result.columns)
        if not has_lobs(self._described):
            return True
        self._keeper = make_keeper()
        result.define(self._sent_as, self._keeper)
        return not (is_told and has_lobs(self._sent_as))

    def define(self, result: Definable | None, defines: Sequence[BindMetadata]) -> None:
        """The client defines the form of the columns, of the open result and later ones.

        Raises:
            OraError: it cannot have them so, or rows went out already.
        """
        self._sent_as = defined_columns(self._described, defines)
        if result is not None and self._keeper is not None:
            result.define(self._sent_as, self._keeper)

    def forget(self) -> None:
        """The cursor has another statement now."""
        self.release()
        self._described = self._sent_as = ()

    def keep_returned(self, make_keeper: Callable[[], ResultLobs]) -> ResultLobs:
        """Keeps what RETURNING ... INTO gives, until the next execution."""
        self.release()
        self._keeper = make_keeper()
        return self._keeper

    def release(self) -> None:
        """The locators of the last result may become invalid."""
        if self._keeper is not None:
            self._keeper.release()
            self._keeper = None
