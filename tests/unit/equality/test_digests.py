from __future__ import annotations

import datetime
import itertools
import math
import struct
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracekit.equality import DigestWriter, compare_digests
from tracekit.equality import digests as digests_module
from tracekit.equality import spill as spill_module
from tracekit.equality.digest_file import DigestFile
from tracekit.equality.labels import WHOLE, label
from tracekit.errors import ConfigError
from tracekit.records import Level

RecordsByKey = dict[str, list[dict[str, Any]]]


def written(path: Path, pieces: Any) -> Any:
    with DigestWriter(path) as writer:
        for cid, records in pieces:
            writer.add(cid, records)
        return writer.close()


def rows(cid: str, count: int) -> list[dict[str, Any]]:
    start = datetime.datetime(2026, 1, 1)
    return [
        {"CONTAINERID": cid, "QTY": index, "AT": start + datetime.timedelta(hours=index)}
        for index in range(count)
    ]


RECORDS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"A": st.integers(0, 3), "B": st.text(max_size=2)}),
        st.fixed_dictionaries({"B": st.text(max_size=2), "A": st.integers(0, 3)}),
        st.fixed_dictionaries({"A": st.floats(0, 3)}),
        st.fixed_dictionaries({"A": st.sampled_from([Decimal("1.10"), Decimal("1.1"), 1])}),
        st.just({}),
    ),
    max_size=6,
)
KEYS = st.one_of(st.text(max_size=3), st.integers(-2, 2))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(KEYS, RECORDS, max_size=5), st.data())
def test_digests_do_not_depend_on_how_records_come(tmp_path_factory, events, data):
    folder = tmp_path_factory.mktemp("digests")
    whole = written(folder / "whole", events.items())
    pieces = []
    for cid, records in events.items():
        cut = data.draw(st.integers(0, len(records)))
        pieces.append([(cid, records[:cut]), (cid, records[cut:])])
    mixed = [pair[0] for pair in pieces] + [pair[1] for pair in reversed(pieces)]
    cut_up = written(folder / "cut", mixed)
    assert cut_up.digest == whole.digest
    assert (whole.rows, whole.keys) == (sum(map(len, events.values())), len(events))
    entries = list(DigestFile(folder / "cut"))
    assert entries == list(DigestFile(folder / "whole"))
    assert [entry.key for entry in entries] == sorted(map(label, events))
    assert {len(each) for entry in entries for each in (*entry.ordered, *entry.unordered)} <= {16}


def test_blocks_spills_and_merge_passes_change_nothing(tmp_path, monkeypatch):
    events = {f"C{number:04d}": rows(f"C{number:04d}", number % 4) for number in range(300)}
    events["LONG"] = rows("LONG", 500)
    for place, row in enumerate(record for records in events.values() for record in records):
        if place % 10 < 3:  # some blocks have cells of another type, others have none
            row["QTY"] = (float(place), Decimal("1.10"), np.int64(place))[place % 10]
    whole = written(tmp_path / "whole", events.items())
    monkeypatch.setattr(digests_module, "_ROWS_PER_BLOCK", 7)
    monkeypatch.setattr(digests_module, "_SPILL_BYTES", 1)
    monkeypatch.setattr(spill_module, "_FAN_IN", 3)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "missing"))  # only beside the file
    small = written(tmp_path / "small", events.items())
    assert small.digest == whole.digest
    assert small.rows == whole.rows == sum(map(len, events.values()))
    proof = compare_digests(tmp_path / "whole", tmp_path / "small")
    assert proof.level is Level.EXACT


@settings(max_examples=60, deadline=None)
@given(RECORDS, st.randoms(use_true_random=False))
def test_the_order_of_records_counts_in_one_digest_and_not_in_the_other(
    tmp_path_factory, records, random
):
    folder = tmp_path_factory.mktemp("digests")
    shuffled = random.sample(records, len(records))
    written(folder / "one", [("K", records)])
    written(folder / "other", [("K", shuffled)])
    (one,), (other,) = DigestFile(folder / "one"), DigestFile(folder / "other")
    assert one.unordered == other.unordered
    assert (one.ordered.exact == other.ordered.exact) == (
        list(map(exactly, records)) == list(map(exactly, shuffled))
    )


