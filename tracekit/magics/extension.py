"""The magics, and what `%load_ext tracekit` does."""

from __future__ import annotations

import argparse
import ast
import re
import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn, cast

from IPython.core.error import UsageError
from IPython.core.inputtransformer2 import cell_magic as cell_magic_transform
from IPython.core.interactiveshell import ExecutionInfo, ExecutionResult, InteractiveShell
from IPython.core.magic import Magics, line_cell_magic, line_magic, magics_class, no_var_expand

from tracekit.errors import ConfigError
from tracekit.magics.cell_lines import CellLines
from tracekit.magics.cell_meter import CellMeter, PeakOptions
from tracekit.magics.cell_source import PeakCellTransform
from tracekit.magics.memory_guard import MemoryGuard
from tracekit.magics.retained import retention_of
from tracekit.profiling.arrow_pool import pin_arrow_pool
from tracekit.records.retention import Retention
from tracekit.reports import retention_html
from tracekit.sizes import format_size, parse_size

if TYPE_CHECKING:
    from tracekit.magics.peak_comparison import PeakComparison

_NAME = re.compile(r"[\w.][\w.\-]*")
_CHILDREN, _NO_RETENTION = "--children", "--no-retention"


@magics_class
class TracekitMagics(Magics):
    """`%%peak`, `%peak`, `%peak_compare`, `%tracekit_cells`, `%memory_guard`, `%retention`."""

    def __init__(self, shell: InteractiveShell) -> None:
        super().__init__(shell)
        self._of_shell: Any = shell  # IPython annotates only parts of it
        self.meter = CellMeter(shell)
        self.guard: MemoryGuard | None = None
        self.lines: CellLines | None = None

    @no_var_expand
    @line_cell_magic
    def peak(self, line: str, cell: str | None = None) -> Any:
        """Measure the memory that a cell or a statement needs.

        `%%peak [NAME] [--children] [--no-retention] [--result EXPR]` as a cell's first line runs
        the cell unchanged. Below its output it shows the heap's peak (what the cell allocated,
        according to memray), how far the process's memory rose, memory over time, the call stacks
        that held it and, if it rose by 64 MiB or more, the variables that kept it alive
        (`--no-retention` skips that). Displaying the cell's value is not measured. The report is
        in `_peak`, the capture stays on disk. With a NAME the cell's last value is kept for
        `%peak_compare`, even if a semicolon hides it; with `--result` it is the value of EXPR (the
        rest of the line), evaluated after the cell. `--children` adds the peak of the processes
        that the cell starts.

        `%peak [--children] [--no-retention] STATEMENT` measures one statement and returns its
        value.
        """
        if cell is None:
            return self._measured_statement(line)
        if not cell.strip():
            raise UsageError("%%peak measures the rest of its cell, which is empty")
        # Another magic passed the cell on as text; a `%%peak` cell itself never calls this.
        self._of_shell.run_cell(f"%%peak {line}\n{cell}").raise_error()
        return None

    @line_magic
    def tracekit_begin_peak(self, line: str) -> None:
        """Start to measure the cell that contains this line, which replaces `%%peak`."""
        self.meter.begin(_peak_options(line))

    @line_magic
    def peak_compare(self, line: str) -> PeakComparison:
        """Compare two measured cells: their memory, and the equality of their values.

        `%peak_compare BASE HEAD [--key COLUMN] [--unordered]` compares the cells that started with
        `%%peak BASE` and `%%peak HEAD`. `--key` is the key column; `--unordered` ignores the order
        of a key's records.
        """
        from tracekit.magics.peak_comparison import compare_cells

        wanted = _compare_arguments(line)
        named = self.meter.named
        for name in (wanted.base, wanted.head):
            if name not in named:
                known = ", ".join(named) or "none yet"
                raise UsageError(f"no cell was measured as %%peak {name}; expected one of {known}")
        return compare_cells(
            named[wanted.base], named[wanted.head], key=wanted.key, unordered=wanted.unordered
        )

    @line_magic
    def memory_guard(self, line: str) -> None:
        """Stop any cell in which the process exceeds a size: `%memory_guard 4GiB`, or `off`.

        The cell gets MemoryGuardExceeded, which names the variables that keep most memory alive.
        Without an argument it shows whether a guard is set. tracekit.magics.memory_guard explains
        what it cannot stop.
        """
        words = shlex.split(line)
        if len(words) > 1:
            raise UsageError("%memory_guard takes a size like 4GiB, or off")
        if words:
            self._set_guard(words[0])
        limit = None if self.guard is None else format_size(self.guard.limit_bytes)
        print("memory guard: off" if limit is None else f"memory guard: {limit}")  # noqa: T201

    @line_magic
    def tracekit_cells(self, line: str) -> None:
        """Show a line about memory under every cell, starting with the next: `%tracekit_cells on`.

        The line shows how far the process's memory rose, what the cell still holds, its time, the
        rows of the largest frame it made, and the kernel's memory with its limit: the memory
        guard, the cgroup's limit or MEM_LIMIT. After a second, a running cell shows the kernel's
        current memory. `off` turns the lines off; without an argument the magic shows whether they
        are on.
        """
        word = line.strip()
        if word not in ("on", "off", ""):
            raise UsageError(f"%tracekit_cells takes on or off, not {word!r}")
        if word and self.lines is not None:
            self.lines.close()
            self.lines = None
        if word == "on":
            self.lines = CellLines(
                self._of_shell, lambda: None if self.guard is None else self.guard.limit_bytes
            )
        print(f"memory lines: {'off' if self.lines is None else 'on'}")  # noqa: T201

    @line_magic
    def retention(self, line: str) -> Retention:
        """Show what keeps the memory of this kernel alive.

        `%retention` lists the variables that hold most, with what they hold; `%retention df` shows
        what holds one object and what would be freed with it. The record is the magic's value.
        """
        return retention_of(self._of_shell, line)

    def pre_run_cell(self, info: ExecutionInfo) -> None:
        """IPython's event."""
        if self.lines is not None:
            self.lines.cell_begins(info)
        if self.guard is not None:
            self.guard.cell_begins(info)

    def post_run_cell(self, result: ExecutionResult | None) -> None:
        """IPython's event."""
        if self.guard is not None:
            self.guard.cell_ends(result)
        self.meter.post_run_cell(result)
        if self.lines is not None:
            self.lines.cell_ends(result)

    def close(self) -> None:
        """Remove the hooks of the extension."""
        if self.guard is not None:
            self.guard.close()
            self.guard = None
        if self.lines is not None:
            self.lines.close()
            self.lines = None

    def _set_guard(self, word: str) -> None:
        try:
            limit_bytes = None if word == "off" else parse_size(word, name="%memory_guard")
            new = None if limit_bytes is None else MemoryGuard(self._of_shell, limit_bytes)
        except ConfigError as exc:
            raise UsageError(str(exc)) from exc
        if self.guard is not None:
            self.guard.close()
        self.guard = new
        if new is not None:
            new.cell_begins()  # the rest of the cell that sets it is guarded, too

    def _measured_statement(self, line: str) -> Any:
        flags: set[str] = set()
        while (first := line.split(maxsplit=1)[:1]) and first[0] in (_CHILDREN, _NO_RETENTION):
            flags.add(first[0])
            line = line.strip().removeprefix(first[0])
        if not line.strip():
            raise UsageError(
                "%peak takes a statement; to measure a cell, use %%peak as its first line"
            )
        shell = self._of_shell
        name = f"<peak {shell.execution_count}>"
        tree = shell.compile.ast_parse(shell.transform_cell(line), filename=name)
        measurement = self.meter.start(
            f"statement-{shell.execution_count}",
            children=_CHILDREN in flags,
            retention=_NO_RETENTION not in flags,
        )
        try:
            return _run(tree, name, shell)
        finally:
            self.meter.show(line.strip(), measurement.stop())


