"""`AsyncConnectionPool`: the tasks of an event loop, and their cancellation."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest

from dataknobs_data import Backend, Database, Record
from dataknobs_data.backends.base import ScanRequest, WriteOutcome, WriteRequest
from dataknobs_data.connections import AsyncConnectionPool, ConnectionManager
from dataknobs_data.exceptions import ConnectionFailedError, NotFoundError, TimedOutError, UnsupportedError
from echo_server import EchoServer, Streams
from event_loops import LOOPS, run_loop
from processes import PATIENCE, in_threads

pytestmark = pytest.mark.parametrize("loop", LOOPS)

#: Each idle connection has idled longer than this.
AT_ONCE = 0.0


@pytest.fixture
def server() -> Iterator[EchoServer]:
    with EchoServer() as server:
        yield server


class Connection:
    closed = False

    async def close(self) -> None:
        await asyncio.sleep(0)
        assert not self.closed
        self.closed = True


class Connections:
    """Opens connections, as soon as it may."""

    def __init__(self) -> None:
        self.opened: list[Connection] = []
        self.may_open: asyncio.Event | None = None
        self.begun = 0

    async def connect(self) -> Connection:
        self.begun += 1
        await asyncio.sleep(0)
        if self.may_open is not None:
            await self.may_open.wait()
        self.opened.append(Connection())
        return self.opened[-1]

    @property
    def closed(self) -> int:
        return sum(connection.closed for connection in self.opened)


async def until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


async def cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def test_connections_come_back_and_are_replaced_when_they_broke(loop: str, server: EchoServer) -> None:
    async def main() -> None:
        async with AsyncConnectionPool(
            server.connect_streams, check=Streams.says_back, check_after=AT_ONCE, max_size=2
        ) as pool:
            async with pool.connection() as first:
                assert await first.says_back()
            async with pool.connection() as again:
                assert again is first
            await asyncio.to_thread(server.break_all)
            async with pool.connection() as other:
                assert await other.says_back() and other is not first
            assert (server.accepted, pool.metrics) == (2, (1, 1, 0, 0))
        assert other.writer.is_closing()

    run_loop(loop, main())


def test_plain_functions_and_managers_do_too(loop: str) -> None:
    class Manager(ConnectionManager[Connection]):
        async def connect(self) -> Connection:
            return Connection()

        def check(self, connection: Connection) -> bool:
            return False

    async def main() -> None:
        plain = AsyncConnectionPool(Connection, check=lambda connection: None, check_after=AT_ONCE)
        await plain.release(first := await plain.acquire())
        assert await plain.acquire() is first
        async with AsyncConnectionPool(Manager(), check_after=AT_ONCE) as pool:
            async with pool.connection() as connection:
                pass
            async with pool.connection() as other:
                assert connection.closed and other is not connection

    run_loop(loop, main())


def test_an_idle_connection_is_lent_without_a_hop(loop: str) -> None:
    async def main() -> None:
        made = Connections()
        pool = AsyncConnectionPool(made.connect)
        await pool.release(await pool.acquire())
        with pytest.raises(StopIteration) as lent:
            pool.acquire().send(None)
        assert lent.value.value is made.opened[0]
        with pytest.raises(StopIteration):
            pool.release(made.opened[0]).send(None)
        assert pool.metrics == (1, 1, 0, 0)

    run_loop(loop, main())


def test_only_what_is_on_loan_comes_back(loop: str) -> None:
    async def main() -> None:
        pool = AsyncConnectionPool(Connections().connect)
        async with pool.connection() as connection:
            pass
        for give_back in (pool.release, pool.discard):
            with pytest.raises(NotFoundError):
                await give_back(connection)
        async with pool.connection() as connection:
            await pool.discard(connection)
        assert pool.metrics == (0, 0, 0, 0)

    run_loop(loop, main())


def test_tasks_are_served_in_turn(loop: str) -> None:
    async def main() -> None:
        pool = AsyncConnectionPool(Connections().connect, max_size=1)
        served: list[int] = []

        async def work(number: int) -> None:
            async with pool.connection():
                served.append(number)
                await asyncio.sleep(0)

        async with pool.connection():
            tasks = [asyncio.create_task(work(number)) for number in range(10)]
            await until(lambda: pool.metrics.waiting == 10)
        await asyncio.gather(*tasks)
        assert served == list(range(10))
        assert pool.metrics == (1, 1, 0, 0)

    run_loop(loop, main())


def test_a_wait_ends_with_the_sizes(loop: str) -> None:
    async def main() -> None:
        pool = AsyncConnectionPool(Connections().connect, max_size=1, acquire_timeout=0.02)
        async with pool.connection():
            with pytest.raises(TimedOutError) as caught:
                await pool.acquire()
            assert caught.value.context["max_size"] == caught.value.context["in_use"] == "1"
            with pytest.raises((asyncio.TimeoutError, TimeoutError)):
                await asyncio.wait_for(pool.acquire(timeout=PATIENCE), 0.01)
        # A wait that was cancelled is over a moment later.
        await until(lambda: pool.metrics.waiting == 0)
        assert pool.metrics == (1, 1, 0, 0)

    run_loop(loop, main())


def test_a_server_that_does_not_answer_is_not_waited_for(loop: str, server: EchoServer) -> None:
    async def main() -> None:
        server.greets.clear()
        pool = AsyncConnectionPool(server.connect_streams, max_size=1, acquire_timeout=0.05)
        with pytest.raises(TimedOutError, match="no connection within the time allowed") as caught:
            await pool.acquire()
        assert caught.value.context["timeout"] == "50ms"
        task = asyncio.current_task()
        assert task is not None and not (sys.version_info >= (3, 11) and task.cancelling())
        assert pool.metrics == (0, 0, 0, 0)
        server.greets.set()
        async with pool.connection(timeout=PATIENCE) as streams:
            assert await streams.says_back()
        await pool.close_all()

    run_loop(loop, main())


# ---- cancellation ----


def test_who_is_cancelled_while_waiting_takes_no_connection_with_it(loop: str) -> None:
    async def main() -> None:
        made = Connections()
        pool = AsyncConnectionPool(made.connect, max_size=1)
        for turns in range(40):
            held = await pool.acquire()
            tasks = [asyncio.create_task(pool.acquire()) for _ in range(3)]
            await until(lambda: pool.metrics.waiting == 3)
            await pool.release(held)
            # Somewhere between being served and knowing it.
            for _ in range(turns % 8):
                await asyncio.sleep(0)
            for task in tasks:
                task.cancel()
            for answer in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(answer, Connection):
                    await pool.release(answer)
                else:
                    assert isinstance(answer, asyncio.CancelledError)
            async with pool.connection(timeout=PATIENCE):
                assert pool.metrics.in_use == 1
        await until(lambda: pool.metrics.waiting == 0)
        assert pool.metrics == (1, 1, 0, 0) and made.closed == 0

    run_loop(loop, main())


def test_who_is_cancelled_while_connecting_leaves_the_slot(loop: str) -> None:
    async def main() -> None:
        made = Connections()
        made.may_open = asyncio.Event()
        pool = AsyncConnectionPool(made.connect, max_size=1)
        task = asyncio.create_task(pool.acquire())
        await until(lambda: made.begun == 1)
        await cancelled(task)
        assert pool.metrics == (0, 0, 0, 0)
        made.may_open.set()
        async with pool.connection():
            assert len(made.opened) == 1

    run_loop(loop, main())


def test_a_check_that_is_cancelled_costs_the_connection(loop: str) -> None:
    async def main() -> None:
        made, checking = Connections(), asyncio.Event()

        async def check(connection: Connection) -> None:
            checking.set()
            await asyncio.Event().wait()

        pool = AsyncConnectionPool(made.connect, check=check, check_after=AT_ONCE, max_size=1)
        await pool.release(await pool.acquire())
        task = asyncio.create_task(pool.acquire())
        await checking.wait()
        await cancelled(task)
        assert (made.closed, pool.metrics) == (1, (0, 0, 0, 0))
        await pool.release(await pool.acquire())
        with pytest.raises(TimedOutError):
            await pool.acquire(timeout=0.01)
        assert (made.closed, pool.metrics) == (2, (0, 0, 0, 0))

    run_loop(loop, main())


def test_a_block_that_is_cancelled_costs_the_connection(loop: str, server: EchoServer) -> None:
    async def main() -> None:
        pool = AsyncConnectionPool(server.connect_streams, max_size=1)
        reading = asyncio.Event()

        async def work() -> None:
            async with pool.connection() as streams:
                reading.set()
                await streams.reader.read(1)  # nothing comes

        task = asyncio.create_task(work())
        await reading.wait()
        await cancelled(task)
        assert pool.metrics == (0, 0, 0, 0)
        async with pool.connection() as streams:
            assert await streams.says_back()
        with pytest.raises(RuntimeError):
            async with pool.connection():
                raise RuntimeError
        assert (server.accepted, pool.metrics) == (2, (0, 0, 0, 0))

    run_loop(loop, main())


def test_a_generator_that_is_left_gives_up_its_connection(loop: str) -> None:
    async def main() -> None:
        made = Connections()
        pool = AsyncConnectionPool(made.connect, max_size=1)

        async def numbers() -> AsyncIterator[int]:
            async with pool.connection():
                yield 1
                yield 2

        async with contextlib.aclosing(numbers()) as items:
            async for _ in items:
                break
        assert (made.closed, pool.metrics) == (1, (0, 0, 0, 0))

    run_loop(loop, main())


def test_tasks_that_are_cancelled_at_random_lose_nothing(loop: str) -> None:
    async def main() -> None:
        made = Connections()
        pool = AsyncConnectionPool(made.connect, max_size=3, check_after=AT_ONCE)

        async def work(turns: int) -> None:
            async with pool.connection():
                for _ in range(turns % 5):
                    await asyncio.sleep(0)

        for seed in range(100):
            tasks = [asyncio.create_task(work(seed + number)) for number in range(9)]
            for _ in range(seed % 11):
                await asyncio.sleep(0)
            for task in tasks[seed % 3 :: 2]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            # A wait that was cancelled is over a moment later.
            await until(lambda: pool.metrics.waiting == pool.metrics.in_use == 0)
            assert len(made.opened) - made.closed == pool.metrics.size <= 3
        held = [await pool.acquire(timeout=PATIENCE) for _ in range(3)]
        for connection in held:
            await pool.release(connection)
        await pool.close_all()
        assert made.closed == len(made.opened)

    run_loop(loop, main())


# ---- in a backend ----


def test_the_coroutines_of_a_backend_share_a_pool(loop: str) -> None:
    class Store(Backend):
        """A dict; each call holds a connection meanwhile."""

        def __init__(self) -> None:
            self.made, self.records, self.writes = Connections(), {}, 0
            self.pool = AsyncConnectionPool(self.made.connect, max_size=2)

        async def read(self, id: str) -> Record | None:
            async with self.pool.connection():
                await asyncio.sleep(0)
                return self.records.get(id)

        async def write(self, request: WriteRequest) -> WriteOutcome:
            async with self.pool.connection():
                await asyncio.sleep(0)
                self.writes += 1
                before = self.records.get(request.id)
                after = request.apply(before, str(self.writes))
                if after is not None:
                    self.records[request.id] = after
                return request.outcome(before, after)

        async def scan(self, request: ScanRequest) -> list[Record]:
            async with self.pool.connection():
                return list(self.records.values())

        async def close(self) -> None:
            await self.pool.close_all()

    async def main() -> None:
        store = Store()
        async with Database.create(store) as db:
            ids = await asyncio.gather(*(db.create({"n": n}) for n in range(20)))
            assert len(await db.search("n >= 10")) == 10
            assert await asyncio.to_thread(db.to_sync().read, ids[0]) is not None
            assert 1 <= len(store.made.opened) <= 2 and store.made.closed == 0
        assert store.made.closed == len(store.made.opened)

    run_loop(loop, main())


# ---- the end ----


def test_a_closed_pool_lends_nothing(loop: str) -> None:
    async def main() -> None:
        made = Connections()
        pool = AsyncConnectionPool(made.connect, max_size=2)
        held, idle = await pool.acquire(), await pool.acquire()
        waiting = asyncio.create_task(pool.acquire())
        await until(lambda: pool.metrics.waiting == 1)
        closing = asyncio.create_task(pool.close_all())
        with pytest.raises(ConnectionFailedError, match="the pool is closed"):
            await waiting
        await closing
        await pool.release(idle)
        await pool.discard(held)
        assert (made.closed, pool.metrics) == (2, (0, 0, 0, 0))
        with pytest.raises(ConnectionFailedError):
            await pool.acquire()

    run_loop(loop, main())


def test_a_connection_that_does_not_close_is_left(loop: str, caplog: pytest.LogCaptureFixture) -> None:
    async def close(connection: Connection) -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        pool = AsyncConnectionPool(Connections().connect, close=close, acquire_timeout=0.02)
        await pool.discard(await pool.acquire())
        assert pool.metrics == (0, 0, 0, 0)
        await pool.release(await pool.acquire())
        with pytest.raises(TimedOutError, match="closing a connection took too long"):
            await pool.close_all()

    with caplog.at_level(logging.WARNING, "dataknobs_data.connections"):
        run_loop(loop, main())
    assert [logged.message for logged in caplog.records] == ["a connection could not be closed"]


def test_warming_opens_the_least_number(loop: str) -> None:
    async def main() -> None:
        made = Connections()
        async with AsyncConnectionPool(made.connect, min_size=3) as pool:
            await pool.warm()
            await pool.warm()
            assert (pool.metrics, len(made.opened)) == ((3, 3, 0, 0), 3)
        assert made.closed == 3

    run_loop(loop, main())


def test_connecting_is_tried_again(loop: str) -> None:
    tries: list[int] = []

    async def connect() -> Connection:
        tries.append(len(tries))
        await asyncio.sleep(0)
        if len(tries) < 3:
            raise ConnectionRefusedError
        return Connection()

    async def main() -> None:
        pool = AsyncConnectionPool(connect, retry={"attempts": 3, "base_delay": "1ms"})
        async with pool.connection():
            assert len(tries) == 3

    run_loop(loop, main())


def test_a_pool_belongs_to_its_event_loop(loop: str) -> None:
    made = Connections()
    pool = AsyncConnectionPool(made.connect)

    async def use() -> None:
        async with pool.connection():
            pass

    async def close() -> None:
        await pool.close_all()

    async def main() -> None:
        await use()
        for other in (use, close):
            with pytest.raises(UnsupportedError, match="another event loop"):
                await asyncio.to_thread(lambda other=other: asyncio.run(other()))  # type: ignore[misc]
        await use()

    run_loop(loop, main())
    with pytest.raises(UnsupportedError, match="another event loop"):
        run_loop(loop, use())


def test_loops_of_several_threads_have_a_pool_each(loop: str) -> None:
    def work(number: int) -> None:
        async def main() -> None:
            async with AsyncConnectionPool(Connections().connect, max_size=2) as pool:

                async def use() -> None:
                    async with pool.connection():
                        await asyncio.sleep(0)

                await asyncio.gather(*(use() for _ in range(50)))
                assert pool.metrics.size <= 2

        run_loop(loop, main())

    in_threads(4, work)
