"""Settings: read once from the environment, frozen, each overridable by a flag or argument."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

from tracekit.errors import ConfigError


@dataclass(frozen=True)
class DatabaseSettings:
    """Where the database is and how hard it may be asked."""

    dsn: str | None = None
    """`host:port/service`, or None where nothing says which database is meant."""
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
    redis_url: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class ServiceSettings:
    """Who may ask the HTTP service, and how much."""

    token: str | None = field(default=None, repr=False)
    """Bearer token that every request must carry; None asks for none."""
    max_request_bytes: int = 32 * 2**20
    submissions_per_minute: int = 60
    """Fetches one address may ask one process for."""


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
                redis_url=env.get("REDIS_URL") or None,
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
