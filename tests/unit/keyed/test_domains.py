import pytest

from tracekit.errors import ConfigError
from tracekit.keyed.domains import DOMAINS, find_domain

NAMES = {
    "history",
    "materials",
    "rejects",
    "holds",
    "jobs",
    "upstream_history",
    "downstream_rejects",
}


def test_there_are_seven_domains_and_jobs_alone_fans_out():
    assert set(DOMAINS) == NAMES
    assert [domain.name for domain in DOMAINS.values() if domain.fans_out] == ["jobs"]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_cid_is_bound_and_none_is_in_the_text(name):
    batch = ["X' OR '1'='1", "LOT-000000000001"]
    sql, binds = find_domain(name).query(batch)
    assert binds == {"p0": batch[0], "p1": batch[1]}
    assert ":p0" in sql and ":p1" in sql and ":p2" not in sql
    assert all(cid not in sql for cid in batch)
    assert "{{" not in sql


def test_ids_are_matched_by_in_and_for_jobs_by_like():
    assert "h.CONTAINERID IN (:p0, :p1, :p2)" in find_domain("history").query(["A", "B", "C"])[0]
    sql, _ = find_domain("jobs").query(["A", "B"])
    like = "j.CONTAINERIDS LIKE '%' || :p{} || '%'"
    assert f"({like.format(0)} OR {like.format(1)})" in sql


def test_an_unknown_domain_is_refused_by_name():
    with pytest.raises(ConfigError, match="'histroy' is no domain; there are history, "):
        find_domain("histroy")
