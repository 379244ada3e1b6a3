"""Where LOBs lie: read and changed as bytes are, freed when nobody needs them, bounded."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracekit.localdb import lob_space
from tracekit.localdb.lob_binds import MAX_PART_BYTES, bind_parts
from tracekit.localdb.lob_pieces import LobPieces
from tracekit.localdb.lob_space import LobSpace
from tracekit.localdb.lobs import SessionLobs
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.wire.column import ColumnDescription, OracleType
from tracekit.localdb.wire.locator import LOCATOR_BYTES
from tracekit.localdb.wire.messages.binds import LobBind

CLOB = ColumnDescription("C", OracleType.CLOB, buffer_bytes=4000, charset_form=1)
BLOB = ColumnDescription("B", OracleType.BLOB, buffer_bytes=4000)


@pytest.fixture(name="space")
def _space(tmp_path: Path) -> Iterator[LobSpace]:
    space = LobSpace(tmp_path)
    yield space
    space.close()


@pytest.fixture(name="lobs")
def _lobs(tmp_path: Path) -> Iterator[SessionLobs]:
    lobs = SessionLobs(tmp_path)
    yield lobs
    lobs.close()


def _pieces(space: LobSpace, data: bytes) -> LobPieces:
    pieces = LobPieces(space)
    pieces.append(space.append([data], len(data)))
    return pieces


def _content(pieces: LobPieces) -> bytes:
    return b"".join(pieces.read(0, pieces.size_bytes))


changes = st.lists(
    st.tuples(
        st.sampled_from(["write", "append", "trim"]), st.integers(0, 90), st.binary(max_size=30)
    ),
    max_size=12,
)


@settings(max_examples=150, deadline=None)
@given(changes)
def test_changes_are_those_of_a_bytearray(steps: list[tuple[str, int, bytes]]) -> None:
    space = LobSpace()
    pieces, model = LobPieces(space), bytearray()
    for kind, place, data in steps:
        if kind == "trim":
            size = min(place, len(model))
            pieces.trim(size)
            del model[size:]
        else:
            start = len(model) if kind == "append" else place
            pieces.overwrite(start, _pieces(space, data), b"\0")
            model.extend(bytes(max(0, start - len(model))))
            model[start : start + len(data)] = data
        assert _content(pieces) == bytes(model)
        assert pieces.size_bytes == len(model)
        middle = len(model) // 3
        assert b"".join(pieces.read(middle, 20)) == bytes(model[middle : middle + 20])
    pieces.free()
    assert all(segment.pins == 0 for segment in space._segments.values())
    space.close()


def test_appended_pieces_become_one_extent(space: LobSpace) -> None:
    pieces = LobPieces(space)
    for byte in range(50):
        pieces.append(space.append([bytes([byte])], 1))
    assert len(pieces.take()) == 1


def test_large_ones_go_to_files_without_names(space: LobSpace, tmp_path: Path) -> None:
    data = os.urandom(3 * lob_space.READ_BYTES + 17)
    pieces = _pieces(space, data)
    assert _content(pieces) == data
    assert b"".join(pieces.read(1 << 20, 5)) == data[1 << 20 : (1 << 20) + 5]
    assert list(tmp_path.iterdir()) == []


def test_what_nobody_needs_is_freed_the_oldest_first(
    space: LobSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lob_space, "SEGMENT_BYTES", 1000)
    monkeypatch.setattr(lob_space, "MEMORY_BYTES", 1000)
    monkeypatch.setattr(lob_space, "LINGER_BYTES", 2000)
    held = [space.append([bytes([i]) * 1000], 1000) for i in range(8)]
    assert all(space.holds(extent) for extent in held)  # all are pinned

    for extent in held[:5]:
        space.unpin(extent.segment)

    assert [space.holds(extent) for extent in held] == [False] * 3 + [True] * 5
    assert space.held_bytes == 5000
    with pytest.raises(OraError, match="ORA-22922"):
        list(space.read(held[0], 0, 1))
    assert b"".join(space.read(held[4], 0, 1000)) == b"\4" * 1000


def test_a_session_holds_no_more_than_so_much(
    space: LobSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lob_space, "MAX_BYTES", 10_000)
    space.append([b"x" * 9_000], 9_000)
    with pytest.raises(OraError, match="ORA-01652"):
        space.append([b"x" * 2_000], 2_000)


def test_a_write_without_room_is_read_to_its_end_before_it_fails(
    lobs: SessionLobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    locator = lobs.find(lobs.create(OracleType.BLOB, 0))
    monkeypatch.setattr(lob_space, "MAX_BYTES", 10)
    staged = lobs.stage()
    for _ in range(5):
        staged.add(b"x" * 4)
    with pytest.raises(OraError, match="ORA-01652"):
        lobs.write(locator, 0, staged)
    assert lobs.length(locator) == 0


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_kept_text_is_counted_and_read_in_utf16_units(text: str) -> None:
    lobs = SessionLobs()
    kept = lobs.keeper().keep(memoryview(text.encode()), CLOB)
    encoded = text.encode("utf-16-be")
    locator = lobs.find(kept.locator)
    assert kept.units == lobs.length(locator) == len(encoded) // 2
    assert b"".join(lobs.read(locator, 1, 3)) == encoded[2:8]
    assert lobs.value(kept.locator) == text
    lobs.close()


def test_text_is_cut_nowhere_in_a_character(lobs: SessionLobs) -> None:
    text = "字" * lob_space.READ_BYTES  # of three bytes each: pieces end inside of characters
    assert lobs.value(lobs.keeper().keep(memoryview(text.encode()), CLOB).locator) == text


def test_locators_of_others_and_changed_ones_stand_for_nothing(
    lobs: SessionLobs, tmp_path: Path
) -> None:
    kept = lobs.keeper().keep(memoryview(b"secret"), BLOB).locator
    assert len(kept) == LOCATOR_BYTES
    other = SessionLobs(tmp_path)
    other.keeper().keep(memoryview(b"theirs"), BLOB)
    for wrong in (
        *(kept[:i] + bytes([kept[i] ^ 1]) + kept[i + 1 :] for i in range(LOCATOR_BYTES)),
        b"",
        kept + b"x",
        bytes(LOCATOR_BYTES),
    ):
        with pytest.raises(OraError, match="ORA-22922"):
            lobs.find(wrong)
    with pytest.raises(OraError, match="ORA-22922"):
        other.find(kept)
    other.close()


def test_freed_and_closed_lobs_are_gone(lobs: SessionLobs) -> None:
    temporary = lobs.create(OracleType.CLOB, 2)
    assert lobs.find(temporary).charset_form == 2
    lobs.free([temporary, temporary, b"nonsense"])
    kept = lobs.keeper().keep(memoryview(b"x"), BLOB).locator
    assert lobs.find(kept)
    lobs.close()
    for data in (temporary, kept):
        with pytest.raises(OraError, match="ORA-22922"):
            lobs.find(data)
    assert lobs.held_bytes == 0


def test_binds_are_given_in_parts_of_bounded_size(lobs: SessionLobs) -> None:
    large = memoryview(bytes(MAX_PART_BYTES // 3))
    keeper = lobs.keeper()
    rows = [[i, LobBind(keeper.keep(large, BLOB).locator)] for i in range(7)]
    parts = list(bind_parts(rows, lobs))
    assert [len(part) for part in parts] == [3, 3, 1]
    assert [row[0] for part in parts for row in part] == list(range(7))
    assert all(row[1] == large for part in parts for row in part)
