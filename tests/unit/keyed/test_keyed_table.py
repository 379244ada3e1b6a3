import pickle
import random
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.errors import BatchFetchError, ConfigError, MissingExtra
from tracekit.keyed import KeyedFetcher, Query, column_reader, keyed_table, value_arrays
from tracekit.keyed.keyed_table import KeyedTable
from tracekit.trace import EventFetcher

sys.path.insert(0, str(Path(__file__).parent))
from column_database import ColumnDatabase

START = datetime(2026, 1, 1)
TYPES = {
    "CONTAINERID": pa.large_string(),
    "NAME": pa.large_string(),
    "QTY": pa.int64(),
    "HOURS": pa.float64(),
    "SHARE": pa.float64(),
    "AT": pa.timestamp("s"),
    "N": pa.large_string(),
}


def rows_of(cid, hours=lambda n: n):
    dice = random.Random(cid)
    return [
        (
            cid,
            dice.choice(["切割", "MOLD", None]),
            dice.choice([1, 40_000, None]),
            hours(n),
            dice.choice([0.5, 2.0, None, float("nan")]),
            dice.choice([None, START + timedelta(seconds=n)]),
            f"{dice.random()}",
        )
        for n in range(dice.randrange(6))
    ]


def scripted(rows=rows_of, types=TYPES, **options):
    return ColumnDatabase(types, rows, unbounded=["HOURS"], **options)


def exact(events):
    return [
        (cid, [[(key, type(value), value) for key, value in record.items()] for record in records])
        for cid, records in events.items()
    ]


def both(database, cids, domain="history", **options):
    plain = EventFetcher(database, records="plain").fetch_events(cids, domain)
    return plain, EventFetcher(database, **options).fetch_event_table(cids, domain)


def cids_of(count):
    return [f"LOT{n:05}" for n in range(count)]


def test_a_table_reads_like_the_mapping():
    database = scripted()
    plain, table = both(database, cids_of(2_500))
    assert exact(table.to_records()) == exact(plain)
    assert exact(table) == exact(plain)
    assert table == plain
    assert len(table) == len(plain)
    assert list(table) == list(plain)
    assert table.rows == sum(map(len, plain.values()))
    for cid in cids_of(2_500):
        assert (cid in table) == (cid in plain)
    assert "LOT99999" not in table
    assert 7 not in table
    with pytest.raises(KeyError, match="LOT99999"):
        table["LOT99999"]
    ids = table.to_arrow().column("CONTAINERID").to_pylist()
    assert [cid for cid, _ in groupby(ids)] == list(plain), "the rows of a CID are together"
    assert database.open_now == 0


