"""SQL*Plus style scripts: split into statements, and run through a driver.

Statements end with `;` or with a line that contains only `/`; PL/SQL only with the latter.
Comments, quoted text and identifiers can contain both. SQL*Plus commands that only concern its
terminal are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import oracledb

from tracekit.errors import ConfigError
from tracekit.localdb.ora_error import OraError
from tracekit.localdb.translate.lexer import scan

_BLANK = re.compile(r"(?:\s+|--[^\n]*|/\*.*?(?:\*/|\Z))*", re.DOTALL)
_PASSED_OVER = re.compile(
    r"(?:REM(?:ARK)?|PROMPT|SPOOL|WHENEVER|SHOW|PAUSE|TIMING|CLEAR|TTITLE|BTITLE"
    r"|SET(?!\s+(?:TRANSACTION|ROLE|CONSTRAINTS?)\b)|COL(?:UMN)?\s+\w+\s+(?:FORMAT|HEADING))\b[^\n]*",
    re.IGNORECASE,
)
_END = re.compile(r"(?:EXIT|QUIT)\b", re.IGNORECASE)
_REFUSED = re.compile(
    r"(?:(?:CONN(?:ECT)?|DISCONNECT|DEFINE|UNDEFINE|ACCEPT|VARIABLE|EXEC(?:UTE)?|HOST|START)\b|[@!])"
    r"[^\n]*",
    re.IGNORECASE,
)
_BLOCK_WORDS = ("BEGIN", "DECLARE")
_STORED_CODE = ("PROCEDURE", "FUNCTION", "TRIGGER", "PACKAGE", "TYPE")
_HEAD_CHARS = 50


@dataclass(frozen=True)
class ScriptStatement:
    """One statement of a script."""

    sql: str
    line: int
    """Its first line; the first line of the script is 1."""

    @property
    def head(self) -> str:
        """Its first words, for messages."""
        text = " ".join(self.sql.split())
        return text if len(text) <= _HEAD_CHARS else f"{text[:_HEAD_CHARS]}..."


def statements(text: str, name: str) -> Iterator[ScriptStatement]:
    """The statements of a script, without their terminators.

    Args:
        text: The script.
        name: The script's name in messages.

    Raises:
        ConfigError: a quote does not end, or a SQL*Plus command is not supported.
    """
    position = _next(text, 0)
    while position < len(text):
        passed = _PASSED_OVER.match(text, position)
        if passed is not None:
            position = _next(text, passed.end())
            continue
        if _END.match(text, position):
            return
        refused = _REFUSED.match(text, position)
        line = _line(text, position)
        if refused is not None:
            raise ConfigError(
                f"{name}:{line}: {refused[0].strip()}: the local Oracle does not support this "
                "SQL*Plus command. Remove it"
            )
        end, following = _statement_end(text, position, name)
        sql = text[position:end].rstrip()
        if sql:
            yield ScriptStatement(sql, line)
        position = _next(text, following)


def run_script(connection: oracledb.Connection, path: Path) -> int:
    """Run a script and commit; returns the number of statements.

    Raises:
        ConfigError: the script cannot be read, or a statement failed; the message has the file,
            the line, the start of the statement and Oracle's error. Earlier statements may be
            committed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from None
    done = 0
    with connection.cursor() as cursor:
        for statement in statements(text, str(path)):
            try:
                cursor.execute(statement.sql)
            except oracledb.Error as error:
                raise ConfigError(_failure(path, statement, error)) from None
            done += 1
    connection.commit()
    return done


def _failure(path: Path, statement: ScriptStatement, error: oracledb.Error) -> str:
    details = error.args[0] if error.args else error
    offset = getattr(details, "offset", 0) or 0
    line = statement.line + statement.sql.count("\n", 0, offset)
    reason = str(error).split("\nHelp:")[0]
    return f"{path}:{line}: {statement.head}: {reason}"


def _next(text: str, position: int) -> int:
    """The start of the next statement or command, after blanks, comments and lone terminators."""
    while True:
        match = _BLANK.match(text, position)
        position = match.end() if match else position
        if position < len(text) and (text[position] == ";" or _is_slash_line(text, position)):
            position += 1
        else:
            return position


def _statement_end(text: str, start: int, name: str) -> tuple[int, int]:
    """The end of the statement at `start`, and the start of the text after its terminator."""
    words: list[str] = []
    try:
        for token in scan(text, start):
            if len(words) < 6:
                words.append(token.text.upper())
            if token.text == "/" and _is_slash_line(text, token.start):
                return token.start, token.end
            if token.text == ";" and not _is_block(words):
                return token.start, token.end
    except OraError as error:
        line = _line(text, error.position)
        raise ConfigError(f"{name}:{line}: ORA-{error.number:05d}: {error.text}") from None
    return len(text), len(text)


def _is_block(words: list[str]) -> bool:
    if words[0] in _BLOCK_WORDS:
        return True
    return words[0] == "CREATE" and any(word in _STORED_CODE for word in words[1:5])


def _is_slash_line(text: str, position: int) -> bool:
    if text[position] != "/":
        return False
    before = text.rfind("\n", 0, position) + 1
    after = text.find("\n", position)
    return text[before : after if after >= 0 else len(text)].strip() == "/"


def _line(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1
