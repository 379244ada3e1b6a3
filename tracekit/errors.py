"""Every error tracekit raises, in one tree.

TracekitError
  ConfigError             a setting is missing or invalid
    MissingExtra          an optional package is not installed; names its extra
  ConnectError            the database could not be reached or refused the log-on
    RedirectError         a connection could not be redirected
      DriverRefused       a module that reads Oracle and cannot be redirected was imported
  FetchError              a query failed
    BatchFetchError       some batches of keys failed; lists them
    MemoryBudgetExceeded  a fetch exceeded its memory budget
  AdmissionError          too many keys for this profile
  ExportError             a file of records could not be written, or cannot be read as one
  WorkloadError           a workload is unknown, malformed or could not be built
  MemoryGuardExceeded     a notebook cell used more memory than its guard allows
  ProfileError            a measurement failed
  NotEqual                two outputs differ
  NotComparable           the content of a value or a result cannot be read
  WireError               the Oracle Net stream cannot continue
    LocalWireError        we would send something that the protocol forbids
    RemoteWireError       the client sent something that we cannot read
  JobError                a job is unknown, unfinished, failed or expired
    JobNotFound           the job does not exist, or has expired
    JobNotComplete        its result was requested before it finished, or it never will
    ResultIncomplete      a chunk is missing or its checksum is wrong

A message says what happened, with which value, and what to do about it. Messages never contain a
password or a bind value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class TracekitError(Exception):
    """Base class of all errors that tracekit raises.

    Remedy:
        Catch it to catch all of them. The message says what to do.
    """


class ConfigError(TracekitError):
    """A setting, option or argument is missing or invalid.

    Remedy:
        Change the value in the message to one of the expected ones.
    """


class MissingExtra(ConfigError, ImportError):
    """The packages of an optional extra are not installed.

    Remedy:
        Run the `pip install` command in the message.
    """

    def __init__(self, extra: str, packages: Sequence[str]) -> None:
        self.extra = extra
        self.packages = tuple(packages)
        named = ", ".join(self.packages)
        super().__init__(
            f"{named} {'is' if len(self.packages) == 1 else 'are'} not installed: "
            f"pip install 'tracekit[{extra}]', or '.[{extra}]' in its clone"
        )


class ConnectError(TracekitError):
    """The database could not be reached, or refused the log-on.

    Remedy:
        Check host, port, service and password (`DB_HOST`, `DB_PORT`, `DB_SERVICE`, `DB_USER`,
        `DB_PASSWORD`). The message has the driver's ORA- or DPY- code; `retries` is the number
        of retries.
    """

    retries = 0
    """Number of retries before this was raised."""


class RedirectError(ConnectError):
    """A connection of a redirected program would have gone to another database.

    Remedy:
        Connect with python-oracledb in thin mode, or run the program without the redirect.
    """


class DriverRefused(RedirectError, ImportError):
    """A module that reads Oracle and cannot be redirected was imported.

    Remedy:
        Use python-oracledb, or run the program without the redirect.
    """


class FetchError(TracekitError):
    """A query failed.

    Remedy:
        Look up the ORA- code in the message. A broken connection was retried `retries` times;
        raise `TRACEKIT_RETRY_ATTEMPTS` if the database is unavailable for longer.
    """

    retries = 0
    """Number of retries before this was raised."""


@dataclass(frozen=True)
class BatchFailure:
    """One batch of keys that could not be read."""

    batch_index: int
    """Position of the batch in submission order, from 0."""
    key_count: int
    cause: BaseException

    def __str__(self) -> str:
        retries = getattr(self.cause, "retries", 0)
        tried = f", tried {retries + 1} times" if retries else ""
        return f"batch {self.batch_index} ({self.key_count:,} keys{tried}): {self.cause}"


class BatchFetchError(FetchError):
    """Some batches of keys failed, so the records would be incomplete.

    Remedy:
        Fix the cause that the message gives for each batch, and fetch again; or accept a partial
        result with `records(keys, allow_partial=True)`, whose `failures` lists the rest.
    """

    def __init__(self, query: str, failures: Sequence[BatchFailure], batch_count: int) -> None:
        self.query = query
        self.failures = tuple(failures)
        self.batch_count = batch_count
        lost = sum(failure.key_count for failure in self.failures)
        shown = "; ".join(str(failure).rstrip(".") for failure in self.failures[:3])
        more = f"; and {len(self.failures) - 3} more" if len(self.failures) > 3 else ""
        super().__init__(
            f"{len(self.failures)} of {batch_count} batches of query {query!r} failed, "
            f"{lost:,} keys without records: {shown}{more}. "
            "In Python, records(keys, allow_partial=True) returns the rest and lists the failures."
        )


class MemoryBudgetExceeded(FetchError):
    """A fetch exceeded its memory budget; nothing is returned.

    Remedy:
        Raise `memory_budget`, fetch fewer keys, or read in pieces with `stream`.
    """

    def __init__(self, budget_bytes: int, used_bytes: int, rows: int, keys: int) -> None:
        self.budget_bytes = budget_bytes
        self.used_bytes = used_bytes
        self.rows = rows
        self.keys = keys
        super().__init__(
            f"the fetch used {used_bytes:,} bytes, and its budget is {budget_bytes:,}, after "
            f"{rows:,} rows of {keys:,} keys. Raise memory_budget, fetch fewer keys, or read in "
            "pieces with stream()."
        )


class AdmissionError(TracekitError):
    """A request has more keys than its profile allows.

    Remedy:
        Request fewer keys at once, or raise `TRACE_EVENTS_CID_LIMIT`.
    """

    def __init__(self, key_count: int, limit: int) -> None:
        self.key_count = key_count
        self.limit = limit
        super().__init__(
            f"{key_count:,} keys were requested, and the limit is {limit:,}. "
            "Request fewer, or raise TRACE_EVENTS_CID_LIMIT."
        )


class ExportError(TracekitError):
    """A file of records could not be written, or cannot be read as one.

    Remedy:
        Check the free disk space and the permissions of the path. Write an unreadable file again.
    """


class WorkloadError(TracekitError):
    """A workload is unknown, malformed or could not be built.

    Remedy:
        `tracekit workload list` shows the known ones. The message names the wrong line or table.
    """


class MemoryGuardExceeded(TracekitError, MemoryError):
    """A cell was stopped because the process used more memory than its guard allows.

    Remedy:
        Delete the variables in the message, fetch in pieces, or raise the guard with
        `%memory_guard`.
    """

    def __init__(self, limit_bytes: int, used_bytes: int, held: Sequence[str]) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = used_bytes
        self.held = tuple(held)
        largest = "".join(f"\n  {line}" for line in self.held)
        super().__init__(
            f"the process used {used_bytes:,} bytes, and its guard allows {limit_bytes:,}. "
            f"Most of it is kept alive by:{largest or ' no variable that was found'}\n"
            "Delete some, fetch in pieces, or raise the guard with %memory_guard."
        )


class ProfileError(TracekitError):
    """A measurement failed.

    Remedy:
        Run `tracekit doctor` to see what this machine lacks. Check that the disk is not full.
    """


class NotEqual(TracekitError):
    """Two outputs differ, or are not equal at the required level.

    Remedy:
        The message shows the first differences. Fix the code; or require a lower level, or use
        `unordered`, if the difference is intended.
    """


class NotComparable(TracekitError, TypeError):
    """The content of a value cannot be read, so it cannot be compared.

    Remedy:
        Convert it to a type that compares by content before the comparison.
    """


class WireError(TracekitError):
    """The Oracle Net stream of the local Oracle cannot continue.

    Remedy:
        See the two kinds below.
    """


class LocalWireError(WireError):
    """The local Oracle would have to send something that the protocol forbids.

    Remedy:
        This is a bug in tracekit. Report it with the statement that caused it.
    """


class RemoteWireError(WireError):
    """A client of the local Oracle sent something that cannot be read.

    Remedy:
        Check that the client is a supported driver and that nothing else uses the port.
    """


class JobError(TracekitError):
    """A job is unknown, unfinished, failed or expired.

    Remedy:
        Request the job's status; it has the failure and its reason.
    """


class JobNotFound(JobError):
    """There is no job with this id: it never existed, or it expired.

    Remedy:
        Submit it again. `TRACE_JOB_TTL_SECONDS` sets how long a job is kept.
    """


class JobNotComplete(JobError):
    """A result was requested that does not exist yet, or never will (failed or canceled).

    Remedy:
        Wait while `status` is queued or started. Otherwise `reason` has the failure.
    """

    def __init__(self, message: str, reason: str | None = None, *, status: str = "") -> None:
        self.status = status
        """The job's status."""
        self.reason = reason
        """Code of the job's failure, such as WORKER_OUT_OF_MEMORY; None if it has not failed."""
        super().__init__(message)


class ResultIncomplete(JobError):
    """A chunk of a result is missing or its checksum is wrong.

    Remedy:
        Do not use what was received. Request the stream again; if the chunk is no longer in the
        store, submit the job again.
    """
