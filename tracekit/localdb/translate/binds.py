"""Prepare a statement for the parser: name its placeholders and fold long IN lists."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.bind_forms import BindForm, widest
from tracekit.localdb.translate.dialect import TRUNCATED
from tracekit.localdb.translate.fetch_clauses import row_expressions
from tracekit.localdb.translate.lexer import Token, TokenKind, bind_name, string_value
from tracekit.localdb.translate.like_runs import LIKE_ANY, like_run

MAX_LIST_EXPRESSIONS = 1000
"""The longest expression list that Oracle 19c accepts (ORA-01795)."""
_MIN_FOLDED = 2


@dataclass(frozen=True)
class Parameter:
    """A `$name` parameter of the DuckDB statement and the bind values it is made from."""

    name: str
    bind_indexes: tuple[int, ...]
    """Positions in the client's list of binds."""
    is_list: bool = False
    """The values are passed as one list, `x IN (SELECT unnest($name))`."""
    form: BindForm = BindForm.UNKNOWN


@dataclass
class Prepared:
    """A statement without comments, whose placeholders are `:b0 ...` and `:l0 ...` (lists)."""

    text: str = ""
    bind_names: list[str] = field(default_factory=list)
    parameters: list[Parameter] = field(default_factory=list)
    shown: dict[str, str] = field(default_factory=dict)
    """The text that the client wrote for each parameter, to name output columns."""
    binary_literals: dict[str, str] = field(default_factory=dict)
    """Literals such as `1.5d`, by their placeholder's name in `text`."""
    bind_forms: Sequence[BindForm] = ()
    """The kind of each bind's values, if known."""

    interval_digits: list[tuple[int, int]] = field(default_factory=list)
    """For each interval type, in order: the digits of its leading field and of its fraction."""

    def bind_form(self, name: str) -> BindForm:
        """The kind of a parameter's values."""
        found = next((one.form for one in self.parameters if one.name == name), None)
        return found or BindForm.UNKNOWN

    def add_parameter(self, name: str, indexes: tuple[int, ...], *, is_list: bool = False) -> None:
        """Add a parameter; a list of values of several kinds gets the widest form."""
        known = {self.bind_forms[one] for one in indexes if one < len(self.bind_forms)}
        self.parameters.append(Parameter(name, indexes, is_list, widest(known)))

    _starts: list[int] = field(default_factory=list)
    _sources: list[int] = field(default_factory=list)

    def source_position(self, position: int) -> int:
        """Convert an offset in `text` to a 0-based offset in the client's text."""
        index = bisect_right(self._starts, position) - 1
        if index < 0:
            return 0
        return self._sources[index] + position - self._starts[index]


def prepare(sql: str, tokens: Sequence[Token], bind_forms: Sequence[BindForm] = ()) -> Prepared:
    """Rewrite `tokens` of `sql` for the parser.

    Args:
        sql: The statement.
        tokens: The tokens of `sql` to parse.
        bind_forms: The kind of each bind's values; empty if unknown.

    Raises:
        OraError: ORA-01795 for a list of more than 1,000 expressions.
    """
    prepared = Prepared(bind_forms=bind_forms)
    pieces: list[str] = []
    length = 0
    index = 0
    previous_end = 0
    opened, closed = row_expressions(tokens)
    while index < len(tokens):
        token = tokens[index]
        ahead = tokens[index + 1 : index + 10]
        if token.is_word("INTERVAL") and ahead and ahead[0].is_word("YEAR", "DAY"):
            prepared.interval_digits.append(_interval_digits(ahead))
        if token.is_word("INTERVAL") and ahead and ahead[0].kind is TokenKind.STRING:
            _check_leading_digits(ahead)
        if _is_interval_precision(tokens, index):
            index += 3
            continue
        if (
            token.is_word("ON")
            and index + 1 < len(tokens)
            and tokens[index + 1].is_word("OVERFLOW")
        ):
            end = _after_overflow(tokens, index)
            if any(token.is_word("TRUNCATE") for token in tokens[index:end]):
                pieces.append(f", {TRUNCATED}()")
                length += len(pieces[-1])
            index = end
            continue
        folded = _fold(prepared, tokens, index)
        if folded is not None:
            text, consumed = folded
        else:
            text, consumed = _token_text(prepared, token), 1
        text = "(" + text if index in opened else text
        text = text + ")" if index + consumed - 1 in closed else text
        last = tokens[index + consumed - 1]
        index += consumed
        blank = " " if token.start > previous_end and pieces else ""
        pieces.append(blank + text)
        prepared._starts.append(length + len(blank))
        prepared._sources.append(token.start)
        length += len(blank) + len(text)
        previous_end = last.end
    prepared.text = "".join(pieces)
    return prepared


