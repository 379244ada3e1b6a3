"""Settings: read once from the environment, frozen, each overridable by a flag or argument."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import platformdirs

from tracekit.errors import ConfigError
from tracekit.sizes import parse_size

WORKER_MEMORY_LIMIT = "TRACEKIT_WORKER_MEMORY_LIMIT"
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


@dataclass(frozen=True)
class DatabaseSettings:
    """The database and the limits of its use."""

    dsn: str | None = None
    """Host, port and service as drivers take them; None if no database is named."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    fetchmany_size: int = 5000
    """Rows in a row batch."""
    call_timeout_ms: int = 300_000
    """Time limit of one round trip."""
    connect_timeout_ms: int = 60_000
    """Time limit of connecting, from TCP to the completed log-on."""
    max_concurrent: int = 5
    """Maximum number of open connections."""
    retry_attempts: int = 3
    """Number of retries after a connection fault; 0 for none."""
    retry_wait_ms: int = 500
    """Wait before the first retry; it doubles each time."""
    retry_max_seconds: int = 60
    """No retry starts later than this after the first fault."""


@dataclass(frozen=True)
class FetchSettings:
    """Settings of the fetch."""

    max_workers: int = 2
    """Batches of keys read at once."""
    cache_skip_cid_threshold: int = 10_000


@dataclass(frozen=True)
class TraceSettings:
    """Limits of the trace service and its jobs."""

    cid_limit: int = 50_000
    max_workers: int = 2
    async_cid_threshold: int = 20_000
    """Requests for more CIDs become jobs; 0 makes a job of every request."""
    job_ttl_seconds: int = 3600
    job_timeout_seconds: int = 1800
    worker_queue: str = "trace-events"
    worker_count: int = 1
    stream_batch_size: int = 5000
    worker_memory_limit_bytes: int | None = None
    """Limit of the private writable memory of a shard's process; None for no limit."""
    results_dir: Path | str | None = field(default=None, repr=False)
    """Folder or object storage URL (which can include a password) for results of large jobs, kept
    as Parquet files; None to keep all in Redis."""
    results_dir_cid_threshold: int = 20_000
    """Results of jobs with more CIDs are kept in `results_dir`."""
    redis_url: str | None = field(default=None, repr=False)
    redis_key_prefix: str = ""
    """Prefix of the keys of jobs and results, before a colon."""


@dataclass(frozen=True)
class ServiceSettings:
    """Access to the HTTP service, and its limits."""

    token: str | None = field(default=None, repr=False)
    """Bearer token that every request must carry; None for none."""
    max_request_bytes: int = 32 * 2**20
    submissions_per_minute: int = 60
    """Maximum number of requests for events per address and process."""


@dataclass(frozen=True)
class Variable:
    """An environment variable, described for templates and the documentation."""

    name: str
    default: str
    """The default as text; empty if there is none."""
    meaning: str
    kind: str = "text"
    """The type of its value: `whole number`, `size`, `folder`, ..."""
    needed: bool = False
    """Whether the service cannot run without it."""


_NUMBER = "whole number"

