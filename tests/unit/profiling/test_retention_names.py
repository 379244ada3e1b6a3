"""Which variable of a small program is said to hold its memory, in the words of a report."""

from __future__ import annotations

import gc
import time
from array import array
from collections.abc import Iterable, Iterator
from textwrap import dedent
from traceback import walk_tb
from types import FrameType, ModuleType, TracebackType
from typing import Any

import pytest

from tracekit.profiling.retention.moment import Moment
from tracekit.profiling.retention.record import retention_record
from tracekit.profiling.retention.variables import Variable
from tracekit.records.retention import EVERYTHING_ELSE, Holder, Retention

BLOCKS_BYTES = 8 * 4144 + 128
"""`blocks` is a list of eight: 4096 bytes, their header and the allocator's word, by sixteens."""
BLOCKS = "blocks = lambda: [bytes([n]) * 4096 for n in range(8)]\n"
BUILTINS = (bytes, dict, list, range, type, staticmethod, classmethod, KeyError)
"""Only types: functions lead to the whole interpreter, and looking at that takes seconds."""


@pytest.fixture(autouse=True, scope="module")
def _only_new_objects() -> Iterator[None]:
    """What was there before is not listed again and again."""
    gc.freeze()
    yield
    gc.unfreeze()


class Program:
    """A program that stopped where it divides by zero."""

    def __init__(self, source: str, name: str = "__main__", **variables: Any) -> None:
        self.module = ModuleType(name)
        builtins = {each.__name__: each for each in BUILTINS}
        vars(self.module).update(__builtins__=builtins, **variables)
        with pytest.raises(ZeroDivisionError) as caught:
            exec(
                compile(BLOCKS + dedent(source).strip(), "/me/p.py", "exec"),
                vars(self.module),
            )
        frames = [frame for frame, _ in walk_tb(caught.tb)]
        self.frames = tuple(each for each in frames[::-1] if each.f_globals is vars(self.module))
        caught.value.__traceback__ = None

    def __getitem__(self, name: str) -> Any:
        return vars(self.module)[name]

    def retention(
        self,
        *,
        stacks: Iterable[tuple[str, tuple[FrameType, ...]]] = (),
        exceptions: tuple[Any, ...] = (),
        thread_locals: tuple[tuple[Any, list[Any]], ...] = (),
        modules: tuple[tuple[str, Any], ...] = (),
        baseline: Retention | None = None,
        only: Any = None,
        tracked: Iterable[int] = (),
    ) -> Retention:
        """What holds its memory."""
        moment = Moment(
            (("", self.frames), *stacks),
            exceptions,
            thread_locals,
            ((self.module.__name__, self.module), *modules),
        )
        began = time.perf_counter()
        addresses = array("Q", tracked)
        return retention_record(began, moment, addresses, 2**30, "now", baseline, only)


def lines(holders: Iterable[Holder], indent: str = "") -> list[str]:
    """All that is said of them, without sizes; what is inside is indented."""
    said = []
    for each in holders:
        if each.name != EVERYTHING_ELSE:
            scope = f" in {each.where}" if each.where else ""
            others = f", {', '.join(each.also_held_by)}" if each.also_held_by else ""
            title = f"{indent}{each.name}{scope}{others}: {each.count} x {each.kind}"
            said.append((-each.retained_bytes, [title, *lines(each.children, indent + "  ")]))
    return [line for _, part in sorted(said) for line in part]


