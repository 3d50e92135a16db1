"""`ConnectionPool`: whom it lends what, and what becomes of the connections."""

from __future__ import annotations

import gc
import inspect
import logging
import sqlite3
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from dataknobs_data._native import PoolSlots
from dataknobs_data.connections import AsyncConnectionPool, ConnectionManager, ConnectionPool
from dataknobs_data.exceptions import (
    AlreadyExistsError,
    BackendError,
    ConnectionFailedError,
    InvalidConfigError,
    NotFoundError,
    TimedOutError,
    UnsupportedError,
)
from echo_server import EchoServer, says_back
from processes import PATIENCE, in_threads

#: Each idle connection has idled longer than this.
AT_ONCE = 0.0


class Connection:
    """Says what happens to it."""

    def __init__(self, number: int) -> None:
        self.number, self.checked, self.closed = number, 0, False
        self.threads = {threading.get_ident()}

    def close(self) -> None:
        assert not self.closed
        self.closed = True
        self.threads.add(threading.get_ident())


class Connections:
    """Opens numbered connections."""

    def __init__(self) -> None:
        self.opened: list[Connection] = []
        self.works = True

    def connect(self) -> Connection:
        connection = Connection(len(self.opened) + 1)
        self.opened.append(connection)
        return connection

    def check(self, connection: Connection) -> bool:
        connection.checked += 1
        connection.threads.add(threading.get_ident())
        return self.works

    @property
    def closed(self) -> list[int]:
        return [connection.number for connection in self.opened if connection.closed]


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with EchoServer() as server:
        yield server


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


# ---- lending ----


def test_connections_come_back_and_the_latest_is_lent_first() -> None:
    made = Connections()
    pool = ConnectionPool(made.connect, max_size=3)
    first, second = pool.acquire(), pool.acquire()
    assert (first.number, second.number, *pool.metrics) == (1, 2, 2, 0, 2, 0)
    pool.release(first)
    pool.release(second)
    assert pool.metrics == (2, 2, 0, 0)
    assert pool.acquire() is second
    assert len(made.opened) == 2 and not made.closed


def test_a_block_gives_its_connection_back() -> None:
    made = Connections()
    with ConnectionPool(made.connect) as pool:
        with pool.connection() as connection:
            assert pool.metrics == (1, 0, 1, 0)
        with pool.connection() as again:
            assert again is connection
        assert not made.closed
    assert made.closed == [1]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, GeneratorExit])
def test_a_block_that_raises_costs_the_connection(error: type[BaseException]) -> None:
    made = Connections()
    pool = ConnectionPool(made.connect, max_size=1)
    with pytest.raises(error), pool.connection():
        raise error
    assert (made.closed, pool.metrics) == ([1], (0, 0, 0, 0))
    with pool.connection() as connection:
        assert connection.number == 2


def test_a_block_may_discard_its_connection() -> None:
    made = Connections()
    pool = ConnectionPool(made.connect)
    with pool.connection() as connection:
        pool.discard(connection)
    with pytest.raises(RuntimeError), pool.connection() as connection:
        pool.discard(connection)
        raise RuntimeError
    assert (made.closed, pool.metrics) == ([1, 2], (0, 0, 0, 0))


def test_only_what_is_on_loan_comes_back() -> None:
    pool, other = ConnectionPool(Connections().connect), ConnectionPool(Connections().connect)
    connection, foreign = pool.acquire(), other.acquire()
    pool.release(connection)
    for give_back, operation in [(pool.release, "release"), (pool.discard, "discard")]:
        for wrong in (connection, foreign, object()):
            with pytest.raises(NotFoundError, match="not on loan from this pool") as caught:
                give_back(wrong)  # type: ignore[arg-type]
            assert caught.value.operation == operation
    assert (pool.metrics, other.metrics) == ((1, 1, 0, 0), (1, 0, 1, 0))


def test_a_connection_is_lent_once_at_a_time() -> None:
    same = Connection(1)
    pool = ConnectionPool(lambda: same, max_size=2)
    with pool.connection():
        with pytest.raises(AlreadyExistsError, match="on loan already"):
            pool.acquire()
        assert pool.metrics == (1, 0, 1, 0)
    assert pool.acquire() is same and not same.closed


def test_everything_happens_on_the_callers_thread(tmp_path: Path) -> None:
    def work(number: int) -> None:
        # Such a connection refuses every other thread, also to be closed.
        with ConnectionPool(lambda: sqlite3.connect(tmp_path / f"{number}.db"), max_size=2) as pool:
            for _ in range(3):
                with pool.connection() as connection, connection:
                    connection.execute("CREATE TABLE IF NOT EXISTS t (n)")
            with pytest.raises(sqlite3.OperationalError), pool.connection() as connection:
                connection.execute("nonsense")

    in_threads(3, work)


