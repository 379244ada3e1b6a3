"""The endpoints in an app of the user's own: real store, real local Oracle, real worker."""

from __future__ import annotations

import gzip
import io
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.integration.jobs_bench import JobsBench, jobs_bench
from tracekit import EventFetcher
from tracekit.config import ServiceSettings, Settings, TraceSettings
from tracekit.jsonvalue import encode
from tracekit.ndjson import read_stream
from tracekit.oracle import Database
from tracekit.service import trace_blueprint

DOMAINS = ["history", "holds"]
EVENTS = "/api/trace/events"
Client = Callable[..., FlaskClient]


@pytest.fixture(scope="module")
def bench() -> Iterator[JobsBench]:
    with jobs_bench() as found:
        yield found


def app_client(bench: JobsBench, **options: Any) -> FlaskClient:
    """A client of an app with its own service; options are TraceSettings or ServiceSettings."""
    service = {k: options.pop(k) for k in list(options) if k in ServiceSettings.__annotations__}
    where: dict[str, Any] = {"database": options.pop("database", bench.oracle.database)}
    where |= {"workload": options.pop("workload", None)}
    redis_url = options.pop("redis_url", bench.store.url)
    settings = replace(
        Settings(),
        trace=TraceSettings(redis_url=redis_url, **options),
        service=ServiceSettings(**service),
    )
    app = Flask(__name__)
    app.register_blueprint(trace_blueprint(settings=settings, **where))
    return app.test_client()


def asked(cids: list[str], profile: str = "query_tool") -> dict[str, Any]:
    return {"profile": profile, "container_ids": cids, "domains": DOMAINS}


def expected(bench: JobsBench, cids: list[str]) -> dict[str, list[Any]]:
    fetcher = EventFetcher(bench.oracle.database)
    return {
        domain: json.loads(
            encode([r for rs in fetcher.fetch_events(cids, domain).values() for r in rs])
        )
        for domain in DOMAINS
    }


def finished_job(bench: JobsBench, client: FlaskClient) -> dict[str, Any]:
    answer = client.post(EVENTS, json=asked(bench.cids))
    assert answer.status_code == 202
    with bench.worker(burst=True):
        pass
    accepted: dict[str, Any] = answer.json or {}
    assert accepted["async"] is True
    return accepted