def exactly(record: dict[str, Any]) -> str:
    return repr(list(record.items()))


@pytest.mark.parametrize(
    ("reference", "candidate", "level"),
    [
        ([{"A": 1, "B": 2.0}, {"A": 1, "B": 2}], [{"A": 1.0, "B": 2}, {"A": 1, "B": 2}], "value"),
        ([{"A": 1.0}, {"A": 2}], [{"A": 1}, {"A": 2.0}], "value"),
        ([{"A": Decimal("1.10")}, {"A": 2}], [{"A": Decimal("1.1")}, {"A": 2}], "value"),
        (
            [{"A": 1, "B": 2}, {"B": 4, "A": 3}],
            [{"B": 2, "A": 1}, {"A": 3, "B": 4}],
            "value",
        ),
        ([{"A": 1, "B": 2}], [{"A": 2, "B": 1}], "different"),
        ([{"A": 1, "B": 4}, {"A": 3, "B": 2}], [{"A": 1, "B": 2}, {"A": 3, "B": 4}], "different"),
        ([{"A": 1}, {"A": 1}], [{"A": 1}], "different"),
    ],
)
def test_what_changes_its_record_is_found_among_a_multiset(tmp_path, reference, candidate, level):
    written(tmp_path / "x", [("K", reference)])
    written(tmp_path / "y", [("K", candidate)])
    assert compare_digests(tmp_path / "x", tmp_path / "y", unordered=True).level == level


def test_order_keys_and_owner_of_records_are_part_of_the_digest(tmp_path):
    events = {"A": rows("A", 3), "B": []}
    digests = {written(tmp_path / "0", events.items()).digest}
    others: list[RecordsByKey] = [
        {"A": rows("A", 3)},
        {"A": rows("A", 3), "C": []},
        {"A": [], "B": rows("A", 3)},
        {"A": rows("A", 3)[::-1], "B": []},
        {"A": rows("A", 2), "B": []},
        {"A": [dict(reversed(record.items())) for record in rows("A", 3)], "B": []},
    ]
    for other in others:
        digests.add(written(tmp_path / "1", other.items()).digest)
    assert len(digests) == 1 + len(others)


def test_digests_stay_as_they_are(tmp_path: Path) -> None:
    """Whoever changes one makes every committed baseline say that the output changed."""
    with DigestWriter(tmp_path / "x") as writer:
        writer.add("A", rows("A", 3))
        writer.add(7, [{"N": 1.0, "D": Decimal("1.10")}, {"D": Decimal(2), "N": 2}])
        writer.add("NOTHING", [])
        writer.add("COLUMNS", [], ["X", 1])
        writer.add(8, [], ["Y"])
        writer.add("A", [{"OTHER": None, "B": math.nan}] * 5)
        writer.add(WHOLE, [{0: b"x", "T": True}])
        assert writer.close().digest == "47bd8eabeea46a68967c908778849681"
    typed = written(tmp_path / "y", [("A", [{"N": np.int64(1)}])])
    assert typed.digest == "d37dff126dc01178a879a8f7df33858f"


def test_the_seconds_of_all_blocks_are_counted(tmp_path, monkeypatch):
    clock = itertools.count()
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    summary = written(tmp_path / "x", [("K", rows("K", 2 * 4_096)), ("L", rows("L", 1))])
    assert summary.seconds == 4  # two full blocks, the rest, and writing the file


