"""Which options an interpreter was given, and which programs are one."""

from __future__ import annotations

import pytest

from tracekit.programs.redirect_children import interpreter_options, is_python


@pytest.mark.parametrize(
    ("arguments", "letters"),
    [
        (["job.py", "-S"], ""),
        (["-Es", "-c", "print()", "-S"], "Esc"),
        (["-Wignore", "-S", "job.py"], "WS"),
        (["-W", "ignore", "-X", "dev", "-I", "job.py"], "WXI"),
        (["-ISm", "job", "-x"], "ISm"),
        (["--", "-S"], ""),
        (["-"], ""),
    ],
)
def test_options_end_where_the_program_begins(arguments: list[str], letters: str) -> None:
    assert interpreter_options(arguments) == set(letters)


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("/usr/bin/python3.13", True),
        ("python", True),
        ("python3.13t", True),
        ("pypy3", True),
        ("/opt/python/bin/pytest", False),
        ("python-config", False),
    ],
)
def test_what_is_a_python(program: str, expected: bool) -> None:
    assert is_python(program) is expected
