import subprocess
import sys

import pytest

PROGRAM = """
import sys
from tracekit.trace import EventFetcher
from tracekit.oracle.arrow import NoArrowType
from tracekit.oracle.retry import Retry

class Rows:
    fetchmany_size = 5000
    retry = Retry(0, 1, 1)

    def read_by(self, readers):
        return self

    def describe_arrow(self, sql):
        raise NoArrowType("rows only")

    def read_sql_df_slow_iter(self, sql, params, batch_size=None):
        yield ["CONTAINERID", "N"], [("A", 1), ("B", 2)]

events = EventFetcher(Rows()).fetch_events(["A", "B"], "history", records=sys.argv[1])
assert events == {"A": [{"CONTAINERID": "A", "N": 1}], "B": [{"CONTAINERID": "B", "N": 2}]}
print(*sorted({"pandas", "numpy", "pyarrow", "duckdb"} & set(sys.modules)))
"""


@pytest.mark.parametrize("records", ["plain", "lean"])
def test_fetching_events_loads_no_frame_library(records):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, records], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
