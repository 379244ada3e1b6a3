"""sqlglot's Oracle dialect, changed to keep functions as written.

sqlglot maps functions to generic nodes and drops what does not fit (TO_CHAR's format, TO_DATE's
time of day). This dialect reads almost every function as a plain call, and the rules in `functions`
translate it by name.
"""

from __future__ import annotations

from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.oracle import Oracle
from sqlglot.parsers.oracle import OracleParser
from sqlglot.tokenizer_core import TokenType

SOURCE_SPAN = "source_span"
"""Key of a node's `meta`: its (start, end) in the parsed text, used to name output columns."""
DATE_LITERAL = "ORA$DATE"
TIMESTAMP_LITERAL = "ORA$TIMESTAMP"


TRUNCATED = "ORA$TRUNCATED"
"""The call that stands for LISTAGG's ON OVERFLOW TRUNCATE, as its last argument."""
WITH_DEFAULT = "ORA$WITH_DEFAULT"
"""The call that stands for `f(x DEFAULT y ON CONVERSION ERROR)`, with arguments y, x and f(x)."""
_CONVERSIONS = (
    "TO_NUMBER", "TO_DATE", "TO_TIMESTAMP", "TO_TIMESTAMP_TZ", "TO_DSINTERVAL", "TO_YMINTERVAL",
    "TO_BINARY_DOUBLE", "TO_BINARY_FLOAT",
)  # fmt: skip


_INTERVALS = ("TO_DSINTERVAL", "TO_YMINTERVAL")


def _conversion(name: str) -> Any:
    """Parse the arguments of a conversion, whose first one may have a DEFAULT clause."""

    def read(self: LiteralReader) -> exp.Expr:
        value = self._parse_assignment()
        default = None
        if self._match_text_seq("DEFAULT"):
            default = self._parse_assignment()
            if not self._match_text_seq("ON", "CONVERSION", "ERROR"):
                self.raise_error("Expecting )")
        rest = self._parse_csv(self._parse_assignment) if self._match(TokenType.COMMA) else []
        if value is None:
            return self.expression(exp.Anonymous(this=name, expressions=rest))
        listed = [value, *rest]
        call = self.expression(exp.Anonymous(this=name, expressions=listed))
        if default is None:
            return call
        if rest or name in _INTERVALS:  # the default is read in the same way
            models = [one.copy() for one in rest]
            default = exp.Anonymous(this=name, expressions=[default, *models])
        return self.expression(
            exp.Anonymous(this=WITH_DEFAULT, expressions=[default, value.copy(), call])
        )

    return read


def _validation(self: LiteralReader) -> exp.Expr:
    """Parse VALIDATE_CONVERSION(x AS type [, format]); the conversion becomes its argument."""
    value = self._parse_assignment()
    if not self._match(TokenType.ALIAS):
        self.raise_error("Expecting )")
    data_type = self._parse_types()
    rest = self._parse_csv(self._parse_assignment) if self._match(TokenType.COMMA) else []
    call = exp.Anonymous(this="VALIDATE_CONVERSION", expressions=[value, data_type, *rest])
    return self.expression(call)


def _typed_literal(name: str) -> Any:
    return lambda self, this, _: self.expression(exp.Anonymous(this=name, expressions=[this]))


_IDENTITY_NUMBERS = {
    ("START", "WITH"): "start",
    ("INCREMENT", "BY"): "increment",
    ("MINVALUE",): "minvalue",
    ("MAXVALUE",): "maxvalue",
    ("CACHE",): "cache",
}
_IDENTITY_WITHOUT_EFFECT = (
    "NOMINVALUE", "NOMAXVALUE", "NOCYCLE", "NOCACHE", "ORDER", "NOORDER", "KEEP", "NOKEEP",
)  # fmt: skip


def _spanned(word: str) -> Any:
    """Parse a column's clause with the default parser, and record its position in the text."""

    def read(self: LiteralReader) -> Any:
        start = self._curr.start if self._curr else 0
        node = OracleParser.CONSTRAINT_PARSERS[word](self)
        if node is not None and self._prev:
            node.meta[SOURCE_SPAN] = (start, self._prev.end + 1)
        return node

    return read


