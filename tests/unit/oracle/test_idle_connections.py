"""Connections kept between queries: bounded, nobody waits for an idle one, closed at the end."""

import threading

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
    came = threading.Event()

    def wait():
        connections.take({}, 60)
        came.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    while not connections._waiting:
        pass
    connections.give_back(connection, {}, readers)
    assert came.wait(60)
    assert connection.closed
    waiter.join()


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
