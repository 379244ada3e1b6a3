"""Only a failed check exits with 1; whatever goes wrong otherwise exits with 2."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from typing import NoReturn

import pytest

from tracekit.cli import app


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device"), "error: [Errno 28] No space left on device"),
        (KeyError("x"), "this is a defect of tracekit"),
    ],
    ids=["a full disk", "a defect"],
)
def test_an_unexpected_error_is_not_a_failed_check(
    error: Exception,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(context: object) -> NoReturn:
        raise error

    monkeypatch.setattr(app.group, "invoke", fail)
    monkeypatch.setattr(sys, "argv", ["tracekit", "doctor"])
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 2
    stderr = capsys.readouterr().err
    assert said in stderr
    assert ("Traceback" in stderr) == isinstance(error, KeyError)


def test_a_closed_stdout_is_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "argv", ["tracekit", "workload", "list"])
    with pytest.raises(SystemExit) as ended:
        app.main()
    assert ended.value.code == 0