def _after_overflow(tokens: Sequence[Token], index: int) -> int:
    """The index after LISTAGG's ON OVERFLOW clause."""
    while index < len(tokens) and tokens[index].text != ")":
        index += 1
    return index


_INTERVAL_FIELDS = ("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND")


def _interval_digits(tokens: Sequence[Token]) -> tuple[int, int]:
    """The digits stated in `DAY(2) TO SECOND(6)`, or the defaults."""
    stated = {"YEAR": 2, "DAY": 2, "SECOND": 6}
    for word, bracket, digits in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if word.is_word(*stated) and bracket.text == "(" and digits.text.isdigit():
            stated[word.text.upper()] = int(digits.text)
        if word.is_word("SECOND", "MONTH") or word.text == ",":
            break
    return stated[tokens[0].text.upper()], stated["SECOND"]


def _check_leading_digits(tokens: Sequence[Token]) -> None:
    """Check that an interval's first number fits `DAY(3)`, or 2 digits if it states none.

    Raises:
        OraError: ORA-01873, it does not.
    """
    written = tokens[0]
    bracket, stated = tokens[2:4] if len(tokens) > 3 else (written, written)
    digits = string_value(written).strip().lstrip("+-").lstrip("0 ")
    leading = len(digits) - len(digits.lstrip("0123456789"))
    limit = int(stated.text) if bracket.text == "(" and stated.text.isdigit() else 2
    if leading > limit:
        message = "the leading precision of the interval is too small"
        raise OraError(1873, message, position=written.start)


def _is_interval_precision(tokens: Sequence[Token], index: int) -> bool:
    """Whether this is `(n)` in INTERVAL DAY(n) TO SECOND(n); it only limits the digits."""
    if tokens[index].text != "(" or index < 2 or index + 2 >= len(tokens):
        return False
    if tokens[index + 1].kind is not TokenKind.NUMBER or tokens[index + 2].text != ")":
        return False
    before = tokens[max(index - 4, 0) : index]
    return before[-1].is_word(*_INTERVAL_FIELDS) and (
        before[-2].is_word("INTERVAL")
        or (before[-2].is_word("TO") and before[-3 if len(before) > 2 else 0].text != ",")
        or (before[-2].kind is TokenKind.STRING and before[-3].is_word("INTERVAL"))
    )


def _fold(prepared: Prepared, tokens: Sequence[Token], index: int) -> tuple[str, int] | None:
    """Fold several tokens: a list of binds, or AT LOCAL; returns their text and number."""
    if tokens[index].is_word("AT") and any(one.is_word("LOCAL") for one in tokens[index + 1 :][:1]):
        return "AT TIME ZONE SESSIONTIMEZONE", 2
    count = _listed_binds(tokens, index)
    if count >= _MIN_FOLDED:
        binds, end = _ored_lists(tokens, index, count)
        return f":{_list_parameter(prepared, binds)}", end - index
    run = like_run(tokens, index)
    if run is None:
        return None
    name = _list_parameter(prepared, run.binds)
    return f"{LIKE_ANY}({run.operand}, :{name})", run.token_count


_BEFORE_ALTERNATIVES = ("WHERE", "ON", "OR", "HAVING", "WHEN")


