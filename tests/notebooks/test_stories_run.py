"""Each notebook runs from top to bottom in a real kernel and shows what its text says."""

from __future__ import annotations

import pytest

from tests.notebooks.stories import run_story

pytestmark = pytest.mark.timeout(240)  # 10 to 30 s each where nothing else runs


def test_01_legacy_dies_under_the_limit_that_lean_survives():
    run = run_story(
        "01",
        {
            "passed": "unlimited.verdict.passed",
            "ratio": "unlimited.verdict.net_peak_ratio['lean']",
            "statuses": "{n: str(one.status) for n, one in limited.summary.candidates.items()}",
            "lean_rows": "limited.summary.candidates['lean'].rows",
            "all_rows": "unlimited.summary.workload.rows",
            "unexpected": "limited.unexpected_out_of_memory",
        },
    )

    assert run.facts["passed"] is True
    assert run.facts["ratio"] < 0.7
    assert run.facts["statuses"] == {"legacy": "out_of_memory", "lean": "ok"}
    assert run.facts["lean_rows"] == run.facts["all_rows"] > 20_000
    assert run.facts["unexpected"] == []
    assert "under its limit of 192 MiB" in run.text("reason")
    assert "image/png" in run.kinds("unlimited-plot")
    assert run.errors() == {}
    assert run.complaints() == []


def test_02_the_trees_the_diff_and_two_cells_tell_who_holds_the_memory():
    run = run_story(
        "02",
        {
            "heaps": "{n: one.heap_net_peak_bytes for n, one in run.summary.candidates.items()}",
            "trees": "list(trees)",
            "changes": "sorted(set(changes['change']))",
            "frames": "changes[changes['called from'].str.startswith('fetch_data')]['MiB'].sum()",
            "lean_leaves": "len(largest(trees['lean']))",
        },
    )

    assert run.facts["heaps"]["lean"] < 0.7 * run.facts["heaps"]["legacy"]
    assert run.facts["trees"] == ["legacy", "lean"]
    assert {"gone", "new"} <= set(run.facts["changes"])
    assert run.facts["frames"] < -2  # MiB: at least the rows that the driver fetched
    assert run.facts["lean_leaves"] > 1
    assert "text/html" in run.kinds("replay")
    assert "image/png" in run.kinds("leaves")
    assert "DataFrame" in run.text("retention").partition("lean:")[0]
    assert "DataFrame" not in run.text("retention").partition("lean:")[2]
    assert "heap peak" in run.text("peak-legacy")
    assert "equal at level value" in run.text("peak-compare")
    assert run.errors() == {}
    assert run.complaints() == []


def test_03_drift_is_listed_and_a_broken_rewrite_is_caught():
    run = run_story(
        "03",
        {
            "levels": "levels['level'].tolist()",
            "shipped": "str(shipped.level)",
            "drift": "sorted({(one.column, one.to_type) for one in shipped.drift})",
            "exact": "[str(proof.level) for proof in (lean, stream, repaired)]",
            "same_keys": "rewritten.keys() == after.keys()",
            "broken": "broken.record.different_keys",
            "broken_kinds": "sorted({str(one.kind) for one in broken.examples})",
            "subtle": "[(str(one.kind), one.key == victim) for one in subtle.examples]",
        },
    )

    assert run.facts["levels"] == ["exact", "json", "value", "value", "different", "different"]
    assert run.facts["shipped"] == "value"
    assert ["TRACKOUTQTY", "int"] in run.facts["drift"]
    assert ["TRACKOUTTIMESTAMP", "None"] in run.facts["drift"]
    assert run.facts["exact"] == ["exact", "exact", "exact"]
    assert run.facts["same_keys"] is True
    assert run.facts["broken"] > 1000
    assert run.facts["broken_kinds"] == ["missing_record"]
    assert run.facts["subtle"] == [["value", True]]
    assert "not json" in run.text("too-strict")
    assert run.text("broken-raises").startswith("NotEqual: equal at level different")
    assert run.errors() == {}
    assert run.complaints() == []


def test_04_a_stream_stays_small_and_budget_and_guard_stop_what_does_not():
    run = run_story(
        "04",
        {
            "budget": "budget_error.budget_bytes",
            "used": "budget_error.used_bytes",
            "same": "whole == streamed",
            "rows": "sum(whole.values())",
            "streaming": "streaming.most_rows_alive",
            "hoarding": "hoarding.most_rows_alive",
            "taken": "sum(len(records) for piece in first for records in piece.values())",
            "exported": "export.rows",
            "on_disk": "str(on_disk_proof.level)",
            "fits": "{name: one.fits for name, one in predicted.candidates.items()}",
            "least": "{n: one.low_bytes or one.rss_net_peak_bytes"
            " for n, one in predicted.candidates.items()}",
        },
    )

    facts = run.facts
    assert facts["used"] > facts["budget"] == 8 * 2**20
    assert facts["same"] is True
    assert facts["streaming"] <= 1_000
    assert facts["hoarding"] == facts["rows"] > 20_000
    assert facts["taken"] == 1_000
    assert facts["exported"] == facts["rows"]
    assert facts["on_disk"] == "exact"
    # So few samples may leave a range for lean whose upper end does not fit.
    assert (facts["fits"]["legacy"], facts["fits"]["stream"]) == (False, True)
    assert facts["least"]["stream"] < facts["least"]["lean"] < facts["least"]["legacy"]
    ratio = run.text("peak-compare").splitlines()[1].split()[-1]
    assert float(ratio) < 0.5
    assert "equal at level exact" in run.text("peak-compare")
    assert run.errors() == {"hoard": "MemoryGuardExceeded"}
    assert run.text("hoard") == ""  # the guard stops the cell, not the display of its error
    assert "The kernel is alive" in run.text("after-the-guard")
    assert run.complaints() == []


def test_05_a_dead_notebook_dies_as_it_is_and_its_cure_says_the_same():
    run = run_story(
        "05",
        {
            "statuses": "[cell['status'] for cell in died['cells']]",
            "same": "str(proof.level)",
            "redirected": "died['redirected'][0]['dsn']",
        },
    )

    assert run.facts["statuses"] == ["ok"] * 3 + ["out_of_memory", "not_run"]
    assert run.facts["same"] == "exact"
    assert run.facts["redirected"] == "mes-db.example:1521/MES"
    assert "In [4] ran out of memory" in run.text("reproduce")
    assert "In [4] line 2, in next_steps" in run.text("reproduce")
    assert run.text("exit-code") == "53"
    assert "In [4] was killed" in run.text("killed")
    assert "PASSED: net peak" in run.text("compare")
    assert run.errors() == {}
    assert run.complaints() == []
