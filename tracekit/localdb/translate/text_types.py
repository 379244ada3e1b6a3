"""The text and LOB types that Oracle gives expressions: CHAR(3), VARCHAR2(15), CLOB.

Comparisons and descriptions depend on them. They follow from the types of columns, literals and
casts, by the SQL Language Reference's rules for each function. `None` means that the expression is
not a text or that its type is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlglot import exp

from tracekit.localdb.translate.kinds import Kind, is_marked, kind_of
from tracekit.localdb.translate.types import DeclaredType, read_type

FIXED = ("CHAR", "NCHAR")
LOBS = ("CLOB", "NCLOB", "BLOB")
TEXTS = (*FIXED, "VARCHAR2", "NVARCHAR2")
MAX_FIXED_CHARS = 2000
MAX_VARYING_CHARS = 32_767
NUMBER_CHARS = 40
"""The length of the longest text that a NUMBER is converted to."""

_CAST_TYPES = (
    exp.DType.VARCHAR, exp.DType.NVARCHAR, exp.DType.CHAR, exp.DType.NCHAR, exp.DType.TEXT,
    exp.DType.VARBINARY,
)  # fmt: skip
_META = "ora_text_type"
_VARIES_META = "ora_length_varies"


def with_text_type(node: exp.Expr, stated: DeclaredType | None, *, varies: bool = False) -> None:
    """Record the type of an expression.

    Args:
        node: The expression.
        stated: Its type.
        varies: True if the values of a CHAR can be shorter than its length.
    """
    if stated is not None and stated.name in (*TEXTS, *LOBS):
        node.meta[_META] = stated
        node.meta[_VARIES_META] = varies


def is_null(node: exp.Expr) -> bool:
    """Whether it is NULL or '', which have no type."""
    if isinstance(node, exp.Paren | exp.Alias):
        return is_null(node.this)
    made = isinstance(node, exp.Cast) and _META not in node.meta and is_marked(node)
    return isinstance(node.this if made else node, exp.Null)


def is_fixed(node: exp.Expr | None) -> bool:
    """Whether a value is compared as a CHAR: the shorter side is padded with blanks."""
    found = text_type(node)
    return found is not None and found.name in FIXED


def varies(node: exp.Expr) -> bool:
    """Whether values of a CHAR expression can be shorter than its length."""
    if _VARIES_META in node.meta:
        return bool(node.meta[_VARIES_META])
    if isinstance(node, exp.Paren | exp.Alias | exp.Window | exp.Prior):
        return varies(node.this)
    if isinstance(node, exp.DPipe):
        return any(not isinstance(one, exp.Literal) for one in node.flatten(unnest=False))
    if isinstance(node, exp.Case):
        return any(varies(one) for one in _results(node))
    if isinstance(node, exp.Anonymous):
        return any(varies(one) for one in node.expressions if is_fixed(one))
    if isinstance(node, exp.Subquery):
        return any(varies(one) for one in _only_outputs(node))
    return False


def text_type(node: exp.Expr | None) -> DeclaredType | None:
    """The recorded type of an expression, or the one that follows from its rewritten operands."""
    if node is None:
        return None
    noted = node.meta.get(_META)
    if isinstance(noted, DeclaredType):
        return noted
    if isinstance(node, exp.Literal):
        return DeclaredType("CHAR", length=len(node.this)) if node.is_string and node.this else None
    if isinstance(node, exp.National):
        return DeclaredType("NCHAR", length=len(node.this)) if node.this else None
    if isinstance(node, exp.Paren | exp.Alias | exp.Window | exp.WithinGroup | exp.Prior):
        return text_type(node.this)
    if isinstance(node, exp.DPipe):
        return joined_type(list(node.flatten(unnest=False)))
    if isinstance(node, exp.Cast):
        return None if is_marked(node) else _cast_type(node.to)
    if isinstance(node, exp.Trim):
        return _varying(node.this)
    if isinstance(node, exp.Case):
        return merged_type(_results(node))
    if isinstance(node, exp.Subquery):
        return merged_type(_only_outputs(node))
    if isinstance(node, exp.Anonymous) and not is_marked(node):
        rule = _FUNCTIONS.get(str(node.this).upper())
        if rule is not None and (node.expressions or rule in (_BLOB, _CLOB)):
            return rule(_plain(node.expressions))
    return None


def merged_type(values: Sequence[exp.Expr]) -> DeclaredType | None:
    """The type of CASE, UNION and other expressions that return one of several values."""
    known = [text_type(value) for value in values if not is_null(value)]
    return merge(known)


def merge(known: Sequence[DeclaredType | None]) -> DeclaredType | None:
    """The type that can hold values of all these types."""
    texts = [one for one in known if one is not None]
    if not texts:
        return None
    lobs = [one for one in texts if one.name in LOBS]
    if lobs:
        return lobs[0]
    if len(texts) < len(known):
        return None
    if len(set(texts)) == 1:
        return texts[0]
    name = "NVARCHAR2" if any(one.name.startswith("N") for one in texts) else "VARCHAR2"
    lengths = [one.length for one in texts]
    longest = max((one for one in lengths if one is not None), default=None)
    return DeclaredType(name, length=None if None in lengths else longest)


def joined_type(values: Sequence[exp.Expr]) -> DeclaredType | None:
    """The type of `a || b`: CHAR if both are, otherwise VARCHAR2 with the lengths added."""
    known = [_as_joined(value) for value in values if not is_null(value)]
    texts = [one for one in known if one is not None]
    lobs = [one for one in texts if one.name in LOBS]
    if lobs:
        return lobs[0]
    national = any(one.name.startswith("N") for one in texts)
    if not texts or len(texts) < len(known) or any(one.length is None for one in texts):
        return DeclaredType("NVARCHAR2" if national else "VARCHAR2")
    length = sum(one.length or 0 for one in texts)
    if all(one.name in FIXED for one in texts) and length <= MAX_FIXED_CHARS:
        return DeclaredType("NCHAR" if national else "CHAR", length=length)
    name = "NVARCHAR2" if national else "VARCHAR2"
    return DeclaredType(name, length=min(length, MAX_VARYING_CHARS))


def _cast_type(target: exp.DataType) -> DeclaredType | None:
    if target.this is exp.DType.VARCHAR and not target.expressions:
        return DeclaredType("VARCHAR2")  # one of our own functions
    if target.this not in _CAST_TYPES and target.sql().upper() != "NCLOB":
        return None
    return read_type(target)[0]


def _as_joined(value: exp.Expr) -> DeclaredType | None:
    if kind_of(value) is Kind.NUMBER:
        return DeclaredType("VARCHAR2", length=NUMBER_CHARS)
    return text_type(value)


def _results(case: exp.Case) -> list[exp.Expr]:
    results = [branch.args["true"] for branch in case.args["ifs"]]
    default = case.args.get("default")
    return [*results, default] if default is not None else results


def _only_outputs(subquery: exp.Subquery) -> list[exp.Expr]:
    """The output of a scalar subquery, one for each branch of a set operation."""
    pending, found = [subquery.this], list[exp.Expr]()
    while pending:
        query = pending.pop()
        if isinstance(query, exp.SetOperation):
            pending += [query.this, query.expression]
        elif isinstance(query, exp.Subquery):
            pending.append(query.this)
        elif isinstance(query, exp.Select) and len(query.expressions) == 1:
            found.append(query.expressions[0])
    return found


def _plain(arguments: Sequence[exp.Expr]) -> list[exp.Expr]:
    """The arguments without DISTINCT and IGNORE NULLS."""
    return [
        one.expressions[0]
        if isinstance(one, exp.Distinct) and one.expressions
        else one.this
        if isinstance(one, exp.IgnoreNulls)
        else one
        for one in arguments
    ]


Rule = Callable[[Sequence[exp.Expr]], DeclaredType | None]


def _varying(value: exp.Expr, length: int | None = None) -> DeclaredType | None:
    """The type of a function's result: VARCHAR2 for text, a LOB for a LOB."""
    found = text_type(value)
    if found is None or found.name in LOBS:
        return found
    name = "NVARCHAR2" if found.name.startswith("N") else "VARCHAR2"
    return DeclaredType(name, length=found.length if length is None else length)