def _ored_lists(tokens: Sequence[Token], index: int, count: int) -> tuple[list[Token], int]:
    """The binds of `x IN (:a, ...) OR x IN (:b, ...) ...`, and the index after them.

    DuckDB runs one join per list parameter, which is too many joins for 65,000 keys.
    """
    end = index + 2 * count - 1
    binds = list(tokens[index:end:2])
    start = index - 2
    while start > 0 and (tokens[start - 1].text == "." or _is_name(tokens[start - 1])):
        if tokens[start - 1].is_word(*_BEFORE_ALTERNATIVES):
            break
        start -= 1
    operand = [_spelled(token) for token in tokens[start : index - 2]]
    before = tokens[start - 1] if start else None
    if not operand or before is None:
        return binds, end
    if before.text != "(" and not before.is_word(*_BEFORE_ALTERNATIVES):
        return binds, end
    again = ["OR", *operand, "IN", "("]
    while not _is_and(tokens, end + 1):
        first = end + 1 + len(again)
        if [_spelled(token) for token in tokens[end + 1 : first]] != again:
            break
        count = _listed_binds(tokens, first) if first < len(tokens) else 0
        if not count or _is_and(tokens, first + 2 * count):
            break
        end = first + 2 * count - 1
        binds += tokens[first:end:2]
    return binds, end


def _spelled(token: Token) -> str:
    return token.text if token.kind is TokenKind.QUOTED else token.text.upper()


def _is_name(token: Token) -> bool:
    return token.kind in (TokenKind.WORD, TokenKind.QUOTED)


def _is_and(tokens: Sequence[Token], index: int) -> bool:
    return index < len(tokens) and tokens[index].is_word("AND")


def _listed_binds(tokens: Sequence[Token], index: int) -> int:
    """The number of binds if `tokens[index]` is the first of `IN (:a, :b, ...)`, otherwise 0."""
    if (
        tokens[index].kind is not TokenKind.BIND
        or index < 2
        or tokens[index - 1].text != "("
        or not tokens[index - 2].is_word("IN")
    ):
        return 0
    position = index
    while (
        position + 2 < len(tokens)
        and tokens[position + 1].text == ","
        and tokens[position + 2].kind is TokenKind.BIND
    ):
        position += 2
    count = (position - index) // 2 + 1
    if position + 1 >= len(tokens) or tokens[position + 1].text != ")":
        return 0
    if count > MAX_LIST_EXPRESSIONS:
        raise OraError(
            1795,
            f"maximum number of expressions in a list is {MAX_LIST_EXPRESSIONS}",
            position=tokens[index + 2 * MAX_LIST_EXPRESSIONS].start,
        )
    return count


def _list_parameter(prepared: Prepared, binds: Sequence[Token]) -> str:
    first = len(prepared.bind_names)
    prepared.bind_names.extend(bind_name(token) for token in binds)
    name = f"l{first}"
    indexes = tuple(range(first, first + len(binds)))
    prepared.add_parameter(name, indexes, is_list=True)
    prepared.shown[name] = ",".join(token.text.upper() for token in binds)
    return name


def _token_text(prepared: Prepared, token: Token) -> str:
    if token.kind is TokenKind.BIND:
        position = len(prepared.bind_names)
        prepared.bind_names.append(bind_name(token))
        name = f"b{position}"
        prepared.add_parameter(name, (position,))
        prepared.shown[name] = token.text.upper()
        return f":{name}"
    if token.kind is TokenKind.STRING:
        national = "N" if token.text[0] in "nN" else ""
        return national + "'" + string_value(token).replace("'", "''") + "'"
    if token.kind is TokenKind.NUMBER and token.text[-1] in "fFdD":
        name = f"d{len(prepared.binary_literals)}"
        prepared.binary_literals[name] = token.text
        prepared.shown[name] = token.text.upper()
        return f":{name}"
    if token.kind is TokenKind.NUMBER and "e" in token.text.lower():
        return token.text + " "  # the parser would read a sign after it as part of the exponent
    if token.text == "::":
        raise OraError(911, '":": invalid character after ":"', position=token.start)
    return token.text
