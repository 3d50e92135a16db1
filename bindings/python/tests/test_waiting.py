"""While a call waits, Ctrl-C is heard, and other threads and the event loop go on."""

from __future__ import annotations

import asyncio
import signal
import sys
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dataknobs_data import Database, Record, SyncDatabase
from dataknobs_data.exceptions import TimedOutError
from event_loops import run_loop
from processes import PATIENCE, Blocked, Ticks, started
from slow_queries import SlowQueries, rows

#: Seconds that a thread or a loop may be kept waiting by somebody else's call; the machine may be busy with more.
STALL = 0.4

#: Seconds that a call has to take so that a stall in it would show.
LONG = 0.5

# ---- Ctrl-C ----

WAIT_FOR_PIPE = """
import sys
from dataknobs_data import SyncDatabase, Database
db = SyncDatabase.create("file", path=sys.argv[1])
try:
    db.search()
except KeyboardInterrupt:
    print("interrupted", flush=True)
    with SyncDatabase.create("memory") as other:
        print(other.count("a = 1"), flush=True)
"""

WAIT_FOR_PIPE_IN_LOOP = """
import asyncio, sys
from dataknobs_data import Database
async def main():
    await Database.create("file", path=sys.argv[1]).search()
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
    print(asyncio.run(Database.create("memory").count()), flush=True)
"""


@pytest.mark.parametrize("code", [WAIT_FOR_PIPE, WAIT_FOR_PIPE_IN_LOOP], ids=["blocking", "asynchronous"])
def test_ctrl_c_interrupts_a_wait(code: str, pipe: Blocked) -> None:
    with started(code, pipe.path) as child:
        pipe.wait_for_reader(child.pid)
        begun = time.perf_counter()
        child.send_signal(signal.SIGINT)
        assert child.stdout is not None
        assert child.stdout.readline() == "interrupted\n"
        assert time.perf_counter() - begun < 1
        assert child.stdout.readline() == "0\n"
        assert child.wait(PATIENCE) == 0


WORK_LONG = """
import sys
from dataknobs_data import SyncDatabase
db = SyncDatabase.create("memory")
db.create_batch({"text": "a" * 400} for _ in range(10_000))
query = " OR ".join(f"text LIKE '%a%a%a%b{number}'" for number in range(int(sys.argv[1])))
try:
    print("ready", flush=True)
    exec(sys.argv[2])
except KeyboardInterrupt:
    print("interrupted", flush=True)
    sys.exit(3)
"""


@pytest.mark.parametrize(
    "call", ["db.search(query)", "db.count(query)", "list(db.stream(query))", "db.update_where(query, {'a': 1})"]
)
def test_ctrl_c_interrupts_work_in_memory(call: str, slow: SlowQueries) -> None:
    tests = slow.taking(20).count(" OR ")
    with started(WORK_LONG, tests, call) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        begun = time.perf_counter()
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "interrupted\n"
        assert time.perf_counter() - begun < 1.5
        assert child.wait(PATIENCE) == 3


# ---- other threads, and the loop, go on ----


@pytest.mark.parametrize("call", ["search", "count", "first", "create_batch"])
def test_a_call_on_the_own_thread_lets_others_go_on(call: str) -> None:
    """Nobody is switched to by the clock here: a thread goes on only if the interpreter is let go of."""
    new = rows(50_000)
    calls: dict[str, Callable[[SyncDatabase], Any]] = {
        "search": lambda db: db.search("number > 10 ORDER BY number DESC LIMIT 10"),
        "count": lambda db: db.count("number > 10"),
        "first": lambda db: db.first("number = 49999"),
        "create_batch": lambda db: db.create_batch(new),
    }
    went_on: list[int] = []
    gate = threading.Lock()
    gate.acquire()

    def go_on() -> None:
        with gate:
            went_on.append(1)

    with SyncDatabase.create("memory") as db:
        db.create_batch(new)
        thread = threading.Thread(target=go_on)
        thread.start()
        interval = sys.getswitchinterval()
        sys.setswitchinterval(1_000)
        try:
            gate.release()
            patience = time.monotonic() + 10
            while not went_on and time.monotonic() < patience:
                calls[call](db)
            assert went_on
        finally:
            sys.setswitchinterval(interval)
            thread.join()


def others_go_on(run: Callable[[float], Any]) -> None:
    """Check that other threads go on while `run`, given how many seconds it should take, has the main one wait."""
    seconds, took = 0.8, 0.0
    while took < LONG:
        with Ticks() as ticks:
            begun = time.perf_counter()
            run(seconds)
            took = time.perf_counter() - begun
        assert ticks.longest_gap < STALL, f"{ticks.longest_gap:.3f} s without a tick in {took:.3f} s"
        seconds *= 2


