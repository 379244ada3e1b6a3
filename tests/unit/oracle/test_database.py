import socket
import threading

import oracledb
import pytest

from tracekit.config import Settings
from tracekit.errors import ConfigError, ConnectError, FetchError
from tracekit.oracle import Database
from tracekit.oracle.gate import connecting, reading

SECRET = "hunter2-and-more"


def test_the_password_is_never_shown():
    database = Database("db:1521/MES", "scott", SECRET)
    assert repr(database) == "Database(dsn='db:1521/MES', user='scott')"


def test_the_environment_names_the_database():
    settings = Settings.from_env(
        {
            "DB_HOST": "db",
            "DB_SERVICE": "MES",
            "DB_USER": "scott",
            "DB_PASSWORD": SECRET,
            "DB_SLOW_FETCHMANY_SIZE": "77",
            "DB_SLOW_MAX_CONCURRENT": "3",
            "DB_SLOW_CALL_TIMEOUT_MS": "1234",
        }
    )
    database = Database.from_env(settings, wallet_location="/wallet")
    assert (database.dsn, database.user) == ("db:1521/MES", "scott")
    assert (database.fetchmany_size, database.max_concurrent) == (77, 3)
    assert database.call_timeout_ms == 1234


@pytest.mark.parametrize("missing", ["DB_HOST", "DB_USER", "DB_PASSWORD"])
def test_a_missing_setting_is_named(missing):
    env = {"DB_HOST": "db", "DB_SERVICE": "MES", "DB_USER": "scott", "DB_PASSWORD": SECRET}
    del env[missing]
    with pytest.raises(ConfigError, match=missing):
        Database.from_env(Settings.from_env(env))


@pytest.mark.parametrize(
    "options",
    [{"max_concurrent": 0}, {"fetchmany_size": -1}, {"call_timeout_ms": 0}, {"walet_location": 1}],
)
def test_limits_and_options_are_checked(options):
    with pytest.raises(ConfigError, match=next(iter(options))):
        Database("db/MES", "scott", SECRET, **options)


def test_timeouts_and_batch_sizes_are_checked_before_connecting():
    database = Database("db/MES", "scott", SECRET)
    with pytest.raises(ConfigError, match="batch_size=0"):
        database.read_sql_df_slow_iter("SELECT 1 FROM DUAL", batch_size=0)
    with pytest.raises(ConfigError, match="timeout_seconds=-1"):
        database.read_sql_df("SELECT 1 FROM DUAL", timeout_seconds=-1)


def test_an_address_where_nothing_listens_is_a_connect_error_without_the_password():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dsn = f"127.0.0.1:{unused.getsockname()[1]}/MES"
        with pytest.raises(ConnectError, match="DPY-6005") as caught:
            Database(dsn, "scott", SECRET, retry_attempts=0).read_sql_df("SELECT 1 FROM DUAL")
    assert dsn in str(caught.value)
    assert "DB_PORT" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert isinstance(caught.value.__cause__, oracledb.Error)


def test_nothing_is_opened_before_the_first_batch_is_asked_for():
    database = Database("127.0.0.1:1/MES", "scott", SECRET, retry_attempts=0)
    rows = database.read_sql_df_slow_iter("SELECT 1 FROM DUAL")
    with pytest.raises(ConnectError):
        next(rows)


def test_a_slot_is_given_back_after_a_failure_and_waited_for_when_all_are_taken():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dsn = f"127.0.0.1:{unused.getsockname()[1]}/MES"
        database = Database(
            dsn, "scott", SECRET, max_concurrent=1, call_timeout_ms=50, retry_attempts=0
        )
        for _ in range(3):
            with pytest.raises(ConnectError, match="DPY-6005"):
                database.read_sql_df("SELECT 1 FROM DUAL")
        assert database._connections.take({}, 1) is None
        with pytest.raises(ConnectError, match="all 1 are in use"):
            database.read_sql_df("SELECT 1 FROM DUAL")
        threading.Timer(0.01, database._connections.give_up, [None]).start()
        with pytest.raises(ConnectError, match="DPY-6005"):
            database.read_sql_df("SELECT 1 FROM DUAL")


def test_driver_errors_become_ours_and_others_pass():
    with pytest.raises(FetchError, match=r"reading from x failed: .*oops") as caught, reading("x"):
        raise oracledb.DatabaseError("oops\nHelp: somewhere")
    assert "Help" not in str(caught.value)
    with pytest.raises(ConnectError, match="DB_HOST"), connecting("x"):
        raise oracledb.OperationalError("oops")
    with pytest.raises(KeyError), reading("x"):
        raise KeyError("mine")
