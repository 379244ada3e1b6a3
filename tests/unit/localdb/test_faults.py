"""Faults as records: their text, their JSON, and what is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracekit.errors import ConfigError
from tracekit.localdb.faults import KINDS, AnyFault, make_fault, parse_fault

_COUNTS = st.integers(1, 10**9)
_SECONDS = st.floats(1e-6, 1e6)
_STATEMENTS = st.text(st.characters(codec="utf-8", exclude_characters="\\()[]{}*+?|^$.")).filter(
    lambda text: "\x00" not in text
)
_SCOPE = {"connection": _COUNTS, "every": _COUNTS, "times": _COUNTS}
_CALL = {**_SCOPE, "statement": _STATEMENTS}
_FIELDS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "refuse": ({}, {**_SCOPE, "code": st.integers(1, 99_999)}),
    "hang_connect": ({}, _SCOPE),
    "deny_login": ({}, {**_SCOPE, "code": st.integers(1, 99_999)}),
    "drop": ({}, _CALL),
    "drop_after": ({"rows": st.integers(0, 10**9)}, _CALL),
    "drop_in_row": ({"row": _COUNTS}, _CALL),
    "truncate": ({}, {**_CALL, "rows": _COUNTS}),
    "half_open": ({}, {**_CALL, "rows": _COUNTS}),
    "error": (
        {"code": st.integers(1, 99_999)},
        {**_CALL, "rows": _COUNTS, "text": st.text(min_size=1)},
    ),
    "stall": ({}, {**_CALL, "rows": _COUNTS}),
    "delay": ({"seconds": _SECONDS}, _CALL),
    "delay_rows": ({"seconds": _SECONDS}, _CALL),
}


@st.composite
def faults(draw: st.DrawFn) -> AnyFault:
    kind = draw(st.sampled_from(sorted(_FIELDS)))
    required, optional = _FIELDS[kind]
    return make_fault(kind, draw(st.fixed_dictionaries(required, optional=optional)))


def test_every_kind_is_tried() -> None:
    assert set(_FIELDS) == set(KINDS)


@given(faults())
def test_text_and_json_give_the_same_fault_back(fault: AnyFault) -> None:
    assert parse_fault(str(fault)) == fault
    assert msgspec.json.decode(msgspec.json.encode(fault), type=AnyFault) == fault
    assert hash(parse_fault(str(fault))) == hash(fault)


def test_the_words_of_the_command_line() -> None:
    assert parse_fault("drop_after rows=5000 once") == make_fault(
        "drop_after", {"rows": 5000, "times": 1}
    )
    quoted = parse_fault("error code=1555 rows=10 statement='FROM  DW' every=3")
    assert msgspec.to_builtins(quoted) == {
        "kind": "error",
        "code": 1555,
        "rows": 10,
        "statement": "FROM  DW",
        "every": 3,
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("explode", "unknown fault 'explode'; expected one of refuse, "),
        ("drop_after", "rows"),
        ("drop_after rows=many", "int"),
        ("drop_after rows=-1", ">= 0"),
        ("drop rows=1", "unknown field `rows`"),
        ("drop twice", "'twice'"),
        ("drop times=0", ">= 1"),
        ("delay seconds=0", "> 0"),
        ("error code=100000", "99999"),
        ("refuse statement=X", "unknown field `statement`"),
        ("drop statement='('", "statement='(' is not a pattern"),
        ("drop statement='", "quotation"),
    ],
)
def test_what_makes_no_sense_is_named(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as info:
        parse_fault(text)
    assert said in str(info.value)
