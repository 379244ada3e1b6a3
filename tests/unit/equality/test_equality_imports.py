from __future__ import annotations

import subprocess
import sys

SNIPPET = """
import datetime, pathlib, sys, tempfile
from tracekit.equality import DigestWriter, compare_digests, observe
with tempfile.TemporaryDirectory() as folder:
    files = []
    for name, quantity in (("a", 5), ("b", 5.0)):
        files.append(pathlib.Path(folder, name))
        with DigestWriter(files[-1]) as writer:
            writer.add("C", [{"Q": quantity, "T": datetime.datetime(2026, 1, 1)}])
            writer.close()
    proof = compare_digests(*files)
assert proof.level == "value", proof
print(*sorted({"pandas", "pyarrow", "duckdb", "oracledb"} & set(sys.modules)))
"""


def test_equality_loads_no_heavy_library():
    done = subprocess.run(
        [sys.executable, "-c", SNIPPET], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""


def test_the_process_of_a_candidate_loads_no_numpy_before_its_run():
    snippet = (
        "import sys, tracekit.experiment.candidate_subject, tracekit.experiment.user_candidate"
    )
    done = subprocess.run(
        [sys.executable, "-c", f"{snippet}; print('numpy' in sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "False"
