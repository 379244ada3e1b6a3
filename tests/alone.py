"""Files whose tests look at every object of their process; a whole run of tests has many."""

from pathlib import Path

_TESTS = Path(__file__).parent
ALONE = (
    _TESTS / "integration" / "test_retention_process.py",
    _TESTS / "unit" / "profiling" / "test_retention_situations.py",
)
"""`test_alone.py` runs them, each in a process of its own."""
