"""Numbers in English words, for the format elements SP, SPTH and YEAR."""

from __future__ import annotations

from tracekit.localdb.translate.build import unsupported

_UNITS = (
    "ZERO", "ONE", "TWO", "THREE", "FOUR", "FIVE", "SIX", "SEVEN", "EIGHT", "NINE", "TEN",
    "ELEVEN", "TWELVE", "THIRTEEN", "FOURTEEN", "FIFTEEN", "SIXTEEN", "SEVENTEEN", "EIGHTEEN",
    "NINETEEN",
)  # fmt: skip
_TENS = (
    "", "", "TWENTY", "THIRTY", "FORTY", "FIFTY", "SIXTY", "SEVENTY", "EIGHTY", "NINETY",
)  # fmt: skip
_IRREGULAR = {
    "ONE": "FIRST", "TWO": "SECOND", "THREE": "THIRD", "FIVE": "FIFTH", "EIGHT": "EIGHTH",
    "NINE": "NINTH", "TWELVE": "TWELFTH",
}  # fmt: skip


def spelled(value: int) -> str:
    """Spell a number from 0 on, in capitals."""
    for size, word in ((1_000_000, "MILLION"), (1000, "THOUSAND"), (100, "HUNDRED")):
        if value >= size:
            rest = f" {spelled(value % size)}" if value % size else ""
            return f"{spelled(value // size)} {word}{rest}"
    if value < len(_UNITS):
        return _UNITS[value]
    return _TENS[value // 10] + (f"-{_UNITS[value % 10]}" if value % 10 else "")


def spelled_ordinal(value: int) -> str:
    """Spell an ordinal: FIRST, TWENTY-SECOND, ONE HUNDREDTH ..."""
    written = spelled(value)
    last = written.replace("-", " ").split()[-1]
    before = written[: len(written) - len(last)]
    if last in _IRREGULAR:
        return before + _IRREGULAR[last]
    return before + (last[:-1] + "IETH" if last.endswith("Y") else last + "TH")


def spelled_year(year: int) -> str:
    """Spell a year as it is read aloud: NINETEEN NINETY-NINE.

    Raises:
        OraError: ORA-03001 if Oracle's documentation does not say how the year is read.
    """
    century, rest = divmod(abs(year), 100)
    if century % 10 == 0 and rest < 10:
        return spelled(abs(year))
    if rest < 10:
        if rest == 0:
            return f"{spelled(century)} HUNDRED"
        raise unsupported(f"the year {year} in words")
    return f"{spelled(century)} {spelled(rest)}"