def test_a_small_request_is_answered_at_once_and_from_the_cache_again(bench: JobsBench) -> None:
    client = app_client(bench)
    wanted = expected(bench, bench.cids)
    first, again = (client.post(EVENTS, json=asked(bench.cids)) for _ in range(2))
    assert first.status_code == 200
    assert first.json is not None
    assert {name: one["data"] for name, one in first.json["results"].items()} == wanted
    assert {name: one["count"] for name, one in first.json["results"].items()} == {
        name: len(rows) for name, rows in wanted.items()
    }
    assert first.data == again.data
    packed = client.post(EVENTS, json=asked(bench.cids), headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == first.data


def test_a_large_request_becomes_a_job_that_streams_the_same(bench: JobsBench) -> None:
    client = app_client(bench, async_cid_threshold=10)
    accepted = finished_job(bench, client)
    status = client.get(accepted["status_url"]).json or {}
    assert (status["status"], status["progress"]) == ("finished", 1.0)
    assert status["peak_bytes"] > 10 * 2**20
    lines = client.get(accepted["stream_url"])
    assert lines.mimetype == "application/x-ndjson"
    assert accepted["stream_url"].startswith("/api/trace/job/")
    found: dict[str, list[Any]] = {domain: [] for domain in DOMAINS}
    for domain, record in read_stream(lines.data.splitlines(keepends=True)):
        found[domain].append(record)
    assert found == expected(bench, bench.cids)
    packed = client.get(accepted["stream_url"], headers={"Accept-Encoding": "gzip"})
    assert gzip.decompress(packed.data) == lines.data

    resumed = client.get(accepted["stream_url"] + "?after=history:0").data.splitlines()
    assert json.loads(resumed[0])["resumed"]["after"] == "history:0"
    assert json.loads(resumed[-1])["rows"] == json.loads(lines.data.splitlines()[-1])["rows"]

    page = client.get(accepted["result_url"] + "?domain=history&offset=3&limit=4").json or {}
    assert page["records"] == found["history"][3:7]
    assert page["total"] == len(found["history"])


def test_a_job_can_be_canceled_and_its_stream_is_refused(bench: JobsBench) -> None:
    client = app_client(bench, async_cid_threshold=10)
    accepted = client.post(EVENTS, json=asked(bench.cids)).json or {}
    queued = client.get(accepted["status_url"]).json or {}
    assert (queued["status"], queued["workers_listening"]) == ("queued", 0)
    assert client.get(accepted["stream_url"]).status_code == 409
    assert (client.delete(accepted["status_url"]).json or {})["status"] == "canceled"
    refused = client.get(accepted["stream_url"])
    assert (refused.json or {})["error"]["code"] == "JOB_NOT_COMPLETE"


def test_a_chunk_that_is_gone_ends_the_stream_with_an_error_line(bench: JobsBench) -> None:
    client = app_client(bench, async_cid_threshold=10)
    accepted = finished_job(bench, client)
    assert bench.redis.delete(f"trace:job:{accepted['job_id']}:result:history:0") == 1
    last = json.loads(client.get(accepted["stream_url"]).data.splitlines()[-1])
    assert (last["type"], last["code"]) == ("error", "RESULT_INCOMPLETE")
    page = client.get(accepted["result_url"] + "?domain=history")
    assert (page.status_code, (page.json or {})["error"]["code"]) == (502, "RESULT_INCOMPLETE")


class Unreachable(Database):
    """Fails the test that lets it be asked."""

    def __init__(self) -> None:
        super().__init__("127.0.0.1:1/NONE", "nobody", "nothing")


def test_too_many_cids_are_refused_before_any_query(bench: JobsBench) -> None:
    client = app_client(bench, database=Unreachable(), redis_url=None, cid_limit=2)
    answer = client.post(EVENTS, json=asked(["A", "B", "C"]))
    assert answer.status_code == 413
    error = (answer.json or {})["error"]
    assert (error["code"], error["cid_count"], error["limit"]) == ("CID_LIMIT_EXCEEDED", 3, 2)


def test_msd_is_never_refused_and_failing_domains_are_named(
    bench: JobsBench, caplog: pytest.LogCaptureFixture
) -> None:
    client = app_client(bench, database=Unreachable(), redis_url=None, cid_limit=2)
    with caplog.at_level(logging.WARNING):
        answer = client.post(EVENTS, json=asked(["SECRET-1", "B", "C"], "mid_section_defect"))
    body = answer.json or {}
    assert (answer.status_code, body["failed_domains"]) == (200, DOMAINS)
    assert body["error"]["code"] == "EVENTS_PARTIAL_FAILURE"
    assert "the limit is 2" in caplog.text
    assert "SECRET-1" not in caplog.text + answer.text


@pytest.mark.parametrize("method", ["get", "delete"])
def test_an_unknown_job_is_404(bench: JobsBench, method: str) -> None:
    for client in (app_client(bench), app_client(bench, redis_url=None)):
        answer = client.open("/api/trace/job/unknown", method=method.upper())
        assert answer.status_code == 404
        assert (answer.json or {})["error"]["code"] == "JOB_NOT_FOUND"


def test_a_lost_store_is_an_error_that_says_so(bench: JobsBench) -> None:
    client = app_client(bench, redis_url="unix:///nowhere/store.sock", async_cid_threshold=1)
    assert client.get("/api/trace/job/x").status_code == 503


def test_what_a_client_may_not_send(bench: JobsBench) -> None:
    client = app_client(bench, max_request_bytes=1000)
    large = client.post(EVENTS, json=asked(["A" * 30] * 100))
    assert (large.status_code, (large.json or {})["error"]["code"]) == (413, "REQUEST_TOO_LARGE")
    form = client.post(EVENTS, data=json.dumps(asked(["A"])), content_type="text/plain")
    assert form.status_code == 415
    assert client.post(EVENTS, json={"profile": "x"}).status_code == 400
    in_chunks = client.post(
        EVENTS,
        input_stream=io.BytesIO(json.dumps(asked(["A" * 30] * 100)).encode()),
        headers={"Content-Type": "application/json", "Transfer-Encoding": "chunked"},
        environ_base={"wsgi.input_terminated": True},
    )
    assert in_chunks.status_code == 413
    deep = app_client(bench).post(
        EVENTS, data=b'{"a":' * 200_000 + b"1" + b"}" * 200_000, content_type="application/json"
    )
    assert (deep.status_code, (deep.json or {})["error"]["code"]) == (400, "INVALID_JSON")
    assert client.get("/api/trace/job/x/stream?after=nonsense").status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("PUT", "events", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "events", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "job/x", 405, "METHOD_NOT_ALLOWED"),
        ("DELETE", "job/x/stream", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "nothing/here", 404, "NOT_FOUND"),
        ("POST", "", 404, "NOT_FOUND"),
        ("GET", "static/nothing.js", 404, "NOT_FOUND"),
    ],
)
def test_wrong_methods_and_paths_are_json_errors(
    bench: JobsBench, method: str, path: str, status: int, code: str
) -> None:
    answer = app_client(bench).open(f"/api/trace/{path}", method=method)
    assert (answer.status_code, (answer.json or {})["error"]["code"]) == (status, code)
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_full_store_is_named(bench: JobsBench) -> None:
    client = app_client(bench, async_cid_threshold=5)
    bench.redis.config_set("maxmemory", bench.redis.info("memory")["used_memory"] - 100_000)
    try:
        answer = client.post(EVENTS, json=asked(bench.cids))
    finally:
        bench.redis.config_set("maxmemory", 0)
    error = (answer.json or {})["error"]
    assert (answer.status_code, error["code"]) == (507, "STORE_FULL")
    assert "maxmemory" in error["message"]


