import socket
import ssl

import oracledb
import pytest
from oracledb import errors as driver

from tracekit.errors import ConnectError, FetchError, MemoryBudgetExceeded
from tracekit.oracle.connection_faults import CONNECTION_FAULTS, is_connection_fault
from tracekit.oracle.gate import connecting, reading


def raised(gate, error, cause=None):
    with pytest.raises((ConnectError, FetchError)) as caught, gate("db:1521/MES"):
        raise error from cause
    return caught.value


def oracle(number, text="said the server"):
    """The error the driver makes of an error message of the server."""
    made = driver._Error(message=f"ORA-{number:05}: {text}", code=number)
    return made.exc_type(made)


def listener(number):
    made = driver._Error(
        message=f"DPY-6000: Listener refused connection. (Similar to ORA-{number})"
    )
    return made.exc_type(made)


def of_the_driver(code, text="said the driver"):
    made = driver._Error(message=f"{code}: {text}")
    return made.exc_type(made)


@pytest.mark.parametrize("code", CONNECTION_FAULTS)
@pytest.mark.parametrize("gate", [connecting, reading])
def test_each_code_of_the_list_is_a_fault_of_the_connection(code, gate):
    kind, number = code.split("-")
    error = oracle(int(number)) if kind == "ORA" else of_the_driver(code)
    assert is_connection_fault(raised(gate, error))


@pytest.mark.parametrize("number", [28, 600, 603, 904, 942, 1013, 1017, 1555, 2396, 28000, 28001])
@pytest.mark.parametrize("gate", [connecting, reading])
def test_what_the_database_says_about_query_or_user_is_none(number, gate):
    """Some of them the driver calls DPY-4011 as well."""
    assert not is_connection_fault(raised(gate, oracle(number)))


@pytest.mark.parametrize("code", ["DPY-4024", "DPY-4000", "DPY-4027", "DPY-3010", "DPY-6006"])
def test_neither_are_time_outs_of_calls_and_mistakes_in_settings(code):
    assert not is_connection_fault(raised(reading, of_the_driver(code), TimeoutError()))
    assert not is_connection_fault(raised(connecting, of_the_driver(code)))


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        (ConnectionRefusedError(111, "refused"), True),
        (ConnectionResetError(104, "reset"), True),
        (TimeoutError("timed out"), True),
        (listener(12541), True),
        (listener(12528), True),
        (listener(1033), True),
        (of_the_driver("DPY-6001"), True),
        (listener(12526), False),  # restricted on purpose
        (listener(28000), False),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), False),
        (PermissionError(13, "denied"), False),
        (None, False),
    ],
)
def test_a_failed_connect_is_judged_by_its_cause(cause, expected):
    error = raised(connecting, of_the_driver("DPY-6005", "cannot connect to database"), cause)
    assert is_connection_fault(error) is expected


@pytest.mark.parametrize(
    ("number", "expected"), [(socket.EAI_AGAIN, True), (socket.EAI_NONAME, False)]
)
def test_an_unknown_host_is_a_connect_error_and_worth_another_attempt_only_if_it_says_so(
    number, expected
):
    error = raised(connecting, socket.gaierror(number, "Name or service not known"))
    assert isinstance(error, ConnectError)
    assert "db:1521/MES" in str(error)
    assert is_connection_fault(error) is expected


def test_errors_without_a_driver_behind_them_are_none():
    assert not is_connection_fault(MemoryBudgetExceeded(1, 2, 3, 4))
    assert not is_connection_fault(ConnectError("all 5 are in use"))
    assert not is_connection_fault(FetchError("no query"))
    assert not is_connection_fault(oracledb.InterfaceError())
