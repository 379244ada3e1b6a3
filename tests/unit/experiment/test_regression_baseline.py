import re
from dataclasses import replace

import pytest

from tests.summaries import ENVIRONMENT, summary_of
from tracekit.errors import ConfigError
from tracekit.experiment.baseline import (
    DEFAULT_TOLERANCE,
    check,
    fingerprint,
    judge_run,
    kept_options,
    options_of,
    read_baseline,
    write_baseline,
)
from tracekit.experiment.environment import collect_environment
from tracekit.experiment.regression import parse_rule
from tracekit.experiment.verdict import NO_ROWS
from tracekit.records import (
    CandidateMeasurement,
    CandidateProof,
    GivenOptions,
    Level,
    Proof,
    ReplayOptions,
    RunStatus,
    Verdict,
)

MIB = 2**20
RULES = [parse_rule(rule) for rule in DEFAULT_TOLERANCE]
PATH = CandidateMeasurement(
    RunStatus.OK,
    rows=100,
    keys=10,
    rss_net_peak_bytes=100 * MIB,
    heap_peak_bytes=100 * MIB,
    capture="lean.bin",
    digest="ab" * 16,
    digests="lean-digests.bin",
)
SUMMARY = summary_of(
    {"lean": PATH},
    options=ReplayOptions(
        workload="trace-smoke",
        keys=None,
        query="history",
        candidates=("lean",),
        level="value",
        unordered=False,
        profile=True,
        repeat=3,
        workers=2,
    ),
)


def with_path(summary=SUMMARY, **figures):
    return replace(summary, candidates={"lean": replace(summary.candidates["lean"], **figures)})


@pytest.mark.parametrize(("percent", "passed"), [(0, True), (3, True), (15, False)])
@pytest.mark.parametrize("figure", ["rss_net_peak_bytes", "heap_peak_bytes"])
def test_15_percent_heavier_fails_and_3_percent_does_not(figure, percent, passed):
    head = with_path(**{figure: (100 + percent) * MIB})
    assert judge_run(SUMMARY, head, RULES).passed is passed


def test_an_output_that_changed_fails():
    (changed,) = judge_run(SUMMARY, with_path(digest="cd" * 16), RULES).failures
    assert "output of lean changed" in changed
    (fewer,) = judge_run(SUMMARY, with_path(rows=99, digest="cd" * 16), RULES).failures
    assert fewer == "lean returned 100 rows of 10 keys and returns 99 of 10 now"


def test_a_changed_output_says_why_no_key_is_named():
    head = with_path(digest="cd" * 16)
    (changed,) = judge_run(SUMMARY, head, RULES).failures
    assert "A baseline keeps no keys" in changed
    proof = Proof("old", {"lean": CandidateProof(Level.DIFFERENT, equal=False)})
    changed, *_ = judge_run(SUMMARY, replace(head, proof=proof), RULES).failures
    assert "A baseline keeps no keys" not in changed, "the first differences are shown"


def test_candidates_whose_memory_grew_are_named():
    assert judge_run(SUMMARY, SUMMARY, RULES).grown == ()
    for worse in (
        with_path(heap_peak_bytes=200 * MIB),
        with_path(rss_net_peak_bytes=200 * MIB),
        with_path(status=RunStatus.OUT_OF_MEMORY),
    ):
        assert judge_run(SUMMARY, worse, RULES).grown == ("lean",)
    assert judge_run(SUMMARY, with_path(status=RunStatus.FAILED), RULES).grown == ()


def test_a_verdict_that_no_longer_holds_fails():
    failed = replace(SUMMARY, verdict=Verdict(True, False, {}, False, ("the peak is not lower",)))
    assert judge_run(SUMMARY, failed, RULES).failures == ("the peak is not lower",)
    assert judge_run(failed, failed, RULES).passed, "it did not hold before either"


