"""The exception handlers of PL/SQL blocks: what setup scripts write to drop what may not exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.build import unsupported
from tracekit.localdb.translate.lexer import Token

_NAMED = {
    "DUP_VAL_ON_INDEX": 1,
    "NO_DATA_FOUND": 1403,
    "TOO_MANY_ROWS": 1422,
    "ZERO_DIVIDE": 1476,
    "INVALID_NUMBER": 1722,
    "VALUE_ERROR": 6502,
}
_SQLCODE = re.compile(r"SQLCODE(!=|<>|\^=|=|(?:NOT)?IN)\(?([-+]?\d+(?:,[-+]?\d+)*)\)?")
_NO_DATA_SQLCODE = 100


@dataclass(frozen=True)
class Step:
    """One statement of a block."""

    sql: str
    """A query that returns the values of `into`, or any other statement."""
    into: tuple[str, ...] = ()
    """The binds that receive the query's only row."""
    opens: str = ""
    """The bind that receives a cursor over the query's result."""
    attributes: tuple[str, ...] = ()
    """What the query's only row sets for SYS_CONTEXT('USERENV', ...)."""
    is_dynamic: bool = False
    """Whether it is compiled when it runs (EXECUTE IMMEDIATE), not with the block."""


@dataclass(frozen=True)
class Handler:
    """What a block does about an error."""

    numbers: frozenset[int] | None
    """The ORA- numbers that it is for; None for any."""
    steps: tuple[Step, ...] = ()
    raises: bool = False
    """Whether it raises the error again behind its steps."""


def read_handlers(
    tokens: Sequence[Token], step: Callable[[Sequence[Token]], Iterator[Step]]
) -> tuple[Handler, ...]:
    """The handlers after EXCEPTION, in order.

    Args:
        tokens: What follows EXCEPTION, to the END of the block.
        step: Reads a statement that is not control flow.

    Raises:
        OraError: ORA-03001 for a handler that is not understood; ORA-06550 if it is malformed.
    """
    return tuple(_Reader(tokens, step).handlers())


class _Reader:
    def __init__(
        self, tokens: Sequence[Token], step: Callable[[Sequence[Token]], Iterator[Step]]
    ) -> None:
        self._tokens = tokens
        self._step = step
        self._index = 0

    def handlers(self) -> Iterator[Handler]:
        while self._index < len(self._tokens):
            self._expect("WHEN")
            numbers = self._numbers()
            if self._takes("IF"):
                yield from self._by_code(numbers)
            else:
                steps, raises = self._body("WHEN")
                yield Handler(numbers, steps, raises)

    def _numbers(self) -> frozenset[int] | None:
        """The numbers of `name [OR name ...] THEN`."""
        found: set[int] = set()
        words = [token.text.upper() for token in self._until("THEN")]
        for word in words:
            if word not in ("OTHERS", "OR") and word not in _NAMED:
                raise self._unsupported(f"PL/SQL exception {word}")
            found.update([_NAMED[word]] if word in _NAMED else [])
        return None if "OTHERS" in words else frozenset(found)

    def _by_code(self, numbers: frozenset[int] | None) -> Iterator[Handler]:
        """The handlers that `IF SQLCODE ... THEN ... [ELSE ...] END IF;` stands for."""
        negated, codes = self._condition()
        first = self._body("ELSE", "END")
        other: tuple[tuple[Step, ...], bool] = ((), False)
        if self._takes("ELSE"):
            other = self._body("END")
        for word in ("END", "IF", ";"):
            self._expect(word)
        if numbers is not None or (self._index < len(self._tokens) and not self._is("WHEN")):
            raise self._unsupported("PL/SQL exception handlers with more than IF SQLCODE")
        matching, rest = (other, first) if negated else (first, other)
        yield Handler(codes, *matching)
        yield Handler(None, *rest)

    def _condition(self) -> tuple[bool, frozenset[int]]:
        """Whether SQLCODE must differ, and the numbers with which it is compared."""
        text = "".join(token.text.upper() for token in self._until("THEN"))
        inner = text[1:-1] if text.startswith("(") and text.endswith(")") else text
        parts = re.split(r"AND|OR", inner)
        matches = [_SQLCODE.fullmatch(part) for part in parts]
        operators = {match[1] for match in matches if match is not None}
        negated = all(one in ("!=", "<>", "^=") or one.startswith("NOT") for one in operators)
        joined = "OR" if negated else "AND"
        mixed = not negated and not operators <= {"=", "IN"}
        if None in matches or mixed or joined in re.findall(r"AND|OR", inner):
            raise self._unsupported("PL/SQL IF with anything but SQLCODE")
        codes = [int(code) for match in matches if match for code in match[2].split(",")]
        return negated, frozenset(1403 if one == _NO_DATA_SQLCODE else -one for one in codes)

    def _body(self, *ends: str) -> tuple[tuple[Step, ...], bool]:
        """The statements up to one of these words, and whether the last is RAISE."""
        steps: list[Step] = []
        raises = False
        while self._index < len(self._tokens) and not self._is(*ends):
            statement = self._until(";")
            raises = len(statement) == 1 and statement[0].is_word("RAISE")
            steps += () if raises or not statement else self._step(statement)
        return tuple(steps), raises

    def _until(self, end: str) -> Sequence[Token]:
        start = self._index
        while self._index < len(self._tokens):
            self._index += 1
            if self._tokens[self._index - 1].text.upper() == end:
                return self._tokens[start : self._index - 1]
        raise OraError(6550, f'PLS-00103: expected "{end}"', position=self._tokens[-1].end)

    def _is(self, *words: str) -> bool:
        return self._tokens[self._index].text.upper() in words

    def _takes(self, word: str) -> bool:
        found = self._index < len(self._tokens) and self._is(word)
        self._index += found
        return found

    def _expect(self, word: str) -> None:
        if not self._takes(word):
            position = self._tokens[min(self._index, len(self._tokens) - 1)].start
            raise OraError(6550, f'PLS-00103: expected "{word}"', position=position)

    def _unsupported(self, what: str) -> OraError:
        return unsupported(what, self._tokens[max(0, self._index - 1)].start)
