"""The words for an error that ended a cell or a script."""

from __future__ import annotations

from tracekit.programs.cells_ending import ending_of


def test_the_system_s_error_and_notes_are_told() -> None:
    error = OSError("no connection.\nwith more lines")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    error.add_note("redirected to 127.0.0.1:1/FREE")

    said = ending_of(error, {}).reason

    assert said == (
        "OSError: no connection: [Errno 111] Connection refused; redirected to 127.0.0.1:1/FREE"
    )


def test_a_cause_that_was_told_is_not_repeated() -> None:
    error = RuntimeError("failed: [Errno 2] No such file or directory")
    error.__cause__ = FileNotFoundError(2, "No such file or directory")

    assert ending_of(error, {}).reason == f"RuntimeError: {error}"
    assert ending_of(ValueError(), {}).reason == "ValueError"
