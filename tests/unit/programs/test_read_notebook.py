"""Notebooks that other programs wrote, and files that are none."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import pytest

from tracekit.errors import ConfigError
from tracekit.programs.notebook import read_notebook


def written(folder: Path, cells: list[Any], metadata: Any = None, minor: int = 5) -> Path:
    document = {"nbformat": 4, "nbformat_minor": minor, "metadata": metadata or {}, "cells": cells}
    path = folder / "n.ipynb"
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


@pytest.mark.parametrize("minor", [0, 4, 5])
def test_what_cells_lack_is_added_without_a_warning(tmp_path: Path, minor: int) -> None:
    path = written(
        tmp_path, [{"cell_type": "code", "metadata": {}, "source": ["x = 1\n", "x"]}], minor=minor
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (cell,) = read_notebook(path).cells
    assert cell.source == "x = 1\nx"
    assert (cell.metadata, cell.outputs, cell.execution_count) == ({}, [], None)


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "python3", "language": None}},
        {"language_info": {"name": "ipython"}},
    ],
    ids=["null", "ipython"],
)
def test_a_notebook_that_names_no_other_language_is_for_python(
    tmp_path: Path, metadata: dict[str, Any]
) -> None:
    assert read_notebook(written(tmp_path, [], metadata)).cells == []


@pytest.mark.parametrize(
    "metadata",
    [{"kernelspec": {"language": "R"}}, {"language_info": {"name": "R"}}],
    ids=["kernelspec", "language_info"],
)
def test_a_notebook_for_another_language_is_refused(
    tmp_path: Path, metadata: dict[str, Any]
) -> None:
    with pytest.raises(ConfigError, match="is a notebook for R"):
        read_notebook(written(tmp_path, [], metadata))


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ([{"cell_type": "code", "metadata": {}}], "cell 0 has no source"),
        ([{"cell_type": "code", "metadata": {}, "source": 5}], "cell 0 has no source"),
        ([{"cell_type": "code", "source": "x"}], "metadata"),
        ([{"metadata": {}, "source": "x"}], "cell_type"),
        ([None], "NoneType"),
        (None, "NoneType"),
    ],
    ids=["no source", "number", "no metadata", "no type", "null cell", "null cells"],
)
def test_cells_that_cannot_be_run_are_named(tmp_path: Path, cells: Any, reason: str) -> None:
    with pytest.raises(ConfigError, match=f"is not a readable notebook: .*{reason}"):
        read_notebook(written(tmp_path, cells))


@pytest.mark.parametrize("spec", [None, [], "python3"])
def test_a_kernelspec_that_is_not_an_object_is_refused(tmp_path: Path, spec: Any) -> None:
    with pytest.raises(ConfigError, match="its kernelspec is not an object"):
        read_notebook(written(tmp_path, [], {"kernelspec": spec}))
