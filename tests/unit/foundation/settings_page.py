"""docs/settings.md, made from config.py: `python -m tests.unit.foundation.settings_page`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tracekit.config import COMMAND_VARIABLES, VARIABLES, Variable

PAGE = Path(__file__).parents[3] / "docs" / "settings.md"
_HEAD = """\
# Settings

tracekit reads its settings from the environment once, when a command starts. A malformed value is
an error that names the variable and the value. A command-line option or a Python argument
overrides the setting.

<!-- Made from tracekit/config.py by `python -m tests.unit.foundation.settings_page`. -->
"""


def page() -> str:
    """The whole page."""
    sections = [*VARIABLES.items(), ("Single commands", COMMAND_VARIABLES)]
    return "\n".join([_HEAD, *(_section(about, found) for about, found in sections)])


def _section(about: str, variables: Iterable[Variable]) -> str:
    rows = "".join(
        f"| `{one.name}` | {one.kind} | {f'`{one.default}`' if one.default else ''} | "
        f"{one.meaning} |\n"
        for one in variables
    )
    return f"## {about}\n\n| variable | type | default | meaning |\n|---|---|---|---|\n{rows}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
