"""Files of notebook cells, by IPython's own names for them."""

import sys
from types import SimpleNamespace

import pytest

from tracekit.profiling.cell_names import cell_name, cell_number


def shell_of(monkeypatch, shell):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


@pytest.mark.parametrize(
    ("name", "number"), [("In[12]", 12), ("In [7]", 7), ("In[x]", None), ("Input[1]", None)]
)
def test_a_cell_is_known_by_the_name_that_ipython_gives_it(monkeypatch, name, number):
    cells = {"/tmp/ipykernel_12/345.py": ("Cell", name)}
    shell_of(monkeypatch, SimpleNamespace(compile=SimpleNamespace(format_code_name=cells.get)))
    assert cell_number("/tmp/ipykernel_12/345.py") == number
    assert cell_number("/work/module.py") is None
    shell_of(monkeypatch, None)
    assert cell_number("/tmp/ipykernel_12/345.py") is None


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