VARIABLES: dict[str, tuple[Variable, ...]] = {
    "The database": (
        Variable("DB_HOST", "", "Host of the Oracle database to read.", needed=True),
        Variable("DB_PORT", "1521", "Port of its listener.", _NUMBER),
        Variable("DB_SERVICE", "", "Its service name.", needed=True),
        Variable(
            "DB_USER", "", "User with the right to SELECT the tables of schema DWH.", needed=True
        ),
        Variable("DB_PASSWORD", "", "The user's password; overrides DB_PASSWORD_FILE."),
        Variable(
            "DB_PASSWORD_FILE", "", "File that contains only the password.", "file", needed=True
        ),
        Variable("DB_SLOW_FETCHMANY_SIZE", "5000", "Rows in a row batch.", _NUMBER),
        Variable(
            "DB_SLOW_CALL_TIMEOUT_MS", "300000", "Time limit of one round trip.", "milliseconds"
        ),
        Variable(
            "TRACEKIT_CONNECT_TIMEOUT_MS",
            "60000",
            "Time limit of connecting, including the log-on.",
            "milliseconds",
        ),
        Variable(
            "DB_SLOW_MAX_CONCURRENT", "5", "Maximum number of connections of one process.", _NUMBER
        ),
        Variable(
            "TRACEKIT_RETRY_ATTEMPTS",
            "3",
            "Number of retries after a connection fault; 0 disables them.",
            _NUMBER,
        ),
        Variable(
            "TRACEKIT_RETRY_WAIT_MS",
            "500",
            "Wait before the first retry; it doubles each time.",
            "milliseconds",
        ),
        Variable(
            "TRACEKIT_RETRY_MAX_SECONDS",
            "60",
            "No retry starts later than this after the first fault.",
            "seconds",
        ),
    ),
    "The store of jobs, results and cached events": (
        Variable(
            "REDIS_URL",
            "",
            "redis://, rediss:// or unix://; can include a password.",
            "URL",
            needed=True,
        ),
        Variable("REDIS_KEY_PREFIX", "", "Prefix of the keys of jobs and results."),
    ),
    "The fetch": (
        Variable(
            "EVENT_FETCHER_MAX_WORKERS", "2", "Batches of keys that a fetch reads at once.", _NUMBER
        ),
        Variable(
            "EVENT_FETCHER_CACHE_SKIP_CID_THRESHOLD",
            "10000",
            "Results of requests for more CIDs are not cached.",
            _NUMBER,
        ),
    ),
    "Admission and jobs": (
        Variable(
            "TRACE_EVENTS_CID_LIMIT",
            "50000",
            "Maximum number of CIDs of a request whose profile is not MSD.",
            _NUMBER,
        ),
        Variable(
            "TRACE_EVENTS_MAX_WORKERS",
            "2",
            "Domains that a request fetches at once, and batches of keys that a job's shard reads "
            "at once.",
            _NUMBER,
        ),
        Variable(
            "TRACE_ASYNC_CID_THRESHOLD",
            "20000",
            "Requests for more CIDs become jobs; 0 makes a job of every request.",
            _NUMBER,
        ),
        Variable(
            "TRACE_JOB_TTL_SECONDS", "3600", "How long a job and its result are kept.", "seconds"
        ),
        Variable(
            "TRACE_JOB_TIMEOUT_SECONDS",
            "1800",
            "Time limit of a job, over all its shards.",
            "seconds",
        ),
        Variable(
            "TRACE_STREAM_BATCH_SIZE", "5000", "Maximum number of records in a chunk.", _NUMBER
        ),
        Variable("TRACE_WORKER_QUEUE", "trace-events", "Queue of jobs."),
        Variable(
            "TRACE_WORKER_COUNT",
            "1",
            "Number of workers that `tracekit serve` starts and `tracekit deploy` sets up.",
            _NUMBER,
        ),
        Variable(
            WORKER_MEMORY_LIMIT,
            "",
            "Limit of the private memory of a worker's process for one shard, such as 512MiB. A "
            "job that needs more fails with WORKER_OUT_OF_MEMORY.",
            "size",
        ),
        Variable(
            "TRACEKIT_RESULTS_DIR",
            "",
            "Folder shared by web processes and workers, such as /var/lib/tracekit/results, or URL "
            "of object storage, such as s3://bucket/results?region=eu-central-1. Results of large "
            "jobs are kept there as Parquet files instead of in Redis.",
            "folder or URL",
        ),
        Variable(
            "TRACEKIT_RESULTS_DIR_CID_THRESHOLD",
            "20000",
            "Jobs of more CIDs use TRACEKIT_RESULTS_DIR, if that is set.",
            _NUMBER,
        ),
    ),
    "The HTTP service": (
        Variable(
            "TRACEKIT_SERVICE_TOKEN",
            "",
            "Bearer token that requests must carry. Without one, only requests from this machine "
            "are answered.",
        ),
        Variable(
            "TRACEKIT_MAX_REQUEST_BYTES", "33554432", "Maximum size of a request's body.", "bytes"
        ),
        Variable(
            "TRACEKIT_SUBMISSIONS_PER_MINUTE",
            "60",
            "Maximum number of requests for events per address and process.",
            _NUMBER,
        ),
    ),
    "Replays on this machine": (
        Variable(
            "TRACEKIT_CACHE_DIR",
            "",
            "Folder of built workloads; by default in the user's cache.",
            "folder",
        ),
        Variable("TRACEKIT_RUNS_DIR", "profiles/runs", "Folder for runs.", "folder"),
    ),
}
"""The variables of `Settings.from_env`, by topic. A test compares them with what it reads."""

COMMAND_VARIABLES = (
    Variable(
        "TRACEKIT_LOCALDB_PASSWORD", "", "Password of `tracekit localdb`; by default a random one."
    ),
    Variable(
        "TRACEKIT_HOST_NAME",
        "",
        "Host name that `tracekit worker --measure` reports; by default the machine's.",
    ),
    Variable(
        "TRACEKIT_WALLET_PASSWORD",
        "",
        "Password of the wallet, in a process that fetches a partition.",
    ),
)
"""Variables that are read only where they are used."""