def _same(arguments: Sequence[exp.Expr]) -> DeclaredType | None:
    return text_type(arguments[0])


def _first(arguments: Sequence[exp.Expr]) -> DeclaredType | None:
    return _varying(arguments[0])


def _one_of_rows(arguments: Sequence[exp.Expr]) -> DeclaredType | None:
    """The type of an aggregate of one argument; aggregates do not accept LOBs."""
    found = text_type(arguments[0])
    if found is None or found.name in LOBS:
        return None
    return found if len(arguments) < 3 else merge([found, text_type(arguments[2])])


def _cut(arguments: Sequence[exp.Expr]) -> DeclaredType | None:
    found = _varying(arguments[0])
    asked = _whole(arguments[2]) if len(arguments) > 2 else None
    if found is None or asked is None or found.name in LOBS:
        return found
    return replace(found, length=max(min(asked, found.length or asked), 1))


def _padded(arguments: Sequence[exp.Expr]) -> DeclaredType | None:
    found = _varying(arguments[0])
    if found is None or found.name in LOBS:
        return found
    return replace(found, length=_whole(arguments[1]) if len(arguments) > 1 else None)


def _unknown_length(arguments: Sequence[exp.Expr]) -> DeclaredType | None:
    found = _varying(arguments[0])
    return found if found is None or found.name in LOBS else replace(found, length=None)


