"""One experiment: run paths on a workload, compare their outputs, judge.

The names are loaded on first use: a measured process imports `tracekit.replay.paths`, and must
not get the rest with it.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracekit.replay.experiment import replay
    from tracekit.replay.paths import DEFAULT_PATHS, PATHS
    from tracekit.replay.progress import ReplayProgress
    from tracekit.replay.run_folder import read_run
    from tracekit.replay.verdict import judge
    from tracekit.replay.view import Replay

_HOMES = {
    "DEFAULT_PATHS": "paths",
    "PATHS": "paths",
    "Replay": "view",
    "ReplayProgress": "progress",
    "judge": "verdict",
    "read_run": "run_folder",
    "replay": "experiment",
}

__all__ = ["DEFAULT_PATHS", "PATHS", "Replay", "ReplayProgress", "judge", "read_run", "replay"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


class _CallableRoom(types.ModuleType):
    """`tracekit.replay(...)` runs a replay, though importing a room puts the room under its name.

    Importing `tracekit.replay.paths` anywhere sets `tracekit.replay` to this module for good, so
    the module itself answers the call.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Replay:
        done: Replay = importlib.import_module(f"{__name__}.experiment").replay(*args, **kwargs)
        return done


sys.modules[__name__].__class__ = _CallableRoom
