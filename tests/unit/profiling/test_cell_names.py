"""Files of notebook cells, by IPython's own names for them."""

import sys
from types import SimpleNamespace

import pytest

from tracekit.profiling.cell_names import cell_name, cell_number


def shell_of(monkeypatch, shell):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def test_a_cell_is_found_by_the_compiler_that_cached_it(monkeypatch):
    compilerop = pytest.importorskip("IPython.core.compilerop")
    compiler = compilerop.CachingCompiler()
    file = compiler.cache("held = 1", 3)
    monkeypatch.setitem(sys.modules, "IPython", None)
    assert cell_number(file) in (None, 3), "IPython's own name may hold the number"
    shell_of(monkeypatch, SimpleNamespace(compile=compiler))
    assert cell_number(file) == 3
    assert cell_number("/work/module.py") is None
    shell_of(monkeypatch, None)
    assert cell_number("/work/module.py") is None


@pytest.mark.parametrize(
    ("name", "number"), [("In[12]", 12), ("In [7]", 7), ("In[x]", None), ("Input[1]", None)]
)
def test_a_cell_is_known_by_the_name_that_ipython_gives_it(monkeypatch, name, number):
    compiler = SimpleNamespace(format_code_name=lambda file: ("Cell", name))
    shell_of(monkeypatch, SimpleNamespace(compile=compiler))
    assert cell_number("/tmp/ipykernel_12/345.py") == number


@pytest.mark.parametrize(
    ("file", "number"),
    [
        ("<ipython-input-7-0a1b2c>", 7),
        ("<ipython-input-x-0a1b2c>", None),
        ("a<ipython-input-7-0a1b2c>", None),
        ("<stdin>", None),
    ],
)
def test_old_names_hold_the_number(monkeypatch, file, number):
    monkeypatch.delitem(sys.modules, "IPython", raising=False)
    assert cell_number(file) == number
    assert cell_name(7) == "In [7]"
