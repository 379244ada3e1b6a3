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
    """Where the database is and how hard it may be asked."""

    dsn: str | None = None
    """Host, port and service as drivers take them; None where nothing names a database."""
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    fetchmany_size: int = 5000
    """Rows a row batch holds."""
    call_timeout_ms: int = 300_000
    """Longest one round trip may take."""
    connect_timeout_ms: int = 60_000
    """Longest connecting may take, from TCP until logged on."""
    max_concurrent: int = 5
    """Connections open at once."""
    retry_attempts: int = 3
    """Further attempts after a fault of the connection; 0 for none."""
    retry_wait_ms: int = 500
    """The wait before the first of them; it doubles."""
    retry_max_seconds: int = 60
    """No further attempt begins later than this after the first fault."""


@dataclass(frozen=True)
class FetchSettings:
    """How events are fetched."""

    max_workers: int = 2
    """Batches of ids read at once."""
    cache_skip_cid_threshold: int = 10_000


@dataclass(frozen=True)
class TraceSettings:
    """Limits of the trace service and its jobs."""

    cid_limit: int = 50_000
    max_workers: int = 2
    async_cid_threshold: int = 20_000
    """Requests of more CIDs become jobs; 0 makes a job of every request."""
    job_ttl_seconds: int = 3600
    job_timeout_seconds: int = 1800
    worker_queue: str = "trace-events"
    worker_count: int = 1
    stream_batch_size: int = 5000
    worker_memory_limit_bytes: int | None = None
    """Private writable memory that the process of one shard may have; None for no limit."""
    results_dir: Path | str | None = field(default=None, repr=False)
    """Where results of large jobs are kept as Parquet files: a folder, or the URL of object storage
    (which may hold a password); None for all in Redis."""
    results_dir_cid_threshold: int = 20_000
    """Jobs of more CIDs keep their result in `results_dir`."""
    redis_url: str | None = field(default=None, repr=False)
    redis_key_prefix: str = ""
    """What the keys of jobs and results begin with, before a colon."""


@dataclass(frozen=True)
class ServiceSettings:
    """Who may ask the HTTP service, and how much."""

    token: str | None = field(default=None, repr=False)
    """Bearer token that every request must carry; None asks for none."""
    max_request_bytes: int = 32 * 2**20
    submissions_per_minute: int = 60
    """Fetches one address may ask one process for."""


@dataclass(frozen=True)
class Variable:
    """An environment variable that `Settings.from_env` reads, for whoever writes an environment."""

    name: str
    default: str
    """As it would be written; empty where there is none."""
    meaning: str
    needed: bool = False
    """Whether the service cannot do without it."""