SCENES = {
    "a local variable": """
        def work():
            rows = blocks()
            1 / 0
        work()
        ---
        rows in work (p.py:4): 1 x list
          : 8 x bytes
        """,
    "a local variable of a caller that is handed on": """
        def inner(given):
            also = given
            1 / 0
        def outer():
            loaded = blocks()
            inner(loaded)
        outer()
        ---
        loaded in outer (p.py:7), given in inner (p.py:4), also in inner (p.py:4): 1 x list
          : 8 x bytes
        """,
    "an argument called self and a name with an underscore": """
        def f(self, _own, shown):
            1 / 0
        rows = blocks()
        f(rows, rows, rows)
        ---
        rows in __main__, shown in f (p.py:3), self in f (p.py:3), _own in f (p.py:3): 1 x list
          : 8 x bytes
        """,
    "a closure": """
        def remember():
            rows = blocks()
            return lambda: rows
        remembered = remember()
        1 / 0
        ---
        rows in function <lambda> (p.py:4): 1 x list
          : 8 x bytes
        """,
    "a closure of which a part is empty": """
        def remember():
            rows = blocks()
            return lambda: (later, rows)
            later = 1
        remembered = remember()
        1 / 0
        ---
        rows in function <lambda> (p.py:4): 1 x list
          : 8 x bytes
        """,
    "defaults": """
        def append(row, other=None, to=blocks(), *, last=blocks()):
            pass
        1 / 0
        ---
        last in function append (p.py:2): 1 x list
          : 8 x bytes
        to in function append (p.py:2): 1 x list
          : 8 x bytes
        """,
    "a function in a list": """
        def remember(rows):
            return lambda: rows
        remembered = [remember(blocks())]
        1 / 0
        ---
        remembered in __main__: 1 x list
          rows in function <lambda> (p.py:3): 1 x list
            : 8 x bytes
        """,
    "a class": """
        Loader = type('Loader', (), {'cache': blocks()}); 1 / 0
        ---
        cache in class Loader: 1 x list
          : 8 x bytes
        """,
    "an instance": """
        Loader = type("Loader", (), {})
        loader = Loader()
        loader.rows = blocks()
        1 / 0
        ---
        loader in __main__: 1 x Loader
          rows: 1 x list
            : 8 x bytes
        """,
    "slots, also of a base": """
        Base = type("Base", (), {"__slots__": ("empty", "rows")})
        loader = type("Loader", (Base,), {"__slots__": ("more",)})()
        loader.rows, loader.more = blocks(), blocks()
        1 / 0
        ---
        loader in __main__: 1 x Loader
          more: 1 x list
            : 8 x bytes
          rows: 1 x list
            : 8 x bytes
        """,
    "keys of a dict": """
        by_key = {"large": blocks(), 7: blocks(), (1, 2): blocks(), "long" * 20: blocks()}
        1 / 0
        ---
        by_key in __main__: 1 x dict
          : 1 x list
            : 8 x bytes
          ['large']: 1 x list
            : 8 x bytes
          ['longlonglonglonglonglonglonglonglonglo: 1 x list
            : 8 x bytes
          [7]: 1 x list
            : 8 x bytes
        """,
    "dicts in dicts": """
        by_key = {"one": {"two": {"three": blocks()}}}
        1 / 0
        ---
        by_key in __main__: 1 x dict
          ['one']: 1 x dict
            ['two']: 1 x dict
              ['three']: 1 x list
                : 8 x bytes
        """,
    "a generator": """
        def read():
            rows = blocks()
            yield
        running = read()
        running.send(None)
        1 / 0
        ---
        rows in read (p.py:4): 1 x list
          : 8 x bytes
        """,
    "a coroutine": """
        Wait = type("Wait", (), {"__await__": lambda self: (yield)})
        async def read():
            rows = blocks()
            await Wait()
        running = read()
        running.send(None)
        1 / 0
        ---
        rows in read (p.py:5): 1 x list
          : 8 x bytes
        """,
    "an asynchronous generator that has not begun": """
        async def read(rows):
            yield
        running = read(blocks())
        1 / 0
        ---
        rows in read (p.py:2): 1 x list
          : 8 x bytes
        """,
    "an exception that was kept": """
        def fail():
            rows = blocks()
            {}["nothing"]
        def work():
            try:
                fail()
            except KeyError as exc:
                kept = exc
            1 / 0
        work()
        ---
        kept in work (p.py:10): 1 x KeyError
          rows in fail (p.py:4): 1 x list
            : 8 x bytes
        """,
    "two variables, a third and its parts": """
        one = blocks()
        two = one
        three = {"inside": one}
        other = [one, 1.5]
        1 / 0
        ---
        one in __main__, two, three, other: 1 x list
          : 8 x bytes
        """,
    "a cycle": """
        one = [blocks()]
        two = [one]
        one.append(two)
        del two
        1 / 0
        ---
        one in __main__: 1 x list
          : 2 x list
            : 8 x bytes
        """,
    "more kinds than are shown": """
        rows = [type(f"Row{n}", (), {"__slots__": "part"})() for n in range(20)]
        for row in rows:
            row.part = blocks()
        del row
        1 / 0
        ---
        rows in __main__: 1 x list
          : 1 x Row0
            part: 1 x list
              : 8 x bytes
          : 1 x Row1
            part: 1 x list
              : 8 x bytes
          : 1 x Row10
            part: 1 x list
              : 8 x bytes
          : 1 x Row11
            part: 1 x list
              : 8 x bytes
          : 1 x Row12
          : 1 x Row13
          : 1 x Row14
          : 1 x Row15
          : 1 x Row16
          : 1 x Row17
          : 1 x Row18
          : 1 x Row19
          : 1 x Row2
            part: 1 x list
              : 8 x bytes
          : 1 x Row3
            part: 1 x list
              : 8 x bytes
          : 1 x Row4
            part: 1 x list
              : 8 x bytes
          : 1 x Row5
            part: 1 x list
              : 8 x bytes
          : 1 x Row6
            part: 1 x list
              : 8 x bytes
          : 1 x Row7
            part: 1 x list
              : 8 x bytes
          : 1 x Row8
            part: 1 x list
              : 8 x bytes
          : 1 x Row9
            part: 1 x list
              : 8 x bytes
        """,
    "rows in a long list": """
        rows = [{"key": n, "block": [bytes([n]) * 4096]} for n in range(40)]
        1 / 0
        ---
        rows in __main__: 1 x list
          : 40 x dict
            : 40 x list
              : 40 x bytes
        """,
    "many levels": """
        rows = blocks()
        for n in range(12):
            rows = [rows, n + 0.5]
        1 / 0
        ---
        rows in __main__: 1 x list
          : 1 x list
            : 1 x list
              : 1 x list
                : 1 x list
                  : 1 x list
                    : 1 x list
                      : 1 x list
        """,
    "in a notebook": """
        get_ipython = None
        rows = blocks()
        _ = _3 = _i2 = rows
        Out = _oh = {3: rows, 4: blocks()}
        _4 = Out[4]
        ___ = blocks()
        1 / 0
        ---
        Out[4] in notebook: 1 x list
          : 8 x bytes
        ___ in notebook: 1 x list
          : 8 x bytes
        rows in notebook, Out[3]: 1 x list
          : 8 x bytes
        """,
    "names like a notebook's in a program": """
        Out = {3: blocks()}
        1 / 0
        ---
        Out in __main__: 1 x dict
          [3]: 1 x list
            : 8 x bytes
        """,
    "in the body of a class": """
        Loader = type("Loader", (), {
            "one": staticmethod(lambda rows=blocks(): rows),
            "two": classmethod(lambda cls, records=blocks(): records),
            "four": lambda self, texts=blocks(): texts,
        })
        1 / 0
        ---
        records in function <lambda> (p.py:4): 1 x list
          : 8 x bytes
        rows in function <lambda> (p.py:3): 1 x list
          : 8 x bytes
        texts in function <lambda> (p.py:5): 1 x list
          : 8 x bytes
        """,
    "a bound method": """
        Loader = type("Loader", (), {"read": lambda self: None})
        loader = Loader()
        loader.rows = blocks()
        read = loader.read
        del loader
        1 / 0
        ---
        self in function <lambda> (p.py:2): 1 x Loader
          rows: 1 x list
            : 8 x bytes
        """,
    "a class in a function": """
        def work():
            Loader = type("Loader", (), {"cache": blocks()})
            1 / 0
        work()
        ---
        cache in class Loader: 1 x list
          : 8 x bytes
        """,
    "a function in a function": """
        def work():
            def read():
                rows = blocks()
                1 / 0
            read()
        work()
        ---
        rows in read (p.py:5): 1 x list
          : 8 x bytes
        """,
    "a generator in a list": """
        def read():
            rows = blocks()
            yield
        running = [read()]
        running[0].send(None)
        1 / 0
        ---
        running in __main__: 1 x list
          rows in read (p.py:4): 1 x list
            : 8 x bytes
        """,
    "a generator at its end": """
        def read(rows):
            yield
        running = read(blocks())
        (*running,)
        rows = blocks()
        1 / 0
        ---
        rows in __main__: 1 x list
          : 8 x bytes
        """,
    "an attribute of a function": """
        def read():
            pass
        read.cache = blocks()
        1 / 0
        ---
        cache in function read (p.py:2): 1 x list
          : 8 x bytes
        """,
    "two closures": """
        def remember():
            rows = blocks()
            return lambda: rows, lambda: rows
        one, two = remember()
        1 / 0
        ---
        rows in function <lambda> (p.py:4): 1 x list
          : 8 x bytes
        """,
    "a tuple in a tuple": """
        rows = (blocks(), (blocks(),)); 1 / 0
        ---
        rows in __main__: 1 x tuple
          : 1 x tuple
            : 1 x list
              : 8 x bytes
          : 1 x list
            : 8 x bytes
        """,
    "a subclass of dict": """
        Index = type("Index", (dict,), {})
        by_key = Index(large=blocks())
        by_key.rows = blocks()
        1 / 0
        ---
        by_key in __main__: 1 x Index
          ['large']: 1 x list
            : 8 x bytes
          rows: 1 x list
            : 8 x bytes
        """,
    "parts that two lists have": """
        one = [[bytes([n]) * 100] for n in range(200)]
        two = one[:]
        1 / 0
        ---
        one in __main__, two: 200 x list
          : 200 x bytes
        """,
    "small parts that three variables have": """
        one = [[bytes([n]) * 100] for n in range(200)]
        two = one[:]
        three = {"inside": [one[:]]}
        1 / 0
        ---
        one in __main__, two, three: 200 x list
          : 200 x bytes
        """,
    "what is in two lists of which one has two names": """
        first = also = [blocks()]
        second = [first[0]]
        1 / 0
        ---
        first in __main__, second: 1 x list
          : 8 x bytes
        """,
    "two lists that hold each other and what both hold": """
        one, two = [blocks()], []
        two += [one[0], one]
        one.append(two)
        1 / 0
        ---
        one in __main__, two: 1 x list
          : 8 x bytes
        """,
    "small parts of which one has two names": """
        rows = also = [[bytes([n]) * 100] for n in range(200)]
        by_key = {"inside": rows[:]}
        1 / 0
        ---
        rows in __main__, by_key: 200 x list
          : 200 x bytes
        """,
    "keys": """
        rows = [{f"{n} {k}" * 20: None for k in range(8)} for n in range(20)]
        1 / 0
        ---
        rows in __main__: 1 x list
          : 20 x dict
            : 160 x str keys
        """,
}


