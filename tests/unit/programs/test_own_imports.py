"""The imports with which a program begins are made before it runs, and no later ones."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tracekit.experiment.program_call import ProgramCall
from tracekit.programs.own_imports import import_what_begins, modules_named

NAMES = ("own_one", "own_two", "own_three")


@pytest.fixture(autouse=True)
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Three modules that are not imported yet, and one that fails."""
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text("value = 1\n")
    (tmp_path / "own_broken.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in NAMES:
        sys.modules.pop(name, None)


def imported(*parts: str) -> list[str]:
    import_what_begins([ast.parse(part) for part in parts])
    return [name for name in NAMES if name in sys.modules]


@pytest.mark.parametrize(
    "between",
    [
        "'''What it does.'''",
        "LIMIT = 5\nNAMES: list[str] = ['a', 'b']\nlater: int",
        "def load():\n    raise ValueError",
        "class Row:\n    pass",
        "get_ipython().run_line_magic('matplotlib', 'inline')",
        "from __future__ import annotations",
    ],
)
def test_what_changes_no_import_may_stand_between(between: str) -> None:
    assert imported(f"import own_one\n{between}", "from own_two import value") == [*NAMES[:2]]


@pytest.mark.parametrize(
    "between",
    [
        "print(1)",
        "import os\nos.environ['OWN'] = '1'",
        "x = load()",
        "get_ipython().run_line_magic('env', 'A=1')",
        "import own_broken",
        "import no_such_module",
        "if True:\n    import own_three",
    ],
)
def test_other_code_comes_before_the_imports_after_it(between: str) -> None:
    assert imported(f"import own_one\n{between}\nimport own_two", "import own_three") == ["own_one"]


def test_modules_named_anywhere_except_python_s_own() -> None:
    code = "import os.path, own_one.part\ndef load():\n    from own_two import value\n"
    assert modules_named([ast.parse(code)]) == {"own_one.part", "own_two"}


def test_a_script_tells_what_it_imported_after_other_code(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import own_one\nlist()\nimport own_two\nresult = own_two.value\n")
    program = ProgramCall(script)

    program.warm_up()

    assert "own_one" in sys.modules
    assert program.imported() == []
    assert program() == 1
    assert program.imported() == ["own_two"]


def test_a_script_that_is_no_python_is_left_to_its_run(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("def broken(:\n")
    program = ProgramCall(script)

    program.warm_up()

    with pytest.raises(SyntaxError):
        program()
