"""The error tree: one base, drawn as it is."""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import tracekit
from tracekit import errors
from tracekit.errors import BatchFailure, BatchFetchError, MemoryBudgetExceeded, TracekitError


def _classes() -> dict[str, type[BaseException]]:
    return {
        name: kind
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, BaseException) and kind.__module__ == errors.__name__
    }


def test_every_error_of_every_module_hangs_in_the_tree() -> None:
    outside = set()
    for module in pkgutil.walk_packages(tracekit.__path__, "tracekit."):
        if module.name.endswith("__main__"):
            continue
        for name, kind in vars(importlib.import_module(module.name)).items():
            ours = isinstance(kind, type) and kind.__module__ == module.name
            if ours and issubclass(kind, Exception) and not issubclass(kind, TracekitError):
                outside.add(f"{module.name}.{name}")
    assert outside == set()


def test_the_tree_drawn_in_the_docstring_is_the_tree_of_classes() -> None:
    drawn: dict[str, str] = {}
    stack: list[tuple[int, str]] = []
    for line in (errors.__doc__ or "").splitlines():
        name = line.strip().split(" ")[0]
        if name not in _classes():
            continue
        indent = len(line) - len(line.lstrip())
        while stack and stack[-1][0] >= indent:
            stack.pop()
        if stack:
            drawn[name] = stack[-1][1]
        stack.append((indent, name))

    real = {n: k.__bases__[0].__name__ for n, k in _classes().items() if n != "TracekitError"}
    assert real == drawn


def test_batch_fetch_error_names_batches_counts_and_the_way_out() -> None:
    failures = [BatchFailure(3, 1000, OSError("cut")), BatchFailure(7, 12, OSError("cut"))]

    error = BatchFetchError("history", failures, 115)

    assert "2 of 115 batches of query 'history' failed, 1,012 keys" in str(error)
    assert "batch 3 (1,000 keys): cut" in str(error)
    assert "allow_partial=True" in str(error)


def test_memory_budget_error_says_how_far_it_came() -> None:
    error = MemoryBudgetExceeded(2 * 1024**3, 2_200_000_000, rows=812_000, keys=81_000)

    assert "2,200,000,000 bytes" in str(error)
    assert "812,000 rows of 81,000 keys" in str(error)


def test_every_error_tells_its_remedy() -> None:
    untold = [name for name, kind in _classes().items() if "Remedy:" not in (kind.__doc__ or "")]
    assert untold == []
