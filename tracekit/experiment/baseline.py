"""Baselines: a saved run summary that later runs are compared with.

Bytes are compared, not times: on another machine of the same kind the same code, libraries and
workload take the same memory within a few per cent, which the tolerance covers, while times depend
on the machine. The baseline's fingerprint lists what memory depends on; if it differs, the figures
are not comparable and nothing is judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tracekit.errors import ConfigError
from tracekit.experiment.environment import collect_environment
from tracekit.experiment.progress import Listener
from tracekit.experiment.regression import Judgement, Rule, judge_growth, lost_levels
from tracekit.experiment.replay import replay
from tracekit.experiment.source import resolve
from tracekit.experiment.verdict import NO_ROWS
from tracekit.experiment.view import Replay
from tracekit.records import (
    Environment,
    ReplayOptions,
    ReplaySummary,
    WorkloadInfo,
    from_json,
    to_json,
)

DEFAULT_TOLERANCE = ("net_peak:10%+2MiB", "heap_peak:10%+4MiB")
_MACHINES = re.compile(r"-(x86_64|amd64|aarch64|arm64)(?:-|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Checked:
    """A baseline, the run that checked it, and the result."""

    baseline: ReplaySummary
    run: Replay
    judgement: Judgement


def read_baseline(path: Path) -> ReplaySummary:
    """Read a baseline from a file.

    Raises:
        ConfigError: the file does not exist, cannot be read, or does not say how it was made.
    """
    try:
        saved = path.read_bytes()
    except FileNotFoundError:
        raise ConfigError(
            f"the baseline {path} does not exist, so nothing was checked. Create it with "
            f"tracekit check --baseline {path} --update"
        ) from None
    except OSError as exc:
        raise ConfigError(f"baseline {path} could not be read: {exc}") from exc
    try:
        baseline = from_json(ReplaySummary, saved, source=f"baseline {path}")
    except ConfigError as exc:
        raise ConfigError(
            f"{exc}; it is damaged or was written by another version of tracekit. Remove it and "
            f"create it again with tracekit check --baseline {path} --update"
        ) from exc
    if baseline.options is None or baseline.options.workload is None:
        raise ConfigError(
            f"baseline {path} does not name its workload, so it cannot be replayed. Create it "
            "again with tracekit check WORKLOAD --update"
        )
    return baseline


def write_baseline(path: Path, summary: ReplaySummary) -> None:
    """Save `summary` as a baseline, without what only its run folder has.

    Raises:
        ConfigError: a candidate failed, outputs were not equal, no rows were read, or `path` cannot
            be written.
    """
    if not all(found.status == "ok" for found in summary.candidates.values()):
        raise ConfigError(f"no baseline was written: {'; '.join(summary.verdict.reasons)}")
    if summary.verdict.equal is False or NO_ROWS in summary.verdict.reasons:
        raise ConfigError(f"no baseline was written: {'; '.join(summary.verdict.reasons)}")
    paths = {
        name: replace(found, capture=None, digests=None, timeline=None)
        for name, found in summary.candidates.items()
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(to_json(replace(summary, candidates=paths, command=None)), encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"baseline {path} could not be written: {exc}") from exc


def check(
    path: Path,
    rules: Sequence[Rule],
    *,
    workload: str | None = None,
    output: Path | None = None,
    force: bool = False,
    jobs: int | None = None,
    command: str | None = None,
    on_progress: Listener | None = None,
) -> Checked:
    """Repeat the replay of the baseline in `path`, and judge the new run by it.

    Args:
        path: The baseline's file.
        rules: The growth that is too much.
        workload: The workload that the baseline must be of.
        output: The run's folder; default a new one under `profiles/runs/`.
        force: Replace an older run in `output`.
        jobs: As for `replay`; a baseline has memory figures only, which do not depend on it.
        command: The command line that repeats this run.
        on_progress: Called with the progress of each step.

    Raises:
        ConfigError: the baseline does not exist, or has another fingerprint.
        TracekitError: the workload could not be replayed.
    """
    baseline = read_baseline(path)
    options = baseline.options
    assert options is not None  # read_baseline said so
    if workload not in (None, options.workload):
        raise ConfigError(
            f"baseline {path} is of workload {options.workload!r}, not {workload!r}. Name that "
            "workload, or create a baseline of this one with --update"
        )
    _same_fingerprint(path, baseline, collect_environment(""), _workload_now(baseline, options))
    run = make_run(
        options,
        output=output,
        force=force,
        jobs=jobs,
        expected_peak_bytes=max(
            found.rss_peak_bytes or 0 for found in baseline.candidates.values()
        ),
        command=command,
        on_progress=on_progress,
    )
    summary = run.summary
    _same_fingerprint(path, baseline, summary.environment, summary.workload)
    return Checked(baseline, run, judge_run(baseline, summary, rules))


def judge_run(baseline: ReplaySummary, head: ReplaySummary, rules: Sequence[Rule]) -> Judgement:
    """Growth beyond `rules`, outputs that changed, and proofs and verdicts that no longer hold.

    Raises:
        ConfigError: a rule's metric is not in the baseline.
    """
    growth = judge_growth(baseline, head, rules)
    verdict = head.verdict.reasons if baseline.verdict.passed else ()
    failures = [*growth.failures, *_changed_outputs(baseline, head), *lost_levels(baseline, head)]
    failures += [reason for reason in verdict if reason not in failures]
    return Judgement(growth.rules, tuple(failures))


def make_run(
    options: ReplayOptions,
    *,
    output: Path | None = None,
    force: bool = False,
    jobs: int | None = None,
    expected_peak_bytes: int | None = None,
    command: str | None = None,
    on_progress: Listener | None = None,
) -> Replay:
    """The replay that `options` describe, with as many jobs as this machine allows.

    Raises:
        TracekitError: as `replay`.
    """
    return replay(
        options.workload,
        options.candidates,
        query=options.query or None,
        keys=options.keys,
        level=options.level,
        unordered=options.unordered,
        profile=options.profile,
        repeat=options.repeat,
        memory_limit_bytes=options.memory_limit_bytes,
        expect_out_of_memory=options.expect_out_of_memory,
        timeout_seconds=options.timeout_seconds,
        workers=options.workers,
        jobs=jobs,
        expected_peak_bytes=expected_peak_bytes,
        output=output,
        force=force,
        command=command,
        on_progress=on_progress,
    )


def fingerprint(environment: Environment, workload: WorkloadInfo) -> dict[str, str]:
    """Everything besides the measured code that memory figures depend on, by name."""
    machine = _MACHINES.search(environment.platform)
    return {
        "Python": ".".join(environment.python.split(".")[:2]),
        "pandas": environment.pandas,
        "pyarrow": environment.pyarrow,
        "oracledb": environment.oracledb,
        "memray": environment.memray,
        "Arrow memory pool": environment.arrow_memory_pool,
        "system": environment.platform.partition("-")[0],
        "machine": machine[1].lower() if machine else "unknown",
        "workload": workload.name,
        "workload fingerprint": workload.fingerprint or "none",
        "domain": workload.query,
        "keys": str(workload.keys),
    }


def _same_fingerprint(
    path: Path, baseline: ReplaySummary, environment: Environment, workload: WorkloadInfo
) -> None:
    before = fingerprint(baseline.environment, baseline.workload)
    now = fingerprint(environment, workload)
    different = [
        f"{name} {before[name]}, here {now[name]}" for name in now if before[name] != now[name]
    ]
    if different:
        raise ConfigError(
            f"baseline {path} was made in another environment: {'; '.join(different)}. Its "
            "figures are not comparable. Check in the baseline's environment, or create it again "
            "with --update."
        )


def _workload_now(baseline: ReplaySummary, options: ReplayOptions) -> WorkloadInfo:
    """The workload as defined today; a database is known only once it is opened."""
    assert options.workload is not None
    found = resolve(options.workload)
    if found.generator is None:
        return baseline.workload
    if options.keys is not None:
        found = found.sized(options.keys)
    return replace(baseline.workload, name=found.name, fingerprint=found.fingerprint)


def _changed_outputs(baseline: ReplaySummary, head: ReplaySummary) -> Iterator[str]:
    for name, before in baseline.candidates.items():
        after = head.candidates.get(name)
        if after is None or before.digest is None or after.digest is None:
            continue
        if after.rows != before.rows or after.keys != before.keys:
            yield (
                f"{name} returned {before.rows:,} rows of {before.keys:,} keys and returns "
                f"{after.rows:,} of {after.keys:,} now"
            )
        elif after.digest != before.digest:
            yield (
                f"the output of {name} changed: the digest of all records was "
                f"{before.digest[:12]}… and is {after.digest[:12]}… now"
            )
