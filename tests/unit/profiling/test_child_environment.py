from tracekit.profiling.child_environment import child_environment


def test_what_changes_the_measurement_is_pinned_or_removed():
    given = {
        "PATH": "/bin",
        "ARROW_DEFAULT_MEMORY_POOL": "mimalloc",
        "PYTHONMALLOC": "malloc",
        "PYTHONHASHSEED": "17",
    }
    assert child_environment(given, []) == {
        "PATH": "/bin",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "PYTHONHASHSEED": "0",
    }


def test_no_variable_holds_a_secret():
    given = {"DB_PASSWORD": "other", "NOTE": "login scott/tiger", "HOME": "/home/scott"}
    kept = child_environment(given, ["tiger", ""])
    assert "DB_PASSWORD" not in kept
    assert "NOTE" not in kept
    assert kept["HOME"] == "/home/scott"
