"""The one place that maps DuckDB's errors to Oracle's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from tracekit.errors import LocalWireError
from tracekit.localdb.ora_error import OraError

CANCELLED = "user requested cancel of current operation"

ErrorMapper = Callable[[duckdb.Error], OraError]


@contextmanager
def gate(to_ora_error: ErrorMapper) -> Iterator[None]:
    """Run DuckDB calls in this context; their errors become OraError.

    Args:
        to_ora_error: Maps an error of this statement.

    Raises:
        OraError: a call failed; ORA-01013 if it was interrupted.
    """
    try:
        yield
    except duckdb.Error as error:
        raise _from_duckdb(error, to_ora_error) from error
    except (OSError, pa.ArrowException) as error:
        # An error in the middle of a result passes through Arrow, which keeps only its message.
        raise _from_duckdb(_named_by_message(str(error)), to_ora_error) from error
    except MemoryError as error:
        raise OraError(4030, "out of process memory") from error
    except LocalWireError as error:
        raise OraError(3001, f"unimplemented feature: {error}") from error


def cancelled() -> OraError:
    """The error of an interrupted call."""
    return OraError(1013, CANCELLED)


def is_interrupt(error: BaseException) -> bool:
    """Whether DuckDB raised this because of an interrupt."""
    return isinstance(error, duckdb.InterruptException) or str(error).startswith("INTERRUPT")


def _from_duckdb(error: duckdb.Error, to_ora_error: ErrorMapper) -> OraError:
    if is_interrupt(error):
        return cancelled()
    return to_ora_error(error)


_BY_MESSAGE: dict[str, type[duckdb.Error]] = {
    "INTERRUPT Error": duckdb.InterruptException,
    "Conversion Error": duckdb.ConversionException,
    "Invalid Input Error": duckdb.InvalidInputException,
    "Out of Range Error": duckdb.OutOfRangeException,
    "Out of Memory Error": duckdb.OutOfMemoryException,
    "Constraint Error": duckdb.ConstraintException,
    "IO Error": duckdb.IOException,
    "FATAL Error": duckdb.FatalException,
    "INTERNAL Error": duckdb.InternalException,
}


def _named_by_message(message: str) -> duckdb.Error:
    kind = _BY_MESSAGE.get(message.partition(":")[0], duckdb.Error)
    return kind(message)
