"""`replay` of the path `service`: the trace service as processes, measured and proven."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.polling import until
from tracekit.errors import ConfigError, ResultIncomplete
from tracekit.experiment.pipeline import Pipeline, PipelineJob, Status
from tracekit.experiment.replay import replay
from tracekit.experiment.run_folder import read_run
from tracekit.experiment.service_candidate import restore
from tracekit.experiment.view import Replay
from tracekit.oracle import Database
from tracekit.records import Level, RunStatus
from tracekit.reports import html, markdown
from tracekit.testbed import LocalOracle
from tracekit.trace import domain_query

DEFAULTS = {"candidates": ["iterator", "service"], "profile": False}
HISTORY = "DW_MES_LOTWIPHISTORY"


@pytest.fixture(scope="module")
def local() -> Iterator[LocalOracle]:
    with LocalOracle("trace-tiny") as found:
        yield found


@pytest.fixture(autouse=True)
def _no_faults(local: LocalOracle) -> Iterator[None]:
    yield
    local.faults.clear()


def replayed(local: LocalOracle, folder: Path, **options: object) -> Replay:
    chosen = {**DEFAULTS, "query": domain_query("history"), "keys": local.keys(), **options}
    return replay(database=local.database, output=folder, **chosen)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def finished(local: LocalOracle, tmp_path_factory: pytest.TempPathFactory) -> Replay:
    folder = tmp_path_factory.mktemp("runs") / "one"
    return replayed(local, folder, profile=True, retention=True)


def test_each_process_is_measured_and_the_output_proven(finished: Replay) -> None:
    summary = finished.summary
    service = summary.candidates["service"]
    assert service.status is RunStatus.OK, service.reason
    assert (service.rows, service.keys) == (
        summary.candidates["iterator"].rows,
        summary.candidates["iterator"].keys,
    )
    proof = summary.proof.candidates["service"]
    assert (proof.level, proof.drift) == (Level.EXACT, ())
    highest: dict[str, int] = {}
    for one in service.processes:
        assert one.rss_peak_bytes - one.rss_baseline_bytes in {one.rss_net_peak_bytes, 0}
        highest[one.role] = max(highest.get(one.role, 0), one.rss_peak_bytes)
    assert set(highest) == {"web", "worker 1", "store", "supervisors"}
    assert service.rss_peak_bytes == sum(highest.values())
    assert min(highest.values()) > 2**20
    assert service.result_bytes is not None and service.result_bytes > 1000
    assert service.cpu_seconds is not None and service.cpu_seconds > 0
    assert (service.heap_peak_bytes, service.capture) == (None, None)
    assert service.retention is None
    assert any("retention was not measured" in one for one in service.remarks)
    assert summary.candidates["iterator"].retention is not None


def test_every_report_shows_the_processes(finished: Replay) -> None:
    summary, timelines = read_run(finished.folder)
    assert summary == finished.summary
    assert [len(one.samples) > 1 for one in timelines if one.path == "service"] == [True]
    for report in (str(finished), markdown(summary), html(summary)):
        assert "Processes side by side" in report
        assert "streaming the result" in report
    saved = json.loads((finished.folder / "summary.json").read_text())
    assert saved["candidates"]["service"]["processes"][0]["role"] == "web"
    assert saved["candidates"]["iterator"]["processes"] == []


def test_a_job_that_fails_is_a_path_that_failed(local: LocalOracle, tmp_path: Path) -> None:
    local.faults.error(1555, rows=40, statement=HISTORY)
    found = replayed(local, tmp_path / "run", candidates=["service"])
    service = found.summary.candidates["service"]
    assert service.status is RunStatus.FAILED
    assert service.reason is not None and "FETCH_FAILED" in service.reason
    assert "ORA-01555" in service.reason
    assert (service.rss_net_peak_bytes, service.processes) == (None, ())
    assert not found.verdict.passed


def test_a_limit_below_the_web_process_s_memory_is_reported(
    local: LocalOracle, tmp_path: Path
) -> None:
    found = replayed(local, tmp_path / "run", candidates=["service"], memory_limit_bytes=2**20)
    service = found.summary.candidates["service"]
    assert service.status is RunStatus.FAILED
    assert service.reason is not None and "that the web process has" in service.reason


class Killed(Pipeline):
    """One whose job comes to its memory limit."""

    def status(self, job: PipelineJob) -> Status:
        error = {"code": "WORKER_OUT_OF_MEMORY", "message": "it came to its limit."}
        return {"status": "failed", "error": error}


def test_a_worker_out_of_memory_is_a_path_out_of_memory(local: LocalOracle) -> None:
    with pytest.raises(MemoryError, match="WORKER_OUT_OF_MEMORY: it came to its limit"):
        Killed(local.database.arguments).wait(PipelineJob("x", "/x", "/x/stream"))


def test_settings_that_the_service_lacks_are_refused(local: LocalOracle) -> None:
    database = Database(local.dsn, local.user, local.password, wallet_location="/nowhere")
    with pytest.raises(ConfigError, match="wallet_location"):
        Pipeline(database.arguments)


def test_a_value_that_is_written_otherwise_is_damaged() -> None:
    def parse(text: str) -> str:
        raise ValueError("no")

    record = {"A": None, "B": "x"}
    restore(record, {"A": parse})
    with pytest.raises(ResultIncomplete, match="column B is damaged: no"):
        restore(record, {"B": parse})


def marked(mark: str) -> list[psutil.Process]:
    """Processes that inherited the mark, but for their supervising shells' helpers."""
    found = []
    for one in psutil.process_iter():
        try:
            if one.environ().get("TRACEKIT_TEST_MARK") == mark and one.status() != "zombie":
                found.append(one)
        except psutil.Error:
            continue
    return found


def test_nothing_outlives_a_replay_that_is_stopped(local: LocalOracle, tmp_path: Path) -> None:
    mark = f"{os.getpid()}-{time.monotonic_ns()}"
    replay_it = ["replay", "trace-tiny", "--query", "history", "--candidate", "service"]
    replay_it += ["--no-profile", "--dsn", local.dsn]
    environment = {
        **os.environ,
        "DB_USER": local.user,
        "DB_PASSWORD": local.password,
        "TRACEKIT_TEST_MARK": mark,
    }
    local.faults.stall(rows=10, statement=HISTORY)
    with subprocess.Popen(
        [sys.executable, "-m", "tracekit", *replay_it, "-o", str(tmp_path / "run")],
        env=environment,
        stderr=subprocess.DEVNULL,
    ) as process:
        until(lambda: any("tracekit.jobs.horse" in one.cmdline() for one in marked(mark)))
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 130
        until(lambda: not marked(mark))
    assert not (tmp_path / "run").exists()
