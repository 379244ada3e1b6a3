"""A command line as shown in a report."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence

_SECRET_OPTION = re.compile(r"--?[\w-]*(pass|pwd|secret|token|api-?key|credential)[\w-]*", re.I)
_LOGIN = re.compile(r"[^/@\s]+/[^@\s]+@")
"""`user/password@dsn`, and `scheme://user:password@host`."""
_HIDDEN = "***"


def shown_command(command: Sequence[str]) -> str:
    """The command as a shell line, with secret options and passwords removed.

    `--password x`, `--api-token=x` and `scott/x@db` lose their x.
    """
    return shlex.join(_shown(command)).replace(f"'{_HIDDEN}'", _HIDDEN)


def _shown(command: Sequence[str]) -> Iterator[str]:
    hide_next = False
    for word in command:
        option, equals, _ = word.partition("=")
        is_secret = _SECRET_OPTION.fullmatch(option) is not None
        if hide_next and not word.startswith("-"):
            yield _HIDDEN
        elif is_secret and equals:
            yield f"{option}={_HIDDEN}"
        else:
            yield _LOGIN.sub(_without_password, word)
        hide_next = is_secret and not equals


def _without_password(found: re.Match[str]) -> str:
    scheme, is_url, rest = found[0].partition("://")
    if is_url:
        return f"{scheme}://{rest.partition(':')[0].rstrip('@')}:{_HIDDEN}@"
    return f"{found[0].partition('/')[0]}/{_HIDDEN}@"
