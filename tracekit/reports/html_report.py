"""A replay's report as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Sequence

from tracekit.records import CallTree, MemoryTimeline, ReplaySummary, StackDiff
from tracekit.reports import sections, stack_sections
from tracekit.reports.curves import PALETTE, curves_of, peak_sentence, plot_titles
from tracekit.reports.flame_graph import any_shown, flame_of_tree
from tracekit.reports.headline import headline, outcome
from tracekit.reports.page_template import page_template
from tracekit.reports.redaction import Redactor
from tracekit.reports.retention_section import drawn_retention
from tracekit.reports.svg_plot import svg_plot

_WIDE = (960, 420)
_NARROW = (356, 300)
_STACKS_SHOWN = 40


def html(
    summary: ReplaySummary,
    timelines: Sequence[MemoryTimeline] = (),
    *,
    call_trees: Sequence[CallTree] = (),
    stack_diffs: Sequence[StackDiff] = (),
    confidential: bool = True,
) -> str:
    """The report as one page for phones and desktops; light or dark as the reader's system.

    Args:
        summary: The replay.
        timelines: Memory over time, drawn as one plot; with none there is no plot.
        call_trees: The memory alive at each candidate's heap peak.
        stack_diffs: Captures compared by call stack.
        confidential: Whether to replace keys by handles and leave out machine paths and code.
    """
    redact = Redactor(summary, confidential=confidential)
    curves = curves_of(summary, timelines)
    diffs = stack_sections.drawn_diffs(stack_diffs, redact, limit=_STACKS_SHOWN)
    trees = [
        (tree, flame_of_tree(tree, redact), list(stack_sections.tree_steps(tree, redact)))
        for tree in call_trees
    ]
    return page_template("report.html.j2").render(
        summary=summary,
        outcome=outcome(summary),
        headline=redact.prose(headline(summary)),
        title=sections.workload_title(summary, redact),
        workload=sections.workload_line(summary, redact),
        reasons=[redact.prose(reason) for reason in summary.verdict.reasons],
        palette=PALETTE,
        plot_titles=plot_titles(summary),
        plots={
            name: svg_plot(curves, width=width, height=height)
            for name, (width, height) in (("wide", _WIDE), ("narrow", _NARROW))
            if curves
        },
        peak_sentences=[peak_sentence(curve) for curve in curves],
        paths=sections.path_table(summary),
        measured_note=sections.measured_note(summary),
        processes_title=sections.PROCESSES_TITLE,
        processes=sections.process_table(summary),
        endings=sections.endings(summary, redact),
        drift=sections.drift_table(summary, redact),
        differences=sections.difference_table(summary, redact),
        proof=sections.proof_table(summary),
        remarks=sections.remarks(summary, redact),
        diffs=diffs,
        diff_title=stack_sections.diff_title,
        trees=trees,
        has_flames=any_shown(graph for _, graph, _ in (*diffs, *trees)),
        retentions=[
            drawn_retention(name, found, redact) for name, found in sections.retentions(summary)
        ],
        smallest_percent=100 * stack_sections.SMALLEST_SHARE,
        environment=sections.environment_table(summary, redact),
        files=sections.file_table(summary, redact),
        redact=redact,
    )
