from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tracekit.records import ReplaySummary
from tracekit.reports.redaction import Redactor, handle

_CIDS = st.from_regex(r"[0-9]{4}[0-9a-fA-F]{12}", fullmatch=True)


@given(_CIDS, st.text(max_size=10), st.text(max_size=10))
def test_no_cid_survives_in_prose(cid: str, before: str, after: str) -> None:
    assert cid not in Redactor().prose(f"{before} {cid} {after}")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.text(min_size=1))
def test_no_value_of_a_key_column_survives(passing: ReplaySummary, value: str) -> None:
    workload = replace(passing.workload, key_columns=("ACCOUNT_ID", "BRANCH"))
    redact = Redactor(replace(passing, workload=workload))
    shown = redact.value("branch", value)
    assert redact.value("OWNER", "Jane") == "Jane"
    assert shown is not None
    assert shown != value


def test_the_same_cid_has_the_same_handle_everywhere(hard: ReplaySummary) -> None:
    redact = Redactor(hard)
    cid = "4881660000000ab1"
    assert redact.key(cid) == redact.value("CONTAINERID", cid) == redact.prose(cid) == handle(cid)
    assert redact.value("REJECTCOMMENT", f"lot {cid}") == f"lot {handle(cid)}"
    assert handle(cid) != handle("4881660000000ab2")


def test_numbers_and_words_stay() -> None:
    redact = Redactor()
    for value in ("9007199254740992", "9007199254740992.0", "2026-01-01T02:03:00", "None"):
        assert redact.value("TRACKINQTY", value) == value
    prose = "heap and OS peak are 12% apart, 3/4 of it in read_sql_df/rows"
    assert redact.prose(prose) == prose


def test_paths_keep_only_their_file_name() -> None:
    redact = Redactor()
    assert redact.prose("see /home/jane/x/log.txt:12") == "see log.txt:12"
    assert redact.prose('File "/home/jane doe/a b.py", line 3') == 'File "a b.py", line 3'
    assert redact.prose("--keys @~/lots/a.txt") == "--keys @a.txt"


def test_locations_lose_the_machine_but_not_the_module() -> None:
    redact = Redactor()
    site = "read:/opt/venv/lib/python3.11/site-packages/pandas/io/sql.py:12"
    assert redact.location(site) == "read:pandas/io/sql.py:12"
    assert redact.location("read:/home/jane/app/fetch/rows.py:7") == "read:fetch/rows.py:7"
    assert redact.location("read:rows.py:7") == "read:rows.py:7"
    here = Redactor(confidential=False)
    assert here.location(site) == "read:pandas/io/sql.py:12"
    assert here.location("read:/home/jane/app/rows.py:7") == "read:/home/jane/app/rows.py:7"
