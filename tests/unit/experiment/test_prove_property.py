"""Whatever changes in whatever table, the proof finds it; where nothing changes, it is exact."""

from __future__ import annotations

import copy
import datetime
from decimal import Decimal
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tracekit.experiment.prove import prove
from tracekit.records import DifferenceKind, Level

CELLS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False),
    st.text(max_size=4),
    st.binary(max_size=4),
    st.datetimes(),
    st.dates(),
    st.decimals(allow_nan=False, allow_infinity=False),
)
COLUMNS = st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=4, unique=True)


@st.composite
def tables(draw: st.DrawFn) -> dict[str, list[dict[str, Any]]]:
    columns = draw(COLUMNS)
    records = st.lists(st.fixed_dictionaries(dict.fromkeys(columns, CELLS)), max_size=4)
    return draw(st.dictionaries(st.text(min_size=1, max_size=4), records, min_size=1, max_size=4))


def another(draw: st.DrawFn, value: object) -> object:
    """A value that is not value-equal to `value`."""
    if isinstance(value, str):
        return draw(st.sampled_from([value + " ", value + "\u0301", value + "a"]))
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return draw(st.sampled_from([value + 1, value - 1, str(value), Decimal(value)]))
    if isinstance(value, datetime.datetime):
        changed = value.replace(microsecond=(value.microsecond + 1) % 1_000_000)
        return draw(
            st.sampled_from([changed, value.isoformat(), value.replace(tzinfo=datetime.UTC)])
        )
    if isinstance(value, float | Decimal):
        return draw(st.sampled_from([repr(value), -value, None]))
    return draw(st.sampled_from(["", 0, False, b"", [value]]))


@st.composite
def mutations(draw: st.DrawFn) -> tuple[Any, Any, set[DifferenceKind]]:
    table = draw(tables())
    other = copy.deepcopy(table)
    cid = draw(st.sampled_from(sorted(table)))
    records = other[cid]
    what = draw(st.sampled_from(["value", "lose", "double", "swap", "move", "rename", "cid"]))
    assume(records or what == "cid")
    place = draw(st.integers(0, max(0, len(records) - 1)))
    if what == "value":
        column = draw(st.sampled_from(sorted(records[place])))
        records[place][column] = another(draw, records[place][column])
        return table, other, {DifferenceKind.VALUE}
    if what == "lose":
        del records[place]
        return table, other, {DifferenceKind.MISSING_RECORD}
    if what == "double":
        records.insert(place, dict(records[place]))
        return table, other, {DifferenceKind.EXTRA_RECORD}
    if what == "swap":
        assume(len(records) > 1)
        end = (place + 1) % len(records)
        records[place], records[end] = records[end], records[place]
        return table, other, {DifferenceKind.RECORD_ORDER}
    if what == "move":
        assume(len(other) > 1)
        target = draw(st.sampled_from(sorted(set(other) - {cid})))
        other[target].append(records.pop(place))
        return table, other, {DifferenceKind.MISSING_RECORD, DifferenceKind.EXTRA_RECORD}
    if what == "rename":
        column = draw(st.sampled_from(sorted(records[place])))
        new = column + "_"
        assume(new not in records[place])
        records[place] = {
            new if name == column else name: value for name, value in records[place].items()
        }
        return table, other, {DifferenceKind.COLUMNS}
    del other[cid]
    return table, other, {DifferenceKind.MISSING_KEY}


@settings(max_examples=50, deadline=None)
@given(tables())
def test_without_a_mutation_the_proof_says_exact(table):
    proof = prove(table, copy.deepcopy(table))
    assert proof.level is Level.EXACT
    assert proof.record.different_keys == 0
    assert proof.drift == proof.examples == ()


@settings(max_examples=120, deadline=None)
@given(mutations())
def test_every_mutation_is_found(mutation):
    table, other, kinds = mutation
    assume(repr(table) != repr(other))
    proof = prove(table, other)
    found = {example.kind for example in proof.examples}
    assert proof.level is Level.DIFFERENT
    assert not proof.equal
    assert found & (kinds | {DifferenceKind.MISSING_RECORD, DifferenceKind.EXTRA_RECORD})


@settings(max_examples=40, deadline=None)
@given(tables(), st.randoms(use_true_random=False))
def test_unordered_proofs_do_not_see_order_but_everything_else(table, random):
    other = copy.deepcopy(table)
    for records in other.values():
        random.shuffle(records)
    assert prove(table, other, unordered=True).level is Level.EXACT
    longest = max(other, key=lambda cid: len(other[cid]))
    assume(other[longest])
    other[longest].pop()
    assert prove(table, other, unordered=True).level is Level.DIFFERENT
