"""What two digest files say with and without a look at the records again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.unit.equality.sides import RecordsByKey, Sides, events
from tracekit.equality import DigestWriter, compare_digests
from tracekit.equality.digest_file import DigestFile
from tracekit.errors import ConnectError
from tracekit.records import DifferenceKind, Level


def test_equal_results_are_not_fetched_again(tmp_path):
    def reads(keys: Sequence[str]) -> tuple[RecordsByKey, RecordsByKey]:
        pytest.fail("a query was run again")

    assert Sides(tmp_path, events(), events()).proof(refetch=reads).level is Level.EXACT


def test_drift_that_totals_settle_needs_no_second_look(tmp_path):
    sides = Sides(tmp_path, events(), events(quantity=float))
    proof = sides.proof()
    (drift,) = proof.drift
    assert (proof.level, drift.count, drift.example_from, drift.example_to) == (
        Level.VALUE,
        18,
        "0",
        "0.0",
    )
    assert sides.asked == []


def test_only_cids_that_differ_are_fetched_again_and_not_too_many(tmp_path):
    other = events(50)
    for cid in list(other)[10:40]:
        other[cid][1]["QTY"] = -1
    sides = Sides(tmp_path, events(50), other)
    proof = sides.proof(max_refetch_keys=8, max_examples=5)
    assert sides.asked == [f"C{number:03d}" for number in range(10, 18)]
    assert proof.different_keys == 30
    assert [example.key for example in proof.examples] == sides.asked[:5]
    assert any("8 of 30 different keys" in remark for remark in proof.remarks)


def test_one_bad_cid_does_not_crowd_out_the_others(tmp_path):
    other = events()
    for record in other["C001"]:
        record["QTY"], record["CONTAINERID"] = -1, "?"
    other["C004"][0]["QTY"] = -1
    proof = Sides(tmp_path, events(), other).proof(max_examples=5)
    assert [example.key for example in proof.examples] == ["C001"] * 3 + ["C004", "C001"]
    other["C004"] = [{**row, "CONTAINERID": "?"} for row in other["C001"]]
    proof = Sides(tmp_path, events(), other).proof()
    assert [example.key for example in proof.examples] == [
        *(["C001"] * 3 + ["C004"] * 3),
        *(["C001"] * 3 + ["C004"]),
    ]


def test_the_cids_that_differ_are_named_without_a_refetch_too(tmp_path):
    other = events()
    other["C002"][0]["QTY"] = -1
    del other["C003"]
    other["C009"] = []
    proof = Sides(tmp_path, events(), other).proof(refetch=None)
    assert [(example.kind, example.key) for example in proof.examples] == [
        (DifferenceKind.VALUE, "C002"),
        (DifferenceKind.MISSING_KEY, "C003"),
        (DifferenceKind.EXTRA_KEY, "C009"),
    ]
    assert [example.remark for example in proof.examples] == [
        "records differ; not fetched again",
        "missing from the candidate",
        "only in the candidate",
    ]
    assert (proof.different_keys, proof.missing_keys, proof.extra_keys) == (3, 1, 1)
    proof = Sides(tmp_path, events(), other).proof()
    assert [(example.kind, example.key) for example in proof.examples] == [
        (DifferenceKind.VALUE, "C002"),
        (DifferenceKind.MISSING_KEY, "C003"),
        (DifferenceKind.EXTRA_KEY, "C009"),
    ]
    assert [example.remark for example in proof.examples[1:]] == [
        "missing from the candidate and its 3 records",
        "only in the candidate; no records",
    ]


def test_drift_beside_differences_is_counted_over_every_cell(tmp_path):
    other = events(quantity=float)
    other["C002"][0]["N"] = -1
    proof = Sides(tmp_path, events(), other).proof()
    (drift,) = proof.drift
    assert (drift.column, drift.count, drift.lossy) == ("QTY", 18, False)


def test_a_refetch_that_fails_leaves_the_proof_standing(tmp_path):
    other = events()
    other["C002"][0]["QTY"] = -1

    def fails(keys: Sequence[str]) -> tuple[RecordsByKey, RecordsByKey]:
        raise ConnectError("the database is gone")

    proof = Sides(tmp_path, events(), other).proof(refetch=fails)
    assert proof.level is Level.DIFFERENT
    assert [example.key for example in proof.examples] == ["C002"]
    assert any("the database is gone" in remark for remark in proof.remarks)


def test_of_keys_that_could_not_all_be_read_again_those_that_were_count(tmp_path):
    other = events(quantity=lambda index: -index)
    sides = Sides(tmp_path, events(), other)
    proof = sides.proof(refetch=lambda keys: sides.refetch(keys[:1]))
    assert (proof.different_keys, {example.key for example in proof.examples}) == (6, {"C000"})
    assert proof.remarks == (
        "1 of 6 different keys were fetched again; drift counts from column totals include the "
        "others",
    )


def test_a_result_that_changes_between_fetches_is_named(tmp_path):
    other = events()
    other["C002"][0]["QTY"] = -1
    sides = Sides(tmp_path, events(), other)
    turned = {key: [dict(reversed(row.items())) for row in rows] for key, rows in events().items()}
    for candidate in (events(), turned):
        sides.sides = (events(), candidate)
        proof = sides.proof()
        assert proof.level is Level.DIFFERENT
        assert any("'C002'" in remark and "changes" in remark for remark in proof.remarks)


@pytest.mark.parametrize(
    ("required", "equal"),
    [(Level.VALUE, True), (Level.JSON, False), (Level.EXACT, False), (Level.DIFFERENT, True)],
)
def test_equal_means_the_level_that_was_asked_for(tmp_path, required, equal):
    proof = Sides(tmp_path, events(), events(quantity=float)).proof(required=required)
    assert (proof.equal, proof.required_level) == (equal, required)


def test_the_cost_of_digesting_is_part_of_the_proof(tmp_path):
    started = time.perf_counter()
    sides = Sides(tmp_path, events(500), events(2000))
    digesting = time.perf_counter() - started
    one, other = (DigestFile(file).footer for file in sides.files)
    assert 0 < one.seconds < one.seconds + other.seconds < digesting
    started = time.perf_counter()
    proof = sides.proof()
    comparing = time.perf_counter() - started
    assert 0 < proof.prove_seconds - one.seconds - other.seconds < comparing
    peaks = (one.net_peak_bytes, other.net_peak_bytes)
    assert 0 <= max(peaks) <= proof.prove_net_peak_bytes < 64 * 2**20


@pytest.mark.parametrize("large", [0, 1])
def test_the_larger_peak_of_the_two_sides_is_that_of_the_proof(tmp_path, large):
    files = (tmp_path / "reference", tmp_path / "candidate")
    for place, file in enumerate(files):
        with DigestWriter(file) as writer:
            writer.add_all(events())
            assert place != large or len(bytes(range(256)) * 2**19) == 128 * 2**20
            summary = writer.close()
        assert (summary.net_peak_bytes > 100 * 2**20) is (place == large)
    assert compare_digests(*files).prove_net_peak_bytes > 100 * 2**20


def test_the_memory_of_comparing_records_is_that_of_the_proof_too(tmp_path):
    text = "x" * 2**24
    before, after = ({"K": [{"TEXT": text, "N": number}]} for number in range(2))
    sides = Sides(tmp_path, before, after)
    digesting = max(DigestFile(file).footer.net_peak_bytes for file in sides.files)
    assert sides.proof().prove_net_peak_bytes > 1.5 * digesting


def test_reading_again_counts_as_time_of_the_proof_and_not_as_its_memory(tmp_path):
    other = events()
    other["C002"][0]["QTY"] = -1
    sides = Sides(tmp_path, events(), other)

    def large(keys: Sequence[str]) -> tuple[RecordsByKey, RecordsByKey]:
        started = time.perf_counter()
        while time.perf_counter() - started < 0.05:
            assert len(bytes(range(256)) * 2**19) == 128 * 2**20
        return sides.refetch(keys)

    proof = sides.proof(refetch=large)
    assert proof.prove_seconds > 0.05
    assert proof.prove_net_peak_bytes < 64 * 2**20


def test_of_keys_that_drifted_only_the_first_are_read_again(tmp_path):
    def mixed(first: type, second: type) -> RecordsByKey:
        return {f"C{place:03d}": [{"A": first(1), "B": second(1)}] for place in range(60)}

    before, after = mixed(int, int), mixed(int, int)
    for place, key in enumerate(before):
        (before if place % 2 else after)[key][0]["A"] = 1.0
    sides = Sides(tmp_path, before, after)
    proof = sides.proof()
    assert sides.asked == [f"C{place:03d}" for place in range(20)]
    assert [(row.from_type, row.to_type, row.count) for row in proof.drift] == [
        ("int", "float", 10),
        ("float", "int", 10),
    ]
    assert proof.remarks == (
        "column totals do not determine the drift of A; its counts are those of the 20 keys "
        "fetched again",
    )


def test_what_is_said_of_two_results_as_a_whole(tmp_path):
    before, after = events(1_200), events(1_200)
    for key in list(after)[:1_100]:
        after[key] = [{**row, "NEW": 1} for row in after[key][:2]]
    proof = Sides(tmp_path, before, after).proof(max_refetch_keys=7, max_examples=1)
    assert proof.remarks == (
        "3,600 records in the reference, 2,500 in the candidate",
        "columns only in the reference: none; only in the candidate: 'NEW'",
        "7 of 1,100 different keys were fetched again; drift counts from column totals include "
        "the others",
        "column totals do not determine the drift of CONTAINERID, QTY, N; its counts are those of "
        "the 7 keys fetched again",
    )
    sides = Sides(tmp_path, before, after)
    assert "100 of 1,100 different keys were fetched again" in str(sides.proof().remarks)
    assert len(sides.asked) == 100
    fewer = {key: [{"N": row["N"]} for row in rows] for key, rows in before.items()}
    assert Sides(tmp_path, before, fewer).proof(refetch=None).remarks[0] == (
        "columns only in the reference: 'CONTAINERID', 'QTY'; only in the candidate: none"
    )
    turned = {key: rows[::-1] for key, rows in before.items()}
    proof = Sides(tmp_path, before, turned).proof(unordered=True)
    assert proof.remarks == ("1,200 keys have the same records in another order",)
    assert (proof.level, proof.equivalences) == (Level.EXACT, ("record order",))
    proof = Sides(tmp_path, before, {}).proof(refetch=None)
    assert proof.remarks == (
        "3,600 records in the reference, 0 in the candidate",
        "0 of 1,200 different keys were fetched again; drift counts from column totals include "
        "the others",
    )
    assert (proof.different_keys, proof.missing_keys, len(proof.examples)) == (1_200, 1_200, 10)


def test_columns_in_another_order_are_an_equivalence_wherever_they_are(tmp_path):
    before, after = events(3), events(3)
    after["C000"] = [{**dict(reversed(row.items())), "QTY": -1} for row in after["C000"]]
    after["C001"][0]["QTY"] = -1
    proof = Sides(tmp_path, before, after).proof()
    assert (proof.level, proof.different_keys) == (Level.DIFFERENT, 2)
    assert proof.equivalences == ("column order",)
    after = {key: [{"NEW": 1, **row} for row in rows] for key, rows in before.items()}
    assert Sides(tmp_path, before, after).proof().equivalences == ()


def without_records(folder: Path, *columns: list[str] | None) -> tuple[Path, Path]:
    """The files of two sides with two keys that have these columns and no records."""
    files = (folder / "reference", folder / "candidate")
    for file, names in zip(files, columns, strict=True):
        with DigestWriter(file) as writer:
            writer.add("K", [], names)
            writer.add("L", [], names)
            writer.close()
    return files


def test_keys_without_records_whose_columns_only_one_side_knows_are_counted(tmp_path):
    proof = compare_digests(*without_records(tmp_path, ["X"], None))
    assert (proof.level, proof.different_keys) == (Level.VALUE, 0)
    assert proof.remarks == (
        "both results are empty",
        "2 keys have no records; only one side says with which columns",
    )


def test_a_key_without_records_whose_columns_are_others_differs(tmp_path):
    files = without_records(tmp_path, ["X"], ["Y"])
    proof = compare_digests(*files, refetch=lambda keys: ({key: [] for key in keys},) * 2)
    assert (proof.level, proof.different_keys) == (Level.DIFFERENT, 2)
    assert [(each.kind, each.key, each.remark) for each in proof.examples] == [
        (DifferenceKind.COLUMNS, key, "no records on either side, but other columns")
        for key in "KL"
    ]
    assert proof.remarks == ()


def test_a_key_that_lost_all_its_records_differs(tmp_path):
    other = {**events(), "C002": []}
    for before, after in ((events(), other), (other, events())):
        proof = Sides(tmp_path, before, after).proof()
        assert (proof.level, proof.different_keys) == (Level.DIFFERENT, 1)


def test_large_changed_cids_are_paired_without_comparing_all_with_all(tmp_path):
    def long(shift: int) -> RecordsByKey:
        return {"C": [{"A": index + shift, "B": index, "D": 0, "E": 1} for index in range(3000)]}

    proof = Sides(tmp_path, long(0), long(1)).proof(max_examples=4)
    assert [example.kind for example in proof.examples] == [DifferenceKind.VALUE] * 4
    assert proof.examples[0].column == "A"
