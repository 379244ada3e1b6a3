"""Translate one Oracle statement to DuckDB SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from tracekit.localdb.backend import StatementKind
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.assignments import convert_assignments
from tracekit.localdb.translate.bind_forms import BindForm
from tracekit.localdb.translate.binds import Parameter, Prepared, prepare
from tracekit.localdb.translate.blocks import block_steps
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.changes import (
    changed_rows,
    returned_columns,
    shape_change,
    split_returning,
)
from tracekit.localdb.translate.char_comparisons import bind_lengths
from tracekit.localdb.translate.column_types import ColumnsOf
from tracekit.localdb.translate.context import Context
from tracekit.localdb.translate.control import control_statement
from tracekit.localdb.translate.creations import create
from tracekit.localdb.translate.dialect import ReadOracle
from tracekit.localdb.translate.file_names import use_file_names
from tracekit.localdb.translate.foreign_syntax import (
    refuse_foreign_operators,
    refuse_foreign_syntax,
)
from tracekit.localdb.translate.late_macros import choose_late_macros
from tracekit.localdb.translate.lexer import Token, TokenKind, bind_name, tokenize
from tracekit.localdb.translate.locked_rows import is_locking, locked_rows
from tracekit.localdb.translate.multi_inserts import multi_insert
from tracekit.localdb.translate.names import (
    computed_columns,
)
from tracekit.localdb.translate.object_clauses import (
    is_bitmap,
    without_index_owner,
    without_index_properties,
    without_view_options,
)
from tracekit.localdb.translate.passes import rewritten
from tracekit.localdb.translate.refusals import refuse_stored_code, unreadable_construct
from tracekit.localdb.translate.reserved import check_reserved_words
from tracekit.localdb.translate.schema_changes import schema_change
from tracekit.localdb.translate.scopes import Scopes, nothing_known
from tracekit.localdb.translate.stored_values import fit_values
from tracekit.localdb.translate.synonyms import ObjectName, SynonymNames, synonym_change
from tracekit.localdb.translate.table_clauses import is_create_table, query_at, without_storage
from tracekit.localdb.translate.translated import TableReference, Translated
from tracekit.localdb.translate.writer import write

NO_SYNONYMS: Mapping[ObjectName, ObjectName] = MappingProxyType({})
_QUERY_WORDS = {"SELECT", "WITH"}
_DML_WORDS = {"INSERT", "UPDATE", "DELETE", "MERGE"}
_DDL_WORDS = {"CREATE", "DROP", "ALTER", "TRUNCATE", "RENAME", "COMMENT", "GRANT", "REVOKE"}
_PLSQL_WORDS = {"BEGIN", "DECLARE", "CALL"}


def translate(
    sql: str,
    *,
    current_schema: str = "DWH",
    user: str | None = None,
    columns_of: ColumnsOf = nothing_known,
    bind_forms: Sequence[BindForm] = (),
    ignore_case: bool = False,
    synonyms: Mapping[ObjectName, ObjectName] = NO_SYNONYMS,
) -> Translated:
    """Translate one statement as a client sends it (Oracle's dialect, no trailing semicolon).

    Args:
        sql: The statement.
        current_schema: The value of SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA').
        user: The value of USER; the current schema if None.
        columns_of: Looks up a table's columns in the catalogue, when their types matter.
        bind_forms: The kind of each bind's values, one per placeholder; empty if unknown.
        ignore_case: Whether the session ignores case when it compares text.
        synonyms: What each synonym stands for.

    Raises:
        OraError: the statement is malformed (ORA-009xx, ORA-01756 ...) or uses something that
            cannot be translated (ORA-03001, naming it). Has the position if it is known.
    """
    try:
        names = SynonymNames(synonyms, current_schema, columns_of)
        return _translate(sql, names, user or current_schema, bind_forms, ignore_case)
    except RecursionError:
        raise unsupported("a statement nested this deeply") from None


def _translate(
    sql: str,
    names: SynonymNames,
    user: str,
    bind_forms: Sequence[BindForm],
    ignore_case: bool,
) -> Translated:
    current_schema, columns_of = names.current_schema, names.columns_of
    tokens = tokenize(sql)
    if not tokens:
        raise OraError(900, "invalid SQL statement")
    word = _first_word(tokens)
    if word in _PLSQL_WORDS:
        return _block(sql, tokens)
    control = control_statement(tokens, sql)
    if control is not None:
        return control
    refuse_stored_code(tokens)
    _check_shape(tokens)
    refuse_foreign_operators(tokens)
    several = multi_insert(sql, tokens)
    if several is not None:
        return Translated(
            StatementKind.DML,
            "",
            bind_names=several.bind_names,
            steps=several.steps,
            dml="INSERT",
        )
    if word in _DDL_WORDS:
        synonym = synonym_change(tokens, current_schema)
        if synonym is not None:
            return Translated(StatementKind.DDL, "", definition=synonym)
        changed = schema_change(tokens, current_schema, columns_of)
        if changed is not None:
            return Translated(StatementKind.DDL, changed[0], definition=changed[1])
    asked, outputs = split_returning(tokens) if word in _DML_WORDS else (tokens, [])
    if is_create_table(tokens):
        asked = without_storage(tokens)
    elif word == "CREATE" and _creates(tokens, "INDEX"):
        asked = without_index_owner(without_index_properties(tokens), current_schema)
    elif word == "CREATE" and _creates(tokens, "VIEW"):
        asked = without_view_options(tokens)
    prepared = prepare(sql, asked, bind_forms)
    context = Context(prepared, current_schema, user, Scopes(columns_of), ignore_case)
    if word in _QUERY_WORDS:
        tree = _parse(prepared)
        names.use(tree)
        use_file_names(tree, columns_of)
        return _query(tree, prepared, context)
    if word in _DML_WORDS:
        tree = _parse(prepared)
        names.use(tree)
        use_file_names(tree, columns_of)
        changed_rows = _change(tree, prepared, context, word)
        return _with_outputs(changed_rows, outputs)
    if word == "CREATE":
        tree = _parse(prepared)
        if isinstance(tree.args.get("expression"), exp.Query):
            names.use(tree.args["expression"])
        return _with_source(create(tree, prepared, context), sql, tokens)
    raise OraError(900, "invalid SQL statement", position=tokens[0].start)


def _with_source(created: Translated, sql: str, tokens: Sequence[Token]) -> Translated:
    """Add what only the client's text tells: a view's query, and whether an index is a bitmap."""
    definition = created.definition
    assert definition is not None, "it is DDL"
    if definition.object_type == "VIEW":
        query = tokens[query_at(tokens) + 1]
        definition = replace(definition, query_text=sql[query.start : tokens[-1].end])
    elif definition.object_type == "INDEX":
        definition = replace(definition, is_bitmap=is_bitmap(tokens))
    return replace(created, definition=definition)


def _creates(tokens: Sequence[Token], kind: str) -> bool:
    return any(token.is_word(kind) for token in tokens[1:6])


def _first_word(tokens: Sequence[Token]) -> str:
    first = next((token for token in tokens if token.text != "("), tokens[0])
    return first.text.upper() if first.kind is TokenKind.WORD else ""


def _block(sql: str, tokens: Sequence[Token]) -> Translated:
    """A PL/SQL block: a bind name counts once, however often it occurs."""
    names = dict.fromkeys(bind_name(t) for t in tokens if t.kind is TokenKind.BIND)
    steps, handlers = block_steps(sql, tokens)
    return Translated(
        StatementKind.PLSQL, "", bind_names=tuple(names), steps=steps, handlers=handlers
    )


def _check_shape(tokens: Sequence[Token]) -> None:
    """Report errors that the parser would report less clearly."""
    open_parentheses: list[Token] = []
    for token in tokens:
        if token.kind is not TokenKind.SYMBOL:
            continue
        if token.text == "(":
            open_parentheses.append(token)
        elif token.text == ")":
            if not open_parentheses:
                raise OraError(933, "SQL command not properly ended", position=token.start)
            open_parentheses.pop()
        elif token.text == ";":
            raise OraError(933, "SQL command not properly ended", position=token.start)
    if open_parentheses:
        raise OraError(907, "missing right parenthesis", position=tokens[-1].end)


def _parse(prepared: Prepared) -> exp.Expr:
    try:
        trees = ReadOracle().parse(prepared.text)
    except ParseError as error:
        raise unreadable_construct(prepared.text) or _parse_error(error, prepared) from None
    except TokenError:
        raise OraError(911, "invalid character") from None
    tree = trees[0] if trees else None
    if tree is None or len(trees) != 1:
        raise OraError(900, "invalid SQL statement")
    check_reserved_words(tree, prepared)
    refuse_foreign_syntax(tree, prepared)
    return tree


def _parse_error(error: ParseError, prepared: Prepared) -> OraError:
    details = error.errors[0] if error.errors else {}
    description = str(details.get("description") or error)
    offset = len(str(details.get("start_context") or ""))
    line, column = details.get("line"), details.get("col")
    if isinstance(line, int) and isinstance(column, int):
        highlight = str(details.get("highlight") or "")
        lines = prepared.text.split("\n")
        offset = sum(len(text) + 1 for text in lines[: line - 1]) + column - len(highlight)
    position = prepared.source_position(max(0, offset))
    if "Required keyword" in description or "Expected" in description:
        return OraError(936, "missing expression", position=position)
    if "Expecting )" in description:
        return OraError(907, "missing right parenthesis", position=position)
    before = prepared.text[: max(0, offset)].upper()
    if before.rfind("SELECT ") > max(before.rfind("FROM "), before.rfind("FROM\n")):
        return OraError(923, "FROM keyword not found where expected", position=position)
    return OraError(933, "SQL command not properly ended", position=position)


def _query(tree: exp.Expr, prepared: Prepared, context: Context) -> Translated:
    if not isinstance(tree, exp.Query):
        raise OraError(900, "invalid SQL statement")
    if not tree.args.get("expressions") and isinstance(tree, exp.Select):
        raise OraError(936, "missing expression", position=len(prepared.text))
    locks = is_locking(tree)
    tree = rewritten(tree, prepared, context)
    return Translated(
        StatementKind.QUERY,
        write(tree),
        bind_names=tuple(prepared.bind_names),
        parameters=_used(tree, prepared),
        sorted=tree.args.get("order") is not None,
        tables=_tables(tree, prepared),
        computed_columns=computed_columns(tree),
        outputs=tuple(known for _, known in context.scopes.outputs(tree)),
        locked=locked_rows(tree, context.scopes) if locks else None,
        char_binds=bind_lengths(tree),
    )


def _change(tree: exp.Expr, prepared: Prepared, context: Context, word: str) -> Translated:
    shape_change(tree)
    tree = rewritten(tree, prepared, context)
    convert_assignments(tree, context.scopes)
    fit_values(tree, context)
    choose_late_macros(tree)
    return Translated(
        StatementKind.DML,
        write(tree),
        bind_names=tuple(prepared.bind_names),
        parameters=_used(tree, prepared),
        char_binds=bind_lengths(tree),
        tables=_tables(tree, prepared),
        dml=word,
        target=_target(tree),
        returned_columns=returned_columns(tree),
        changed_rows_sql=changed_rows(tree),
    )


def _target(tree: exp.Expr) -> tuple[str | None, str] | None:
    """The table that DML changes; names in the tree are already folded."""
    changed = tree.this.this if isinstance(tree.this, exp.Schema) else tree.this
    if not isinstance(changed, exp.Table):
        return None
    owner = changed.args.get("db")
    return (owner.name if owner is not None else None), changed.name


def _with_outputs(translated: Translated, outputs: Sequence[Token]) -> Translated:
    """Add the binds that RETURNING ... INTO fills; DuckDB does not get them as parameters."""
    first = len(translated.bind_names)
    names = tuple(bind_name(token) for token in outputs)
    return replace(
        translated,
        bind_names=translated.bind_names + names,
        returning_into=tuple(range(first, first + len(outputs))),
    )


def _used(tree: exp.Expr, prepared: Prepared) -> tuple[Parameter, ...]:
    """The parameters still in the tree; DuckDB refuses unused ones."""
    names = {str(placeholder.this) for placeholder in tree.find_all(exp.Placeholder)}
    return tuple(one for one in prepared.parameters if one.name in names)


def _tables(tree: exp.Expr, prepared: Prepared) -> tuple[TableReference, ...]:
    defined = {cte.alias for cte in tree.find_all(exp.CTE)}
    references: dict[tuple[str | None, str], TableReference] = {}
    for table in tree.find_all(exp.Table):
        owner = table.args.get("db")
        schema = owner.name if owner is not None else None
        if not table.name or (schema is None and table.name in defined):
            continue
        first = owner if owner is not None else table.this
        start = first.meta.get("start")
        position = prepared.source_position(start) if isinstance(start, int) else 0
        references.setdefault((schema, table.name), TableReference(schema, table.name, position))
    return tuple(references.values())
