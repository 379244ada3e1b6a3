from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tracekit import workloads


@pytest.fixture(scope="session")
def smoke_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workloads.build(workloads.load("trace-smoke"), tmp_path_factory.mktemp("smoke"))


@pytest.fixture(scope="session")
def tiny_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return workloads.build(workloads.load("trace-tiny"), tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def smoke(smoke_path: Path) -> Callable[[str], list[tuple[Any, ...]]]:
    def query(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(smoke_path), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return query
