"""Map DuckDB's errors to Oracle's."""

from __future__ import annotations

import re
from collections.abc import Callable

import duckdb

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.lexer import Token, TokenKind, tokenize

_Build = Callable[[re.Match[str], str], OraError]


def map_error(error: BaseException, sql: str) -> OraError:
    """The Oracle error for an exception raised by running the translation of `sql`.

    Looks up error positions in `sql`, the client's text. An unknown DuckDB error
    becomes ORA-03001 with DuckDB's message. ORA-00600 makes drivers drop the connection, so
    it stands only for defects of DuckDB.
    """
    if isinstance(error, OraError):
        return error
    message = str(error)
    if isinstance(error, duckdb.InterruptException):
        return OraError(1013, "user requested cancel of current operation")
    if isinstance(error, duckdb.OutOfMemoryException):
        return OraError(4030, f"out of process memory: {_first_line(message)}")
    for pattern, build in _RULES:
        match = pattern.search(message)
        if match is not None:
            return build(match, sql)
    if isinstance(error, duckdb.ConversionException | duckdb.InvalidInputException):
        return OraError(1722, f"invalid number ({_first_line(message)})")
    if isinstance(error, duckdb.InternalException | duckdb.FatalException):
        return OraError(600, f"internal error code, arguments: [{_first_line(message)}]")
    return OraError(3001, f"unimplemented feature: {_first_line(message)}")


def _first_line(message: str) -> str:
    return message.split("\n", 1)[0]


def find_name(sql: str, name: str, qualifier: str | None = None) -> int:
    """The 0-based offset of `name` in `sql` (of its qualifier, if given); 0 if not found."""
    try:
        tokens = tokenize(sql)
    except OraError:
        return 0
    for index, token in enumerate(tokens):
        if not _is_name(token, name):
            continue
        qualified = index >= 2 and tokens[index - 1].text == "."
        if qualifier is None:
            return tokens[index - 2].start if qualified else token.start
        if qualified and _is_name(tokens[index - 2], qualifier):
            return tokens[index - 2].start
    return find_name(sql, name) if qualifier is not None else 0


def _is_name(token: Token, name: str) -> bool:
    if token.kind is TokenKind.QUOTED:
        return token.text[1:-1] == name
    return token.kind is TokenKind.WORD and token.text.upper() == name.upper()


def _says(number: int, text: str) -> _Build:
    return lambda _match, _sql: OraError(number, text)


def _unknown_table(match: re.Match[str], sql: str) -> OraError:
    name = match["name"].strip('"').split(".")[-1].strip('"')
    position = find_name(sql, name)
    return OraError(942, "table or view does not exist", position=position)


def _unknown_column(match: re.Match[str], sql: str) -> OraError:
    groups = match.groupdict()
    written = groups["name"] or groups.get("updated") or groups.get("checked") or ""
    name = written.split(".")[-1].strip('"').upper()
    table = groups.get("table")
    shown = f'"{table.upper()}"."{name}"' if table else f'"{name}"'
    return OraError(904, f"{shown}: invalid identifier", position=find_name(sql, name, table))


def _unknown_qualifier(match: re.Match[str], sql: str) -> OraError:
    table = match["table"].upper()
    tokens = tokenize(sql)
    for first, dot, column in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if _is_name(first, table) and dot.text == ".":
            name = column.text.strip('"').upper()
            text = f'"{table}"."{name}": invalid identifier'
            return OraError(904, text, position=first.start)
    return OraError(904, f'"{table}": invalid identifier', position=find_name(sql, table))


def _column_not_allowed(match: re.Match[str], sql: str) -> OraError:
    return OraError(984, "column not allowed here", position=find_name(sql, match["name"]))


def _not_a_decimal(match: re.Match[str], _sql: str) -> OraError:
    """The error for a text that spells a number which is too large for its column."""
    if re.fullmatch(r"-?\d*\.?\d+", match["text"]):
        return OraError(1438, "value larger than specified precision allowed for this column")
    return OraError(1722, "invalid number")


def _ambiguous(match: re.Match[str], sql: str) -> OraError:
    return OraError(918, "column ambiguously defined", position=find_name(sql, match["name"]))


def _not_grouped(match: re.Match[str], sql: str) -> OraError:
    position = find_name(sql, match["name"])
    if not any(token.is_word("GROUP") for token in tokenize(sql)):
        return OraError(937, "not a single-group group function", position=position)
    return OraError(979, "not a GROUP BY expression", position=position)


