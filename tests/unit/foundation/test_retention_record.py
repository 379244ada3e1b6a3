from __future__ import annotations

from tracekit.records.retention import Holder, Retention
from tracekit.records.serial import from_json, to_json

MIB = 2**20
RECORDS = Holder("", "", "dict", 1_138_260, 500 * MIB)
EVENTS = Holder(
    "events",
    "fetch_events (legacy.py:58)",
    "dict",
    1,
    540 * MIB,
    children=(
        Holder(
            "", "", "list", 112_813, 530 * MIB, (), (Holder("", "", "dict", 1_138_260, 500 * MIB),)
        ),
        Holder("", "", "str keys", 112_813, 10 * MIB),
    ),
)
SHARED = Holder("rows", "load (job.py:9)", "dict", 5000, 100 * MIB, ("by_name", "kept in Loader"))
ROWS = Holder("rows", "", "list", 1, 50 * MIB)
SELF = Holder("loader", "main (job.py:3)", "Loader", 1, 50 * MIB, (), (ROWS,))
FOUND = Retention(
    1000 * MIB,
    700 * MIB,
    "rows:90%",
    (EVENTS, SHARED, SELF, Holder("tiny", "", "int", 1, MIB)),
    above_baseline=True,
)


def test_it_prints_as_a_person_says_it() -> None:
    assert [" ".join(line.split()) for line in str(FOUND).splitlines()] == [
        "1000 MiB above the baseline, 700 MiB explained",
        "54% events in fetch_events (legacy.py:58) dict of 112,813 x list -> 1,138,260 x dict",
        "10% rows in load (job.py:9), also held by by_name and kept 5,000 x dict",
        "5% loader in main (job.py:3) Loader -> rows: list",
        "1% modules and small variables",
        "30% reached by no variable: native libraries, the interpreter, freed but kept by the "
        "allocator",
    ]


def test_lines_end_at_the_requested_number_and_add_up() -> None:
    lines = list(FOUND.lines(1))
    assert len(lines) == 4
    assert lines[2].split()[0] == "16%"


def test_it_comes_back_from_json() -> None:
    assert from_json(Retention, to_json(FOUND)) == FOUND