class LiteralReader(OracleParser):
    """Parses function calls as plain calls and records the positions of expressions."""

    FUNCTIONS: ClassVar[dict[str, Any]] = {}
    FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        **{name: OracleParser.FUNCTION_PARSERS[name] for name in ("CAST", "EXTRACT", "TRIM")},
        **{name: _conversion(name) for name in _CONVERSIONS},
        "VALIDATE_CONVERSION": _validation,
    }
    TERM: ClassVar[dict[Any, Any]] = {**OracleParser.TERM, TokenType.DPIPE: exp.DPipe}
    """Oracle reads +, - and || from left to right; sqlglot reads || last."""
    CONSTRAINT_PARSERS: ClassVar[dict[str, Any]] = {
        **OracleParser.CONSTRAINT_PARSERS,
        **{word: _spanned(word) for word in ("CHECK", "DEFAULT")},
    }
    NO_PAREN_FUNCTION_PARSERS: ClassVar[dict[str, Any]] = {
        name: OracleParser.NO_PAREN_FUNCTION_PARSERS[name]
        for name in ("CASE", "PRIOR", "CONNECT_BY_ROOT", "ANY")
    }
    TYPE_LITERAL_PARSERS: ClassVar[dict[Any, Any]] = {
        exp.DType.DATE: _typed_literal(DATE_LITERAL),
        exp.DType.TIMESTAMP: _typed_literal(TIMESTAMP_LITERAL),
        exp.DType.TIMESTAMPTZ: _typed_literal(TIMESTAMP_LITERAL),
    }

    def _parse_as_command(self, start: Any) -> exp.Command:
        """Raise an error; sqlglot's default passes unparsed text on."""
        self.raise_error("Unsupported statement", start)
        raise AssertionError("raise_error always raises")

    def _parse_generated_as_identity(self) -> Any:
        """Parse GENERATED ... AS IDENTITY with options in any order."""
        start = self._index
        by_default = self._match_text_seq("BY", "DEFAULT")
        on_null = by_default and self._match_text_seq("ON", "NULL")
        if not by_default:
            self._match_text_seq("ALWAYS")
        if not self._match_text_seq("AS", "IDENTITY"):
            self._retreat(start)
            return super()._parse_generated_as_identity()
        identity = exp.GeneratedAsIdentityColumnConstraint(this=not by_default, on_null=on_null)
        if self._match(TokenType.L_PAREN):
            while not self._match(TokenType.R_PAREN):
                self._parse_identity_option(identity)
        return self.expression(identity)

    def _parse_identity_option(self, identity: exp.Expr) -> None:
        for words, name in _IDENTITY_NUMBERS.items():
            if self._match_text_seq(*words):
                identity.set(name, self._parse_unary())
                return
        if not any(self._match_text_seq(word) for word in _IDENTITY_WITHOUT_EFFECT):
            if not self._match_text_seq("CYCLE"):
                self.raise_error("Expecting )")
            identity.set("cycle", True)

    def _parse_table_alias(self, alias_tokens: Any = None) -> exp.TableAlias | None:
        """Refuse AS before a table's alias, as Oracle does."""
        if self._curr and self._curr.token_type == TokenType.ALIAS:
            self.raise_error("AS before the alias of a table")
        return super()._parse_table_alias(alias_tokens)

    def _parse_interval(
        self, require_interval: bool = True, parse_function_unit: bool = True
    ) -> exp.Interval | None:
        """Parse one interval; what is added to it is a separate operand."""
        start = self._index
        if not self._match(TokenType.INTERVAL) and require_interval:
            return None
        is_text = self._match(TokenType.STRING, advance=False)
        value = self._parse_primary() if is_text else self._parse_term()
        if value is None or (isinstance(value, exp.Column) and require_interval):
            self._retreat(start)
            return None
        return self._parse_interval_span(value, parse_function_unit=parse_function_unit)

    def _parse_expression(self) -> exp.Expr | None:
        start = self._curr.start if self._curr else 0
        node: exp.Expr | None = super()._parse_expression()
        if node is not None and self._prev:
            node.meta[SOURCE_SPAN] = (start, self._prev.end + 1)
        return node


class ReadOracle(Oracle):
    """The dialect for parsing."""

    class Tokenizer(Oracle.Tokenizer):
        """BINARY_FLOAT and BINARY_DOUBLE are separate types; FLOAT is a NUMBER.

        DECIMAL and NUMERIC differ from NUMBER in their default scale.
        """

        KEYWORDS: ClassVar[dict[str, Any]] = {
            **{
                word: token
                for word, token in Oracle.Tokenizer.KEYWORDS.items()
                if word not in ("BINARY_FLOAT", "BINARY_DOUBLE", "REAL")
            },
            **dict.fromkeys(("DECIMAL", "DEC", "NUMERIC"), TokenType.DECIMAL128),
        }

    Parser = LiteralReader