def _not_null(match: re.Match[str], _: str) -> OraError:
    table, column = match["table"].strip('"').upper(), match["column"].strip('"').upper()
    return OraError(1400, f'cannot insert NULL into ("{table}"."{column}")')


def _unique(match: re.Match[str], _: str) -> OraError:
    return OraError(1, f"unique constraint violated ({match['key']})")


def _check(match: re.Match[str], _: str) -> OraError:
    return OraError(2290, f"check constraint ({match['table'].upper()}) violated")


def _value_count(match: re.Match[str], _: str) -> OraError:
    columns, values = int(match["columns"]), int(match["values"])
    if values > columns:
        return OraError(913, "too many values")
    return OraError(947, "not enough values")


def _repeated_column(_match: re.Match[str], sql: str) -> OraError:
    if any(token.is_word("RENAME") for token in tokenize(sql)):
        return OraError(957, "duplicate column name")
    return OraError(1430, "column being added already exists in table")


def _still_needed(match: re.Match[str], sql: str) -> OraError:
    name = match["name"]
    if sql.split()[:2] and sql.split()[1].upper() == "USER":
        return OraError(1922, f"CASCADE must be specified to drop '{name}'")
    return OraError(3001, f"unimplemented feature: dropping {name}, which other objects use")


def _key_table(match: re.Match[str], _: str) -> OraError:
    return OraError(2449, "unique/primary keys in table referenced by foreign keys")


def _own_error(match: re.Match[str], _: str) -> OraError:
    number = int(match["number"])
    texts = {1476: "divisor is equal to zero", 1426: "numeric overflow", 1722: "invalid number"}
    return OraError(number, texts.get(number, match["rest"].strip(": ") or "error"))