# ---- waiting ----


def test_a_wait_ends_with_the_sizes() -> None:
    pool = ConnectionPool(Connections().connect, max_size=1, acquire_timeout="20ms")
    with pool.connection():
        with pytest.raises(TimedOutError) as caught:
            pool.acquire()
        assert caught.value.operation == "acquire"
        assert caught.value.context == {"timeout": "20ms", "max_size": "1", "in_use": "1", "waiting": "0"}
        with pytest.raises(TimedOutError, match="timeout: 10ms"), pool.connection(timeout=0.01):
            pass
        for wrong in (0, -1, float("nan")):
            with pytest.raises(ValueError, match="seconds greater than 0"):
                pool.acquire(timeout=wrong)
    assert pool.metrics == (1, 1, 0, 0)


def test_callers_are_served_in_turn() -> None:
    pool = ConnectionPool(Connections().connect, max_size=1, acquire_timeout=PATIENCE)
    served: list[int] = []

    def work(number: int) -> None:
        # Each waits before the next begins to.
        wait_until(lambda: pool.metrics.waiting == number)
        with pool.connection():
            served.append(number)

    def all_wait() -> None:
        wait_until(lambda: pool.metrics.waiting == 5)
        pool.release(held)

    held = pool.acquire()
    in_threads(6, lambda number: work(number) if number < 5 else all_wait())
    assert served == [0, 1, 2, 3, 4]
    assert pool.metrics == (1, 1, 0, 0)


def test_many_threads_share_few_connections(server: EchoServer) -> None:
    with ConnectionPool(server.connect, max_size=3, acquire_timeout=PATIENCE) as pool:
        users: dict[int, int] = {}

        def work(seed: int) -> None:
            for number in range(60):
                with pool.connection() as connection:
                    assert users.setdefault(id(connection), seed) == seed, "somebody else has it"
                    connection.sendall(b"%d.%02d" % (seed, number))
                    assert connection.recv(4) == b"%d.%02d" % (seed, number)
                    if number % 20 == seed:
                        pool.discard(connection)
                    del users[id(connection)]

        in_threads(8, work)
        assert pool.metrics.in_use == pool.metrics.waiting == 0
        assert 1 <= pool.metrics.idle <= 3
        # What a client has closed, the server may hear of a moment later.
        wait_until(lambda: server.open == pool.metrics.size)
    wait_until(lambda: server.open == 0)


def test_never_more_are_open_than_may_be() -> None:
    lock, opened, most = threading.Lock(), [0], [0]

    class Counted:
        def __init__(self) -> None:
            with lock:
                opened[0] += 1
                most[0] = max(most[0], opened[0])

        def close(self) -> None:
            with lock:
                opened[0] -= 1

    with ConnectionPool(Counted, max_size=3, acquire_timeout=PATIENCE, check_after=AT_ONCE) as pool:

        def work(seed: int) -> None:
            for number in range(200):
                connection = pool.acquire()
                (pool.discard if number % 7 == seed else pool.release)(connection)

        in_threads(8, work)
        assert opened[0] == pool.metrics.size <= 3
    assert (opened[0], most[0] <= 3) == (0, True)


# ---- health ----


def test_a_connection_that_broke_is_replaced(server: EchoServer) -> None:
    with ConnectionPool(server.connect, check=says_back, check_after=AT_ONCE, max_size=2) as pool:
        with pool.connection() as first, pool.connection():
            pass
        server.break_all()
        with pool.connection() as connection:
            assert says_back(connection) and connection is not first
        assert (server.accepted, pool.metrics) == (3, (1, 1, 0, 0))
        with pool.connection() as again:
            assert again is connection


def test_only_connections_that_idled_long_are_checked() -> None:
    made = Connections()
    with ConnectionPool(made.connect, check=made.check) as pool:
        for _ in range(3):
            pool.release(pool.acquire())
        assert made.opened[0].checked == 0
    made = Connections()
    with ConnectionPool(made.connect, check=made.check, check_after=AT_ONCE) as pool:
        for _ in range(3):
            pool.release(pool.acquire())
        assert (made.opened[0].checked, made.closed) == (2, [])
        made.works = False
        assert (pool.acquire().number, made.closed) == (2, [1])


def test_an_interrupted_check_costs_the_connection() -> None:
    made = Connections()

    def check(connection: Connection) -> None:
        raise KeyboardInterrupt

    pool = ConnectionPool(made.connect, check=check, check_after=AT_ONCE, max_size=1)
    pool.release(pool.acquire())
    with pytest.raises(KeyboardInterrupt):
        pool.acquire()
    assert (made.closed, pool.metrics) == ([1], (0, 0, 0, 0))
    assert pool.acquire().number == 2