def test_memory_does_not_grow_with_the_number_of_cids(tmp_path, monkeypatch):
    monkeypatch.setattr(digests_module, "_SPILL_BYTES", 128 * 1024)
    monkeypatch.setattr(digests_module, "_ROWS_PER_BLOCK", 256)
    monkeypatch.setattr(spill_module, "_FAN_IN", 4)

    def peak(keys: int) -> int:
        tracemalloc.start()
        try:
            records = rows("same", 2)
            written(tmp_path / "file", ((f"{number:016d}", records) for number in range(keys)))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(500)
    assert peak(8_000) < 1.1 * peak(2_000)


def test_memory_does_not_grow_with_the_records_of_a_key(tmp_path):
    def peak(blocks: int) -> int:
        block = rows("same", 4096)
        tracemalloc.start()
        try:
            written(tmp_path / "file", (("same", block) for _ in range(blocks)))
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)
    assert peak(24) < 1.05 * peak(3)


def test_an_abandoned_writer_leaves_no_file(tmp_path):
    with (
        pytest.raises(TypeError, match="cannot be compared"),
        DigestWriter(tmp_path / "x") as writer,
    ):
        writer.add("A", [{"V": object()}])
        writer.close()
    assert list(tmp_path.iterdir()) == []


def test_columns_are_counted_by_kind_with_the_example_of_the_smallest_cid(tmp_path):
    written(tmp_path / "x", [("B", [{"Q": 2}, {"Q": None}]), ("A", [{"Q": None}, {"Q": 7}])])
    totals = DigestFile(tmp_path / "x").footer.columns["Q"]
    assert {key: total.count for key, total in totals.items()} == {"integer:int": 2, "null:None": 2}
    assert (totals["integer:int"].key, totals["integer:int"].example) == ("A", "7")
    assert (totals["null:None"].key, totals["null:None"].example) == ("A", "None")


@pytest.mark.parametrize("turned", [False, True])
def test_examples_are_of_the_smallest_key_whatever_block_it_is_in(tmp_path, turned):
    keys = [f"K{number:04d}" for number in range(5_000)]
    cells = (lambda number: number, lambda number: number + 0.5, lambda number: f"text {number}")
    pieces = [
        (key, [{"Q": cells[number % 3](number)}, {"Q": cells[number % 3](-number)}])
        for number, key in enumerate(keys)
    ]
    written(tmp_path / "x", reversed(pieces) if turned else pieces)
    totals = DigestFile(tmp_path / "x").footer.columns["Q"]
    found = {kind: (total.count, total.key, total.example) for kind, total in totals.items()}
    assert found == {
        "integer:int": (3_334, "K0000", "0"),
        "float:float": (3_334, "K0001", "1.5"),
        "text:str": (3_332, "K0002", "'text 2'"),
    }


def test_the_example_of_a_key_is_its_first_cell_whatever_follows(tmp_path):
    first = [{"Q": number + 0.5} for number in range(5_000)]
    written(tmp_path / "x", [("K", first), ("A", [{"Q": 1}]), ("K", [{"Q": 9.5}, {"Q": 7}])])
    totals = DigestFile(tmp_path / "x").footer.columns["Q"]
    found = {kind: (total.count, total.key, total.example) for kind, total in totals.items()}
    assert found == {"float:float": (5_001, "K", "0.5"), "integer:int": (2, "A", "1")}


def test_the_first_orders_of_columns_are_kept(tmp_path):
    names = [f"C{number}" for number in range(70)]
    records = [dict.fromkeys([name, *names], 1) for name in names]
    written(tmp_path / "x", [("K", records[:1]), ("L", records)])
    orders = DigestFile(tmp_path / "x").footer.orders
    assert orders == [list(record) for record in records[:64]]


def test_the_types_of_keys_and_their_numbers_are_told(tmp_path):
    pieces = [(1, [{"N": 1}] * 3), ("A", []), (np.int64(2), [{"N": 1}])]
    summary = written(tmp_path / "x", pieces)
    footer = DigestFile(tmp_path / "x").footer
    assert (summary.seconds, summary.net_peak_bytes) == (footer.seconds, footer.net_peak_bytes)
    assert summary.seconds > 0
    assert footer.key_kinds == ["int", "numpy.int64", "str"]
    assert (footer.rows, footer.keys) == (4, 3)
    assert (footer.summary().rows, footer.summary().keys) == (4, 3)