@pytest.mark.parametrize("name", SCENES)
def test_the_variables_that_hold_it_are_named(name: str) -> None:
    source, _, said = dedent(SCENES[name]).partition("---\n")
    assert lines(Program(source).retention().holders) == said.splitlines()


def said(found: Retention) -> list[str]:
    return lines(found.holders)


ROWS = ["rows in work (p.py:4): 1 x list", "  : 8 x bytes"]
WORK = """
def work():
    rows = blocks()
    1 / 0
work()
"""


def test_variables_of_other_threads_are_named_with_the_thread() -> None:
    program, other = Program("1 / 0"), Program(WORK)
    found = program.retention(stacks=[("reader", other.frames)])
    assert said(found) == ["rows in work (p.py:4), thread reader: 1 x list", ROWS[1]]


def test_what_a_function_or_a_class_holds_is_not_named_with_a_thread() -> None:
    source = """
        remember = lambda rows: lambda: rows
        def work():
            read = remember(blocks())
            Loader = type("Loader", (), {"cache": blocks()})
            1 / 0
        work()
        """
    program, other = Program("1 / 0"), Program(source)
    assert said(program.retention(stacks=[("reader", other.frames[:1])])) == [
        "cache in class Loader: 1 x list",
        "  : 8 x bytes",
        "rows in function <lambda> (p.py:2): 1 x list",
        "  : 8 x bytes",
    ]