def test_a_table_comes_in_pieces_too(monkeypatch):
    monkeypatch.setattr(keyed_table, "_PART_ROWS", 700)
    plain, table = both(scripted(), cids_of(1_500))
    pieces = list(table.pieces())
    assert len(pieces) == -(-table.rows // 700)
    joined: dict = {}
    for piece in pieces:
        assert sum(map(len, piece.values())) <= 700
        for cid, records in piece.items():
            joined.setdefault(cid, []).extend(records)
    assert exact(joined) == exact(table.to_records()) == exact(plain)


def test_records_are_made_on_demand_and_cannot_be_changed():
    plain, table = both(scripted(), cids_of(50))
    cid = max(plain, key=lambda it: len(plain[it]))
    records = table[cid]
    assert records == plain[cid]
    assert records != plain[cid][:-1]
    assert records != [{}] * len(records)
    assert all(records != other for other in (5, None, "x" * len(records), set()))
    assert repr(records) == f"KeyRecords({plain[cid]!r})"
    assert records[0] == plain[cid][0]
    assert records[-1] == plain[cid][-1]
    assert records[1:3] == plain[cid][1:3]
    with pytest.raises(IndexError):
        records[len(records)]
    with pytest.raises(IndexError):
        records[-len(records) - 1]
    with pytest.raises(TypeError):
        records[0]["QTY"] = 1
    own = records.to_records()
    own[0]["QTY"] = -1
    assert table[cid][0] == plain[cid][0]


def test_columns_are_narrow_and_text_is_encoded():
    table = both(scripted(), cids_of(2_500))[1]
    types = {field.name: field.type for field in table.schema}
    assert types["NAME"] == pa.dictionary(pa.int8(), pa.string())
    assert types["CONTAINERID"] == pa.dictionary(pa.int16(), pa.string())
    assert types["QTY"] == pa.int32()
    assert types["AT"] == pa.timestamp("s")
    assert types["N"] == pa.string(), "unique text is not encoded"
    assert table.nbytes < 70 * table.rows


def test_text_that_hardly_repeats_is_not_encoded_whatever_the_nulls_and_the_first_piece():
    def rows(cid):
        late = cid >= "LOT01000"
        return [
            (cid, f"{cid}-{n}" if n % 2 else None, n, n, 0.5, None, f"{cid}-{n}" if late else "x")
            for n in range(4)
        ]

    plain, table = both(scripted(rows), cids_of(8_000))
    assert exact(table.to_records()) == exact(plain)
    types = {field.name: field.type for field in table.schema}
    assert types["NAME"] == pa.string(), "half of it is NULL"
    assert types["N"] == pa.string(), "only its first thousand CIDs repeat"
    assert types["CONTAINERID"] == pa.dictionary(pa.int16(), pa.string())


@pytest.mark.parametrize(
    ("hours", "kind", "type_"),
    [
        (lambda n: n, "whole", pa.int8()),
        (lambda n: 2**62 + n, "whole", pa.int64()),
        (lambda n: 10**30 + n, "long_whole", pa.decimal128(38, 0)),
        (lambda n: n / 4 if n % 4 else n // 4, "number", pa.float64()),
        (lambda n: 1.0 if n else 1, "digits", None),
        (lambda n: 2**53 + 1 if n else 0.5, "digits", None),
        (lambda n: 10**39 if n else 10**30, "digits", None),
    ],
)
@pytest.mark.parametrize("rows_only", [False, True])
def test_numbers_without_precision_come_back_as_they_were(hours, kind, type_, rows_only):
    if kind == "digits" and hours(1) == 10**39:
        rows_only = True  # the driver itself refuses those as decimals
    database = scripted(lambda cid: rows_of(cid, hours), rows_only=rows_only)
    plain, table = both(database, cids_of(1_200))
    assert exact(table.to_records()) == exact(plain)
    assert exact(table) == exact(plain)
    field = table.schema.field("HOURS")
    assert field.metadata == {b"tracekit:kind": kind.encode()}
    assert type_ in (None, field.type)


def test_a_fraction_in_the_last_batch_of_ids_changes_the_whole_column():
    def late(cid):
        return rows_of(cid, lambda n: n / 8 if cid >= "LOT03000" else n)

    plain, table = both(scripted(late), cids_of(3_100))
    assert exact(table.to_records()) == exact(plain)


def test_a_large_batch_of_ids_comes_in_pieces(monkeypatch):
    monkeypatch.setattr(column_reader, "_GATHERED_BYTES", 2_000)
    plain, table = both(scripted(), cids_of(1_500), batch_size=50)
    assert exact(table.to_records()) == exact(plain)
    assert exact(table) == exact(plain)
    assert len(table) == len(plain)


def test_a_row_without_key_is_an_error():
    def some(cid):
        return [(None if n == 1 else cid, *row[1:]) for n, row in enumerate(rows_of(cid))]

    with pytest.raises(BatchFetchError, match="NULL in its key"):
        EventFetcher(scripted(some)).fetch_event_table(cids_of(300), "history")


@pytest.mark.parametrize("cids", [[], ["NOROWS"]])
def test_no_rows_make_an_empty_table(cids):
    table = EventFetcher(scripted(lambda cid: [])).fetch_event_table(cids, "history")
    assert (len(table), table.rows, table.to_records()) == (0, 0, {})
    assert table.to_arrow().num_rows == 0


def test_a_failed_batch_leaves_nothing():
    database = scripted(rows_of, fails=["LOT01500"])
    with pytest.raises(BatchFetchError, match="1 of 3 batches of query 'history'") as caught:
        EventFetcher(database).fetch_event_table(cids_of(2_500), "history")
    assert caught.value.failures[0].batch_index == 1
    assert database.open_now == 0


def test_an_unknown_domain_is_refused():
    with pytest.raises(ConfigError, match="unknown domain 'nothing'"):
        EventFetcher(scripted()).fetch_event_table([], "nothing")


def test_other_libraries_read_the_columns():
    duckdb = pytest.importorskip("duckdb")
    plain, events = both(scripted(), cids_of(400))
    rows = sum(map(len, plain.values()))
    found = duckdb.sql("SELECT count(*), count(DISTINCT CONTAINERID), sum(QTY) FROM events")
    quantity = sum(it["QTY"] or 0 for records in plain.values() for it in records)
    assert found.fetchall() == [(rows, len(plain), quantity)]
    assert len(events.to_pandas()) == rows
    assert pa.table(events).equals(events.to_arrow())
    address = events.to_arrow().column("QTY").chunk(0).buffers()[1].address
    assert pa.table(events).column("QTY").chunk(0).buffers()[1].address == address, "copied"


def test_polars_reads_the_columns():
    pytest.importorskip("polars")
    plain, table = both(scripted(), cids_of(400))
    names = [it["NAME"] for records in plain.values() for it in records]
    assert table.to_polars()["NAME"].to_list() == names


def test_a_pickled_table_is_the_same_elsewhere():
    plain, table = both(scripted(), cids_of(40))
    assert exact(pickle.loads(pickle.dumps(table))) == exact(plain)


@given(
    st.lists(
        st.one_of(
            st.none(),
            st.integers(-(10**39), 10**39),
            st.integers(-100, 100),
            st.floats(allow_nan=False, allow_infinity=False),
            st.integers(-400, 400).map(lambda n: n / 4),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_numbers_of_a_column_survive(values):
    types = {"CONTAINERID": pa.large_string(), "X": pa.float64(), "N": pa.large_string()}
    rows = [("A", value, f"{n:03}") for n, value in enumerate(values)]
    database = ColumnDatabase(types, lambda cid: rows, unbounded=["X"], rows_only=True)
    plain, table = both(database, ["A"])
    assert exact(table.to_records()) == exact(plain)
    assert exact(table) == exact(plain)


@pytest.mark.parametrize("value", [True, b"\x00\xff", datetime(2026, 1, 1, 0, 0, 0, 123456)])
def test_other_types_survive_too(value):
    arrow = {bool: pa.bool_(), bytes: pa.large_binary(), datetime: pa.timestamp("ns")}
    types = {"CONTAINERID": pa.large_string(), "X": arrow[type(value)], "N": pa.large_string()}
    rows = [("A", value, "0"), ("A", None, "1")]
    plain, table = both(ColumnDatabase(types, lambda cid: rows, rows_only=True), ["A"])
    assert exact(table) == exact(plain)
    assert exact(table.to_records()) == exact(plain)


@pytest.mark.parametrize(
    ("type_", "value", "message"),
    [
        (pa.large_string(), 7, "column X holds values other than text: int"),
        (pa.timestamp("s"), datetime(2026, 1, 1, tzinfo=UTC), "times with a time zone"),
        (pa.large_binary(), "text", "column X holds values other than binary"),
    ],
)
def test_a_value_that_its_column_cannot_hold_is_named(type_, value, message):
    types = {"CONTAINERID": pa.large_string(), "X": type_, "N": pa.large_string()}
    database = ColumnDatabase(types, lambda cid: [(cid, value, "0")], rows_only=True)
    with pytest.raises(BatchFetchError, match=message):
        EventFetcher(database).fetch_event_table(["A"], "history")


def test_a_table_can_be_made_of_any_columns_with_cids():
    table = KeyedTable(
        pa.table({"CONTAINERID": ["A", "A", "B", "A"], "D": [Decimal(1)] * 4}), ["CONTAINERID"]
    )
    assert [len(table[cid]) for cid in table] == [3, 1]
    assert table["B"] == [{"CONTAINERID": "B", "D": Decimal(1)}]


@pytest.mark.parametrize("type_", [pa.timestamp("ns"), pa.timestamp("us", "UTC")])
def test_times_that_no_oracle_column_has_stay_as_arrow_gives_them(type_):
    times = pa.array([1_767_323_045_000_000_000, None]).cast(pa.timestamp("ns")).cast(type_)
    table = KeyedTable(pa.table({"ID": ["A", "B"], "AT": times}), ["ID"])
    expected = {"A": [{"ID": "A", "AT": times[0].as_py()}], "B": [{"ID": "B", "AT": None}]}
    assert exact(table.to_records()) == exact(table) == exact(expected)


@pytest.mark.parametrize(
    "type_",
    [
        pa.string(),
        pa.large_string(),
        pa.dictionary(pa.int8(), pa.string()),
        pa.dictionary(pa.int32(), pa.string()),
    ],
)
def test_equal_texts_of_a_table_are_one_object_in_its_records(monkeypatch, type_):
    monkeypatch.setattr(keyed_table, "_PART_ROWS", 70)
    texts = pa.array([f"text {n % 3}" for n in range(300)]).cast(type_)
    table = KeyedTable(pa.table({"ID": range(300), "TEXT": texts}), ["ID"])
    found = [records[0]["TEXT"] for records in table.to_records().values()]
    assert found == texts.to_pylist()
    assert len(set(map(id, found))) == 3


def test_different_keys_with_equal_hashes_are_different_keys():
    ids = [-1, -2, 2**61 - 1, 0, -2, 2**61 - 2, -1]
    assert len(set(map(hash, ids))) < len(set(ids))
    table = KeyedTable(pa.table({"ID": ids, "N": range(len(ids))}), ["ID"])
    assert list(table) == [-1, -2, 2**61 - 1, 0, 2**61 - 2]
    assert {key: [one["N"] for one in records] for key, records in table.items()} == {
        -1: [0, 6], -2: [1, 4], 2**61 - 1: [2], 0: [3], 2**61 - 2: [5]
    }  # fmt: skip


def test_the_records_of_a_key_in_several_places_are_one_sequence():
    ids = ["A", "B", "A", "A", "C", "B", "A"]
    table = KeyedTable(pa.table({"ID": ids, "N": range(len(ids))}), ["ID"])
    expected = {
        key: [{"ID": key, "N": n} for n, at in enumerate(ids) if at == key] for key in "ABC"
    }
    assert table.to_records() == expected == dict(table)
    for key, wanted in expected.items():
        records = table[key]
        assert [records[place] for place in range(-len(wanted), len(wanted))] == wanted * 2
        assert (records[1:], records[::-1], list(records)) == (wanted[1:], wanted[::-1], wanted)
        for place in (len(wanted), -len(wanted) - 1):
            with pytest.raises(IndexError, match=f"record {place} of {len(wanted)}"):
                records[place]


def test_keys_of_several_columns_differ_in_any_of_them():
    keys = [(a, b, c) for c in "xyz" for b in (1, 2) for a in ("k", "l", "m")]
    keys += [("k", 2, "x"), ("m", 1, "x")]  # each beside one that differs in two of them
    columns = dict(zip("ABC", zip(*keys, strict=True), strict=True))
    for wanted in (keys, []):
        rows = pa.table(columns).slice(0, len(wanted)).append_column("N", [[*range(len(wanted))]])
        table = KeyedTable(rows, ["A", "B", "C"])
        expected: dict = {}
        for n, key in enumerate(wanted):
            expected.setdefault(key, []).append(dict(zip("ABCN", (*key, n), strict=True)))
        assert (table.to_records(), list(table)) == (expected, list(expected))
        assert table == expected


def test_many_places_of_a_key_stay_in_order():
    rows = 3_000
    table = KeyedTable(pa.table({"ID": [n % 3 for n in range(rows)], "N": range(rows)}), ["ID"])
    assert len(table) == 3
    for key, records in table.items():
        assert [record["N"] for record in records] == list(range(key, rows, 3))


@pytest.mark.parametrize(
    ("most", "type_"),
    [
        (0, pa.int8()), (2**7 - 1, pa.int8()), (-(2**7), pa.int8()),
        (2**7, pa.int16()), (-(2**7) - 1, pa.int16()), (2**15 - 1, pa.int16()),
        (2**15, pa.int32()), (-(2**15) - 1, pa.int32()), (-(2**31), pa.int32()),
        (2**31, pa.int64()), (-(2**31) - 1, pa.int64()), (None, pa.int8()),
    ],
)  # fmt: skip
def test_whole_numbers_are_as_narrow_as_they_can_be(most, type_):
    database = scripted(lambda cid: [(cid, "x", most, n, 0.5, None, f"{cid}{n}") for n in (0, 1)])
    plain, table = both(database, cids_of(2))
    assert table.schema.field("QTY").type == type_
    assert exact(table) == exact(plain)


@pytest.mark.parametrize("asked", ["abc", "bac", "cba"])
@pytest.mark.parametrize(("most", "type_"), [(68, pa.string()), (67, pa.large_string())])
def test_text_past_what_arrows_text_can_address_is_large(monkeypatch, asked, most, type_):
    texts = {"a": ["xx"] * 4, "b": [f"u{n:02}" for n in range(20)], "c": [None]}
    monkeypatch.setattr(value_arrays, "MOST_TEXT_BYTES", most)
    types = {"ID": pa.large_string(), "TEXT": pa.large_string(), "N": pa.large_string()}
    database = ColumnDatabase(
        types, lambda key: [(key, text, f"{n:02}") for n, text in enumerate(texts[key])]
    )
    query = Query("SELECT * FROM T WHERE ID IN (:keys)", key="ID", keys_per_statement=1)
    table = KeyedFetcher(database, query).table(list(asked))
    assert table.schema.field("TEXT").type == type_
    for found in (table, pickle.loads(pickle.dumps(table)), table.to_records()):
        assert {key: [one["TEXT"] for one in rows] for key, rows in found.items()} == texts


def test_without_rows_a_table_keeps_its_columns():
    schema = pa.schema(
        {"ID": pa.dictionary(pa.int8(), pa.string()), "N": pa.decimal128(38, 0), "T": pa.int64()}
    )
    table = KeyedTable(schema.empty_table(), ["ID"])
    assert (table.to_arrow(), list(table), table.to_records()) == (schema.empty_table(), [], {})


def test_another_schema_may_be_asked_for_through_arrows_stream():
    table = KeyedTable(pa.table({"ID": ["A"], "N": pa.array([1], pa.int8())}), ["ID"])
    wanted = pa.schema({"ID": pa.string(), "N": pa.int64()})
    found = pa.RecordBatchReader.from_stream(table, schema=wanted).read_all()
    assert (found.schema, found.to_pylist()) == (wanted, [{"ID": "A", "N": 1}])


def test_without_polars_its_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "polars", None)
    table = KeyedTable(pa.table({"ID": ["A"]}), ["ID"])
    with pytest.raises(MissingExtra, match=r"tracekit\[peers\]"):
        table.to_polars()
