import pytest

from tracekit.errors import ConfigError
from tracekit.records import Level
from tracekit.replay.conditions import at_least_one, expected_deaths, known_level, known_paths
from tracekit.replay.paths import DEFAULT_PATHS


def test_three_paths_are_the_default_and_legacy_is_the_reference():
    assert known_paths(None) == DEFAULT_PATHS
    assert known_paths(None)[0] == "legacy"
    assert known_paths(["iterator", "legacy"]) == ("iterator", "legacy")


@pytest.mark.parametrize("paths", [["nobody"], [], ["legacy", "legacy"]])
def test_paths_that_make_no_sense_are_named(paths):
    with pytest.raises(ConfigError, match="nobody" if paths == ["nobody"] else "each once"):
        known_paths(paths)


def test_only_replayed_paths_can_be_expected_to_die():
    assert expected_deaths(["legacy"], ["legacy", "iterator"]) == {"legacy"}
    with pytest.raises(ConfigError, match="not replayed"):
        expected_deaths(["lean"], ["legacy", "iterator"])


def test_levels_that_can_be_asked_for():
    assert known_level("json") is Level.JSON
    for level in ("different", "equal"):
        with pytest.raises(ConfigError, match=level):
            known_level(level)


def test_counts_begin_at_one():
    assert at_least_one("repeat", 1) == 1
    with pytest.raises(ConfigError, match="repeat=0"):
        at_least_one("repeat", 0)