def test_an_exception_of_a_function_that_still_runs_names_its_variables_once() -> None:
    program = Program(WORK)
    error = KeyError()
    error.__traceback__ = TracebackType(None, program.frames[0], 0, 4)
    assert said(program.retention(exceptions=(error,))) == ROWS


def test_all_functions_of_a_class_are_counted() -> None:
    source = """
        Loader = type("Loader", (), {{f"f{{n}}": (lambda self: 1) for n in range({})}})
        1 / 0
        """
    few, many = (Program(source.format(count)).retention() for count in (2, 202))
    assert 200 * 100 < many.explained_bytes - few.explained_bytes < 200 * 1000
    assert said(many) == [], "nobody wants to read of them"


def test_variables_of_other_modules_are_named_with_the_module() -> None:
    source = """
        rows = records = blocks()
        def remember(cells=blocks()):
            pass
        Loader = type("Loader", (), {"cache": blocks()})
        1 / 0
        """
    loader = Program(source, "loader")
    found = Program("1 / 0").retention(
        modules=(("loader", loader.module), ("again", loader.module))
    )
    assert said(found) == [
        "cache in class Loader: 1 x list",
        "  : 8 x bytes",
        "cells in function remember (p.py:3): 1 x list",
        "  : 8 x bytes",
        "rows in module loader, records: 1 x list",
        "  : 8 x bytes",
    ]


def test_an_exception_being_handled_and_the_variables_of_its_functions_are_named() -> None:
    source = """
        def fail():
            rows = blocks()
            {}["nothing"]
        def work():
            try:
                fail()
            except KeyError as exc:
                return exc
        error = work()
        error.parts = blocks()
        1 / 0
        """
    program = Program(source)
    found = program.retention(exceptions=(vars(program.module).pop("error"),))
    assert said(found) == [
        "exception being handled: 1 x KeyError",
        "  parts: 1 x list",
        "    : 8 x bytes",
        "rows in fail (p.py:4): 1 x list",
        "  : 8 x bytes",
    ]