def test_a_baseline_is_read_as_it_was_written_without_file_names(tmp_path):
    path = tmp_path / "baselines" / "smoke.json"
    write_baseline(path, SUMMARY)
    found = read_baseline(path)
    assert found.candidates["lean"] == replace(PATH, capture=None, digests=None)
    assert found.options == SUMMARY.options


@pytest.mark.parametrize(
    "broken",
    [
        with_path(status=RunStatus.OUT_OF_MEMORY),
        replace(SUMMARY, verdict=Verdict(False, True, {}, False, ("lean is different",))),
        replace(SUMMARY, verdict=Verdict(True, True, {}, False, (NO_ROWS,))),
    ],
)
def test_a_broken_run_becomes_no_baseline(tmp_path, broken):
    with pytest.raises(ConfigError, match="no baseline was written"):
        write_baseline(tmp_path / "b.json", broken)
    assert not (tmp_path / "b.json").exists()


def test_a_missing_baseline_says_how_to_make_it(tmp_path):
    with pytest.raises(ConfigError, match=r"baseline .*gone\.json does not exist.*--update"):
        check(tmp_path / "gone.json", RULES)


def test_a_baseline_that_cannot_be_replayed_is_refused(tmp_path):
    path = tmp_path / "b.json"
    write_baseline(path, replace(SUMMARY, options=None))
    with pytest.raises(ConfigError, match="does not name its workload"):
        read_baseline(path)
    path.write_text("{}")
    with pytest.raises(ConfigError, match="could not be read"):
        read_baseline(path)


def test_another_fingerprint_is_named_before_anything_is_replayed(tmp_path):
    path = tmp_path / "b.json"
    here = collect_environment("")
    other = replace(SUMMARY, environment=replace(here, pandas="1.0", memray="0.9"))
    write_baseline(path, other, given=GivenOptions(candidates=("lean",)))
    with pytest.raises(ConfigError) as caught:
        check(path, RULES)
    named = re.findall(r"([a-z ]+) (\S+), here", str(caught.value))
    assert [(name.strip(), value) for name, value in named] == [
        ("pandas", "1.0"),
        ("memray", "0.9"),
        ("workload fingerprint", "f00d"),
    ]
    assert "was made in another environment" in str(caught.value)
    assert "the data or the definition of workload 'trace-smoke' changed" in str(caught.value)
    assert f"create the baseline again with tracekit check --baseline {path} --update" in str(
        caught.value
    )


DEFINITION = """
[workloads.mini]
database = "bank.duckdb"
queries.plain = { sql = "SELECT * FROM t WHERE id IN (:keys)", key = "ID" }
queries.other = { sql = "SELECT * FROM u WHERE id IN (:keys)", key = "ID" }
query = "plain"
candidates = { old = "shopjobs:old", new = "shopjobs:new" }
reference = "old"
"""


