from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from tracekit.errors import ConfigError
from tracekit.experiment.prove import prove
from tracekit.experiment.prove_view import EqualityProof
from tracekit.records import Level

COLUMNS = ("CONTAINERID", "QTY", "AT", "NAME")


def rows() -> list[tuple[Any, ...]]:
    return [
        (f"C{cid}", index, datetime.datetime(2026, 1, 1, index), f"<b>{cid}-{index}</b>")
        for cid in range(6)
        for index in range(3)
    ]


def records() -> list[dict[str, Any]]:
    return [dict(zip(COLUMNS, row, strict=True)) for row in rows()]


def mapping() -> dict[str, list[dict[str, Any]]]:
    events: dict[str, list[dict[str, Any]]] = {}
    for record in records():
        events.setdefault(record["CONTAINERID"], []).append(record)
    return events


def frame() -> pd.DataFrame:
    return pd.DataFrame(rows(), columns=list(COLUMNS))


def table() -> pa.Table:
    return pa.table(dict(zip(COLUMNS, map(list, zip(*rows(), strict=True)), strict=True)))


class Rows:
    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(records())


SOURCES = {
    "mapping": mapping,
    "pieces": lambda: iter([{cid: [row]} for cid, found in mapping().items() for row in found]),
    "records": records,
    "generated records": lambda: iter(records()),
    "an object that can be iterated": Rows,
    "row batch": lambda: (list(COLUMNS), rows()),
    "row batches": lambda: [
        (list(COLUMNS), rows()[start : start + 4]) for start in (0, 4, 8, 12, 16)
    ],
    "generated row batches": lambda: iter([(COLUMNS, rows())]),
    "interleaved records": lambda: sorted(records(), key=lambda record: record["QTY"]),
    "arrow table": table,
    "arrow batches": lambda: table().to_batches(max_chunksize=5),
    "arrow reader": lambda: table().to_reader(),
    "frame": frame,
    "frames": lambda: [frame().iloc[:7], frame().iloc[7:]],
}
IN_PANDAS = ("frame", "frames")


@pytest.mark.parametrize("name", SOURCES)
def test_events_from_anywhere(name):
    proof = prove(mapping(), SOURCES[name]())
    assert proof.level is (Level.JSON if name in IN_PANDAS else Level.EXACT)
    assert prove(SOURCES[name](), SOURCES[name](), "CONTAINERID").level is Level.EXACT


@pytest.mark.parametrize("name", SOURCES)
def test_differences_are_shown_whatever_the_source(name):
    events = mapping()
    events["C4"][1]["NAME"] = "other"
    proof = prove(events, SOURCES[name]())
    (found,) = proof.examples
    assert (found.key, found.record_index, found.column) == ("C4", 1, "NAME")
    assert found.reference == "'other'"


def test_the_key_column_may_have_another_name():
    renamed = [{"LOT": r.pop("CONTAINERID"), **r} for r in records()]
    assert prove(renamed, iter(renamed), "LOT").level is Level.EXACT
    with pytest.raises(
        ConfigError, match=r"^a record has no column 'CONTAINERID'; its columns are .*key="
    ):
        prove(renamed, renamed, "CONTAINERID")
    with pytest.raises(
        ConfigError, match=r"^a record has no column 'CONTAINERID'; its columns are .*key="
    ):
        prove(renamed, mapping())


def test_a_mapping_names_the_key_column_only_where_one_column_holds_its_keys():
    twice = {key: [{**row, "COPY": key} for row in found] for key, found in mapping().items()}
    flat = [row for found in twice.values() for row in found]
    assert prove(twice, flat, "CONTAINERID").level is Level.EXACT
    once = mapping()
    once["C4"][0]["NAME"] = "C4"
    assert prove(once, [row for found in once.values() for row in found]).level is Level.EXACT
    proof = prove({"C": [], **mapping()}, records())
    assert (proof.record.different_keys, proof.record.missing_keys) == (1, 1)
    by_two = {(row["CONTAINERID"], row["QTY"]): [row] for row in records()}
    assert prove(by_two, records()).level is Level.EXACT
    with pytest.raises(
        ConfigError, match=r"^a record has no known key column; its columns are .*key="
    ):
        prove(twice, flat)


def test_an_unknown_level_is_refused():
    with pytest.raises(
        ConfigError, match="unknown level 'same'; expected one of exact, json, value, different"
    ):
        prove({}, {}, level="same")


def test_a_proof_survives_json_and_draws_itself():
    events = mapping()
    events["C4"][1]["NAME"] = "<i>other</i>"
    events["C5"][1]["QTY"] = 1.0
    proof = prove(mapping(), events, level="exact")
    assert EqualityProof.from_json(proof.to_json()) == proof
    html = proof._repr_html_()
    assert "&lt;i&gt;other" in html
    assert "<i>" not in html
    text = str(proof)
    assert "different: 1 key differs" in text
    assert "QTY: int -> float in 1 cells" in text
    assert proof.record.required_level is Level.EXACT
    assert proof.record.prove_seconds > 0
    assert proof.record.prove_net_peak_bytes >= 0


def test_a_side_that_fails_half_way_raises_its_own_error(tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def broken() -> Iterator[dict[str, Any]]:
        yield from records()
        raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        prove(mapping(), broken())
    assert list(tmp_path.iterdir()) == []
