"""Anonymous PL/SQL blocks as drivers send them: a list of statements without control flow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.handlers import Handler, Step, read_handlers
from tracekit.localdb.translate.lexer import Token, TokenKind, bind_name, string_value

_SQL_WORDS = ("INSERT", "UPDATE", "DELETE", "MERGE", "COMMIT", "ROLLBACK", "SAVEPOINT", "LOCK")
_CONTROL_FLOW = ("BEGIN", "CASE", "EXIT", "FETCH", "CLOSE", "FOR", "FORALL", "GOTO", "IF", "LOOP",
                 "RAISE", "RETURN", "WHILE", "<")  # fmt: skip
_WITHOUT_EFFECT = (
    ("DBMS_OUTPUT", "ENABLE"),
    ("DBMS_OUTPUT", "DISABLE"),
    ("DBMS_OUTPUT", "NEW_LINE"),
    ("DBMS_OUTPUT", "PUT"),
    ("DBMS_OUTPUT", "PUT_LINE"),
    ("DBMS_SESSION", "RESET_PACKAGE"),
    ("DBMS_STATS", "GATHER_TABLE_STATS"),
    ("DBMS_STATS", "GATHER_SCHEMA_STATS"),
)
_SETTERS = {
    ("DBMS_APPLICATION_INFO", "SET_MODULE"): ("MODULE", "ACTION"),
    ("DBMS_APPLICATION_INFO", "SET_ACTION"): ("ACTION",),
    ("DBMS_APPLICATION_INFO", "SET_CLIENT_INFO"): ("CLIENT_INFO",),
    ("DBMS_SESSION", "SET_IDENTIFIER"): ("CLIENT_IDENTIFIER",),
}
"""Procedures, and what each of their arguments sets for SYS_CONTEXT('USERENV', ...)."""
_PACKAGE_PREFIXES = ("DBMS_", "UTL_", "SYS", "OWA_", "APEX_")
TRANSACTION_ID = "1.2.3"
"""The value of DBMS_TRANSACTION.LOCAL_TRANSACTION_ID."""
_NO_SUCH_TYPE = "SELECT 4043 FROM DUAL"


def block_steps(sql: str, tokens: Sequence[Token]) -> tuple[tuple[Step, ...], tuple[Handler, ...]]:
    """The statements of a block, in order, and its exception handlers.

    Raises:
        OraError: ORA-03001 naming what is not supported; ORA-06550 if it is malformed or calls
            something undeclared.
    """
    if _asks_for_a_type(tokens):
        return (Step(_NO_SUCH_TYPE, into=("RET_VAL",)),), ()
    if tokens[0].is_word("DECLARE"):
        raise unsupported("PL/SQL with declarations", tokens[0].start)
    if tokens[0].is_word("CALL"):
        return tuple(_step(sql, tokens[1:])), ()
    body = _body(tokens)
    handled = next((i for i, one in enumerate(body) if _begins_handlers(body, i)), len(body))
    steps = tuple(step for one in _statements(body[:handled]) for step in _step(sql, one))
    return steps, read_handlers(body[handled + 1 :], lambda one: _step(sql, one))


def _begins_handlers(body: Sequence[Token], index: int) -> bool:
    return body[index].is_word("EXCEPTION") and index > 0 and body[index - 1].text == ";"


def _asks_for_a_type(tokens: Sequence[Token]) -> bool:
    """Whether it is python-oracledb's block that looks up an object type, which never exists."""
    words = [token.text.upper() for token in tokens[:100]]
    return "DBMS_PICKLER" in words and "GET_TYPE_SHAPE" in words


def _body(tokens: Sequence[Token]) -> Sequence[Token]:
    """What is between BEGIN and END."""
    last = len(tokens) - 1
    while last and tokens[last].text in (";", "/"):
        last -= 1
    if not tokens[last].is_word("END") or tokens[last - 1].text != ";":
        raise _wrong(f'Encountered the symbol "{tokens[last].text}"', 103, tokens[last])
    return tokens[1:last]


def _statements(body: Sequence[Token]) -> Iterator[Sequence[Token]]:
    start = 0
    for index, token in enumerate(body):
        if token.text == ";":
            if index == start:
                raise _wrong('Encountered the symbol ";"', 103, token)
            yield body[start:index]
            start = index + 1


def _step(sql: str, tokens: Sequence[Token]) -> Iterator[Step]:
    first = tokens[0]
    text = sql[first.start : tokens[-1].end]
    if first.is_word("NULL") and len(tokens) == 1:
        return
    if first.is_word(*_SQL_WORDS) or [t.text.upper() for t in tokens[:2]] == ["SET", "TRANSACTION"]:
        yield Step(text)
    elif first.kind is TokenKind.BIND and len(tokens) > 2 and tokens[1].text == ":=":
        yield _assignment(sql, bind_name(first), tokens[2:])
    elif first.is_word("OPEN"):
        yield _open(sql, tokens)
    elif first.is_word("SELECT", "WITH"):
        yield _select_into(sql, tokens)
    elif first.is_word("EXECUTE"):
        yield _immediate(tokens)
    elif first.is_word(*_CONTROL_FLOW) or first.text in _CONTROL_FLOW:
        raise unsupported(f"PL/SQL {first.text.upper()}", first.start)
    elif (attributes := _SETTERS.get(_called(tokens))) is not None:
        yield _setter(sql, tokens, attributes)
    elif not _is_without_effect(tokens):
        raise _unknown_call(tokens)