@pytest.mark.parametrize(
    "damage",
    ["empty", "start", "cut", "end", "length", "other", "missing", "entry", "key", "bit", "json"],
)
def test_a_damaged_file_is_refused_by_name(tmp_path, damage):
    path = tmp_path / "digests.bin"
    written(path, [("A", rows("A", 2)), ("B", rows("B", 1))])
    data = path.read_bytes()
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(
            {
                "empty": b"",
                "start": data[:8],
                "cut": data[:-3],
                "end": data[:-8] + b"x" * 8,
                "length": data[:-16] + struct.pack("<Q", len(data) - 20) + data[-8:],
                "other": b"x" * len(data),
                "entry": data[:8] + data[60:],
                "key": data[:15] + b"\xff" + data[16:],
                "bit": data[:30] + bytes([data[30] ^ 1]) + data[31:],
                "json": data[:-60] + b"\0" * 20 + data[-40:],
            }[damage]
        )
    said = {
        "empty": "its start is wrong",
        "start": "its start is wrong",
        "key": "'utf-8' codec can't decode byte 0xff",
        "json": "JSON is malformed",
        "cut": "its end is missing, because its writer was not closed",
        "end": "its end is missing, because its writer was not closed",
        "length": "its end is missing, because its writer was not closed",
        "other": "its start is wrong",
        "bit": "its entries do not match their checksum",
        "missing": ".*No such file",
    }.get(damage, "")
    how = "could not be read" if damage == "missing" else "is not a finished digest file"
    with pytest.raises(ConfigError, match=rf"digests\.bin' {how}: {said}"):
        list(DigestFile(path))


@pytest.mark.parametrize("bytes_of_key", [0, 1, 255, 65_535])
def test_a_key_may_have_so_many_bytes(tmp_path, bytes_of_key):
    keys = {character * bytes_of_key for character in "ab"} | {"\ud800", "é"}
    written(tmp_path / "x", [(key, []) for key in keys])
    assert [entry.key for entry in DigestFile(tmp_path / "x")] == sorted(map(label, keys))


def test_a_longer_key_is_refused(tmp_path):
    said = f"the key '{'é' * 40}'... is longer than 65,535 bytes, which cannot be compared"
    with pytest.raises(ConfigError, match=said):
        written(tmp_path / "x", [("é" * 32_768, [])])
    assert list(tmp_path.iterdir()) == []


def test_digests_of_another_python_are_not_compared(tmp_path):
    written(tmp_path / "x", [])
    written(tmp_path / "y", [])
    data = (tmp_path / "y").read_bytes()
    (tmp_path / "y").write_bytes(data.replace(b'"python":"3.', b'"python":"2.'))
    with pytest.raises(ConfigError, match="same version"):
        compare_digests(tmp_path / "x", tmp_path / "y")


def test_records_may_be_any_mapping(tmp_path):
    from types import MappingProxyType

    plain = written(tmp_path / "x", [("A", rows("A", 2))])
    other = written(tmp_path / "y", [("A", [MappingProxyType(row) for row in rows("A", 2)])])
    assert plain.digest == other.digest


@pytest.mark.parametrize("bits", [8, 10, 12])
def test_records_that_alternate_like_the_parity_of_bits_are_told_from_their_opposite(
    tmp_path, bits
):
    """Sums of powers modulo a power of two cannot tell them apart, whatever the base."""
    parities = [number.bit_count() % 2 for number in range(2**bits)]
    for name, values in (("x", parities), ("y", [1 - parity for parity in parities])):
        written(tmp_path / name, [("K", [{"A": value} for value in values])])
    assert compare_digests(tmp_path / "x", tmp_path / "y").level is Level.DIFFERENT
    assert compare_digests(tmp_path / "x", tmp_path / "y", unordered=True).level is Level.EXACT
