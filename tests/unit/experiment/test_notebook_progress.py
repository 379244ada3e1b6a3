"""The bars in a notebook, and none elsewhere."""

from __future__ import annotations

import sys

import pytest

from tracekit.experiment.notebook_progress import NotebookProgress, notebook_listener
from tracekit.experiment.progress import ReplayProgress


class Handle:
    """What IPython's `display` returns."""

    def __init__(self, shown: object) -> None:
        self.drawn = [repr(shown)]

    def update(self, shown: object) -> None:
        self.drawn.append(repr(shown))


@pytest.fixture
def handle() -> list[Handle]:
    return []


def _progress(handle: list[Handle]) -> NotebookProgress:
    def display(shown: object, *, display_id: bool) -> Handle:
        assert display_id
        handle.append(Handle(shown))
        return handle[0]

    return NotebookProgress(display)


def test_each_step_is_drawn_when_it_begins_and_when_it_ends(handle: list[Handle]) -> None:
    tell = _progress(handle)
    for number in range(100):
        tell(ReplayProgress("legacy", number / 100, f"{number} rows"))
    tell(ReplayProgress("legacy", 1.0, "100 rows"))
    tell(ReplayProgress("<lean>", 0.5))
    drawn = handle[0].drawn
    assert drawn[:2] == ["", "legacy: 0% 0 rows"]
    assert drawn[-1] == "legacy: 100% 100 rows\n<lean>: 50%"
    assert "legacy: 100% 100 rows" in drawn
    assert len(drawn) < 20  # not once for every row batch
    assert "&lt;lean&gt;" in tell._repr_html_()


def test_a_script_has_no_bars() -> None:
    assert notebook_listener() is None


def test_neither_has_ipython_in_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Shell:
        """Without a kernel."""

    class IPython:
        """The module."""

        get_ipython = Shell

    monkeypatch.setitem(sys.modules, "IPython", IPython())
    assert notebook_listener() is None