def test_old_connections_are_let_go() -> None:
    made = Connections()
    with ConnectionPool(made.connect, max_lifetime=AT_ONCE) as pool:
        for number in (1, 2, 3):
            with pool.connection() as connection:
                assert connection.number == number
        assert made.closed == [1, 2]


def test_idle_connections_are_let_go_down_to_the_least_number() -> None:
    made = Connections()
    with ConnectionPool(made.connect, idle_timeout=AT_ONCE, min_size=1) as pool:
        for connection in [pool.acquire() for _ in range(3)]:
            pool.release(connection)
        assert (made.closed, pool.metrics) == ([1, 2], (1, 1, 0, 0))
        assert pool.acquire().number == 3


def test_an_error_of_close_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    def close(connection: Connection) -> None:
        raise RuntimeError("already gone")

    pool = ConnectionPool(Connections().connect, close=close, max_size=1)
    with caplog.at_level(logging.WARNING, "dataknobs_data.connections"):
        pool.discard(pool.acquire())
    (logged,) = caplog.records
    assert logged.message == "a connection could not be closed" and logged.exc_info
    assert pool.acquire().number == 2


# ---- connecting ----


def fails(times: int, error: BaseException) -> tuple[list[int], Callable[[], Connection]]:
    tries: list[int] = []

    def connect() -> Connection:
        tries.append(len(tries))
        if len(tries) <= times:
            raise error
        return Connection(len(tries))

    return tries, connect


@pytest.mark.parametrize("error", [ConnectionRefusedError(), TimeoutError(), BackendError("busy", retryable=True)])
def test_connecting_is_tried_again_when_it_may_pass(error: Exception) -> None:
    quick = {"attempts": 3, "base_delay": "1ms"}
    _, connect = fails(2, error)
    assert ConnectionPool(connect, retry=quick).acquire().number == 3
    tries, connect = fails(9, error)
    pool = ConnectionPool(connect, retry=quick)
    with pytest.raises(type(error)) as caught:
        pool.acquire()
    assert (caught.value, len(tries), pool.metrics) == (error, 3, (0, 0, 0, 0))
    tries, connect = fails(9, error)
    with pytest.raises(type(error)):
        ConnectionPool(connect).acquire()
    assert len(tries) == 1


@pytest.mark.parametrize("error", [ValueError(), OSError(), BackendError("no"), KeyboardInterrupt()])
def test_connecting_is_not_tried_again_when_it_will_not_pass(error: BaseException) -> None:
    tries, connect = fails(9, error)
    pool = ConnectionPool(connect, retry=5, max_size=1)
    with pytest.raises(type(error)):
        pool.acquire()
    assert (len(tries), pool.metrics) == (1, (0, 0, 0, 0))


def test_tries_end_with_the_time_for_them() -> None:
    refused = ConnectionRefusedError()
    _, connect = fails(10**9, refused)
    pool = ConnectionPool(connect, retry={"attempts": 10**9, "base_delay": "1h", "max_delay": "1h"})
    with pytest.raises(TimedOutError) as caught:
        pool.acquire(timeout=0.05)
    assert caught.value.__cause__ is refused


def test_warming_opens_the_least_number() -> None:
    made = Connections()
    with ConnectionPool(made.connect, min_size=3) as pool:
        pool.warm()
        pool.warm()
        assert (pool.metrics, len(made.opened)) == ((3, 3, 0, 0), 3)
    _, connect = fails(1, ValueError())
    pool = ConnectionPool(connect, min_size=2)
    with pytest.raises(ValueError):
        pool.warm()
    pool.warm()
    assert pool.metrics == (2, 2, 0, 0)


def test_a_manager_says_all_three(server: EchoServer) -> None:
    class Echoes(ConnectionManager[Any]):
        closed = 0

        def connect(self) -> Any:
            return server.connect()

        def check(self, connection: Any) -> object:
            return says_back(connection)

        def close(self, connection: Any) -> object:
            self.closed += 1
            return super().close(connection)

    manager = Echoes()
    with ConnectionPool(manager, check_after=AT_ONCE) as pool:
        pool.release(pool.acquire())
        server.break_all()
        with pool.connection() as connection:
            assert says_back(connection)
    assert (manager.closed, connection.fileno()) == (2, -1)
    with pytest.raises(TypeError, match="an object of a ConnectionManager, such as Echoes"):
        ConnectionPool(Echoes)
    with pytest.raises(TypeError, match="methods of the ConnectionManager"):
        ConnectionPool(manager, check=says_back)


def test_a_coroutine_is_for_the_other_pool() -> None:
    async def connect() -> Connection:
        return Connection(1)

    pool = ConnectionPool(connect)
    with pytest.raises(UnsupportedError, match="use AsyncConnectionPool") as caught:
        pool.acquire()
    assert (caught.value.context, pool.metrics) == ({"function": "connect"}, (0, 0, 0, 0))


# ---- the end ----


