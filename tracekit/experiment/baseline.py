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
from tracekit.experiment.baseline_stacks import heap_growth, kept_stacks
from tracekit.experiment.builtin_candidates import DEFAULT_CANDIDATES
from tracekit.experiment.candidate_spec import candidate_specs, with_reference_first
from tracekit.experiment.environment import collect_environment
from tracekit.experiment.progress import Listener
from tracekit.experiment.regression import Judgement, Rule, judge_growth, lost_levels
from tracekit.experiment.replay import replay
from tracekit.experiment.source import resolve
from tracekit.experiment.verdict import NO_ROWS
from tracekit.experiment.view import Replay
from tracekit.records import (
    CallTree,
    Environment,
    GivenOptions,
    Level,
    ReplayOptions,
    ReplaySummary,
    StackDiff,
    WorkloadInfo,
    from_json,
    to_json,
)

DEFAULT_TOLERANCE = ("net_peak:10%+2MiB", "heap_peak:10%+4MiB")
DEFAULT_REPEAT = 3
DEFAULT_WORKERS = 1
"""With several workers, the number of row batches alive at once depends on the scheduler, so peaks
vary more."""
_OF_THE_WORKLOAD = ("workload", "workload fingerprint", "query", "keys")
_MACHINES = re.compile(r"-(x86_64|amd64|aarch64|arm64)(?:-|$)", re.IGNORECASE)


@dataclass(frozen=True)
class Checked:
    """A baseline, the run that checked it, and the result."""

    baseline: ReplaySummary
    run: Replay
    judgement: Judgement
    stack_diffs: tuple[StackDiff, ...]
    """What grew at the heap peak of the candidates whose memory grew too much."""

    @property
    def without_stacks(self) -> tuple[str, ...]:
        """Candidates whose memory grew too much without call stacks that would say where."""
        shown = {diff.head for diff in self.stack_diffs}
        return tuple(name for name in self.judgement.grown if name not in shown)


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


def kept_options(path: Path, workload: str | None, asked: GivenOptions) -> tuple[str, GivenOptions]:
    """The workload that `--update` replays, and what it keeps of the options in an older `path`.

    Args:
        path: The baseline's file, which may not exist yet.
        workload: The workload; None for that of the baseline, or for the name of its file.
        asked: The options given now, which replace older ones.

    Raises:
        ConfigError: the existing baseline cannot be read.
    """
    existing = read_baseline(path) if path.exists() else None
    known = existing.options.workload if existing and existing.options else None
    if existing is None or known is None or workload not in (None, known):
        return workload or path.stem, GivenOptions()
    older = existing.given or GivenOptions()
    return known, replace(older, **dict.fromkeys(asked.names))


def options_of(workload: str, given: GivenOptions) -> ReplayOptions:
    """What a new baseline replays: the options given, and the definition as it is now.

    Raises:
        WorkloadError: the workload is unknown or malformed.
        ConfigError: a candidate is unknown.
    """
    found = resolve(workload)
    specs = candidate_specs(given.candidates, found.candidates or DEFAULT_CANDIDATES)
    if given.candidates is None:
        specs = with_reference_first(specs, found.reference)
    query = given.query or found.query
    if query is None and len(found.queries) == 1:
        query = next(iter(found.queries))
    return ReplayOptions(
        workload=workload,
        keys=given.keys,
        query=query or "",
        candidates=tuple(_portable(str(spec)) for spec in specs),
        level=Level.VALUE,
        unordered=False,
        profile=True,
        repeat=given.repeat or DEFAULT_REPEAT,
        workers=given.workers or DEFAULT_WORKERS,
    )


def write_baseline(
    path: Path,
    summary: ReplaySummary,
    *,
    given: GivenOptions | None = None,
    call_trees: Sequence[CallTree] = (),
) -> None:
    """Save `summary` as a baseline, without what only its run folder has.

    Args:
        path: The file.
        summary: The run.
        given: Which of its options are not those of the workload's definition.
        call_trees: The call trees of the run, of which the baseline keeps the largest stacks.

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
    options = summary.options
    if options is not None:
        options = replace(options, candidates=tuple(map(_portable, options.candidates)))
    saved = replace(
        summary,
        candidates=paths,
        options=options,
        command=None,
        given=given,
        heap_stacks=kept_stacks(call_trees),
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(to_json(saved), encoding="utf-8")
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
        ConfigError: the baseline does not exist, or has another fingerprint, or the workload's
            definition names other candidates or another query now.
        TracekitError: the workload could not be replayed.
    """
    baseline = read_baseline(path)
    options = baseline.options
    assert options is not None and options.workload is not None  # read_baseline said so
    if workload not in (None, options.workload):
        raise ConfigError(
            f"baseline {path} is of workload {options.workload!r}, not {workload!r}. Name that "
            "workload, or create a baseline of this one with --update"
        )
    _same_definition(path, options, options_of(options.workload, baseline.given or GivenOptions()))
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
    judgement = judge_run(baseline, summary, rules)
    return Checked(baseline, run, judgement, _growth(baseline, run, judgement.grown))


