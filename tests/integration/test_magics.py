"""`%%peak` and its kin in a real InteractiveShell, in a process of its own."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest


def _driver() -> ModuleType:
    """The module beside this one; test folders are no packages."""
    spec = importlib.util.spec_from_file_location(
        "notebook_driver", Path(__file__).with_name("notebook_driver.py")
    )
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


driver = _driver()

BARE_CELLS = {
    "expression": "x = 20\nx + 1",
    "no value": "y = 1",
    "silenced value": "41 + 1;",
    "triple-quoted text": 'text = """a\n    b\n  c\n"""\ntext',
    "indented triple quotes": "if True:\n    t = '''\n  a\nb'''\nt",
    "indented cell": "    z = 3\n    z * 2",
    "blank lines first": "\n\nw = 5\nw",
    "await": "import asyncio\nv = await asyncio.sleep(0, 'slept')\nv",
    "await raises": "import asyncio\nawait asyncio.sleep(0)\n1 / 0",
    "line magic": "p = %pwd\ntype(p)",
    "shell": "s = !echo hello\ns[0]",
    "cell magic": "%%capture out\nprint('hidden')\n7",
    "raises": "a = 1\n\ndef f():\n    return 1 / 0\nf()",
    "name kept after an error": "kept = 'yes'\nraise ValueError('no')",
    "syntax error": "a = = 1",
    "exit status": "import sys\nsys.exit(3)",
    "future import": "from __future__ import annotations\ndef g(x: No): pass\ng.__annotations__",
    "prints": "print('said')\n'value'",
    "runs a cell": "get_ipython().run_cell('inner = 1\\ninner')\n'outer'",
    "runs an empty cell": "get_ipython().run_cell('')\n'outer'",
    "help": "len?",
}


@pytest.fixture(scope="module")
def bare_and_measured(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple]:
    folder = tmp_path_factory.mktemp("notebook")
    bare = driver.run_cells(folder, list(BARE_CELLS.values()))
    measured = driver.run_cells(folder, [f"%%peak\n{cell}" for cell in BARE_CELLS.values()])
    return dict(zip(BARE_CELLS, zip(bare, measured, strict=True), strict=True))


@pytest.mark.parametrize("case", BARE_CELLS)
def test_a_measured_cell_behaves_as_the_bare_cell(
    bare_and_measured: dict[str, tuple], case: str
) -> None:
    bare, measured = bare_and_measured[case]
    assert measured.result == bare.result
    if case == "syntax error":  # its message names the cell, which differs
        assert measured.error.partition("(")[0] == bare.error.partition("(")[0]
        return
    assert measured.error == bare.error
    if case != "blank lines first":
        assert [line - 1 for line in measured.error_lines] == bare.error_lines
    reports = [output for output in measured.outputs if "heap peak" in output["text/plain"]]
    assert [output for output in measured.outputs if output not in reports] == bare.outputs
    assert len(reports) == 1
    if "Traceback" not in bare.stdout and "Error" not in bare.stdout:
        assert _without_numbers(measured.stdout) == _without_numbers(bare.stdout)


def _without_numbers(stdout: str) -> str:
    """The output less the text of the report, which a plain shell prints."""
    lines = stdout.splitlines()
    return "\n".join(line for line in lines if "tracekit" not in line)


def test_the_report_has_figures_plot_stacks_and_capture(tmp_path: Path) -> None:
    hold = "def hold(mib):\n    return [bytearray(1 << 20) for _ in range(mib)]\n"
    wait = "import time\nend = time.perf_counter() + 0.1\nwhile time.perf_counter() < end: pass\n"
    first, second, third = driver.run_cells(
        tmp_path,
        [
            f"%%peak twelve\n{hold}held = hold(12)\n{wait}len(held)",
            "_peak.heap_peak_bytes, _peak.rss_net_peak_bytes, _peak.name, _peak.capture.exists()",
            "_peak.stacks[0].size_bytes, _peak.stacks[0].calls[0].partition(':')[0]",
        ],
    )
    assert first.result == "12"
    (report,) = (output for output in first.outputs if "text/html" in output)
    for shown in ("heap peak <b>1", "OS net peak", "<svg", "<polyline", "hold:", ".bin"):
        assert shown in report["text/html"]
    assert "twelve: heap peak 1" in report["text/plain"]
    heap, rss_net, name, exists = eval(second.result)
    assert 12 * 2**20 <= heap < 15 * 2**20
    assert rss_net >= 0
    assert (name, exists) == ("twelve", True)
    size, function = eval(third.result)
    assert size >= 12 * 2**20
    assert function in ("hold", "<listcomp>")


def test_the_report_says_who_kept_the_memory_alive_at_the_highest_point(tmp_path: Path) -> None:
    """Those that are gone when the cell ends, too: they are why it peaked."""
    cell = """
