"""Each notebook runs from top to bottom in a real kernel and shows what its text says."""

from __future__ import annotations

import pytest

from tests.notebooks.stories import tell

pytestmark = pytest.mark.timeout(240)  # 10 to 30 s each where nothing else runs


def test_01_legacy_dies_under_the_limit_that_lean_survives():
    told = tell(
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

    assert told.facts["passed"] is True
    assert told.facts["ratio"] < 0.7
    assert told.facts["statuses"] == {"legacy": "out_of_memory", "lean": "ok"}
    assert told.facts["lean_rows"] == told.facts["all_rows"] > 20_000
    assert told.facts["unexpected"] == []
    assert "under its limit of 192 MiB" in told.text("reason")
    assert "image/png" in told.kinds("unlimited-plot")
    assert told.errors() == {}
    assert told.complaints() == []


def test_02_the_trees_the_diff_and_two_cells_tell_who_holds_the_memory():
    told = tell(
        "02",
        {
            "heaps": "{n: one.heap_net_peak_bytes for n, one in run.summary.candidates.items()}",
            "trees": "list(trees)",
            "changes": "sorted(set(changes['change']))",
            "frames": "changes[changes['called from'].str.startswith('fetch_data')]['MiB'].sum()",
            "lean_leaves": "len(largest(trees['lean']))",
        },
    )

    assert told.facts["heaps"]["lean"] < 0.7 * told.facts["heaps"]["legacy"]
    assert told.facts["trees"] == ["legacy", "lean"]
    assert {"gone", "new"} <= set(told.facts["changes"])
    assert told.facts["frames"] < -2  # MiB: at least the rows that the driver fetched
    assert told.facts["lean_leaves"] > 1
    assert "text/html" in told.kinds("replay")
    assert "image/png" in told.kinds("leaves")
    assert "DataFrame" in told.text("retention").partition("lean:")[0]
    assert "DataFrame" not in told.text("retention").partition("lean:")[2]
    assert "heap peak" in told.text("peak-legacy")
    assert "equal at level value" in told.text("peak-compare")
    assert told.errors() == {}
    assert told.complaints() == []


def test_03_drift_is_listed_and_a_broken_rewrite_is_caught():
    told = tell(
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

    assert told.facts["levels"] == ["exact", "json", "value", "value", "different", "different"]
    assert told.facts["shipped"] == "value"
    assert ["TRACKOUTQTY", "int"] in told.facts["drift"]
    assert ["TRACKOUTTIMESTAMP", "None"] in told.facts["drift"]
    assert told.facts["exact"] == ["exact", "exact", "exact"]
    assert told.facts["same_keys"] is True
    assert told.facts["broken"] > 1000
    assert told.facts["broken_kinds"] == ["missing_record"]
    assert told.facts["subtle"] == [["value", True]]
    assert "not json" in told.text("too-strict")
    assert told.text("broken-raises").startswith("NotEqual: equal at level different")
    assert told.errors() == {}
    assert told.complaints() == []


def test_04_a_stream_stays_small_and_budget_and_guard_stop_what_does_not():
    told = tell(
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

    facts = told.facts
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
    ratio = told.text("peak-compare").splitlines()[1].split()[-1]
    assert float(ratio) < 0.5
    assert "equal at level exact" in told.text("peak-compare")
    assert told.errors() == {"hoard": "MemoryGuardExceeded"}
    assert told.text("hoard") == ""  # the guard stops the cell, not the display of its error
    assert "The kernel is alive" in told.text("after-the-guard")
    assert told.complaints() == []


def test_05_a_dead_notebook_dies_as_it_is_and_its_cure_says_the_same():
    told = tell(
        "05",
        {
            "statuses": "[cell['status'] for cell in died['cells']]",
            "same": "str(proof.level)",
            "redirected": "died['redirected'][0]['dsn']",
        },
    )

    assert told.facts["statuses"] == ["ok"] * 3 + ["out_of_memory", "not_run"]
    assert told.facts["same"] == "exact"
    assert told.facts["redirected"] == "mes-db.example:1521/MES"
    assert "In [4] ran out of memory" in told.text("reproduce")
    assert "In [4] line 2, in next_steps" in told.text("reproduce")
    assert told.text("exit-code") == "53"
    assert "In [4] was killed" in told.text("killed")
    assert "PASSED: net peak" in told.text("compare")
    assert told.errors() == {}
    assert told.complaints() == []