def test_a_damaged_entry_of_the_store_is_not_an_internal_error(bench: JobsBench) -> None:
    client = app_client(bench, async_cid_threshold=5)
    job_id = (client.post(EVENTS, json=asked(bench.cids)).json or {})["job_id"]
    bench.redis.hset(f"trace:job:{job_id}:meta", "created_at", "nan")
    for path in ("", "/result?domain=history", "/result", "/stream"):
        answer = client.get(f"/api/trace/job/{job_id}{path}")
        assert answer.status_code == 502
        assert (answer.json or {})["error"]["code"] == "RESULT_INCOMPLETE"
    bench.redis.delete(f"trace:job:{job_id}:result")
    bench.redis.lpush(f"trace:job:{job_id}:result", "no text")
    refused = client.get(f"/api/trace/job/{job_id}/stream")
    assert (refused.json or {})["error"]["code"] == "STORE_REFUSED"
    bench.redis.flushall()


def test_clients_of_the_legacy_system_read_jobs(bench: JobsBench) -> None:
    client = app_client(bench, async_cid_threshold=5, cid_limit=10)
    request = asked(bench.cids, "mid_section_defect")
    accepted = client.post(EVENTS, json=request).json or {}
    early = client.get(accepted["stream_url"])
    assert (early.status_code, (early.json or {})["status"]) == (409, "queued")
    with bench.worker(burst=True):
        pass
    assert (client.get(accepted["status_url"]).json or {})["cid_count"] == len(bench.cids)

    read: dict[str, list[Any]] = {}
    totals: dict[str, int] = {}
    for line in map(json.loads, client.get(accepted["stream_url"]).data.splitlines()):
        match line["type"]:
            case "domain_start":
                totals[line["domain"]] = line["total"]
                read[line["domain"]] = []
            case "records":
                assert line["count"] == len(line["data"])
                read[line["domain"]] += line["data"]
            case "domain_end":
                assert line["count"] == totals[line["domain"]] == len(read[line["domain"]])
            case "warning":
                assert line["failed_domains"] == []
            case "aggregation":
                [(domain, sums)] = line["data"].items()
                assert sums["rows"] == totals[domain]
            case "complete":
                assert line["total_records"] == sum(totals.values())
    assert read == expected(bench, bench.cids)

    whole = client.get(f"{accepted['status_url']}/result").json or {}
    assert {domain: part["data"] for domain, part in whole["results"].items()} == read
    assert whole["totals"] == totals
    some = client.get(f"{accepted['status_url']}/result?offset=3&limit=4").json or {}
    assert some["results"] == {
        domain: {"data": rows[3:7], "count": len(rows[3:7])} for domain, rows in read.items()
    }
    at_once = app_client(bench).post(EVENTS, json=request).json or {}
    assert at_once["aggregation"] == whole["aggregation"]