def _run(tree: ast.Module, name: str, shell: Any) -> Any:
    """Run `tree` in the shell's namespace; return the value of a last expression."""
    last = tree.body[-1] if tree.body else None
    if not isinstance(last, ast.Expr):
        exec(compile(tree, name, "exec"), shell.user_ns)  # noqa: S102
        return None
    before = ast.Module(tree.body[:-1], [])
    exec(compile(before, name, "exec"), shell.user_ns)  # noqa: S102
    return eval(compile(ast.Expression(last.value), name, "eval"), shell.user_ns)  # noqa: S307


def _peak_options(line: str) -> PeakOptions:
    """Parse the line of `%%peak`; everything after `--result` is the expression.

    Raises:
        UsageError: it is invalid.
    """
    before, flag, expression = line.partition("--result")
    expression = expression.lstrip("=").strip()
    if flag and not expression:
        raise UsageError("%%peak --result takes an expression, such as --result records")
    try:
        compile(expression or "None", "<%%peak --result>", "eval")
    except SyntaxError as exc:
        raise UsageError(f"%%peak --result {expression}: {exc.msg}") from exc
    words = before.split()
    names = [word for word in words if word not in (_CHILDREN, _NO_RETENTION)]
    if len(names) > 1 or not all(map(_NAME.fullmatch, names)):
        raise UsageError(
            f"%%peak takes one name of letters, digits, . - and _, {_CHILDREN}, {_NO_RETENTION} "
            f"and --result EXPR, not {before.strip()!r}"
        )
    if flag and not names:
        raise UsageError("%%peak --result needs a NAME: %%peak NAME --result EXPR")
    return PeakOptions(
        "".join(names), expression or None, _CHILDREN in words, _NO_RETENTION not in words
    )


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{self.prog}: {message}; {self.format_usage().strip()}")