def fetch():
    kept = []
    while len(kept) < 200:
        kept.append(bytes([len(kept)]) * 2**20)
    return len(kept)
fetch()"""
    _, large, remarks, shown, _, spared = driver.run_cells(
        tmp_path,
        [
            "import tracekit",
            f"%%peak\n{cell}",
            "_peak.remarks",
            "str(_peak) + _peak._repr_html_()",
            f"%%peak --no-retention\n{cell}",
            "_peak.retention is None",
        ],
    )
    assert large.result == "200"
    assert "it started processes" not in remarks.result
    assert "kept alive near the highest point:" in shown.result
    assert "Kept alive near the highest point" in shown.result
    assert re.search(r"MiB kept in fetch \(In \[\d+\]:\d+\): list of \d+ x bytes", shown.result)
    assert "fetch:In [" in shown.result, "no temporary file"
    assert spared.result == "True"


def test_a_cell_is_measured_to_its_end_though_it_runs_cells(tmp_path: Path) -> None:
    cell = "get_ipython().run_cell('1')\nheld = [bytearray(1 << 20) for _ in range(9)]"
    _, peak = driver.run_cells(tmp_path, [f"%%peak\n{cell}", "_peak.heap_peak_bytes >> 20"])
    assert peak.result in ("9", "10", "11")  # the shell's own small objects may need an arena


def test_a_cell_handed_on_by_another_magic_is_measured(tmp_path: Path) -> None:
    cell = "held = [bytearray(1 << 20) for _ in range(9)]"
    _, peak, _, again = driver.run_cells(
        tmp_path,
        [
            f"%%time\n%%peak\n{cell}",
            "_peak.heap_peak_bytes >> 20",
            f"%%peak\n%%time\n{cell}\nheld += [bytearray(1 << 20)]",
            "_peak.heap_peak_bytes >> 20",
        ],
    )
    assert peak.result in ("9", "10", "11")
    assert again.result in ("10", "11", "12")


def test_the_line_form_gives_the_value_and_raises_the_error(tmp_path: Path) -> None:
    value, assigned, seen, failed, nested = driver.run_cells(
        tmp_path,
        [
            "%peak len(bytes(5 << 20))",
            "n = %peak [bytearray(1 << 20) for _ in range(4)]\nlen(n)",
            "%peak seen = 'kept'\nseen",
            "%peak 1 / 0",
            "%%peak\n%peak 1",
        ],
    )
    assert value.result == str(5 << 20)
    assert "heap peak" in value.outputs[0]["text/plain"]
    assert assigned.result == "4"
    assert seen.result == "'kept'"
    assert failed.error.startswith("ZeroDivisionError")
    assert "Measure one cell at a time" in nested.error


def test_names_that_make_no_sense_are_refused(tmp_path: Path) -> None:
    two, empty, unknown = driver.run_cells(
        tmp_path, ["%%peak two names\nx = 1", "%%peak\n\n", "%peak_compare a b"]
    )
    assert two.error.startswith("UsageError: %%peak takes one name")
    assert empty.error.startswith("UsageError")
    assert "no cell was measured as %%peak a" in unknown.error


def test_two_cells_are_compared_in_memory_and_values(tmp_path: Path) -> None:
    records = "[{'CONTAINERID': 'A%03d' % (n % 50), 'QTY': n} for n in range(20_000)]"
    cells = [
        f"%%peak before\nheld = bytearray(20 << 20)\n{records}",
        f"%%peak after\n{records}",
        f"%%peak other\n{records[:-1]} if n != 7]",
        "%%peak silent\nx = 1",
        "%%peak lazy\nx = iter([])\nx",
        "%peak_compare before after",
        "%peak_compare before other --key CONTAINERID",
        "%peak_compare before silent",
        "%peak_compare before lazy",
    ]
    same, other, silent, lazy = driver.run_cells(tmp_path, cells)[5:]
    assert "equal at level exact" in same.result
    assert "-20.0 MiB" in same.result
    assert same.outputs == [] or "text/html" in same.outputs[0]
    assert "different: 1 key differs" in other.result
    assert "a cell has no value" in silent.result
    assert "can be read only once" in lazy.result


def test_the_guard_stops_a_cell_and_says_what_held_the_memory(tmp_path: Path) -> None:
    used = "from tracekit.process_memory import resident_bytes\n"
    grow = (
        "def grow():\n"
        "    rows = []\n"
        "    while True:\n"
        "        rows.append(bytearray(b'x' * (1 << 20)))\n"
    )
    ran = driver.run_cells(
        tmp_path,
        [
            used + grow + "limit = resident_bytes() + (150 << 20)",
            "get_ipython().run_line_magic('memory_guard', str(limit))",
            "grow()",
            "(resident_bytes() - limit) >> 20",
            "'the shell goes on'",
            "%%peak guarded\ngrow()",
            "_peak.heap_peak_bytes >> 20",
            # Slow enough for the watching thread to have its turn, however busy the machine.
            "import time\nkept = [time.sleep(0.001) or b'y' * 2**20 for _ in range(1000)]",
            "import time\nkept = []\nfor _ in range(140): kept.append(b'y' * 2**20)\n"
            "kept += [b'y' * 2**23] + [b'y' * 2**24]\ntime.sleep(60)",
            "del kept",
            "import asyncio\nkept = [b'y' * 2**20 for _ in range(200)]\nawait asyncio.sleep(60)",
            "del kept",
            "try:\n    grow()\nexcept MemoryError as exc:\n    caught = type(exc).__name__\ncaught",
            "import numpy\nnumpy.ones(4 << 30, dtype='int8')",
            "%memory_guard off",
            "kept = [b'y' * (1 << 20) for _ in range(200)]\nlen(kept)",
        ],
    )
    (
        stopped,
        left,
        goes_on,
        guarded,
        heap,
        unnamed,
        asleep,
        _,
        awaiting,
        _,
        caught,
        refused,
        _,
        free,
    ) = ran[2:]
    assert stopped.error.startswith("MemoryGuardExceeded: the process used")
    assert "MiB in rows in grow (" in stopped.error
    assert int(left.result) < 0, "what the stopped cell held is free again"
    assert goes_on.result == "'the shell goes on'"
    assert guarded.error.startswith("MemoryGuardExceeded")
    assert 50 <= int(heap.result) < 1000  # on a busy machine the watching thread comes late
    assert "no variable in an expression in progress or native code: " in unnamed.error
    assert asleep.error.startswith("MemoryGuardExceeded")
    assert "MiB in kept in notebook: list of" in asleep.error
    assert awaiting.error.startswith(("CancelledError: the process used", "MemoryGuardExceeded"))
    assert caught.result == "'MemoryGuardExceeded'"
    assert "MemoryError" in refused.error
    assert free.result == "200"


def test_the_guard_leaves_the_display_of_its_error_alone(tmp_path: Path) -> None:
    slowly = "lambda *_, **how: __import__('time').sleep(2) or print('shown in full')"
    ran = driver.run_cells(
        tmp_path,
        [
            "from tracekit.process_memory import resident_bytes",
            f"get_ipython().set_custom_exc((MemoryError,), eval({slowly!r}, {{}}))",
            "get_ipython().run_line_magic('memory_guard', str(resident_bytes() + (100 << 20)))",
            "kept = []\nwhile True: kept.append(b'y' * 2**20)",
        ],
    )
    assert ran[-1].error.startswith("MemoryGuardExceeded")
    assert ran[-1].stdout == "shown in full\n"


def test_retention_names_variables_and_results_by_the_names_of_the_notebook(tmp_path: Path) -> None:
    _, _, _, _, largest, _, one, size, expression, shown = driver.run_cells(
        tmp_path,
        [
            "import numpy",
            "rows = [bytes([n]) * 2**20 for n in range(20)]",
            "shown = numpy.ones(2 << 20)\nshown",
            "numpy.ones(3 << 20)",
            "found = %retention\n[str(holder).split(', also')[0] for holder in found.largest(3)]",
            "alias = {'kept': rows}",
            "one = %retention rows\none.holders[0].title",
            "one.holders[0].retained_bytes >> 20",
            "%retention rows[0] + b'x'",
            "%retention",
        ],
    )
    assert largest.result == str(
        [
            "24.0 MiB Out[4] in notebook",
            "20.0 MiB rows in notebook: list of 20 x bytes",
            "16.0 MiB shown in notebook",
        ]
    )
    assert one.result == "'rows in notebook, also held by alias'"
    assert size.result == "20"
    assert expression.error == "UsageError: rows[0] + b'x': no variable refers to that object"
    [line] = [line for line in shown.stdout.splitlines() if "rows in notebook" in line]
    assert line.endswith("list of 20 x bytes")


def test_a_guard_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    small, word, none, two = driver.run_cells(
        tmp_path,
        ["%memory_guard 1MiB", "%memory_guard much", "%memory_guard", "%memory_guard 1GiB 2GiB"],
    )
    assert "is too small" in small.error
    assert "is not a size" in word.error
    assert none.stdout == "memory guard: off\n"
    assert two.error.startswith("UsageError")


def test_the_extension_can_be_taken_back(tmp_path: Path) -> None:
    _, _, cell = driver.run_cells(
        tmp_path, ["%memory_guard 100GiB", "%unload_ext tracekit", "x = 1\nx"]
    )
    assert (cell.result, cell.error) == ("1", "")


_HELD = "kept = []\nwhile True: kept.append(bytearray(1 << 20))"
_GUARD = (
    "from tracekit.process_memory import resident_bytes\n"
    "get_ipython().run_line_magic('memory_guard', str(resident_bytes() + (150 << 20)))"
)


@pytest.mark.parametrize(
    "freeing",
    [
        "kept.clear()",
        "import time\ntime.sleep(0.2)\ndel kept",
        "part = kept[:50]\nsizes = [len(one) for one in part]\nkept.clear()",
        "import time\nkept.append(bytearray(4 << 20))\ntime.sleep(0.1)\nkept = None",
    ],
)
def test_a_cell_that_frees_what_a_stopped_one_left_is_not_stopped(
    tmp_path: Path, freeing: str
) -> None:
    _, stopped, frees, again = driver.run_cells(tmp_path, [_GUARD, _HELD, freeing, _HELD])
    assert stopped.error.startswith("MemoryGuardExceeded")
    assert frees.error == ""
    assert again.error.startswith("MemoryGuardExceeded"), "below its limit the guard is armed again"


def test_a_cell_that_grows_on_above_the_limit_is_stopped_again(tmp_path: Path) -> None:
    more = "while True: kept.append(bytearray(1 << 20))"
    _, stopped, again = driver.run_cells(tmp_path, [_GUARD, _HELD, more])
    assert stopped.error.startswith("MemoryGuardExceeded")
    assert again.error.startswith("MemoryGuardExceeded")


def test_a_cell_that_ends_before_the_guard_looks_is_reported(tmp_path: Path) -> None:
    blind = "import sys\nsys.setswitchinterval(1000)"
    _, _, missed, later = driver.run_cells(
        tmp_path, [_GUARD, blind, "kept = bytearray(200 << 20)", "1"]
    )
    assert missed.error == ""
    assert re.search(
        r"guard: the cell ended before it could be stopped; the process now uses \S+ MiB, above "
        r"the limit of \S+ MiB\n$",
        missed.stderr,
    )
    assert later.stderr == ""


def test_a_thread_of_an_earlier_cell_that_grows_is_stopped_and_not_the_cell(tmp_path: Path) -> None:
    start = (
        "import threading, time\n"
        "go, held = threading.Event(), []\n"
        "def grow():\n"
        "    go.wait()\n"
        "    while len(held) < 600:\n"
        "        held.append(bytearray(1 << 20))\n"
        "        time.sleep(0.001)\n"
        "thread = threading.Thread(target=grow)\n"
        "thread.start()"
    )
    wait = "go.set()\nthread.join(60)\n'waited'"
    _, _, waits, after = driver.run_cells(
        tmp_path, [_GUARD, start, wait, "(thread.is_alive(), len(held) < 600)"]
    )
    assert (waits.result, waits.error) == ("'waited'", "")
    assert after.result == "(False, True)"


def test_a_cell_is_stopped_for_the_threads_it_starts_itself(tmp_path: Path) -> None:
    cell = (
        "import concurrent.futures as cf, time\n"
        "held = []\n"
        "def grow(_):\n"
        "    for _ in range(50): time.sleep(0.002), held.append(bytearray(1 << 20))\n"
        "with cf.ThreadPoolExecutor(2) as pool: list(pool.map(grow, range(12)))"
    )
    _, stopped = driver.run_cells(tmp_path, [_GUARD, cell])
    assert stopped.error.startswith("MemoryGuardExceeded")


_LIMIT = "import resource; print(resource.getrlimit(resource.RLIMIT_DATA)[0])"


@pytest.mark.parametrize(
    "child",
    [
        f"run([sys.executable, '-c', {_LIMIT!r}], capture_output=True, text=True).stdout.strip()",
        f"os.popen(f\"{{sys.executable}} -c '{_LIMIT}'\").read().strip()",
        "multiprocessing.get_context('fork').Pool(1).apply(resource.getrlimit, (2,))[0]",
        "multiprocessing.get_context('spawn').Pool(1).apply_async("
        "time.sleep, (0.5,)).get() or multiprocessing.get_context('spawn').Pool(1).map("
        "later, [0])[0]",
    ],
)
def test_a_child_has_no_limit_of_the_guards(tmp_path: Path, child: str) -> None:
    (tmp_path / "later_module.py").write_text(
        "import resource, time\n"
        "def later(_):\n"
        "    time.sleep(0.3)\n"
        "    return resource.getrlimit(resource.RLIMIT_DATA)[0]\n"
    )
    imports = (
        "import multiprocessing, os, resource, sys, time\nfrom subprocess import run\n"
        "sys.path.insert(0, '')\nfrom later_module import later\n"
        "own = resource.getrlimit(resource.RLIMIT_DATA)[0]"
    )
    cells = [
        imports,
        "%memory_guard 2GiB",
        child,
        "time.sleep(0.7)\nresource.getrlimit(resource.RLIMIT_DATA)[0] != own",
        "%memory_guard off",
        "resource.getrlimit(resource.RLIMIT_DATA)[0] == own",
    ]
    _, _, limit, guarded, _, lifted = driver.run_cells(tmp_path, cells)
    assert limit.error == ""
    assert limit.result.strip("'") == "-1", "the child may take what it wants"
    assert guarded.result == "True", "the kernel itself is guarded again"
    assert lifted.result == "True"


_COSTLY = (
    "class Costly(Exception):\n"
    "    def __repr__(self): return str(len(bytearray(100 << 20)))\n"
    "    def __str__(self): return repr(self)"
)


@pytest.mark.parametrize(
    "ending", ["Costly()", "raise Costly", "try:\n    1 / 0\nfinally:\n    raise Costly"]
)
def test_what_is_displayed_at_the_end_of_a_cell_is_not_measured(
    tmp_path: Path, ending: str
) -> None:
    cell = f"%%peak\nheld = bytearray(8 << 20)\n{ending}"
    _, ran, peak, back = driver.run_cells(
        tmp_path,
        [_COSTLY, cell, "_peak.heap_peak_bytes >> 20", "get_ipython().showtraceback.__name__"],
    )
    assert ran.result == "104857600" or ran.error.startswith("Costly")
    assert 8 <= int(peak.result) < 20
    assert back.result == "'showtraceback'"


def test_a_cell_that_shows_every_value_is_measured_to_its_end(tmp_path: Path) -> None:
    every = "get_ipython().ast_node_interactivity = 'all'"
    cell = "%%peak\n1 + 1\nheld = bytearray(30 << 20)\n2 + 2"
    peak = driver.run_cells(tmp_path, [every, cell, "_peak.heap_peak_bytes >> 20"])[-1]
    assert 30 <= int(peak.result) < 40


def test_the_value_to_compare_is_hidden_by_a_semicolon_or_named(tmp_path: Path) -> None:
    records = "[{'CONTAINERID': 'A%03d' % (n % 50), 'QTY': n} for n in range(2000)]"
    cells = [
        f"%%peak hidden\n{records};",
        f"%%peak named --result rows\nrows = {records}\nNone",
        f"%%peak picked --result=found['rows'][:-1]\nfound = {{'rows': {records}}}",
        "%%peak missing --result nowhere\nx = 1",
        "%peak_compare hidden named",
        "%peak_compare hidden picked",
        "%peak_compare hidden missing",
        "%%peak --result rows\nx = 1",
        "%%peak a --result +\nx = 1",
    ]
    hidden, _, _, _, equal, differs, missing, nameless, broken = driver.run_cells(tmp_path, cells)
    assert "CONTAINERID" not in str(hidden.outputs)
    assert "equal at level exact" in equal.result
    assert "different" in differs.result
    assert "a cell has no value" in missing.result
    assert "needs a NAME" in nameless.error
    assert broken.error.startswith("UsageError: %%peak --result +")


@pytest.mark.parametrize("how", ["%%peak --children\n{}", "%peak --children {}"])
def test_the_processes_a_cell_starts_are_counted_on_request(tmp_path: Path, how: str) -> None:
    program = "import time; held = b'x' * (60 << 20); time.sleep(0.3)"
    cell = how.format(f"run([sys.executable, '-c', {program!r}])")
    _, _, peak, _, without = driver.run_cells(
        tmp_path,
        [
            "import sys\nfrom subprocess import run",
            cell,
            '(_peak.children_peak_bytes >> 20, "children\'s peak" in str(_peak))',
            "%peak 1 + 1",
            "_peak.children_peak_bytes",
        ],
    )
    mib, shown = eval(peak.result)
    assert 60 <= mib < 80
    assert shown is True
    assert without.result == "None"
