"""Faults of a database, as records with a JSON form and a one-line text form.

| kind | what a client sees |
|---|---|
| `refuse` | the listener refuses the connect (`code`, by default ORA-12514) |
| `hang_connect` | the connect is accepted and never answered |
| `deny_login` | the right password is refused (`code`, by default ORA-01017) |
| `drop` | the connection ends instead of a reply |
| `drop_after` | the connection ends after `rows` rows of a result |
| `drop_in_row` | the connection ends in the middle of row number `row` of a result |
| `truncate` | the connection ends in the middle of a packet, immediately or after `rows` rows |
| `half_open` | nothing is answered, not even a break, immediately or after `rows` rows |
| `error` | ORA-`code` instead of a reply, or after `rows` rows |
| `stall` | the database waits until released or interrupted, immediately or after `rows` rows |
| `delay` | each round trip takes `seconds` longer |
| `delay_rows` | each row of a result takes `seconds` longer |

Each fault occurs whenever it can, unless limited by `times`, by `connection` (the n-th connect
since the fault was set) or `every` (each k-th), and by `statement` (a regular expression that is
searched in the SQL, ignoring case; then only round trips that execute that statement count).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from tracekit.errors import ConfigError

Count = Annotated[int, msgspec.Meta(ge=1)]
RowCount = Annotated[int, msgspec.Meta(ge=0)]
OraCode = Annotated[int, msgspec.Meta(ge=1, le=99_999)]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


def _kind(class_name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


class Fault(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="kind",
    tag=_kind,
):
    """The common fields of faults: where they occur, and how often."""

    connection: Count | None = None
    every: Count | None = None
    times: Count | None = None

    @property
    def kind(self) -> str:
        """Its name in JSON, on the command line and as a method of `LocalOracle.faults`."""
        return str(self.__struct_config__.tag)

    def __str__(self) -> str:
        """The text form that `parse_fault` reads."""
        fields = msgspec.to_builtins(self)
        words = [f"{name}={shlex.quote(str(fields[name]))}" for name in fields if name != "kind"]
        return " ".join([self.kind, *words])


class CallFault(Fault, frozen=True, kw_only=True):
    """A fault of a logged-on session."""

    statement: str | None = None

    def __post_init__(self) -> None:
        if self.statement is not None:
            try:
                re.compile(self.statement)
            except re.error as exc:
                raise ValueError(f"statement={self.statement!r} is not a pattern: {exc}") from None

    @property
    def after_rows(self) -> int | None:
        """Rows of a result that are sent before it occurs; None if it affects a whole call."""
        return None


class RowFault(CallFault, frozen=True, kw_only=True):
    """A fault that affects a call, or a result after a number of rows."""

    rows: RowCount | None = None

    @property
    def after_rows(self) -> int | None:
        """`rows`."""
        return self.rows


class Refuse(Fault, frozen=True, kw_only=True):
    """The listener refuses."""

    code: OraCode = 12514


class HangConnect(Fault, frozen=True, kw_only=True):
    """The connect is never answered."""


class DenyLogin(Fault, frozen=True, kw_only=True):
    """The right password is refused."""

    code: OraCode = 1017


class Drop(CallFault, frozen=True, kw_only=True):
    """The connection ends instead of a reply."""


class DropAfter(CallFault, frozen=True, kw_only=True):
    """The connection ends after a number of rows."""

    rows: RowCount

    @property
    def after_rows(self) -> int | None:
        """`rows`."""
        return self.rows


class DropInRow(CallFault, frozen=True, kw_only=True):
    """The connection ends in the middle of a row; the first is row 1."""

    row: Count

    @property
    def after_rows(self) -> int | None:
        """The rows before `row`."""
        return self.row - 1


class Truncate(RowFault, frozen=True, kw_only=True):
    """The last packet is incomplete."""


class HalfOpen(RowFault, frozen=True, kw_only=True):
    """The connection stays open and nothing answers."""


class Error(RowFault, frozen=True, kw_only=True):
    """An error of the database."""

    code: OraCode
    text: str | None = None


class Stall(RowFault, frozen=True, kw_only=True):
    """The database waits until it is released; a break of the client interrupts it."""


class Delay(CallFault, frozen=True, kw_only=True):
    """Round trips take longer."""

    seconds: Seconds


class DelayRows(CallFault, frozen=True, kw_only=True):
    """Rows take longer."""

    seconds: Seconds


AnyFault = (
    Refuse
    | HangConnect
    | DenyLogin
    | Drop
    | DropAfter
    | DropInRow
    | Truncate
    | HalfOpen
    | Error
    | Stall
    | Delay
    | DelayRows
)
KINDS = tuple(_kind(member.__name__) for member in AnyFault.__args__)


def make_fault(kind: str, fields: Mapping[str, Any]) -> AnyFault:
    """The fault `kind` with `fields`; numbers may be given as text, `once` means `times=1`.

    Raises:
        ConfigError: the kind or a field is unknown, missing or invalid.
    """
    values = {name: value for name, value in fields.items() if value is not None}
    if values.pop("once", False):
        values["times"] = 1
    if kind not in KINDS:
        raise ConfigError(f"unknown fault {kind!r}; expected one of {', '.join(KINDS)}")
    try:
        fault: AnyFault = msgspec.convert({"kind": kind, **values}, type=AnyFault, strict=False)
    except msgspec.ValidationError as exc:
        raise ConfigError(f"fault {kind!r} with {values}: {exc}") from None
    return fault


def parse_fault(text: str) -> AnyFault:
    """Parse a fault such as `drop_after rows=5000 once`.

    Raises:
        ConfigError: the text is invalid.
    """
    try:
        words = shlex.split(text)
    except ValueError as exc:
        raise ConfigError(f"fault {text!r}: {exc}") from None
    if not words:
        raise ConfigError(f"empty fault; expected one of {', '.join(KINDS)}")
    fields: dict[str, Any] = {}
    for word in words[1:]:
        name, equals, value = word.partition("=")
        if not equals and word != "once":
            raise ConfigError(f"fault {text!r}: expected name=value or once, not {word!r}")
        fields[name] = value if equals else True
    return make_fault(words[0], fields)