def _assignment(sql: str, bind: str, expression: Sequence[Token]) -> Step:
    called = [token.text.upper() for token in expression[:3]]
    if called == ["DBMS_TRANSACTION", ".", "LOCAL_TRANSACTION_ID"]:
        return Step(f"SELECT '{TRANSACTION_ID}' FROM DUAL", into=(bind,))  # noqa: S608 (a constant)
    text = sql[expression[0].start : expression[-1].end]
    return Step(f"SELECT {text} FROM DUAL", into=(bind,))  # noqa: S608 (the client's own text)


def _open(sql: str, tokens: Sequence[Token]) -> Step:
    """OPEN :cursor FOR query."""
    if len(tokens) < 4 or not tokens[2].is_word("FOR") or tokens[1].kind is not TokenKind.BIND:
        raise unsupported("PL/SQL OPEN of anything but a bind", tokens[0].start)
    if tokens[3].kind is TokenKind.STRING and len(tokens) == 4:
        return Step(string_value(tokens[3]), opens=bind_name(tokens[1]))
    if not tokens[3].is_word("SELECT", "WITH"):
        raise unsupported("PL/SQL OPEN ... FOR of an expression", tokens[3].start)
    return Step(sql[tokens[3].start : tokens[-1].end], opens=bind_name(tokens[1]))


def _select_into(sql: str, tokens: Sequence[Token]) -> Step:
    """SELECT ... INTO :a, :b FROM ..."""
    depths = accumulate((token.text == "(") - (token.text == ")") for token in tokens)
    outside = (i for i, depth in enumerate(depths) if not depth and tokens[i].is_word("INTO"))
    start = next(outside, 0)
    if not start:
        raise _wrong("an INTO clause is expected in this SELECT statement", 428, tokens[0])
    end = start + 1
    targets = []
    while end < len(tokens) and tokens[end].kind is TokenKind.BIND:
        targets.append(bind_name(tokens[end]))
        end += 1
        if end < len(tokens) and tokens[end].text == ",":
            end += 1
    if not targets:
        raise unsupported("PL/SQL SELECT INTO anything but binds", tokens[start].start)
    before = sql[tokens[0].start : tokens[start].start]
    after = sql[tokens[end].start : tokens[-1].end] if end < len(tokens) else ""
    return Step(before + after, into=tuple(targets))


def _immediate(tokens: Sequence[Token]) -> Step:
    if len(tokens) != 3 or tokens[2].kind is not TokenKind.STRING:
        raise unsupported("PL/SQL EXECUTE IMMEDIATE of anything but a literal", tokens[0].start)
    return Step(string_value(tokens[2]), is_dynamic=True)


def _called(tokens: Sequence[Token]) -> tuple[str, str]:
    """The package and the procedure that are called; two empty texts for anything else."""
    words = [token.text.upper() for token in tokens[:3]]
    return (words[0], words[2]) if len(words) == 3 and words[1] == "." else ("", "")


def _setter(sql: str, tokens: Sequence[Token], attributes: tuple[str, ...]) -> Step:
    """A call whose arguments, in their order and without names, set attributes of the session."""
    if any(token.text in ("=>", ">") for token in tokens) or len(tokens) < 6:
        raise unsupported("PL/SQL calls with named arguments", tokens[0].start)
    listed = sql[tokens[4].start : tokens[-2].end]
    return Step(f"SELECT {listed} FROM DUAL", attributes=attributes)  # noqa: S608 (the client's text)


def _is_without_effect(tokens: Sequence[Token]) -> bool:
    return _called(tokens) in _WITHOUT_EFFECT


def _unknown_call(tokens: Sequence[Token]) -> OraError:
    names = []
    for token in tokens:
        if token.kind not in (TokenKind.WORD, TokenKind.QUOTED) and token.text != ".":
            break
        names.append(token.name)
    name = "".join(names)
    if not name:
        return _wrong(f'Encountered the symbol "{tokens[0].text}"', 103, tokens[0])
    if name.startswith(_PACKAGE_PREFIXES):
        return unsupported(f"PL/SQL {name}", tokens[0].start)
    return _wrong(f"identifier '{name}' must be declared", 201, tokens[0])


def _wrong(why: str, code: int, token: Token) -> OraError:
    return OraError(6550, f"PLS-{code:05d}: {why}", position=token.start)