def _whole(node: exp.Expr) -> int | None:
    is_number = isinstance(node, exp.Literal) and not node.is_string
    return int(node.this) if is_number and str(node.this).isdigit() else None


def _one_of(start: int, step: int = 1) -> Rule:
    """A rule: VARCHAR2 with the type of the arguments from `start` on."""

    def rule(arguments: Sequence[exp.Expr]) -> DeclaredType | None:
        chosen = list(arguments[start::step])
        if step == 2 and len(arguments) % 2 == 0:
            chosen.append(arguments[-1])  # the default of DECODE
        found = merged_type(chosen)
        if found is None or found.name not in FIXED:
            return found
        return replace(found, name="NVARCHAR2" if found.name == "NCHAR" else "VARCHAR2")

    return rule


def _coalesced(arguments: Sequence[exp.Expr]) -> DeclaredType | None:
    return merged_type(arguments)


def _to_text(arguments: Sequence[exp.Expr]) -> DeclaredType | None:
    if len(arguments) == 1 and kind_of(arguments[0]) is Kind.NUMBER:
        return DeclaredType("VARCHAR2", length=NUMBER_CHARS)
    found = text_type(arguments[0])
    if len(arguments) > 1 or found is None:
        return DeclaredType("VARCHAR2")
    name = "VARCHAR2" if found.name in (*TEXTS, *LOBS) else found.name
    return DeclaredType(name, length=found.length)


def _stated(name: str, length: int | None = None) -> Rule:
    return lambda _: DeclaredType(name, length=length)


_CLOB, _BLOB = _stated("CLOB"), _stated("BLOB")
_FUNCTIONS: dict[str, Rule] = {
    **dict.fromkeys(("UPPER", "LOWER", "INITCAP", "NULLIF", "REVERSE"), _same),
    **dict.fromkeys(
        ("MIN", "MAX", "FIRST_VALUE", "LAST_VALUE", "NTH_VALUE", "LAG", "LEAD", "ANY_VALUE"),
        _one_of_rows,
    ),
    **dict.fromkeys(("LTRIM", "RTRIM", "TRIM", "TRANSLATE", "REGEXP_SUBSTR"), _first),
    **dict.fromkeys(("REPLACE", "REGEXP_REPLACE"), _unknown_length),
    "CONNECT_BY_ROOT": _same,
    "SUBSTR": _cut,
    "LPAD": _padded,
    "RPAD": _padded,
    "CONCAT": joined_type,
    "NVL": _one_of(0),
    "IFNULL": _one_of(0),
    "NVL2": _one_of(1),
    "DECODE": _one_of(2, 2),
    "GREATEST": _one_of(0),
    "LEAST": _one_of(0),
    "COALESCE": _coalesced,
    "TO_CHAR": _to_text,
    "TO_CLOB": _CLOB,
    "EMPTY_CLOB": _CLOB,
    "TO_NCLOB": _stated("NCLOB"),
    "TO_BLOB": _BLOB,
    "EMPTY_BLOB": _BLOB,
}