def test_what_no_variable_leads_to_is_told_apart_from_garbage() -> None:
    source = """
        rows = blocks()
        cycle = [blocks()]
        cycle += [cycle, rows]
        loop = [blocks()]
        loop.append(loop)
        held = [{"own": blocks(), "the program's": rows}]
        1 / 0
        """
    program = Program(source)
    cycle, held = vars(program.module).pop("cycle"), vars(program.module).pop("held")
    loop = vars(program.module).pop("loop")
    tracked = [id(each) for value in (loop, cycle, held) for each in (value, value[0])]
    del cycle
    found = program.retention(tracked=tracked)
    assert len(loop) == 2
    assert said(found) == [
        "no variable in an expression in progress or native code: 2 x list",
        "  : 1 x dict",
        "    ['own']: 1 x list",
        "      : 8 x bytes",
        "  : 1 x list",
        "    : 8 x bytes",
        "uncollected garbage: 1 x cycles",
        "  : 2 x list",
        "    : 8 x bytes",
        "rows in __main__: 1 x list",
        "  : 8 x bytes",
    ]


def test_above_a_baseline_a_thousandth_is_small() -> None:
    program = Program("1 / 0")
    before = program.retention()
    vars(program.module).update(large=bytes(40 * 2**20), small=bytes(30_000), tiny=bytes(15_000))
    names = [each.name for each in program.retention(baseline=before).holders]
    assert names[:1] == ["large"]
    assert "small" not in names
    named = {each.name for each in program.retention().holders}
    assert named == {"large", "small", EVERYTHING_ELSE}


def test_a_variable_without_a_place_is_its_name() -> None:
    assert str(Variable("rows")) == "rows"
    assert str(Variable("rows", "work (p.py:4)")) == "rows in work (p.py:4)"


def test_above_a_baseline_is_what_was_added_since() -> None:
    program = Program("old = blocks(); grown = blocks(); shrunk = blocks(); 1 / 0")
    before = program.retention()
    variables = vars(program.module)
    variables["grown"] += [bytes([99 + n]) * 4096 for n in range(5)]
    variables["new"] = [bytes([n]) * 30_000 for n in range(3)]
    del variables["shrunk"][4:]
    found = program.retention(baseline=before)
    assert [each.name for each in found.holders] == ["new", "grown"]
    assert found.holders[0].retained_bytes == pytest.approx(90_000, rel=0.01)
    now = {each.name: each.retained_bytes for each in program.retention().holders}
    assert found.holders[0].retained_bytes == now["new"]
    assert found.above_baseline
    assert not before.above_baseline
    assert (found.total_bytes, before.total_bytes) == (0, 2**30)
    added = program.retention().explained_bytes - before.explained_bytes
    assert found.explained_bytes == added
    assert found.taken_at == "now"
    assert 0 < found.seconds < 60


def test_one_object_is_told_of_with_all_that_hold_it() -> None:
    program = Program("rows = blocks(); index = {'rows': rows}; small = [1.5]; 1 / 0")
    variables = vars(program.module)
    [rows] = program.retention(only=variables["rows"]).holders
    assert (rows.name, rows.where, rows.also_held_by) == ("rows", "__main__", ("index",))
    assert rows.retained_bytes == pytest.approx(BLOCKS_BYTES, abs=64)
    [block] = rows.children
    assert (block.kind, block.count, block.retained_bytes) == ("bytes", 8, 8 * 4144)
    assert program.retention(only=object()).holders == ()
    before = program.retention()
    variables["rows"] += [bytes(50_000)]
    [grown] = program.retention(only=variables["rows"], baseline=before).holders
    assert grown.retained_bytes == pytest.approx(50_000, rel=0.01)


def test_what_is_small_is_one_sum_and_nothing_is_counted_twice() -> None:
    found = Program("rows = blocks(); some = blocks()[:3]; few = blocks()[:1]; 1 / 0").retention()
    assert [each.name for each in found.holders][:1] == ["rows"]
    [rest] = [each for each in found.holders if each.name == EVERYTHING_ELSE]
    assert rest.retained_bytes > 4 * 4144
    assert (rest.where, rest.kind, rest.count, rest.children) == ("", "", 1, ())
    assert sum(each.retained_bytes for each in found.holders) == found.explained_bytes
    assert [each.retained_bytes for each in found.holders] == sorted(
        (each.retained_bytes for each in found.holders), reverse=True
    )
