"""Every SQL construct the docs name, through the real driver against the real server."""

from __future__ import annotations

import pytest

from tests.integration.sql_table import COMMAND, PATH, as_expected, outcomes, serve, set_up, table


@pytest.mark.timeout(300)
def test_every_example_gives_what_oracle_would_and_the_docs_say_so() -> None:
    with serve() as server:
        set_up(server)
        found = list(outcomes(server))
    wrong = [
        f"{example.construct}: {'; '.join(example.steps)}: {result!r}, not {example.expected!r}"
        for _, example, result in found
        if not as_expected(example, result)
    ]
    assert not wrong, "\n".join(wrong)
    assert table(found) == PATH.read_text(encoding="utf-8"), f"out of date: run {COMMAND}"