@pytest.fixture
def mini(tmp_path, monkeypatch):
    """A folder with a definition, and the baseline that the definition would make."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tracekit.toml").write_text(DEFINITION)
    other = replace(ENVIRONMENT, pandas="1.0")
    return replace(SUMMARY, options=options_of("mini", GivenOptions()), environment=other)


@pytest.mark.parametrize(
    ("written", "now", "named"),
    [
        ("shopjobs:new", "shopjobs:fat", "candidate new was shopjobs:new and is shopjobs:fat"),
        (', new = "shopjobs:new"', "", "candidate new is not in it any more"),
        (', new = "', ', lean = "lean", new = "', "candidate lean is new"),
        ('reference = "old"', 'reference = "new"', "the reference was old and is new"),
        ('query = "plain"', 'query = "other"', "the query was plain and is other"),
    ],
)
def test_a_definition_that_changed_is_not_measured_as_it_was(tmp_path, mini, written, now, named):
    path = tmp_path / "b.json"
    write_baseline(path, mini, given=GivenOptions())
    assert DEFINITION.count(written) == 1
    (tmp_path / "tracekit.toml").write_text(DEFINITION.replace(written, now))
    with pytest.raises(ConfigError) as caught:
        check(path, RULES)
    assert f"changed since baseline {path} was made: {named}. Nothing was checked." in str(
        caught.value
    )
    assert f"tracekit check --baseline {path} --update" in str(caught.value)


def test_the_options_given_for_a_baseline_are_not_the_definitions(tmp_path, mini):
    given = GivenOptions(candidates=("new", "lean"), query="other", repeat=1)
    options = options_of("mini", given)
    assert options.candidates == ("new=shopjobs:new", "lean")
    assert (options.query, options.repeat, options.workers) == ("other", 1, 1)
    path = tmp_path / "b.json"
    write_baseline(path, replace(mini, options=options), given=given)
    changed = DEFINITION.replace('reference = "old"', "").replace('query = "plain"', "")
    (tmp_path / "tracekit.toml").write_text(changed)
    with pytest.raises(ConfigError, match="made in another environment"):
        check(path, RULES)  # which is looked at after the definition
    (tmp_path / "tracekit.toml").write_text(changed.replace("shopjobs:new", "shopjobs:fat"))
    with pytest.raises(ConfigError, match="candidate new was shopjobs:new and is shopjobs:fat"):
        check(path, RULES)


def test_an_update_reads_the_definition_anew_and_keeps_what_was_given(tmp_path, mini):
    path = tmp_path / "b.json"
    asked = GivenOptions(repeat=5)
    assert kept_options(path, None, asked) == ("b", GivenOptions())
    write_baseline(path, mini, given=GivenOptions(keys=100, repeat=1))
    assert kept_options(path, None, asked) == ("mini", GivenOptions(keys=100))
    assert kept_options(path, "other", asked) == ("other", GivenOptions())
    assert asked.or_else(GivenOptions(keys=100)) == GivenOptions(keys=100, repeat=5)
    (tmp_path / "tracekit.toml").write_text(DEFINITION.replace("shopjobs:new", "shopjobs:fat"))
    assert "new=shopjobs:fat" in options_of("mini", GivenOptions(keys=100)).candidates


def test_a_script_is_named_relative_to_the_folder(tmp_path, mini):
    (tmp_path / "job.py").write_text("")
    options = options_of("mini", GivenOptions(candidates=("job.py", "lean")))
    assert options.candidates == ("job=job.py", "lean")
    ran = replace(options, candidates=(f"job={tmp_path / 'job.py'}", "lean"))
    write_baseline(tmp_path / "b.json", replace(mini, options=ran))
    saved = read_baseline(tmp_path / "b.json").options
    assert saved is not None
    assert saved.candidates == ("job=job.py", "lean")


@pytest.mark.parametrize(
    ("change", "matters"),
    [
        ({"python": "3.11.2"}, False),
        ({"python": "3.12.9"}, True),
        ({"platform": "Linux-6.9-x86_64-with-glibc2.40"}, False),
        ({"platform": "Linux-6.1-aarch64-with-glibc2.36"}, True),
        ({"platform": "macOS-15.1-x86_64-i386-64bit"}, True),
        ({"pandas": "3.1.2"}, True),
        ({"pyarrow": "26.0.1"}, True),
        ({"oracledb": "26.1.1"}, True),
        ({"memray": "1.20.1"}, True),
        ({"arrow_memory_pool": "mimalloc"}, True),
        ({"cpu_count": 64}, False),
        ({"server": "Oracle Database 19"}, False),
    ],
)
def test_the_fingerprint_holds_what_memory_depends_on(change, matters):
    before = fingerprint(ENVIRONMENT, SUMMARY.workload)
    now = fingerprint(replace(ENVIRONMENT, **change), SUMMARY.workload)
    assert (before != now) is matters


@pytest.mark.parametrize(
    "change", [{"name": "x"}, {"fingerprint": "x"}, {"query": "jobs"}, {"keys": 1}]
)
def test_another_workload_is_another_fingerprint(change):
    now = fingerprint(ENVIRONMENT, replace(SUMMARY.workload, **change))
    assert now != fingerprint(ENVIRONMENT, SUMMARY.workload)
