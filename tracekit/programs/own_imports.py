"""The imports of a program's own code: those with which it begins, and all."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator

_HARMLESS_MAGICS = frozenset({"autoreload", "config", "load_ext", "matplotlib", "pylab"})


def import_what_begins(parts: Iterable[ast.Module]) -> None:
    """Import what a program imports before its first other code, without running the program.

    Definitions, constants and the magics that only set up a notebook may stand between. An import
    that fails is the last one; the program will raise its error itself.

    Args:
        parts: The code of the script, or of each cell of the notebook.
    """
    for statement in _leading_imports(parts):
        module = ast.Module([statement], [])
        try:
            exec(compile(module, "<imports>", "exec"), {"__name__": "__main__"})  # noqa: S102
        except Exception:  # a module can raise anything
            return


def modules_named(parts: Iterable[ast.Module]) -> frozenset[str]:
    """The modules that any import in the code names, except Python's own."""
    found: set[str] = set()
    for part in parts:
        for node in ast.walk(part):
            if isinstance(node, ast.Import):
                found.update(name.name for name in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    return frozenset(
        name for name in found if name.partition(".")[0] not in sys.stdlib_module_names
    )


def _leading_imports(parts: Iterable[ast.Module]) -> Iterator[ast.stmt]:
    for part in parts:
        for statement in part.body:
            if isinstance(statement, ast.Import | ast.ImportFrom):
                yield statement
            elif not _changes_no_import(statement):
                return


def _changes_no_import(statement: ast.stmt) -> bool:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Pass():
            return True
        case ast.Expr(ast.Constant()):
            return True
        case ast.Assign(targets=targets, value=value):
            return all(isinstance(one, ast.Name) for one in targets) and _is_constant(value)
        case ast.AnnAssign(target=ast.Name(), value=value):
            return value is None or _is_constant(value)
        case ast.Expr(
            ast.Call(
                func=ast.Attribute(attr="run_line_magic"),
                args=[ast.Constant(value=magic), *_],
            )
        ):
            return magic in _HARMLESS_MAGICS
    return False


def _is_constant(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except ValueError:
        return False
    return True
