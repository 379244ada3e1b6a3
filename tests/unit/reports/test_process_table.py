"""Processes of a path side by side, and nothing of them where a path has one."""

from dataclasses import replace

from tracekit.records import ProcessMeasurement, ReplaySummary
from tracekit.reports import html, markdown, sections, text

MIB = 2**20


def test_processes_phases_and_the_kept_result_are_rows(hard: ReplaySummary) -> None:
    assert sections.process_table(hard).rows == ()
    assert sections.PROCESSES_TITLE not in text(hard) + markdown(hard) + html(hard)
    service = replace(
        hard.candidates["lean"],
        processes=(
            ProcessMeasurement("web", 60 * MIB, 70 * MIB, 10 * MIB, "streaming the result"),
            ProcessMeasurement("store", 7 * MIB, 122 * MIB, 115 * MIB),
        ),
        result_bytes=114 * MIB,
    )
    summary = replace(hard, candidates={**hard.candidates, "service": service})
    assert sections.process_table(summary).rows == (
        ("service", "web", "streaming the result", "10.0 MiB", "70.0 MiB", "60.0 MiB"),
        ("service", "store", "the whole run", "115 MiB", "122 MiB", "7.00 MiB"),
        ("service", "(result)", "kept in the store", "114 MiB", "–", "–"),
    )
    for report in (text(summary), markdown(summary), html(summary)):
        assert sections.PROCESSES_TITLE in report
        assert "streaming the result" in report