VARIABLES: dict[str, tuple[Variable, ...]] = {
    "The database": (
        Variable("DB_HOST", "", "Host of the Oracle to read.", needed=True),
        Variable("DB_PORT", "1521", "Its port."),
        Variable("DB_SERVICE", "", "Its service name.", needed=True),
        Variable("DB_USER", "", "User that may SELECT the tables of schema DWH.", needed=True),
        Variable("DB_PASSWORD", "", "The user's password; wins over DB_PASSWORD_FILE."),
        Variable("DB_PASSWORD_FILE", "", "File that holds nothing but the password.", needed=True),
        Variable("DB_SLOW_FETCHMANY_SIZE", "5000", "Rows of a row batch."),
        Variable("DB_SLOW_CALL_TIMEOUT_MS", "300000", "Longest one round trip may take."),
        Variable("TRACEKIT_CONNECT_TIMEOUT_MS", "60000", "Longest connecting may take."),
        Variable("DB_SLOW_MAX_CONCURRENT", "5", "Connections that one process opens at once."),
        Variable(
            "TRACEKIT_RETRY_ATTEMPTS", "3", "Further attempts after the connection failed; 0: none."
        ),
        Variable("TRACEKIT_RETRY_WAIT_MS", "500", "The wait before the first; it doubles."),
        Variable("TRACEKIT_RETRY_MAX_SECONDS", "60", "From the first fault to the last attempt."),
    ),
    "The store of jobs, results and cached events": (
        Variable(
            "REDIS_URL", "", "redis://, rediss:// or unix://; may hold a password.", needed=True
        ),
        Variable("REDIS_KEY_PREFIX", "", "What the keys of jobs and results begin with."),
    ),
    "The fetch": (
        Variable("EVENT_FETCHER_MAX_WORKERS", "2", "Batches of ids read at once by a request."),
        Variable(
            "EVENT_FETCHER_CACHE_SKIP_CID_THRESHOLD",
            "10000",
            "Events of requests of more CIDs are not cached.",
        ),
    ),
    "Admission and jobs": (
        Variable("TRACE_EVENTS_CID_LIMIT", "50000", "Most CIDs of a request that is not MSD."),
        Variable(
            "TRACE_EVENTS_MAX_WORKERS",
            "2",
            "Domains a request fetches at once; batches of ids a job's shard reads at once.",
        ),
        Variable("TRACE_ASYNC_CID_THRESHOLD", "20000", "Requests of more CIDs become jobs."),
        Variable("TRACE_JOB_TTL_SECONDS", "3600", "How long a job and its result are kept."),
        Variable(
            "TRACE_JOB_TIMEOUT_SECONDS", "1800", "How long a job may run, all shards together."
        ),
        Variable("TRACE_STREAM_BATCH_SIZE", "5000", "Most records of a chunk of a result."),
        Variable(
            "TRACE_WORKER_QUEUE", "trace-events", "Queue that jobs go to and workers listen to."
        ),
        Variable("TRACE_WORKER_COUNT", "1", "Workers that `serve` starts and `deploy` plans."),
        Variable(
            WORKER_MEMORY_LIMIT,
            "",
            "Private writable memory of a worker's process for one shard, such as 512MiB: a job "
            "that needs more fails with WORKER_OUT_OF_MEMORY instead of taking the machine along.",
        ),
        Variable(
            "TRACEKIT_RESULTS_DIR",
            "",
            "Folder that web processes and workers share, such as /var/lib/tracekit/results, or "
            "the URL of object storage, such as s3://bucket/results?region=eu-central-1: results "
            "of large jobs are kept there as Parquet files instead of in Redis.",
        ),
        Variable(
            "TRACEKIT_RESULTS_DIR_CID_THRESHOLD",
            "20000",
            "Jobs of more CIDs use TRACEKIT_RESULTS_DIR, where that is set.",
        ),
    ),
    "The HTTP service": (
        Variable(
            "TRACEKIT_SERVICE_TOKEN",
            "",
            "Bearer token that requests must carry. Without one only this machine is answered.",
        ),
        Variable("TRACEKIT_MAX_REQUEST_BYTES", "33554432", "Largest body of a request."),
        Variable(
            "TRACEKIT_SUBMISSIONS_PER_MINUTE", "60", "Fetches one address may ask a process for."
        ),
    ),
    "Replays on this machine": (
        Variable("TRACEKIT_CACHE_DIR", "", "Where built workloads are kept; the user's cache."),
        Variable("TRACEKIT_RUNS_DIR", "profiles/runs", "Where `tracekit replay` writes its runs."),
    ),
}
"""Every variable, by what it is about. A test compares this with what `from_env` reads."""


@dataclass(frozen=True)
class Settings:
    """Everything tracekit reads from the environment."""

    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    fetch: FetchSettings = field(default_factory=FetchSettings)
    trace: TraceSettings = field(default_factory=TraceSettings)
    service: ServiceSettings = field(default_factory=ServiceSettings)
    cache_dir: Path = field(default_factory=lambda: platformdirs.user_cache_path("tracekit"))
    """Where built workloads are kept."""
    runs_dir: Path = Path("profiles/runs")
    """Where `tracekit replay` writes its run folders."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """The settings that `environ` (default: the process's environment) states.

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
        raise ConfigError(f"{name}={text!r}: expected an absolute path: all processes use it")
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
        raise ConfigError(f"DB_SERVICE is missing: DB_HOST={host!r} names a host without a service")
    return f"{host}:{port}/{service}"


def _password(env: Mapping[str, str]) -> str | None:
    if env.get("DB_PASSWORD"):
        return env["DB_PASSWORD"]
    file = env.get("DB_PASSWORD_FILE")
    if not file:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        raise ConfigError(f"DB_PASSWORD_FILE={file!r} could not be read: {exc}") from exc
