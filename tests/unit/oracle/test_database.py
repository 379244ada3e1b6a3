import socket

import oracledb
import pytest
from oracledb import errors as driver

from tracekit.config import Settings
from tracekit.errors import ConfigError, ConnectError, FetchError
from tracekit.oracle import Database
from tracekit.oracle.gate import connecting, reading

SECRET = "hunter2-and-more"


def test_the_password_is_never_shown():
    database = Database("db:1521/MES", "scott", SECRET)
    assert repr(database) == "Database(dsn='db:1521/MES', user='scott')"


def test_the_environment_names_the_database_and_every_limit():
    settings = Settings.from_env(
        {
            "DB_HOST": "db",
            "DB_SERVICE": "MES",
            "DB_USER": "scott",
            "DB_PASSWORD": SECRET,
            "DB_SLOW_FETCHMANY_SIZE": "77",
            "DB_SLOW_MAX_CONCURRENT": "3",
            "DB_SLOW_CALL_TIMEOUT_MS": "1234",
            "TRACEKIT_CONNECT_TIMEOUT_MS": "2345",
            "TRACEKIT_RETRY_ATTEMPTS": "7",
            "TRACEKIT_RETRY_WAIT_MS": "8",
            "TRACEKIT_RETRY_MAX_SECONDS": "9",
        }
    )
    database = Database.from_env(settings, wallet_location="/wallet")
    assert database.arguments == {
        "dsn": "db:1521/MES",
        "user": "scott",
        "password": SECRET,
        "call_timeout_ms": 1234,
        "connect_timeout_ms": 2345,
        "max_concurrent": 3,
        "fetchmany_size": 77,
        "retry_attempts": 7,
        "retry_wait_ms": 8,
        "retry_max_seconds": 9,
        "wallet_location": "/wallet",
    }


def test_limits_are_the_same_by_default_with_and_without_the_environment():
    env = {"DB_HOST": "db", "DB_SERVICE": "MES", "DB_USER": "scott", "DB_PASSWORD": SECRET}
    by_settings = Database.from_env(Settings.from_env(env))
    assert Database("db:1521/MES", "scott", SECRET).arguments == by_settings.arguments


@pytest.mark.parametrize("missing", ["DB_HOST", "DB_USER", "DB_PASSWORD"])
def test_a_missing_setting_is_named(missing):
    env = {"DB_HOST": "db", "DB_SERVICE": "MES", "DB_USER": "scott", "DB_PASSWORD": SECRET}
    del env[missing]
    with pytest.raises(ConfigError, match=rf"^{missing}( \(or DB_PASSWORD_FILE\))? is not set"):
        Database.from_env(Settings.from_env(env))


@pytest.mark.parametrize(
    "options",
    [
        {"max_concurrent": 0},
        {"fetchmany_size": -1},
        {"call_timeout_ms": 0},
        {"connect_timeout_ms": 0},
        {"retry_attempts": -1},
        {"retry_wait_ms": 0},
        {"retry_max_seconds": 0},
    ],
)
def test_limits_are_checked(options):
    (name,) = options
    with pytest.raises(ConfigError, match=f"^{name}={options[name]}: expected"):
        Database("db/MES", "scott", SECRET, **options)


def test_the_smallest_limits_are_taken():
    names = ("max_concurrent", "fetchmany_size", "call_timeout_ms", "connect_timeout_ms")
    least = dict.fromkeys((*names, "retry_wait_ms", "retry_max_seconds"), 1)
    made = Database("db/MES", "scott", SECRET, retry_attempts=0, **least)
    assert made.arguments.items() >= {**least, "retry_attempts": 0}.items()


def test_options_are_checked():
    with pytest.raises(ConfigError, match="walet_location"):
        Database("db/MES", "scott", SECRET, walet_location=1)


def test_timeouts_and_batch_sizes_are_checked_before_connecting():
    database = Database("db/MES", "scott", SECRET)
    with pytest.raises(ConfigError, match="batch_size=0"):
        database.read_sql_df_slow_iter("SELECT 1 FROM DUAL", batch_size=0)
    for seconds in (-1, 0):
        with pytest.raises(ConfigError, match=f"timeout_seconds={seconds}: expected more than 0"):
            database.read_sql_df("SELECT 1 FROM DUAL", timeout_seconds=seconds)
    nowhere = Database("127.0.0.1:1/MES", "scott", SECRET, retry_attempts=0)
    for read in (nowhere.read_sql_df, nowhere.describe, nowhere.describe_arrow):
        with pytest.raises(ConnectError):
            read("SELECT 1 FROM DUAL", timeout_seconds=0.5)


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


def test_a_slot_is_given_back_after_a_failure():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        dsn = f"127.0.0.1:{unused.getsockname()[1]}/MES"
        database = Database(
            dsn, "scott", SECRET, max_concurrent=1, call_timeout_ms=50, retry_attempts=0
        )
        for _ in range(3):
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


def of_the_driver(code, text="said the driver"):
    made = driver._Error(message=f"{code}: {text}.")
    return made.exc_type(made)


@pytest.mark.parametrize(
    ("gate", "code", "advice"),
    [
        (connecting, "ORA-01017", "Check DB_USER and DB_PASSWORD (or DB_PASSWORD_FILE)."),
        (connecting, "DPY-6001", "The listener does not know this service: check DB_SERVICE."),
        (connecting, "DPY-1234", "Check DB_HOST, DB_PORT and DB_SERVICE."),
        (reading, "ORA-01008", "Give a value for every placeholder."),
        (reading, "DPY-1234", "Run the statement in a SQL client to find out more."),
    ],
)
def test_an_error_ends_with_what_to_do_about_its_code(gate, code, advice):
    what = "connecting to" if gate is connecting else "reading from"
    with pytest.raises((ConnectError, FetchError)) as caught, gate("x"):
        raise of_the_driver(code)
    assert str(caught.value) == f"{what} x failed: {code}: said the driver. {advice}"


@pytest.mark.parametrize(("args", "said"), [((), "Error"), (("",), "Error"), (("no. ",), "no")])
def test_an_error_that_says_little_is_named_by_its_class(args, said):
    with pytest.raises(FetchError, match=f"^reading from x failed: {said}. Run the"), reading("x"):
        raise oracledb.Error(*args)
