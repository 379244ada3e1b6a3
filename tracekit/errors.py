"""Every error tracekit raises, in one tree.

TracekitError
  ConfigError             a setting is missing or makes no sense
    MissingExtra          an optional package is not installed; names the extra that brings it
  ConnectError            the database could not be reached or refused us
    RedirectError         a connection would have escaped its redirect
      DriverRefused       a module that reads Oracle and cannot be redirected was imported
  FetchError              a query failed while being read
    BatchFetchError       some batches of keys failed; names them
    MemoryBudgetExceeded  a fetch would outgrow its budget
  AdmissionError          too many keys for this profile
  ExportError             a file of records could not be written, or cannot be read as one
  WorkloadError           a workload is unknown, malformed or could not be built
  MemoryGuardExceeded     a notebook's cell took more memory than its guard allows
  ProfileError            a measurement could not be made
  NotEqual                two outputs differ
  NotComparable           a value or a result does not tell what it holds
  WireError               the Oracle Net stream cannot go on
    LocalWireError        we would send what the protocol forbids
    RemoteWireError       the client sent what we cannot read
  JobError                a job is unknown, unfinished, failed or expired
    JobNotFound           there is no such job, or no more
    JobNotComplete        its result was asked for before it finished, or it never will
    ResultIncomplete      a chunk is missing or its checksum is wrong

A message says what happened, with which value, and what to do about it. Messages never hold a
password or a bind value.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class TracekitError(Exception):
    """Base of everything tracekit raises on purpose.

    Remedy:
        Catch it to catch them all; the message of the one raised says what to do.
    """


class ConfigError(TracekitError):
    """A setting, flag or argument is missing or makes no sense.

    Remedy:
        Change the value that the message names to one of those it expects.
    """


class MissingExtra(ConfigError, ImportError):
    """Packages that an extra of tracekit brings are not installed.

    Remedy:
        Run the `pip install` that the message names.
    """

    def __init__(self, extra: str, packages: Sequence[str]) -> None:
        self.extra = extra
        self.packages = tuple(packages)
        named = ", ".join(self.packages)
        super().__init__(
            f"{named} {'is' if len(self.packages) == 1 else 'are'} not installed: "
            f"pip install 'tracekit[{extra}]'"
        )


class ConnectError(TracekitError):
    """The database could not be reached, or refused the log-on.

    Remedy:
        Check host, port, service and password (`DB_HOST`, `DB_PORT`, `DB_SERVICE`, `DB_USER`,
        `DB_PASSWORD`). The ORA- or DPY- code in the message is the driver's; `retries` says how
        often it was tried again.
    """

    retries = 0
    """How often it was tried again before this was raised."""


class RedirectError(ConnectError):
    """A connection of a redirected program would have reached another database.

    Remedy:
        Connect by python-oracledb in thin mode, or run the program without the redirect.
    """


class DriverRefused(RedirectError, ImportError):
    """A module that reads Oracle and cannot be redirected was imported.

    Remedy:
        Read by python-oracledb, or run the program without the redirect.
    """


class FetchError(TracekitError):
    """A query failed while being read.

    Remedy:
        Look up the ORA- code in the message. A connection that broke was tried again `retries`
        times; raise `TRACEKIT_RETRY_ATTEMPTS` for a database that is away for longer.
    """

    retries = 0
    """How often it was tried again before this was raised."""


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
        Mend the cause that the message names for each batch and fetch again; or accept a part
        with `records(keys, allow_partial=True)`, whose `failures` names the rest.
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
            "In Python, records(keys, allow_partial=True) returns the rest and names the failures."
        )


class MemoryBudgetExceeded(FetchError):
    """A fetch would outgrow its memory budget; nothing of it is returned.

    Remedy:
        Raise `memory_budget`, ask for fewer keys, or read in pieces with `stream`.
    """

    def __init__(self, budget_bytes: int, used_bytes: int, rows: int, keys: int) -> None:
        self.budget_bytes = budget_bytes
        self.used_bytes = used_bytes
        self.rows = rows
        self.keys = keys
        super().__init__(
            f"the fetch reached {used_bytes:,} bytes of its budget of {budget_bytes:,} after "
            f"{rows:,} rows of {keys:,} keys. Raise memory_budget, ask for fewer keys, or read "
            "in pieces with stream()."
        )


class AdmissionError(TracekitError):
    """A request names more keys than its profile may ask for together.

    Remedy:
        Ask for fewer keys in one request, or raise `TRACE_EVENTS_CID_LIMIT`.
    """

    def __init__(self, key_count: int, limit: int) -> None:
        self.key_count = key_count
        self.limit = limit
        super().__init__(
            f"{key_count:,} keys were asked for, the limit is {limit:,}. "
            "Ask for fewer, or raise TRACE_EVENTS_CID_LIMIT."
        )


class ExportError(TracekitError):
    """A file of records could not be written, or cannot be read as one.

    Remedy:
        Check the disk's space and the path's rights. Export again a file that cannot be read.
    """


class WorkloadError(TracekitError):
    """A workload is unknown, malformed or could not be built.

    Remedy:
        `tracekit workload list` shows the known ones. The message names the line or the table that
        is wrong.
    """


class MemoryGuardExceeded(TracekitError, MemoryError):
    """A cell was stopped because the process held more than its memory guard allows.

    Remedy:
        Free the variables that the message names, fetch in pieces, or raise the guard with
        `%memory_guard`.
    """

    def __init__(self, limit_bytes: int, used_bytes: int, held: Sequence[str]) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = used_bytes
        self.held = tuple(held)
        largest = "".join(f"\n  {line}" for line in self.held)
        super().__init__(
            f"the process held {used_bytes:,} bytes, its guard allows {limit_bytes:,}. "
            f"Most of it is kept alive:{largest or ' by no variable that was found'}\n"
            "Free some, fetch in pieces, or raise the guard with %memory_guard."
        )


class ProfileError(TracekitError):
    """A measurement could not be made.

    Remedy:
        Run `tracekit doctor`: it says what this machine lacks. Check that the disk is not full.
    """


class NotEqual(TracekitError):
    """Two outputs differ, or are not as equal as they had to be.

    Remedy:
        The message shows the first differences. Mend the code; or ask for a lower level, or for
        `unordered`, if the difference is meant.
    """


class NotComparable(TracekitError, TypeError):
    """A value does not tell what it holds, so nothing can be said about its equality.

    Remedy:
        Convert it before the comparison to a type that compares by content.
    """


class WireError(TracekitError):
    """The Oracle Net stream of the local Oracle cannot go on.

    Remedy:
        See the two kinds below.
    """


class LocalWireError(WireError):
    """The local Oracle would have to send what the protocol forbids.

    Remedy:
        It is a defect of tracekit: report it with the statement that caused it.
    """


class RemoteWireError(WireError):
    """A client of the local Oracle sent what cannot be read.

    Remedy:
        Check that the client is a supported driver and that nothing else uses the port.
    """


class JobError(TracekitError):
    """A job is unknown, unfinished, failed or expired.

    Remedy:
        Ask for the job's status; it names the failure and its reason.
    """


class JobNotFound(JobError):
    """There is no job of this id: it never was, or it expired.

    Remedy:
        Submit it again. `TRACE_JOB_TTL_SECONDS` says how long a job is kept.
    """


class JobNotComplete(JobError):
    """A result was asked for that is not there yet, or never will be: failed or canceled.

    Remedy:
        Wait while `status` is queued or started. Otherwise `reason` names the failure.
    """

    def __init__(self, message: str, reason: str | None = None, *, status: str = "") -> None:
        self.status = status
        """Where the job stands, as its status says."""
        self.reason = reason
        """Code of the job's failure, such as WORKER_OUT_OF_MEMORY; None where it has not failed."""
        super().__init__(message)


class ResultIncomplete(JobError):
    """A chunk of a result is missing or its checksum is wrong.

    Remedy:
        Do not use what was received. Ask for the stream again; if the chunk is gone from the
        store, submit the job again.
    """
