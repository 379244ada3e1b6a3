"""Single changes among 1.14M records are found, named and counted, in bounded memory."""

import pytest

import tracekit
from tests.bench.proving import records_of
from tracekit.records import DifferenceKind, Level

MIB = 2**20
CIDS = 114_000


def cid_of(number):
    return f"4881{number:012d}"


def one_character(records):
    records[4]["EQUIPMENTNAME"] += "\N{COMBINING ACUTE ACCENT}"


def two_rows_swapped(records):
    records[2], records[3] = records[3], records[2]


def lost_row(records):
    del records[9]


def duplicated_row(records):
    records.append(dict(records[9]))


def null_to_empty_text(records):
    for record in records:
        record["PJ_TYPE"] = record["PJ_TYPE"] or ""


CHANGES = {
    57_001: (one_character, DifferenceKind.VALUE),
    3: (two_rows_swapped, DifferenceKind.RECORD_ORDER),
    113_999: (lost_row, DifferenceKind.MISSING_RECORD),
    99_999: (duplicated_row, DifferenceKind.EXTRA_RECORD),
    41_234: (null_to_empty_text, DifferenceKind.VALUE),
}


def batches(changes):
    """Row batches of a thousand CIDs; a row of CID 70,000 moves to CID 70,500 where changed."""
    for first in range(0, CIDS, 1000):
        records = []
        for number in range(first, first + 1000):
            found = records_of(number, False)
            if number in changes:
                changes[number][0](found)
            records.append(found)
        if changes and first == 70_000:
            moved = records[0].pop()
            records[500].append({**moved, "CONTAINERID": cid_of(70_500)})
        flat = [record for found in records for record in found]
        columns = tuple(flat[0])
        yield columns, [tuple(record.values()) for record in flat]


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_each_of_six_single_changes_among_1_140_000_records_is_found_and_named():
    proof = tracekit.prove(batches({}), batches(CHANGES), "CONTAINERID", max_examples=50)
    assert proof.level is Level.DIFFERENT
    assert proof.record.different_keys == len(CHANGES) + 2
    shown = {}
    for example in proof.examples:
        shown.setdefault(example.key, set()).add(example.kind)
    expected = {cid_of(number): {kind} for number, (_, kind) in CHANGES.items()}
    expected[cid_of(70_000)] = {DifferenceKind.MISSING_RECORD}
    expected[cid_of(70_500)] = {DifferenceKind.EXTRA_RECORD}
    assert shown == expected
    changed = next(example for example in proof.examples if example.key == cid_of(57_001))
    assert (changed.record_index, changed.column) == (4, "EQUIPMENTNAME")
    assert proof.record.prove_net_peak_bytes < 64 * MIB


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_change_among_1_140_000_records_is_exact():
    proof = tracekit.prove(batches({}), batches({}), "CONTAINERID")
    assert (proof.level, proof.record.different_keys) == (Level.EXACT, 0)
