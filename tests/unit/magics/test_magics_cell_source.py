from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager, cell_magic

from tracekit.magics.cell_source import PeakCellTransform

BEGIN = "get_ipython().run_line_magic('tracekit_begin_peak', {!r})\n"


def measuring() -> TransformerManager:
    manager = TransformerManager()
    manager.cleanup_transforms.append(
        PeakCellTransform(list(manager.cleanup_transforms), cell_magic)
    )
    return manager


lines = st.lists(st.sampled_from(["x = 1", "  y", "'''", "%time f()", "!ls", "", "#", "a?", "é"]))


@given(lines)
def test_the_rest_of_the_cell_becomes_what_ipython_makes_of_it_alone(body: list[str]) -> None:
    cell = "\n".join(["pass", *body])
    alone = TransformerManager().transform_cell(cell)
    assert measuring().transform_cell(f"%%peak\n{cell}") == BEGIN.format("") + alone


@given(lines)
def test_other_cells_are_left_alone(body: list[str]) -> None:
    cell = "\n".join(body)
    assert measuring().transform_cell(cell) == TransformerManager().transform_cell(cell)


@pytest.mark.parametrize(
    ("first", "name"),
    [("%%peak", ""), ("%%peak  ", ""), ("%%peak one", "one"), ("%%peak  a b ", "a b")],
)
def test_what_follows_peak_is_handed_on(first: str, name: str) -> None:
    assert measuring().transform_cell(f"{first}\n1\n") == BEGIN.format(name) + "1\n"


def test_a_longer_name_is_another_magic() -> None:
    assert "run_cell_magic('peakier'" in measuring().transform_cell("%%peakier\n1\n")


def test_blank_lines_first_keep_the_line_numbers() -> None:
    assert measuring().transform_cell("%%peak\n\n\nx\n") == BEGIN.format("") + "\n\nx\n"
