"""Of a key with very many records, the place where two sides start to differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tracekit.equality.stretch import first_stretches

ROWS = 8_300
"""More than two of the blocks that are compared at once."""
LENGTH = 400
"""Records that are shown from the first difference on."""

Records = list[dict[str, Any]]


def records() -> Records:
    return [{"N": number, "A": 1} for number in range(ROWS)]


def in_pieces(rows: Records, size: int) -> Iterator[Records]:
    return (rows[start : start + size] for start in range(0, len(rows), size))


def stretches(left: Records, right: Records) -> tuple[Any, Any]:
    one, other = first_stretches("K", in_pieces(left, 1_000), in_pieces(right, 701))
    assert list(one) == list(other) == ["K"]
    return one["K"], other["K"]


PLACES = [0, 4_000, 4_096, 8_191, ROWS - 1]


@pytest.mark.parametrize("place", PLACES)
def test_it_starts_at_the_first_record_that_differs_and_goes_on_for_a_while(place: int) -> None:
    left, right = records(), records()
    for changed in (place, min(place + 3, ROWS - 1)):
        right[changed] = {"N": -1, "A": None}
    one, other = stretches(left, right)
    assert (one.first, list(one)) == (place, left[place : place + LENGTH])
    assert (other.first, list(other)) == (place, right[place : place + LENGTH])


@pytest.mark.parametrize("place", PLACES)
def test_a_record_that_is_gone_is_a_difference_from_its_place_on(place: int) -> None:
    left, right = records(), records()
    del right[place]
    for one, other in (stretches(left, right), reversed(stretches(right, left))):
        assert (one.first, list(one)) == (place, left[place : place + LENGTH])
        assert (other.first, list(other)) == (place, right[place : place + LENGTH])


@pytest.mark.parametrize("rows", [1, 4_095, 4_096, 4_097, ROWS - 1])
def test_a_side_that_ends_early_is_shown_to_its_end(rows: int) -> None:
    whole = records()
    for one, other in (stretches(whole, whole[:rows]), reversed(stretches(whole[:rows], whole))):
        assert (one.first, list(one)) == (rows, whole[rows : rows + LENGTH])
        assert (other.first, list(other)) == (rows, [])


@pytest.mark.parametrize("place", [0, 3_500, 4_096, 8_191])
def test_where_only_types_differ_it_starts_at_the_first_of_them(place: int) -> None:
    left, right = records(), records()
    for changed in (place, place + 5, 8_250):
        right[changed] = {"N": float(changed), "A": 1}
    one, other = stretches(left, right)
    end = min(place + LENGTH, (place // 4_096 + 1) * 4_096)
    assert (one.first, list(one)) == (place, left[place:end])
    assert (other.first, list(other)) == (place, right[place:end])
    right[8_280]["A"] = None
    one, other = stretches(left, right)
    assert (one.first, other.first) == (8_280, 8_280)
    assert list(other) == right[8_280:ROWS]


def test_of_equal_sides_there_is_none() -> None:
    for rows in ([], records()):
        for found in stretches(rows, rows):
            assert (found.first, list(found)) == (0, [])