def test_keys_carry_the_prefix_that_the_settings_name(bench: JobsBench) -> None:
    bench.redis.flushall()
    client = app_client(bench, async_cid_threshold=5, redis_key_prefix="mes_wip")
    job_id = (client.post(EVENTS, json=asked(bench.cids)).json or {})["job_id"]
    assert bench.redis.exists(f"mes_wip:trace:job:{job_id}:meta")
    assert not bench.redis.keys("trace:job:*")
    with bench.worker(burst=True, REDIS_KEY_PREFIX="mes_wip"):
        pass
    assert client.get(f"/api/trace/job/{job_id}/stream").status_code == 200
    data = [{"CONTAINERID": "A", "QTY": 5352.0}, {"CONTAINERID": "B", "QTY": None}]
    document = {"results": {"history": {"data": data, "count": 2}}, "aggregation": None}
    bench.redis.set("mes_wip:trace:job:old:result", json.dumps(document))
    lines = client.get("/api/trace/job/old/stream").data.splitlines(keepends=True)
    assert [json.loads(line)["type"] for line in lines] == ["meta", "full_result", "complete"]
    assert json.loads(lines[1])["data"] == document
    assert [record for _, record in read_stream(lines)] == data
    bench.redis.flushall()


def test_submissions_are_limited_per_client(bench: JobsBench) -> None:
    client = app_client(bench, submissions_per_minute=2)
    codes = [client.post(EVENTS, json={}).status_code for _ in range(3)]
    assert codes == [400, 400, 429]


def test_other_machines_need_the_token(bench: JobsBench) -> None:
    about = "/api/trace/about"
    guarded = app_client(bench, token="right")
    assert guarded.get(about).status_code == 401
    assert guarded.get(about, headers={"Authorization": "Bearer wrong"}).status_code == 401
    assert guarded.get(about, headers={"Authorization": "Bearer right"}).status_code == 200
    with guarded.get("/api/trace/page") as page:
        assert page.status_code == 200
    unguarded = app_client(bench)
    assert unguarded.get(about).status_code == 200
    elsewhere = unguarded.get(about, environ_base={"REMOTE_ADDR": "192.0.2.7"})
    assert (elsewhere.json or {})["error"]["code"] == "TOKEN_REQUIRED"
    rebound = unguarded.get(about, headers={"Host": "evil.example"})
    assert rebound.status_code == 403


def test_cids_of_the_workload_are_offered_only_with_a_local_oracle(bench: JobsBench) -> None:
    ids = app_client(bench, workload="trace-tiny").get("/api/trace/workload/ids?limit=5").json
    assert ids == {
        "workload": "trace-tiny",
        "total": len(bench.cids),
        "container_ids": bench.cids[:5],
    }
    assert app_client(bench).get("/api/trace/workload/ids").status_code == 404