async def loop_goes_on(run: Callable[[float], Coroutine[Any, Any, Any]]) -> None:
    """Check that the event loop goes on while `run`, given how many seconds it should take, is awaited."""
    longest = 0.0

    async def tick() -> None:
        nonlocal longest
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.001)
            longest, last = max(longest, time.perf_counter() - last), time.perf_counter()

    seconds, took = 0.8, 0.0
    while took < LONG:
        task = asyncio.create_task(tick())
        await asyncio.sleep(0)
        begun = time.perf_counter()
        await run(seconds)
        took = time.perf_counter() - begun
        await asyncio.sleep(0.002)
        task.cancel()
        assert longest < STALL, f"{longest:.3f} s without a tick in {took:.3f} s"
        seconds *= 2


LONG_CALLS: dict[str, Callable[[Any, str], Any]] = {
    "search": lambda db, query: db.search(query),
    "search_sorted": lambda db, query: db.search(query + " ORDER BY number"),
    "count": lambda db, query: db.count(query),
    "first": lambda db, query: db.first(query),
    "update_where": lambda db, query: db.update_where(query, {"x": 1}),
    "delete_where": lambda db, query: db.delete_where(query),
}


@pytest.mark.parametrize("call", LONG_CALLS)
def test_other_threads_go_on_during_a_long_call(call: str, slow: SlowQueries) -> None:
    others_go_on(lambda seconds: LONG_CALLS[call](slow.db, slow.taking(seconds)))


@pytest.mark.parametrize("call", LONG_CALLS)
def test_the_event_loop_goes_on_during_a_long_call(call: str, slow: SlowQueries) -> None:
    db = slow.db.to_async()
    run_loop("asyncio", loop_goes_on(lambda seconds: LONG_CALLS[call](db, slow.taking(seconds))))


def test_other_threads_and_the_loop_go_on_during_streams(slow: SlowQueries) -> None:
    others_go_on(lambda seconds: list(slow.db.stream(slow.taking(seconds))))

    async def drain(seconds: float) -> None:
        assert [record async for record in slow.db.to_async().stream(slow.taking(seconds))] == []

    run_loop("asyncio", loop_goes_on(drain))


def test_other_threads_go_on_while_a_file_is_written(tmp_path: Path) -> None:
    records = [Record(row) for row in rows(500, 100)]

    def write(seconds: float) -> None:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            db.create_batch(records)

    with SyncDatabase.create("file", path=tmp_path / "a.jsonl") as db:
        others_go_on(write)


def test_the_event_loop_goes_on_while_a_file_is_written(tmp_path: Path) -> None:
    records = [Record(row) for row in rows(500, 100)]

    async def main() -> None:
        async def write(seconds: float) -> None:
            end = time.perf_counter() + seconds
            while time.perf_counter() < end:
                await db.create_batch(records)

        async with Database.create("file", path=tmp_path / "a.jsonl") as db:
            await loop_goes_on(write)

    run_loop("asyncio", main())


def test_a_call_that_waits_for_another_threads_write_lets_threads_go_on(slow: SlowQueries) -> None:
    """A change by filter holds the store in memory: who reads one record meanwhile waits, but nobody else."""
    found = slow.db.first()
    assert found is not None

    def read_meanwhile(seconds: float) -> None:
        with ThreadPoolExecutor(1) as pool:
            change = pool.submit(slow.db.update_where, slow.taking(seconds), {"x": 1})
            while not change.done():
                assert slow.db.read(found.id) is not None
                slow.db.exists("nobody")
                slow.db.patch(found.id, {"number": 0})
            assert change.result(PATIENCE) == 0

    others_go_on(read_meanwhile)


def test_the_loop_goes_on_while_a_call_waits_for_another_threads_write(slow: SlowQueries) -> None:
    async def main() -> None:
        db = slow.db.to_async()
        found = await db.first()
        assert found is not None

        async def read_meanwhile(seconds: float) -> None:
            change = asyncio.create_task(db.update_where(slow.taking(seconds), {"x": 1}))
            while not change.done():
                assert await db.read(found.id) is not None
                await db.patch(found.id, {"number": 0})
                async with db.transaction() as tx:
                    await tx.exists("nobody")
                await asyncio.sleep(0)
            assert await change == 0

        await loop_goes_on(read_meanwhile)

    run_loop("asyncio", main())


def test_a_wait_for_a_pipe_lets_threads_go_on(pipe: Blocked) -> None:
    def wait(seconds: float) -> None:
        with pytest.raises(TimedOutError):
            db.search(timeout=seconds)

    db = SyncDatabase.create("file", path=pipe.path)
    others_go_on(wait)
