import re
from collections.abc import Callable
from dataclasses import fields, replace

import pytest

from tracekit.records import (
    CandidateMeasurement,
    CandidateProof,
    Difference,
    Drift,
    Environment,
    ReplaySummary,
)
from tracekit.reports import text
from tracekit.reports.figures import count, seconds, size
from tracekit.reports.table import Column, Table
from tracekit.reports.text_report import TextPage


def test_the_usual_report_at_100_columns(
    passing: ReplaySummary, matches_golden: Callable[[str, str], None]
) -> None:
    matches_golden("passing-100.txt", text(passing, width=100))


def test_every_hard_case_at_any_width(
    hard: ReplaySummary, matches_golden: Callable[[str, str], None]
) -> None:
    matches_golden("hard-wide.txt", text(hard, folder="profiles/runs/20260102-030405"))


def test_every_hard_case_at_80_columns(
    hard: ReplaySummary, matches_golden: Callable[[str, str], None]
) -> None:
    matches_golden("hard-80.txt", text(hard, width=80))


def test_colours_only_on_request(hard: ReplaySummary, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    plain = text(hard, width=100)
    coloured = text(hard, width=100, color=True)
    assert "\x1b" not in plain
    assert re.search(r"\x1b\[1;31mFAILED", coloured)
    without = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    assert [line.rstrip() for line in without.splitlines()] == plain.splitlines()


def test_a_row_that_never_fits_is_wrapped_and_not_cut() -> None:
    long = "-".join(f"part{number}" for number in range(40))
    page = TextPage(60, color=False)
    page.table(Table.of((Column("size", numeric=True), Column("where")), [("12 MiB", long)]))
    lines = page.rendered().splitlines()
    assert max(map(len, lines)) <= 60
    assert "size" in lines[0]
    assert "12 MiB" in lines[0]
    assert long in "".join(line.removeprefix("where").strip() for line in lines)


def test_an_escape_sequence_in_a_value_never_reaches_the_terminal(hard: ReplaySummary) -> None:
    assert "\x1b" not in text(hard)
    assert r"twice\x1b[31m" in text(hard)


def _shown(value: object) -> list[str]:
    if isinstance(value, bool) or value is None:
        return []
    if isinstance(value, int):
        return [count(value), size(value), str(value)]
    if isinstance(value, float):
        return [seconds(value)]
    if isinstance(value, tuple):
        return [item for item in value if isinstance(item, str)]
    return [str(value).replace("_", " ")]


@pytest.mark.parametrize(
    "kind", [CandidateMeasurement, Environment, CandidateProof, Drift, Difference]
)
def test_every_field_of_a_record_is_shown(hard: ReplaySummary, kind: type) -> None:
    """Gives every field a value of its own and looks for it in the report."""
    lean = hard.proof.candidates["lean"]
    records = {
        CandidateMeasurement: replace(hard.candidates["arrow"], **_distinct(CandidateMeasurement)),
        Environment: replace(hard.environment, **_distinct(Environment)),
        CandidateProof: replace(lean, **_distinct(CandidateProof)),
        Drift: replace(lean.drift[0], **_distinct(Drift)),
        Difference: replace(lean.examples[0], **_distinct(Difference)),
    }
    record = records[kind]
    full = replace(
        lean if kind is not CandidateProof else record,
        drift=(records[Drift],),
        examples=(records[Difference],),
    )
    report = text(
        replace(
            hard,
            candidates={**hard.candidates, "arrow": records[CandidateMeasurement]},
            environment=records[Environment],
            proof=replace(hard.proof, candidates={"lean": full}),
        )
    )
    for field in fields(kind):
        expected = _shown(getattr(record, field.name))
        assert not expected or any(item in report for item in expected), field.name


def _distinct(kind: type) -> dict[str, object]:
    """A value nothing else has, for each field whose type is plain."""
    values: dict[str, object] = {}
    for number, field in enumerate(fields(kind), start=1):
        declared = str(field.type)
        if declared.startswith("int"):
            values[field.name] = 7_003_000_000 + 11_000_000 * number
        elif declared.startswith("float"):
            values[field.name] = 5003.5 + number
        elif declared.startswith("str"):
            values[field.name] = f"{field.name.replace('_', ' ')} here"
        elif declared.startswith("tuple[str"):
            values[field.name] = (f"{field.name} here",)
    return values
