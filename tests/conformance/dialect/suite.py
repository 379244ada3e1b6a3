"""The tests of `sqlalchemy.testing.suite`, as a third-party dialect takes them in.

CONFORMANCE_KINDS names the modules whose classes are run: `cte,reflection`.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import Pool
from sqlalchemy.testing import fixtures

CALL_MS = 30_000
"""A call that hangs fails its test, not the lane."""


for _kind in os.environ["CONFORMANCE_KINDS"].split(","):
    _module = importlib.import_module(f"sqlalchemy.testing.suite.test_{_kind}")
    globals().update(
        (name, value)
        for name, value in vars(_module).items()
        if isinstance(value, type) and issubclass(value, fixtures.TestBase)
    )


@event.listens_for(Pool, "connect")
def _limit_calls(connection: Any, _: Any) -> None:
    connection.call_timeout = CALL_MS
