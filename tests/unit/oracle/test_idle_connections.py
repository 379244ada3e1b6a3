"""Connections kept between queries: bounded, nobody waits for an idle one, closed at the end."""

import threading

import oracledb
import pytest

from tracekit.oracle.idle import Connections
from tracekit.oracle.readers import Readers


class Connection:
    def __init__(self):
        self.healthy, self.closed = True, False

    def is_healthy(self):
        return self.healthy

    def close(self):
        self.closed = True


def opened(connections, options=None):
    assert connections.take(options or {}, 1) is None
    return Connection()


def test_one_given_back_is_taken_again():
    connections, readers = Connections(1), Readers()
    connection = opened(connections)
    connections.give_back(connection, {}, readers)
    assert connections.take({}, 1) is connection
    connections.give_back(connection, {}, readers)
    readers.close()
    assert connection.closed
    opened(connections)


def test_without_readers_it_is_closed_at_once():
    connections = Connections(1)
    connection = opened(connections)
    connections.give_back(connection, {}, None)
    assert connection.closed
    opened(connections)


def test_one_that_died_while_idle_is_not_taken():
    connections, readers = Connections(1), Readers()
    connection = opened(connections)
    connections.give_back(connection, {}, readers)
    connection.healthy = False
    opened(connections)
    assert connection.closed


def test_one_of_other_options_gives_way():
    connections, readers = Connections(1), Readers()
    connection = opened(connections, {"stmtcachesize": 0})
    connections.give_back(connection, {"stmtcachesize": 0}, readers)
    opened(connections, {"stmtcachesize": 20})
    assert connection.closed
    with pytest.raises(TimeoutError):
        connections.take({}, 0.001)


def test_nobody_waits_for_one_that_is_idle():
    connections, readers = Connections(1), Readers()
    connection = opened(connections)
    taken = []
    waiter = threading.Thread(target=lambda: taken.append(connections.take({}, 10)))
    waiter.start()
    waiter.join(0.05)  # until it waits; if it comes later it takes the idle one
    connections.give_back(connection, {}, readers)
    waiter.join(10)
    assert taken == [None if connection.closed else connection]


def test_readers_close_their_own_only():
    connections, first, second = Connections(2), Readers(), Readers()
    one, other = opened(connections), opened(connections)
    connections.give_back(one, {}, first)
    connections.give_back(other, {}, second)
    first.close()
    assert (one.closed, other.closed) == (True, False)
    connections.close_idle()
    assert other.closed


def test_one_whose_readers_were_cancelled_is_not_kept():
    connections, readers = Connections(1), Readers()
    connection = opened(connections)
    readers.cancel()
    connections.give_back(connection, {}, readers)
    assert connection.closed
    opened(connections)


def test_who_gave_up_waiting_is_no_longer_waited_for():
    connections, readers = Connections(1), Readers()
    connection = opened(connections)
    given_up = []

    def wait():
        with pytest.raises(TimeoutError):
            connections.take({}, 0.02)
        given_up.append(1)

    waiters = [threading.Thread(target=wait) for _ in range(2)]
    for waiter in waiters:
        waiter.start()
    for waiter in waiters:
        waiter.join()
    assert given_up == [1, 1]
    connections.give_back(connection, {}, readers)
    assert not connection.closed
    assert connections.take({}, 1) is connection


def test_those_of_two_databases_are_closed_at_the_end_of_the_same_readers():
    readers = Readers()
    assert readers.cancelled is False
    made = []
    for connections in (Connections(1), Connections(1)):
        made.append(opened(connections))
        connections.give_back(made[-1], {}, readers)
    readers.close()
    assert [connection.closed for connection in made] == [True, True]


def test_one_that_cannot_log_off_frees_its_slot():
    class Gone(Connection):
        def close(self):
            raise oracledb.OperationalError("DPY-4011")

    connections = Connections(1)
    opened(connections)
    connections.give_up(Gone())
    opened(connections)
