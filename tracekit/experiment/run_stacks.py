"""Call stacks of a run: each path's call tree, and the reference against each candidate."""

from __future__ import annotations

from pathlib import Path

from tracekit import profiling
from tracekit.errors import ProfileError
from tracekit.records import CallTree, ReplaySummary, RunStacks


def run_stacks(summary: ReplaySummary, folder: Path) -> RunStacks:
    """The call stacks in the captures of `folder`; an unreadable capture is named in its tree.

    At most two captures' stacks are held at once.
    """
    reference, *candidates = _reference_first(summary)
    trees, diffs = [], []
    base = _read(summary, reference, folder)
    if base is not None:
        trees.append(_tree(base, reference))
    for path in candidates:
        head = _read(summary, path, folder)
        if head is None:
            continue
        trees.append(_tree(head, path))
        if isinstance(base, profiling.HeapStacks) and isinstance(head, profiling.HeapStacks):
            diffs.append(profiling.diff_stacks(base, head, base_name=reference, head_name=path))
    return RunStacks(tuple(trees), tuple(diffs))


def _reference_first(summary: ReplaySummary) -> list[str]:
    reference = summary.proof.reference
    return [reference, *(path for path in summary.candidates if path != reference)]


def _read(
    summary: ReplaySummary, path: str, folder: Path
) -> profiling.HeapStacks | ProfileError | None:
    """A path's peak, why it is unknown, or None if the path was not profiled."""
    capture = summary.candidates[path].capture
    if capture is None:
        return None
    try:
        return profiling.read_stacks(folder / capture)
    except ProfileError as exc:
        return exc


def _tree(found: profiling.HeapStacks | ProfileError, path: str) -> CallTree:
    if isinstance(found, ProfileError):
        return CallTree(path, size_bytes=0, allocations=0, roots=(), remarks=(str(found),))
    return profiling.call_tree(found, path)
