"""The record of a shape: to JSON and back, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tracekit.errors import ConfigError
from tracekit.records import ColumnShape, KeySpace, QueryShape, Shape, StatementShape, to_json
from tracekit.records.shape import shape_from_json

PAYMENTS = QueryShape(
    name="payments",
    statement="SELECT ACCOUNT_ID, NOTE FROM PAYMENTS WHERE ACCOUNT_ID IN (:1)",
    statement_sha256="0" * 64,
    rows=30,
    key=("ACCOUNT_ID",),
    key_space="ACCOUNT_ID",
    keys=10,
    keys_asked=12,
    rows_per_key=(1.0, 3.0, 5.0),
    columns=(
        ColumnShape("ACCOUNT_ID", "NUMBER", precision=10, scale=0, numbers={"30": 30}),
        ColumnShape("NOTE", "VARCHAR2", size=40, text={"bmp": {"12": (30, 12.0, 30.0, 1.0)}}),
    ),
)
SHAPE = Shape(
    queries=(PAYMENTS,),
    statements=(StatementShape("change", "DELETE FROM T", "1" * 64, row_count=3),),
    key_spaces=(KeySpace("ACCOUNT_ID", 12),),
)


def test_a_shape_survives_its_file() -> None:
    assert shape_from_json(to_json(SHAPE)) == SHAPE


def test_fields_of_a_later_tracekit_are_ignored() -> None:
    text = to_json(SHAPE).replace('"schema_version"', '"weather": "fine", "schema_version"')
    assert shape_from_json(text) == SHAPE


@pytest.mark.parametrize(
    ("spoiled", "message"),
    [
        (replace(SHAPE, schema_version=99), "version 99"),
        (replace(SHAPE, queries=(PAYMENTS, PAYMENTS)), "two queries named 'payments'"),
        (replace(SHAPE, queries=(replace(PAYMENTS, keys=13),)), "13 keys, 12 requested"),
        (replace(SHAPE, queries=(replace(PAYMENTS, key=("OTHER",)),)), "no column OTHER"),
        (replace(SHAPE, queries=(replace(PAYMENTS, columns=()),)), "no columns"),
    ],
)
def test_a_shape_that_contradicts_itself_is_refused(spoiled: Shape, message: str) -> None:
    with pytest.raises(ConfigError, match=message) as refused:
        shape_from_json(to_json(spoiled), source="bank.json")
    assert "bank.json" in str(refused.value)


@pytest.mark.parametrize("text", ["", "[]", '{"rows": 3}', "not JSON", '{"queries": 7}'])
def test_a_file_that_is_not_a_shape_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"bank\.json could not be read"):
        shape_from_json(text, source="bank.json")


def test_an_unknown_query_is_named_with_the_known_ones() -> None:
    with pytest.raises(
        ConfigError, match=r"unknown query 'x' of the shape; expected one of payments"
    ):
        SHAPE.query("x")
