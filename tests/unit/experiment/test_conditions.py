import pytest

from tracekit.errors import ConfigError
from tracekit.experiment.candidate_spec import candidate_specs
from tracekit.experiment.checks import expected_deaths, known_level
from tracekit.records import Level
from tracekit.sizes import at_least_one


def test_only_replayed_candidates_can_be_expected_to_die():
    specs = candidate_specs(["legacy", "iterator"])
    assert expected_deaths(["legacy"], specs) == ("legacy",)
    with pytest.raises(ConfigError, match="is not a candidate"):
        expected_deaths(["lean"], specs)


def test_levels_that_can_be_required():
    assert known_level("json") is Level.JSON
    for level in ("different", "equal"):
        with pytest.raises(ConfigError, match=level):
            known_level(level)


def test_counts_begin_at_one():
    assert at_least_one("repeat", 1) == 1
    with pytest.raises(ConfigError, match="repeat=0"):
        at_least_one("repeat", 0)
