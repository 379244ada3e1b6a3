import pytest

from tracekit.errors import ConfigError
from tracekit.trace import DOMAINS, domain_query

NAMES = {
    "history",
    "materials",
    "rejects",
    "holds",
    "jobs",
    "upstream_history",
    "downstream_rejects",
}


def test_there_are_seven_domains_grouped_by_cid():
    assert set(DOMAINS) == NAMES
    assert {domain_query(name).column_names for name in DOMAINS} == {("CONTAINERID",)}


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_cid_is_bound_and_none_is_in_the_text(name):
    batch = ["X' OR '1'='1", "LOT-000000000001"]
    sql, binds = domain_query(name).statement(batch)
    assert binds == {"p0": batch[0], "p1": batch[1]}
    assert ("ODCIVARCHAR2LIST" if name == "jobs" else "CONTAINERID IN ") + "(:p0, :p1)" in sql
    assert all(cid not in sql for cid in batch)


def test_an_unknown_domain_is_refused_by_name():
    with pytest.raises(ConfigError, match="unknown domain 'histroy'; expected one of history, "):
        domain_query("histroy")