_RULES: list[tuple[re.Pattern[str], _Build]] = [
    (re.compile(pattern, re.IGNORECASE | re.DOTALL), build)
    for pattern, build in (
        (r"ORA-(?P<number>\d{5})(?P<rest>[^\n]*)", _own_error),
        (r'Table with name "?(?P<name>[^\s"]+)"? does not exist', _unknown_table),
        (
            r'Schema with name "?[^\n]*already exists',
            _says(1920, "user name conflicts with another user or role name"),
        ),
        (r'Schema with name "?[^\n]*does not exist', _says(1918, "user does not exist")),
        (
            r'Cannot drop entry "(?P<name>[^"]*)" because there are entries that depend on it',
            _still_needed,
        ),
        (r"because this table is main key table of", _key_table),
        (r"Existing object [^\n]* is of type", _says(942, "table or view does not exist")),
        (r"Index with name [^\n]* does not exist", _says(1418, "specified index does not exist")),
        (
            r"currval: sequence is not yet defined",
            _says(8002, "sequence CURRVAL is not yet defined in this session"),
        ),
        (
            r"nextval: reached (?:max|min)imum value",
            _says(8004, "sequence NEXTVAL exceeds its limit and cannot be instantiated"),
        ),
        (r"Increment must not be zero", _says(4002, "INCREMENT must be a nonzero integer")),
        (r"has more than one primary key", _says(2260, "table can have only one primary key")),
        (
            r"Cannot drop column: table only has one column",
            _says(12983, "cannot drop all columns in a table"),
        ),
        (
            r'Could not ORDER BY column "(?P<name>[^"]+)"'
            r'|Referenced update column "?(?P<updated>[^\s"]+)"? not found'
            r'|does not contain column "(?P<checked>[^"]+)" referenced in check',
            _unknown_column,
        ),
        (r"Subquery returns (?P<values>\d+) columns - expected (?P<columns>\d+)", _value_count),
        (r"Multiple assignments to same column", _says(957, "duplicate column name")),
        (r"zero-length delimited identifier", _says(1741, "illegal zero-length identifier")),
        (r'View with name "?(?P<name>[^\s"]+)"? does not exist', _unknown_table),
        (
            r'Sequence with name "?(?P<name>[^\s"]+)"? does not exist',
            _says(2289, "sequence does not exist"),
        ),
        (
            r"(?:Table|View|Index|Sequence|Entry)[^\n]*already exists",
            _says(955, "name is already used by an existing object"),
        ),
        (
            r'Referenced column "(?P<name>[^"]+)" was not found because the FROM',
            _column_not_allowed,
        ),
        (r'Referenced column "(?P<name>[^"]+)" not found', _unknown_column),
        (
            r'(?:Table|Values list) "(?P<table>[^"]+)" does not have a column \w+ (?:name )?'
            r'"(?P<name>[^"]+)"',
            _unknown_column,
        ),
        (
            r'Column "?(?P<name>[^\s"]+)"? (?:does not exist|referenced that exists)',
            _unknown_column,
        ),
        (r'Referenced table "(?P<table>[^"]+)" not found', _unknown_qualifier),
        (r'Ambiguous reference to column name "(?P<name>[^"]+)"', _ambiguous),
        (r'column "?(?P<name>[^\s"]+)"? must appear in the GROUP BY clause', _not_grouped),
        (
            r"(?:GROUP BY|WHERE) clause cannot contain aggregates",
            _says(934, "group function is not allowed here"),
        ),
        (r"NOT NULL constraint failed: (?P<table>[^\s.]+)\.(?P<column>\S+)", _not_null),
        (r'Duplicate key "(?P<key>[^"]*)"', _unique),
        (
            r"Data contains duplicates on indexed column",
            _says(1452, "cannot CREATE UNIQUE INDEX; duplicate keys found"),
        ),
        (r'CHECK constraint failed on table "(?P<table>[^"]+)"', _check),
        (
            r"Violates foreign key constraint because key .* does not exist",
            _says(2291, "integrity constraint violated - parent key not found"),
        ),
        (
            r"Violates foreign key constraint",
            _says(2292, "integrity constraint violated - child record found"),
        ),
        (
            r"(?:has|expected) (?P<columns>\d+) columns but (?P<values>\d+) values were supplied",
            _value_count,
        ),
        (r"has (?P<values>\d+) columns available but (?P<columns>\d+) columns spec", _value_count),
        (
            r"Duplicate column name [^\n]* in INSERT|specified more than once",
            _says(957, "duplicate column name"),
        ),
        (r"Column with name [^\n]* already exists", _repeated_column),
        (
            r"ORDER term out of range",
            _says(1785, "ORDER BY item must be the number of a SELECT-list expression"),
        ),
        (
            r"same number of result columns",
            _says(1789, "query block has incorrect number of result columns"),
        ),
        (
            r"Values were not provided for the following parameters",
            _says(1008, "not all variables bound"),
        ),
        (
            r"cannot affect the same target row more than once",
            _says(30926, "unable to get a stable set of rows in the source tables"),
        ),
        (
            r"clause cannot contain window functions",
            _says(30483, "window functions are not allowed here"),
        ),
        (
            r"Like pattern must not end with escape character",
            _says(1424, "missing or illegal character following the escape character"),
        ),
        (r"missing \]: ", _says(12726, "unmatched bracket in regular expression")),
        (
            r"(?:missing|unexpected) \): ",
            _says(12725, "unmatched parentheses in regular expression"),
        ),
        (
            r"invalid escape sequence: (?P<what>\\+\d)",
            _says(3001, "unimplemented feature: a back-reference inside of a regular expression"),
        ),
        (
            r"invalid (?:repetition|character class|perl operator|escape)"
            r"|no argument for repetition|bad repetition",
            _says(12728, "invalid range or operator in regular expression"),
        ),
        (
            r"More than one row returned by a subquery",
            _says(1427, "single-row subquery returns more than one row"),
        ),
        (r"Could not parse string .*Month out of range", _says(1843, "not a valid month")),
        (
            r"Could not parse string .*Day out of range",
            _says(1847, "day of month must be between 1 and last day of month"),
        ),
        (
            r"Could not parse string .* according to format",
            _says(1861, "literal does not match format string"),
        ),
        (
            r"(?:invalid timestamp|timestamp field value|date field value)",
            _says(1843, "not a valid month"),
        ),
        (
            r"Could not convert string [^\n]* to (?:U?INT|DOUBLE|FLOAT|HUGEINT)",
            _says(1722, "invalid number"),
        ),
        (r'Could not convert string "?(?P<text>[^"\n]*)"? to "?DECIMAL', _not_a_decimal),
        (
            r"Could not cast value [^\n]* to DECIMAL|to type DECIMAL[^\n]* value is out of range",
            _says(1438, "value larger than specified precision allowed for this column"),
        ),
        (
            r"Could not convert Timestamp to higher precision",
            _says(
                3001,
                "unimplemented feature: a TIMESTAMP(7) to TIMESTAMP(9) before 1677-09-22 or after "
                "2262-04-10 cannot be kept by the local Oracle",
            ),
        ),
        (r"Out of Range Error|out of range for the destination", _says(1426, "numeric overflow")),
        (
            r"write-write conflict|Conflict on (?:update|tuple)|Transaction conflict",
            _says(8177, "can't serialize access for this transaction"),
        ),
        (r"read-only", _says(16000, "database or pluggable database open for read-only access")),
    )
]