def _growth(baseline: ReplaySummary, run: Replay, names: Sequence[str]) -> tuple[StackDiff, ...]:
    if not names:
        return ()
    peaks = {name: found.heap_peak_bytes for name, found in baseline.candidates.items()}
    return heap_growth(names, baseline.heap_stacks, peaks, run.stacks.call_trees)


def judge_run(baseline: ReplaySummary, head: ReplaySummary, rules: Sequence[Rule]) -> Judgement:
    """Growth beyond `rules`, outputs that changed, and proofs and verdicts that no longer hold.

    Raises:
        ConfigError: a rule's metric is not in the baseline.
    """
    growth = judge_growth(baseline, head, rules)
    verdict = head.verdict.reasons if baseline.verdict.passed else ()
    failures = [*growth.failures, *_changed_outputs(baseline, head), *lost_levels(baseline, head)]
    failures += [reason for reason in verdict if reason not in failures]
    return replace(growth, failures=tuple(failures))


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
        "query": workload.query,
        "keys": str(workload.keys),
    }


def _same_definition(path: Path, before: ReplayOptions, now: ReplayOptions) -> None:
    """What `before` does not fix, such as a query's SQL, is read anew and judged by its figures."""
    changes = list(_definition_changes(before, now))
    if changes:
        raise ConfigError(
            f"the definition of workload {before.workload!r} changed since baseline {path} was "
            f"made: {'; '.join(changes)}. Nothing was checked. Change it back, or "
            f"{_create_again(path)}"
        )


def _definition_changes(before: ReplayOptions, now: ReplayOptions) -> Iterator[str]:
    old, new = _specs(before), _specs(now)
    for name, spec in old.items():
        if name not in new:
            yield f"candidate {name} is not in it any more"
        elif new[name] != spec:
            yield f"candidate {name} was {spec} and is {new[name]}"
    yield from (f"candidate {name} is new" for name in new if name not in old)
    if (reference := next(iter(old))) != next(iter(new)):
        yield f"the reference was {reference} and is {next(iter(new))}"
    if before.query != now.query:
        yield f"the query was {before.query or 'not named'} and is {now.query or 'not named'}"


def _specs(options: ReplayOptions) -> dict[str, str]:
    """The candidates' specs by name, the reference first."""
    written = (candidate.partition("=") for candidate in options.candidates)
    return {name: spec or name for name, _, spec in written}


def _portable(candidate: str) -> str:
    """A candidate's text with its script or notebook relative to the current folder, if below."""
    name, _, spec = candidate.partition("=")
    file = Path(spec)
    if not file.is_absolute() or not file.is_relative_to(Path.cwd()):
        return candidate
    return f"{name}={file.relative_to(Path.cwd()).as_posix()}"


def _same_fingerprint(
    path: Path, baseline: ReplaySummary, environment: Environment, workload: WorkloadInfo
) -> None:
    before = fingerprint(baseline.environment, baseline.workload)
    now = fingerprint(environment, workload)
    different = {
        name: f"{name} {_short(before[name])}, here {_short(now[name])}"
        for name in now
        if before[name] != now[name]
    }
    data = [text for name, text in different.items() if name in _OF_THE_WORKLOAD]
    versions = [text for name, text in different.items() if name not in _OF_THE_WORKLOAD]
    causes, remedies = [], []
    if versions:
        causes.append(f"baseline {path} was made in another environment: {'; '.join(versions)}")
        remedies.append("check in the baseline's environment")
    if data:
        causes.append(
            f"the data or the definition of workload {baseline.workload.name!r} changed since "
            f"baseline {path} was made: {'; '.join(data)}"
        )
        remedies.append("change them back")
    if causes:
        remedy = " and ".join(remedies)
        raise ConfigError(
            f"{'. Also, '.join(causes)}. The figures are not comparable. "
            f"{remedy[0].upper()}{remedy[1:]}, or {_create_again(path)}"
        )


def _short(value: str) -> str:
    """A value of the fingerprint; a digest is cut."""
    return f"{value[:12]}…" if re.fullmatch(r"[0-9a-f]{32,}", value) else value


def _create_again(path: Path) -> str:
    return f"create the baseline again with tracekit check --baseline {path} --update"


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
                f"{before.digest[:12]}… and is {after.digest[:12]}… now{_where(name, head)}"
            )


def _where(name: str, head: ReplaySummary) -> str:
    """Where to find the keys that differ; a baseline has only one digest for all of them."""
    proof = head.proof.candidates.get(name)
    if proof is not None and proof.level is Level.DIFFERENT:
        return ""  # the first differences from the reference are shown
    return (
        ". A baseline keeps no keys: to see which differ, replay the version of before, too, and "
        "compare the results with tracekit.prove"
    )
