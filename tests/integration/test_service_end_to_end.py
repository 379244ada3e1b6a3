"""The whole pipeline with its real parts: local Oracle, store, workers, web and Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

from tests.integration.browser import chromium
from tracekit import EventFetcher, LocalOracle, prove
from tracekit.experiment.pipeline import Pipeline
from tracekit.experiment.service_candidate import (
    PipelineResult,
    column_parsers,
    measured_job,
    restore,
)
from tracekit.keyed import Record
from tracekit.oracle import Database
from tracekit.records import Level, ProcessMeasurement
from tracekit.trace.queries import domain_query

MIB = 2**20
DOMAINS = ("history", "upstream_history")
REQUEST_BYTES_PER_CID = 120


@contextmanager
def pipeline_on(cids: int) -> Iterator[tuple[Pipeline, Database, list[str]]]:
    """A warm pipeline on the incident's shape, its database and its CIDs."""
    with LocalOracle("trace-114k", keys=cids) as oracle:
        ids = oracle.keys()
        with Pipeline(oracle.database.arguments) as pipeline:
            measured_job(pipeline, ids[:1], DOMAINS[:1])
            yield pipeline, oracle.database, ids


def process(done: PipelineResult, role: str, phase: str | None = None) -> ProcessMeasurement:
    [found] = [one for one in done.figures.processes if (one.role, one.phase) == (role, phase)]
    return found


def assert_within_bounds(done: PipelineResult, cids: int) -> None:
    accepting = process(done, "web", "accepting the request")
    assert accepting.rss_net_peak_bytes <= 64 * MIB + REQUEST_BYTES_PER_CID * cids
    assert process(done, "web", "streaming the result").rss_net_peak_bytes <= 64 * MIB
    worker = process(done, "worker 1")
    assert 2 * MIB < worker.rss_net_peak_bytes <= 96 * MIB
    assert worker.rss_baseline_bytes > 20 * MIB
    store = process(done, "store")
    assert store.rss_net_peak_bytes >= done.status["result_bytes"] > 10 * cids


def streamed(
    pipeline: Pipeline, database: Database, done: PipelineResult, domain: str, cids: list[str]
) -> Iterator[Record]:
    """One domain's records, of the types they had before they were JSON."""
    parsers = column_parsers(database, domain_query(domain))
    with pipeline.stream(done.job) as records:
        for name, record in records:
            if name == domain:
                restore(record, parsers)
                yield record


def assert_equal_to_synchronous(
    pipeline: Pipeline, database: Database, done: PipelineResult, cids: list[str]
) -> None:
    for domain in DOMAINS:
        synchronous = EventFetcher(database).fetch_events(cids, domain)
        proof = prove(
            synchronous, streamed(pipeline, database, done, domain, cids), level=Level.JSON
        )
        assert proof.raise_for_level().equal


@pytest.mark.timeout(300)
def test_five_thousand_cids_end_to_end() -> None:
    with pipeline_on(5000) as (pipeline, database, cids):
        done = measured_job(pipeline, cids, DOMAINS)
        assert_within_bounds(done, len(cids))
        assert_equal_to_synchronous(pipeline, database, done, cids)
        with chromium() as browser:
            page = browser.new_page()
            page.goto(f"{pipeline.url}api/trace/page#job={done.job.job_id}")
            expect(page.locator("#verdict")).to_contain_text(
                f"complete: {done.status['rows']:,} rows,", timeout=60_000
            )


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_whole_incident_end_to_end() -> None:
    with pipeline_on(114_000) as (pipeline, _, cids):  # its own: memory once grown is used again
        tenth = measured_job(pipeline, cids[:11_400], DOMAINS)
    with pipeline_on(114_000) as (pipeline, database, cids):
        done = measured_job(pipeline, cids, DOMAINS)
        assert done.status["rows"] > 2_000_000
        assert_within_bounds(done, len(cids))
        for role, phase in (("worker 1", None), ("web", "streaming the result")):
            small, large = (process(one, role, phase).rss_net_peak_bytes for one in (tenth, done))
            assert large <= 1.15 * small + 4 * MIB
        assert_equal_to_synchronous(pipeline, database, done, cids)
