from __future__ import annotations

import pytest

from tracekit.errors import ConfigError
from tracekit.experiment.candidate_spec import candidate_specs, with_reference_first


def names(candidates, **options):
    return [(one.name, one.spec) for one in candidate_specs(candidates, **options)]


def test_the_default_is_the_three_ways_that_return_the_mapping():
    assert names(None) == [(name, name) for name in ("legacy", "iterator", "lean")]


def test_texts_name_built_in_ones_functions_and_scripts(tmp_path):
    script = tmp_path / "job.py"
    script.write_text("")
    found = names(["lean", "small=lean", "bank.jobs:Loader.load", "new=bank:f", str(script)])
    assert found == [
        ("lean", "lean"),
        ("small", "lean"),
        ("Loader.load", "bank.jobs:Loader.load"),
        ("new", "bank:f"),
        ("job", str(script)),
    ]
    assert [str(one) for one in candidate_specs(["lean", "small=lean"])] == ["lean", "small=lean"]


def test_callables_come_along_pickled():
    (spec,) = candidate_specs({"mine": lambda keys: list(keys)})
    assert spec.pickled and not spec.is_builtin
    (named,) = candidate_specs({"lean": lambda keys: None})
    assert not named.is_builtin


@pytest.mark.parametrize(
    ("candidates", "message"),
    [
        ([], "name at least one"),
        (["lean", "lean"], "two candidates are called 'lean'"),
        (["nobody"], "unknown 'nobody'; expected legacy, iterator"),
        (["x=gone.py"], "the script gone.py does not exist"),
        (["a/b=lean"], "candidate name 'a/b'"),
        ("lean", r"candidates='lean': expected a list, \['lean'\]"),
        ([len], "Pass a function in a mapping"),
        ({"x": 5}, "candidate 'x': 5 is neither text nor a function"),
        ({"x": "nobody"}, "candidate 'x': unknown 'nobody'"),
    ],
)
def test_what_names_no_candidate_is_refused(candidates, message):
    with pytest.raises(ConfigError, match=message):
        candidate_specs(candidates)


def test_the_reference_comes_first():
    specs = candidate_specs(["a=lean", "b=legacy", "c=table"])
    assert [one.name for one in with_reference_first(specs, "b")] == ["b", "a", "c"]
    assert with_reference_first(specs, None) == specs
    with pytest.raises(ConfigError, match="reference 'lean' is not a candidate; expected one of a"):
        with_reference_first(specs, "lean")


def test_the_name_of_a_default_candidate_stands_for_it():
    default = ("old=jobs:load", "lean")
    assert names(["old", "lean", "iterator"], default=default) == [
        ("old", "jobs:load"),
        ("lean", "lean"),
        ("iterator", "iterator"),
    ]