def _compare_arguments(line: str) -> argparse.Namespace:
    parser = _Parser(prog="%peak_compare", add_help=False)
    parser.add_argument("base")
    parser.add_argument("head")
    parser.add_argument("--key")
    parser.add_argument("--unordered", action="store_true")
    return parser.parse_args(shlex.split(line))


class _Loaded:
    """Everything that was added to one shell."""

    def __init__(self, shell: InteractiveShell) -> None:
        self._shell = shell
        self._unpin_arrow_pool = pin_arrow_pool()
        self.magics = TracekitMagics(shell)
        manager = shell.input_transformer_manager
        self._transform = PeakCellTransform(list(manager.cleanup_transforms), cell_magic_transform)
        manager.cleanup_transforms.append(self._transform)
        self._events: dict[str, Callable[..., Any]] = {
            "pre_run_cell": self.magics.pre_run_cell,
            "post_execute": self.magics.meter.post_execute,
            "post_run_cell": self.magics.post_run_cell,
        }
        for event, callback in self._events.items():
            shell.events.register(event, callback)
        shell.register_magics(self.magics)
        html = cast(Any, shell).display_formatter.formatters["text/html"]
        html.for_type(Retention, retention_html)

    def take_back(self) -> None:
        for event, callback in self._events.items():
            self._shell.events.unregister(event, callback)
        self._shell.input_transformer_manager.cleanup_transforms.remove(self._transform)
        self.magics.close()
        self._unpin_arrow_pool()


_LOADED = "_tracekit_loaded"


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Called by `%load_ext tracekit`."""
    setattr(shell, _LOADED, _Loaded(shell))


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Called by `%unload_ext tracekit`."""
    loaded = cast(_Loaded | None, getattr(shell, _LOADED, None))
    if loaded is not None:
        loaded.take_back()
        delattr(shell, _LOADED)