@dataclass(frozen=True)
class Settings:
    """Everything tracekit reads from the environment."""

    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    trace: TraceSettings = field(default_factory=TraceSettings)
    service: ServiceSettings = field(default_factory=ServiceSettings)
    cache_dir: Path = field(default_factory=lambda: platformdirs.user_cache_path("tracekit"))
    """Folder of built workloads."""
    runs_dir: Path = Path("profiles/runs")
    """Folder for runs."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from `environ`, by default the process's environment.

        Raises:
            ConfigError: a value is malformed, or DB_PASSWORD_FILE cannot be read.
        """
        env = os.environ if environ is None else environ
        return cls(
            database=DatabaseSettings(
                dsn=_dsn(env),
                user=env.get("DB_USER") or None,
                password=_password(env),
                fetchmany_size=_positive(env, "DB_SLOW_FETCHMANY_SIZE", 5000),
                call_timeout_ms=_positive(env, "DB_SLOW_CALL_TIMEOUT_MS", 300_000),
                connect_timeout_ms=_positive(env, "TRACEKIT_CONNECT_TIMEOUT_MS", 60_000),
                max_concurrent=_positive(env, "DB_SLOW_MAX_CONCURRENT", 5),
                retry_attempts=_natural(env, "TRACEKIT_RETRY_ATTEMPTS", 3),
                retry_wait_ms=_positive(env, "TRACEKIT_RETRY_WAIT_MS", 500),
                retry_max_seconds=_positive(env, "TRACEKIT_RETRY_MAX_SECONDS", 60),
            ),
            fetch=FetchSettings(
                max_workers=_positive(env, "EVENT_FETCHER_MAX_WORKERS", 2),
                cache_skip_cid_threshold=_positive(
                    env, "EVENT_FETCHER_CACHE_SKIP_CID_THRESHOLD", 10_000
                ),
            ),
            trace=TraceSettings(
                cid_limit=_positive(env, "TRACE_EVENTS_CID_LIMIT", 50_000),
                max_workers=_positive(env, "TRACE_EVENTS_MAX_WORKERS", 2),
                async_cid_threshold=_natural(env, "TRACE_ASYNC_CID_THRESHOLD", 20_000),
                job_ttl_seconds=_positive(env, "TRACE_JOB_TTL_SECONDS", 3600),
                job_timeout_seconds=_positive(env, "TRACE_JOB_TIMEOUT_SECONDS", 1800),
                worker_queue=env.get("TRACE_WORKER_QUEUE") or "trace-events",
                worker_count=_positive(env, "TRACE_WORKER_COUNT", 1),
                stream_batch_size=_positive(env, "TRACE_STREAM_BATCH_SIZE", 5000),
                worker_memory_limit_bytes=_size(env, WORKER_MEMORY_LIMIT),
                results_dir=_folder_or_url(env, "TRACEKIT_RESULTS_DIR"),
                results_dir_cid_threshold=_positive(
                    env, "TRACEKIT_RESULTS_DIR_CID_THRESHOLD", 20_000
                ),
                redis_url=env.get("REDIS_URL") or None,
                redis_key_prefix=env.get("REDIS_KEY_PREFIX", ""),
            ),
            service=ServiceSettings(
                token=env.get("TRACEKIT_SERVICE_TOKEN") or None,
                max_request_bytes=_positive(env, "TRACEKIT_MAX_REQUEST_BYTES", 32 * 2**20),
                submissions_per_minute=_positive(env, "TRACEKIT_SUBMISSIONS_PER_MINUTE", 60),
            ),
            cache_dir=Path(env["TRACEKIT_CACHE_DIR"])
            if env.get("TRACEKIT_CACHE_DIR")
            else platformdirs.user_cache_path("tracekit"),
            runs_dir=Path(env.get("TRACEKIT_RUNS_DIR") or "profiles/runs"),
        )


def _positive(env: Mapping[str, str], name: str, default: int) -> int:
    return _natural(env, name, default, least=1)


def _natural(env: Mapping[str, str], name: str, default: int, *, least: int = 0) -> int:
    text = env.get(name, "")
    if text == "":
        return default
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise ConfigError(f"{name}={text!r}: expected a whole number of at least {least}")
    return int(text)


def _size(env: Mapping[str, str], name: str) -> int | None:
    text = env.get(name)
    return parse_size(text, name=name) if text else None


def _folder_or_url(env: Mapping[str, str], name: str) -> Path | str | None:
    text = env.get(name)
    if not text:
        return None
    if _URL.match(text):
        local = text.startswith("file://")
        return Path(unquote(urlsplit(text).path)) if local else text
    if not Path(text).is_absolute():
        raise ConfigError(
            f"{name}={text!r}: expected an absolute path, because all processes share it"
        )
    return Path(text)


def _dsn(env: Mapping[str, str]) -> str | None:
    host = env.get("DB_HOST")
    if not host:
        return None
    port = _positive(env, "DB_PORT", 1521)
    if port > 65_535:
        raise ConfigError(f"DB_PORT={env['DB_PORT']!r}: expected a port of at most 65535")
    service = env.get("DB_SERVICE")
    if not service:
        raise ConfigError(f"DB_SERVICE is not set, but DB_HOST={host!r} is. Set both")
    return f"{host}:{port}/{service}"


def _password(env: Mapping[str, str]) -> str | None:
    if env.get("DB_PASSWORD"):
        return env["DB_PASSWORD"]
    file = env.get("DB_PASSWORD_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text(encoding="utf-8-sig").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"DB_PASSWORD_FILE={file!r} could not be read: {exc}") from exc
