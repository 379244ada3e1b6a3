"""Whether a text is a statement or the name of a file of one."""

from __future__ import annotations

import re

_STATEMENT = re.compile(r"\s*(\(|--|/\*|(SELECT|WITH|INSERT|UPDATE|DELETE|MERGE|BEGIN)\b)", re.I)


def names_sql_file(text: str) -> bool:
    """Whether `text` names a .sql file, whose path may contain spaces."""
    ends = text.lower().endswith(".sql")
    return ends and "\n" not in text and not _STATEMENT.match(text)