def test_a_closed_pool_lends_nothing_and_takes_nothing_back() -> None:
    made = Connections()
    pool = ConnectionPool(made.connect, max_size=2, acquire_timeout=PATIENCE)
    held, idle = pool.acquire(), pool.acquire()
    pool.release(idle)
    again = pool.acquire()

    def work(number: int) -> None:
        if number == 0:
            wait_until(lambda: pool.metrics.waiting == 2)
            pool.close_all()
            return
        with pytest.raises(ConnectionFailedError, match="the pool is closed") as caught:
            pool.acquire()
        assert not caught.value.retryable

    in_threads(3, work)
    assert made.closed == []
    pool.release(held)
    pool.discard(again)
    pool.close_all()
    assert (made.closed, pool.metrics) == ([1, 2], (0, 0, 0, 0))
    with pytest.raises(ConnectionFailedError):
        pool.acquire()


def test_closing_goes_on_after_a_failure(caplog: pytest.LogCaptureFixture) -> None:
    closed: list[int] = []

    def close(connection: Connection) -> None:
        closed.append(connection.number)
        raise RuntimeError(f"number {connection.number}")

    pool = ConnectionPool(Connections().connect, close=close)
    for connection in [pool.acquire() for _ in range(3)]:
        pool.release(connection)
    with pytest.raises(RuntimeError, match="number 1"):
        pool.close_all()
    assert (closed, len(caplog.records)) == ([1, 2, 3], 2)
    pool.close_all()


# ---- settings ----


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"max_size": 0}, "`pool.max_size`"),
        ({"max_size": 2, "min_size": 3}, "`pool.min_size`"),
        ({"max_size": "many"}, "`max_size`"),
        ({"max_size": -1}, "`max_size`"),
        ({"acquire_timeout": "soon"}, "`acquire_timeout`"),
        ({"acquire_timeout": None}, "`acquire_timeout`"),
        ({"max_lifetime": -1.0}, "`max_lifetime`"),
        ({"retry": 0}, "`retry.attempts`"),
        ({"retry": {"tries": 3}}, "`retry.tries`"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(settings: dict[str, Any], key: str) -> None:
    for pool in (ConnectionPool, AsyncConnectionPool):
        with pytest.raises(InvalidConfigError) as caught:
            pool(object, **settings)
        assert caught.value.context["key"] == key
        with pytest.raises(InvalidConfigError) as caught:
            pool.from_config(object, settings)
        assert caught.value.context["key"] == key


def test_settings_come_from_a_configuration() -> None:
    config = {"max_size": "4", "acquire_timeout": "5s", "idle_timeout": None, "max_lifetime": "none", "retry": "off"}
    for pool in (ConnectionPool, AsyncConnectionPool):
        assert repr(pool.from_config(object, config)) == (
            f"{pool.__name__}(max_size=4, min_size=0, acquire_timeout='5s', check_after='30s', idle_timeout=None,"
            " max_lifetime=None)"
        )
        with pytest.raises(InvalidConfigError, match="did you mean `max_size`"):
            pool.from_config(object, {"max_sise": 4})
        with pytest.raises(TypeError):
            pool(object, max_sise=4)  # type: ignore[call-arg]


@pytest.mark.parametrize("pool", [ConnectionPool, AsyncConnectionPool])
def test_defaults_are_those_of_the_rust_library(pool: Any) -> None:
    defaults = {
        name: parameter.default
        for name, parameter in inspect.signature(pool).parameters.items()
        if name not in ("connect", "check", "close")
    }
    assert PoolSlots(defaults).settings == PoolSlots({}).settings
    assert set(defaults) == {*PoolSlots({}).settings, "retry"}


# ---- what stays behind ----


def test_lending_leaves_nothing_behind() -> None:
    pool = ConnectionPool(Connections().connect, max_size=2, check=lambda connection: None, check_after=AT_ONCE)

    def work() -> None:
        for _ in range(2_000):
            with pool.connection():
                pass
            with pytest.raises(NotFoundError):
                pool.release(outside)

    outside, connection = Connection(0), pool.acquire()
    pool.release(connection)
    work()
    gc.collect()
    references, blocks = sys.getrefcount(connection), sys.getallocatedblocks()
    work()
    gc.collect()
    assert sys.getrefcount(connection) == references
    assert sys.getallocatedblocks() - blocks < 200


def test_pools_and_their_connections_are_collected_in_cycles() -> None:
    class Linked(Connection):
        pool: Any

    pool = ConnectionPool(lambda: Linked(1), max_size=2)
    with pool.connection() as idle:
        held = pool.acquire()
        idle.pool = held.pool = pool
    watch = [weakref.ref(thing) for thing in (pool, idle, held)]
    del pool, idle, held
    gc.collect()
    assert [thing() for thing in watch] == [None, None, None]
