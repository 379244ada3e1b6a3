"""Run a script or a notebook in a separate process and return its variable `result`.

As a program: `python -m tracekit.experiment.program_apart PATH FILE`, in a redirected environment.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import cloudpickle

from tracekit.errors import NotComparable
from tracekit.experiment.program_call import ProgramCall, redirect_to
from tracekit.oracle import Database

_TOLD_CHARACTERS = 500


class ProgramApart:
    """Like `ProgramCall`, but runs the program in another process.

    Args:
        path: The script or notebook.
        database: The database it reads.
    """

    def __init__(self, path: Path, database: Database) -> None:
        self._path = path
        self._database = database

    def __call__(self) -> Any:
        """Run it from the start and return its variable `result`.

        Raises:
            NotComparable: it failed this time.
        """
        target = redirect_to(self._database)
        with tempfile.TemporaryDirectory(prefix="tracekit-program-") as folder:
            file = Path(folder) / "result.pickle"
            command = [sys.executable, "-m", __name__, str(self._path), str(file)]
            if target is None:
                ran = subprocess.run(command, capture_output=True, check=False)
            else:
                with target:
                    variables = os.environ | target.environment()
                    ran = subprocess.run(command, capture_output=True, check=False, env=variables)
            if ran.returncode != 0:
                said = ran.stderr.decode("utf-8", "replace").strip()[-_TOLD_CHARACTERS:]
                raise NotComparable(f"{self._path.name} failed in its second run: {said}")
            return pickle.loads(file.read_bytes())  # noqa: S301 - written by our own child


def _main() -> None:
    path, file = map(Path, sys.argv[1:])
    sys.argv[1:] = []
    file.write_bytes(cloudpickle.dumps(ProgramCall(path)()))


if __name__ == "__main__":
    _main()
