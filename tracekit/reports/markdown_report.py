"""A replay's report as GitHub-flavoured Markdown, for a pull request and a job's summary page."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.records import MemoryTimeline, ReplaySummary, StackDiff
from tracekit.reports import figures, sections
from tracekit.reports.curves import curves_of, peak_sentence
from tracekit.reports.gfm import bullet, details, fenced, marker, prose, section, table_lines
from tracekit.reports.headline import headline, outcome
from tracekit.reports.redaction import Redactor
from tracekit.reports.stack_sections import stack_details


def markdown(
    summary: ReplaySummary,
    timelines: Sequence[MemoryTimeline] = (),
    *,
    stack_diffs: Sequence[StackDiff] = (),
    confidential: bool = True,
    plot: str | None = None,
) -> str:
    """The report for a pull request, with the verdict in the first line.

    That line ends with a hidden marker by which a bot can find its comment and update it.

    Args:
        summary: The replay.
        timelines: Memory over time, described in words.
        stack_diffs: Captures compared by call stack, folded.
        confidential: Whether to replace keys by handles and leave out machine paths and code.
        plot: Path of the plot of memory over time, relative to the report; None for none.
    """
    redact = Redactor(summary, confidential=confidential)
    blocks = [
        f"**{outcome(summary)}**: {prose(redact.prose(headline(summary)))}. {_marker(summary)}",
        bullet(redact.prose(reason) for reason in summary.verdict.reasons),
        "## Candidates, worst first",
        prose(sections.workload_line(summary, redact)),
        table_lines(sections.path_table(summary)),
        prose(sections.measured_note(summary)),
        *_endings(summary, redact),
        *section(sections.PROCESSES_TITLE, table_lines(sections.process_table(summary))),
        _plot(plot),
        *section("Drift", table_lines(sections.drift_table(summary, redact))),
        *section("First differences", table_lines(sections.difference_table(summary, redact))),
        *section("Remarks", bullet(sections.remarks(summary, redact))),
        *stack_details(stack_diffs, redact),
        *_retentions(summary, redact),
        *_folded(summary, timelines, redact),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def _marker(summary: ReplaySummary) -> str:
    return marker("replay", summary.workload.name, summary.workload.query)


def _endings(summary: ReplaySummary, redact: Redactor) -> list[str]:
    endings = sections.endings(summary, redact)
    return [
        bullet(ending.sentence for ending in endings),
        *(
            details(f"Last output of {prose(ending.name)}", fenced(ending.stderr_tail))
            for ending in endings
            if ending.stderr_tail
        ),
    ]


def _plot(plot: str | None) -> str:
    return f"![Memory over time of every candidate]({plot})" if plot else ""


def _retentions(summary: ReplaySummary, redact: Redactor) -> list[str]:
    return [
        details(
            prose(f"What keeps the memory of {name} alive, at {found.taken_at}"),
            fenced("\n".join(redact.prose(figures.printable(line)) for line in found.lines())),
        )
        for name, found in sections.retentions(summary)
    ]


def _folded(
    summary: ReplaySummary, timelines: Sequence[MemoryTimeline], redact: Redactor
) -> list[str]:
    curves = curves_of(summary, timelines)
    folded = {
        f"Proof against {summary.proof.reference}": table_lines(sections.proof_table(summary)),
        "Memory over time": bullet(peak_sentence(curve) for curve in curves),
        "Environment": table_lines(sections.environment_table(summary, redact)),
        "Files in the run folder": table_lines(sections.file_table(summary, redact)),
    }
    return [details(prose(title), body) for title, body in folded.items() if body]
