"""Shared by the endpoints: settings, the database, the queue."""

from __future__ import annotations

from contextlib import closing
from itertools import chain, islice
from typing import Any

from redis.exceptions import RedisError

from tracekit.config import Settings
from tracekit.errors import JobNotFound
from tracekit.jobs import AGGREGATED_PROFILES, PROFILES, TraceJobs, connect_store
from tracekit.keyed import KeyedFetcher
from tracekit.keyed.records_cache import CachedFetcher, RecordsCache
from tracekit.oracle import Database
from tracekit.service.admission import Admission, admit
from tracekit.service.events_request import EventsRequest
from tracekit.service.problems import Problem
from tracekit.service.synchronous import FetchesRecords, events_document
from tracekit.trace import DOMAINS, domain_query
from tracekit.trace.queries import SHORT_TTL_SECONDS

_ALL_IDS = "SELECT CONTAINERID FROM DW_MES_CONTAINER ORDER BY CONTAINERID"
_COUNT_IDS = "SELECT COUNT(*) AS CIDS FROM DW_MES_CONTAINER"


class TraceService:
    """Serves valid requests.

    Args:
        settings: Limits and locations.
        database: The database to read; None for the one that the settings name.
        jobs: The queue; None for the one of the settings' REDIS_URL, if that is set.
        workload: Name of the workload that a local Oracle serves, if one does.

    Raises:
        ConfigError: no database is named, or REDIS_URL is malformed.
    """

    def __init__(
        self,
        settings: Settings,
        database: Database | None,
        jobs: TraceJobs | None,
        workload: str | None,
    ) -> None:
        self.settings = settings
        self._database = database or Database.from_env(settings)
        self._workload = workload
        self._cache: RecordsCache | None = None
        self._jobs = jobs
        if settings.trace.redis_url is not None:
            self._jobs = jobs or TraceJobs(connect_store(settings.trace), settings.trace)
            self._cache = RecordsCache(
                connect_store(settings.trace, patient=False),
                source=str(self._database.dsn),
                skip_threshold=settings.fetch.cache_skip_cid_threshold,
                ttl_seconds=SHORT_TTL_SECONDS,
            )

    @property
    def jobs(self) -> TraceJobs:
        """The queue.

        Raises:
            JobNotFound: there is no queue, so there are no jobs.
        """
        if self._jobs is None:
            raise JobNotFound("there are no jobs, because REDIS_URL is not set.")
        return self._jobs

    def submit_if_large(self, wanted: EventsRequest) -> str | None:
        """Queue a large request; None if it is to be answered immediately.

        Raises:
            AdmissionError: it is too large for an immediate answer, and there is no queue.
        """
        trace, count = self.settings.trace, len(wanted.container_ids)
        if admit(wanted.profile, count, trace, self._queue_at_hand) is Admission.AT_ONCE:
            return None
        warnings = []
        if count > trace.cid_limit and wanted.profile in AGGREGATED_PROFILES:
            said = f"{count:,} CIDs are above the limit of {trace.cid_limit:,}."
            warnings.append(("CID_LIMIT_EXCEEDED", said))
        return self.jobs.submit(
            wanted.profile,
            wanted.container_ids,
            [domain_query(domain) for domain in wanted.domains],
            warnings=warnings,
        )

    def _fetcher_of(self, domain: str) -> FetchesRecords:
        fetcher = KeyedFetcher(
            self._database, domain_query(domain), max_workers=self.settings.fetch.max_workers
        )
        return fetcher if self._cache is None else CachedFetcher(fetcher, self._cache)

    def fetch(self, wanted: EventsRequest) -> list[bytes]:
        """The JSON document of the events, in pieces."""
        return events_document(
            self._fetcher_of, wanted, max_workers=self.settings.trace.max_workers
        )

    def workload_ids(self, limit: int) -> dict[str, Any]:
        """The first `limit` CIDs of the workload.

        Raises:
            Problem: 404 NO_WORKLOAD if the database is not a local Oracle.
        """
        if self._workload is None:
            said = "only a service on a local Oracle knows its workload's CIDs."
            raise Problem(404, "NO_WORKLOAD", said)
        with closing(self._database.read_sql_df_slow_iter(_COUNT_IDS)) as counted:
            total = next(iter(counted))[1][0][0]
        with closing(self._database.read_sql_df_slow_iter(_ALL_IDS)) as batches:
            rows = chain.from_iterable(batch for _, batch in batches)
            cids = [row[0] for row in islice(rows, limit)]
        return {"workload": self._workload, "total": total, "container_ids": cids}

    def about(self) -> dict[str, Any]:
        """What can be requested, and the limits."""
        trace = self.settings.trace
        return {
            "profiles": PROFILES,
            "domains": list(DOMAINS),
            "workload": self._workload,
            "queue": self._jobs is not None,
            "async_cid_threshold": trace.async_cid_threshold,
            "cid_limit": trace.cid_limit,
        }

    def _queue_at_hand(self) -> bool:
        # Workers can start later; a job only needs the store.
        try:
            return self._jobs is not None and self._jobs.worker_count() >= 0
        except RedisError:
            return False
