"""The command line as a user meets it: real processes, real signals, real servers."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import oracledb
import psutil
import pytest

TRACEKIT = [sys.executable, "-m", "tracekit"]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TRACEKIT, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=110,
        check=False,
    )


@contextmanager
def localdb(*arguments: str, **environment: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*TRACEKIT, "localdb", *arguments, "--port", "0", "--json", "-q"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
        # As a shell starts a background job: SIGINT ignored, which Python would inherit.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.wait(20)
        assert process.stdout is not None
        process.stdout.close()


def test_replay_writes_a_run_whose_json_is_what_it_prints(tmp_path: Path) -> None:
    done = run("replay", "trace-tiny", "--keys", "400", "--json", "-o", str(tmp_path / "run"))

    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert done.stdout == (tmp_path / "run" / "summary.json").read_text(encoding="utf-8")
    assert summary["proof"]["candidates"]["iterator"]["level"] == "value"
    assert summary["workload"]["keys"] == 400
    names = {file.name for file in (tmp_path / "run").iterdir()}
    assert {"report.md", "memory.png", "legacy.bin", "iterator.bin"} <= names
    assert "iterator: done" in done.stderr


def test_a_finished_run_is_drawn_again(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    run("replay", "trace-tiny", "--no-profile", "-q", "-o", str(folder))

    text = run("report", str(folder))
    markdown = run("report", str(folder), "--format", "md")
    page = tmp_path / "page.html"
    run("report", str(folder), "--format", "html", "-o", str(page))
    again = run("report", str(folder), "--format", "html", "-o", str(page))

    assert "EQUAL at level value" in text.stdout
    assert "<!-- tracekit:" in markdown.stdout.splitlines()[0]
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert again.returncode == 2
    assert "will not overwrite without --force" in again.stderr


def test_prove_exits_1_when_the_level_does_not_hold() -> None:
    exact = run("prove", "trace-tiny", "--level", "exact", "-q")
    value = run("prove", "trace-tiny", "-q", "--json")

    assert exact.returncode == 1
    assert "NaT -> None" in exact.stdout
    assert value.returncode == 0
    assert json.loads(value.stdout)["level"] == "value"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay", "trace-smok"], "Did you mean 'trace-smoke'?"),
        (["replay", "trace-tiny", "--keys", "0"], "--keys '0'"),
        (["replay", "trace-tiny", "--keys", "@nowhere"], "@nowhere"),
        (
            ["replay", "trace-tiny", "--candidate", "legacy", "--candidate", "nosuch"],
            "unknown 'nosuch'; expected legacy",
        ),
        (["replay", "trace-tiny", "--memory-limit", "2 lakh"], "'2 lakh' is not a size"),
        (["replay", "trace-tiny", "--database", "x.duckdb"], "cannot be used together"),
        (["replay"], "there is nothing to read. Name a workload"),
        (["replay", "--dsn", "h/s", "--key", "ID"], "--key needs --sql"),
        (["replay", "--dsn", "h/s"], "DB_USER is not set"),
        (["report", "nowhere"], "nowhere"),
        (["localdb", "nowhere.duckdb"], "the DuckDB file nowhere.duckdb does not exist"),
        (["nosuch"], "No such command"),
        (["replay", "--nosuch"], "No such option"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_exits_2_and_names_the_value(arguments: list[str], said: str) -> None:
    done = run(*arguments)

    assert done.returncode == 2
    assert said in done.stderr
    assert done.stdout == ""


def test_a_refused_connection_exits_2_without_the_password() -> None:
    done = run(
        *("replay", "trace-tiny", "--dsn", "127.0.0.1:1/NONE"),
        DB_USER="u",
        DB_PASSWORD="geheim",
        DB_PORT="1",
    )

    assert done.returncode == 2
    assert "127.0.0.1:1/NONE" in done.stderr
    assert "geheim" not in done.stderr + done.stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_localdb_serves_until_a_signal_and_leaves_nothing(number: signal.Signals) -> None:
    with localdb("trace-tiny", TRACEKIT_LOCALDB_PASSWORD="tiger") as process:
        assert process.stdout is not None
        facts = json.loads(process.stdout.readline())
        assert "password" not in facts
        connection = oracledb.connect(user=facts["user"], password="tiger", dsn=facts["dsn"])
        with connection, connection.cursor() as cursor:
            assert cursor.execute("SELECT COUNT(*) FROM DW_MES_CONTAINER").fetchall() == [(50,)]
        servers = psutil.Process(process.pid).children(recursive=True)

        process.send_signal(number)
        code = process.wait(20)

    assert code == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    _gone, alive = psutil.wait_procs(servers, timeout=10)
    assert not alive


@pytest.mark.parametrize(
    ("number", "step", "processes"),
    [(signal.SIGINT, "legacy", 2), (signal.SIGTERM, "legacy", 2), (signal.SIGINT, "iterator", 3)],
)
def test_a_stopped_replay_leaves_no_process_and_no_run(
    tmp_path: Path, number: signal.Signals, step: str, processes: int
) -> None:
    process = subprocess.Popen(
        [*TRACEKIT, "replay", "trace-smoke", "--jobs", "2", "-o", str(tmp_path / "run")],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(f"{step}:"):
            break
    children = psutil.Process(process.pid).children(recursive=True)
    assert len(children) >= processes

    process.send_signal(number)
    process.stderr.read()
    code = process.wait(20)
    process.stderr.close()

    assert code == {signal.SIGINT: 130, signal.SIGTERM: 143}[number]
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert not alive
    assert not (tmp_path / "run").exists()


def test_a_reader_that_leaves_early_is_not_an_error() -> None:
    process = subprocess.Popen(
        [*TRACEKIT, "workload", "list"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    talk = process.stderr.read()
    process.stderr.close()

    assert process.wait(30) == 0
    assert "Traceback" not in talk


def test_clean_removes_runs_but_the_newest(tmp_path: Path) -> None:
    for age, name in enumerate(("b", "a")):
        (tmp_path / name).mkdir()
        summary = {key: {} for key in ("workload", "environment", "verdict")}
        text = json.dumps({"schema_version": 2, **summary})
        (tmp_path / name / "summary.json").write_text(text, encoding="utf-8")
        os.utime(tmp_path / name, (2_000_000_000 - age, 2_000_000_000 - age))

    shown = run("clean", TRACEKIT_RUNS_DIR=str(tmp_path))
    kept = run("clean", "--runs", "--keep", "1", TRACEKIT_RUNS_DIR=str(tmp_path))

    assert "nothing removed" in shown.stdout
    assert kept.returncode == 0
    assert [folder.name for folder in tmp_path.iterdir()] == ["b"]


def test_clean_finds_runs_of_programs_and_captures(tmp_path: Path) -> None:
    ran = tmp_path / "a-notebook"
    ran.mkdir()
    (ran / "program.json").write_text(
        json.dumps({"schema_version": 1, "status": "ok", "cells": []}), encoding="utf-8"
    )
    for name in ("cells/memray-first.1-1.bin", "cells/mine.txt", "measured/memray-call.1-2.bin"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "program.json").write_text("{}", encoding="utf-8")

    shown = run("clean", TRACEKIT_RUNS_DIR=str(tmp_path)).stdout
    assert run("clean", "--runs", "-q", TRACEKIT_RUNS_DIR=str(tmp_path)).returncode == 0

    assert shown.count("capture") == 2
    assert "a-notebook" in shown
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")} == {
        "cells",
        "cells/mine.txt",
        "program.json",
    }


def test_every_command_has_help() -> None:
    listing = run("--help").stdout.split("Exit codes:")[0]
    entries = [
        line for line in listing.partition("Commands:")[2].splitlines() if line.startswith("  ")
    ]
    commands = [line.split()[0] for line in entries if line[2:3].islower()]

    assert {"replay", "prove", "report", "localdb", "workload", "clean"} <= set(commands)
    for name in commands:
        helped = run(name, "--help")
        assert helped.returncode == 0, helped.stderr
        assert "Usage: tracekit" in helped.stdout
