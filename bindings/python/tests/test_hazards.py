"""What goes wrong in programs with threads, event loops, signals and forks, and must not here."""

from __future__ import annotations

import asyncio
import gc
import multiprocessing
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dataknobs_data import Database, Record, SearchResult, SyncDatabase
from dataknobs_data.exceptions import ConflictError, DataknobsError, TimedOutError
from processes import PATIENCE, Blocked, Ticks, command_for_file, in_threads, run, started

try:
    import uvloop
except ImportError:
    uvloop = None

LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
if uvloop is not None:
    LOOPS["uvloop"] = uvloop.new_event_loop

#: Seconds that a thread or a loop may be kept waiting by somebody else's call; the machine may be busy with more.
STALL = 0.4

#: Seconds that a call has to take so that a stall in it would show.
LONG = 0.5

#: Records whose search is made slow by the length of the query.
ROWS = 10_000


def run_loop(name: str, main: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a fresh loop of this kind; whatever the loop complains of is an error."""
    loop = LOOPS[name]()
    complaints: list[dict[str, Any]] = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    try:
        return loop.run_until_complete(asyncio.wait_for(main, PATIENCE))
    finally:
        loop.run_until_complete(loop.shutdown_asyncgens())
        loop.close()
        gc.collect()
        assert complaints == []


def rows(count: int, length: int = 0) -> list[dict[str, Any]]:
    return [{"number": number, "text": "a" * length} for number in range(count)]


class SlowQueries:
    """Queries on the rows of one database that take as long as asked, whatever the machine and the build."""

    def __init__(self) -> None:
        self.db = SyncDatabase.create("memory")
        self.db.create_batch(rows(ROWS, 400))
        tests, took = 4, 0.0
        while took < 0.2:
            tests *= 2
            begun = time.perf_counter()
            self.db.count(self.query(tests))
            took = time.perf_counter() - begun
        self._seconds = took / tests

    @staticmethod
    def query(tests: int) -> str:
        return " OR ".join(f"text LIKE '%a%a%a%b{number}'" for number in range(tests))

    def taking(self, seconds: float) -> str:
        return self.query(int(seconds / self._seconds) + 1)


@pytest.fixture(scope="module")
def slow() -> SlowQueries:
    return SlowQueries()


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Blocked]:
    pipe = Blocked(tmp_path / "pipe.json")
    yield pipe
    pipe.release()


# ---- event loops ----


async def use(db: Database, tag: str) -> None:
    ids = await asyncio.gather(*(db.create({"tag": tag, "number": number}) for number in range(20)))
    assert len(set(ids)) == 20
    found = await db.search(f"tag = '{tag}' ORDER BY number")
    assert [record["number"] for record in found] == list(range(20))
    assert len([record async for record in db.stream(f"tag = '{tag}'")]) == 20
    batch = await db.create_batch({"tag": tag, "number": number} for number in range(2000))
    assert await db.delete_batch(batch) == [True] * 2000


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("store", ["memory", "file"])
def test_one_database_in_one_event_loop_after_the_other(loop: str, store: str, tmp_path: Path) -> None:
    db = Database.create(store, {"path": tmp_path / "a.jsonl", "durability": "buffered"} if store == "file" else {})
    for number in range(4):
        run_loop(loop, use(db, f"loop {number}"))
    run_loop(loop, db.close())


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("store", ["memory", "file"])
def test_one_database_in_several_event_loops_at_once(loop: str, store: str, tmp_path: Path) -> None:
    db = Database.create(store, {"path": tmp_path / "a.jsonl", "durability": "buffered"} if store == "file" else {})
    in_threads(4, lambda number: run_loop(loop, use(db, f"loop {number}")))
    assert db.to_sync().count() == 80
    run_loop(loop, db.close())


def test_one_database_under_asyncio_and_uvloop_at_once() -> None:
    db = Database.create("memory")
    kinds = list(LOOPS) * 2
    in_threads(len(kinds), lambda number: run_loop(kinds[number], use(db, f"loop {number}")))
    assert db.to_sync().count() == 20 * len(kinds)


def test_calls_are_real_coroutines() -> None:
    async def main() -> None:
        db = Database.create("memory")
        call = db.count()
        assert asyncio.iscoroutine(call)
        assert await asyncio.create_task(call) == 0
        assert await asyncio.wait_for(asyncio.shield(db.count()), 10) == 0
        assert await asyncio.gather(db.count(), db.exists("a")) == [0, False]

    asyncio.run(main())
    assert asyncio.run(Database.create("memory").count()) == 0


# ---- cancellation ----


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("extension", ["json", "jsonl", "csv"])
def test_a_cancelled_batch_is_written_whole_or_not_at_all(loop: str, extension: str, tmp_path: Path) -> None:
    size = 300

    async def main() -> None:
        begun = time.perf_counter()
        async with Database.create("file", path=tmp_path / f"whole.{extension}") as db:
            await db.create_batch(rows(size))
        whole = time.perf_counter() - begun
        outcomes = set()
        for point in range(16):
            path = tmp_path / f"p{point}.{extension}"
            db = Database.create("file", path=path)
            task = asyncio.create_task(db.create_batch(rows(size)))
            asyncio.get_running_loop().call_later(whole * point / 14, task.cancel)
            try:
                await task
            except asyncio.CancelledError:
                outcomes.add("cancelled")
            else:
                outcomes.add("done")
                assert await db.count() == size
            assert await db.count() in (0, size)
            await db.create({"number": -1, "text": ""})
            stored = await db.count()
            assert stored in (1, size + 1)
            await db.close()
            async with Database.create("file", path=path) as again:
                assert await again.count() == stored
        assert "cancelled" in outcomes

    run_loop(loop, main())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_cancelled_wait_ends_promptly(loop: str, pipe: Blocked) -> None:
    async def main() -> None:
        db = Database.create("file", path=pipe.path)
        waiting = asyncio.create_task(db.search())
        await asyncio.to_thread(pipe.wait_for_reader)
        begun = time.perf_counter()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert time.perf_counter() - begun < 1

    run_loop(loop, main())


@pytest.mark.parametrize("loop", LOOPS)
def test_waits_end_by_every_kind_of_timeout(loop: str, pipe: Blocked) -> None:
    async def main() -> None:
        db = Database.create("file", path=pipe.path)
        begun = time.perf_counter()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(db.search(), 0.05)
        with pytest.raises(TimedOutError):
            await db.search(timeout=0.05)
        if sys.version_info >= (3, 11):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await db.search()
        assert time.perf_counter() - begun < 3

    run_loop(loop, main())


def test_a_sync_wait_times_out(pipe: Blocked) -> None:
    db = SyncDatabase.create("file", path=pipe.path)
    begun = time.perf_counter()
    with pytest.raises(TimedOutError):
        db.search(timeout=0.05)
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize("loop", LOOPS)
def test_a_task_that_fails_cancels_its_neighbours(loop: str, pipe: Blocked) -> None:
    async def fail() -> None:
        await asyncio.to_thread(pipe.wait_for_reader)
        raise ZeroDivisionError

    async def main() -> None:
        db = Database.create("file", path=pipe.path)
        if sys.version_info >= (3, 11):
            with pytest.raises(ExceptionGroup) as failed:  # noqa: F821
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(db.search()) for _ in range(3)]
                    group.create_task(fail())
            assert isinstance(failed.value.exceptions[0], ZeroDivisionError)
        else:
            tasks = [asyncio.ensure_future(db.search()) for _ in range(3)]
            with pytest.raises(ZeroDivisionError):
                await fail()
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=PATIENCE)
        assert all(task.cancelled() for task in tasks)

    run_loop(loop, main())


@pytest.mark.parametrize("loop", LOOPS)
def test_a_stream_that_is_cancelled_or_closed_midway_lets_go(loop: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with Database.create("file", path=tmp_path / "a.jsonl", durability="buffered") as db:
            await db.create_batch(rows(5000))
            for _ in range(10):
                stream = db.stream()

                async def read(stream: Any = stream) -> None:
                    async for _ in stream:
                        await asyncio.sleep(0)

                task = asyncio.create_task(read())
                await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                await stream.aclose()
            # Closed while a fetch is under way: it ends, with or without what was fetched.
            stream = db.stream()
            await stream.__anext__()
            fetch = asyncio.ensure_future(stream.__anext__())
            await asyncio.sleep(0)
            await stream.aclose()
            assert isinstance((await asyncio.gather(fetch, return_exceptions=True))[0], (Record, StopAsyncIteration))
            with pytest.raises(StopAsyncIteration):
                await stream.__anext__()
            await db.create({"number": -1})
            assert await db.count() == 5001

    run_loop(loop, main())


def test_a_cancelled_transaction_changes_nothing() -> None:
    async def main() -> None:
        db = Database.create("memory")
        entered = asyncio.Event()

        async def work() -> None:
            async with db.transaction() as tx:
                await tx.create({"a": 1})
                entered.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await entered.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await db.count() == 0

    run_loop("asyncio", main())


def test_a_call_of_a_transaction_that_is_cancelled_stays_a_cancellation(slow: SlowQueries) -> None:
    async def main() -> None:
        db = slow.db.to_async()
        before = await db.count()
        begun = time.perf_counter()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(work(db), 0.1)
        assert time.perf_counter() - begun < 3
        assert await db.count() == before

    async def work(db: Database) -> None:
        async with db.transaction() as tx:
            await tx.create({"a": 1})
            await tx.count(slow.taking(5))

    run_loop("asyncio", main())


# ---- blocking calls inside a loop ----


@pytest.mark.parametrize("loop", LOOPS)
def test_blocking_calls_inside_a_running_loop_do_not_deadlock(loop: str, tmp_path: Path) -> None:
    async def main() -> None:
        async with Database.create("file", path=tmp_path / "a.jsonl", durability="buffered") as db:
            blocking = db.to_sync()
            for number in range(10):
                pending = [asyncio.ensure_future(db.create({"number": number})) for _ in range(5)]
                await asyncio.sleep(0)
                blocking.create({"number": -number})
                assert blocking.count(f"number = {-number}", timeout=PATIENCE) >= 1
                assert len({*await asyncio.gather(*pending)}) == 5
            with SyncDatabase.create("memory") as memory:
                memory.create_batch(rows(2000))
                assert len(list(memory.stream())) == 2000
                with memory.transaction() as tx:
                    tx.clear()
            assert blocking.count() == 60

    run_loop(loop, main())


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


# ---- forks ----

FORK = """
import os, sys, time
from dataknobs_data import Database, Record, SyncDatabase
from dataknobs_data.exceptions import ConnectionFailedError
import asyncio

path = sys.argv[1]
memory = SyncDatabase.create("memory")
memory.create({"a": 1}, timeout=10)
stored = SyncDatabase.create("file", path=path)
stored.create(Record({"a": 1}, id="a"))
asynchronous = stored.to_async()
record, found, stream = stored.read("a"), stored.search(), stored.stream()
child = os.fork()
if child == 0:
    begun = time.perf_counter()
    calls = [memory.count, stored.count, lambda: memory.read("a"), lambda: next(stream), memory.close, stored.close]
    calls += [lambda: memory.create({"b": 1}), lambda: asyncio.run(asynchronous.count()), memory.transaction]
    for call in calls:
        try:
            call()
        except ConnectionFailedError as error:
            assert "fork" in str(error) and not error.retryable, error
        else:
            raise AssertionError("the parent's handle was used")
    assert time.perf_counter() - begun < 5
    # What needs no store works: records are plain data.
    assert record["a"] == 1 and found[0].id == "a" and Record({"new": 1})["new"] == 1
    with SyncDatabase.create("memory") as own:
        own.create_batch({"n": n} for n in range(3000))
        assert own.count("n > 10") == 2989
    with SyncDatabase.open(path) as own:
        assert own.read("a")["a"] == 1
    assert asyncio.run(Database.create("memory").count(timeout=10)) == 0
    sys.exit(7)
_, status = os.waitpid(child, 0)
assert os.waitstatus_to_exitcode(status) == 7, status
assert stored.count() == 1 and memory.count() == 1
stored.close()
"""


def test_a_forked_child_gets_a_clear_error_and_may_open_its_own(tmp_path: Path) -> None:
    run(FORK, tmp_path / "a.json")


FORK_WHILE_THREADS_WORK = """
import os, signal, sys, threading, time
from dataknobs_data import Record, SyncDatabase

stop = False
def create_shapes(seed):
    db, number = SyncDatabase.create("memory"), 0
    while not stop:
        number += 1
        db.create(Record({f"name {seed} {number} {part}": part for part in range(3)}))
        if number % 50 == 0:
            db.create_batch({f"batch {seed} {number} {part}": 1} for part in range(1500))
            db.count("a = 1")
            db.clear()

threads = [threading.Thread(target=create_shapes, args=(seed,), daemon=True) for seed in range(4)]
for thread in threads:
    thread.start()
for number in range(int(sys.argv[1])):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        with SyncDatabase.create("memory") as db:
            id = db.create(Record({f"child {number}": 1}))
            db.create_batch({f"other {number}": n} for n in range(5))
            assert db.count(timeout=15) == 6, db.count()
        os.write(1, (id + "\\n").encode())
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert status == 0, (number, status)
stop = True
for thread in threads:
    thread.join(20)
    assert not thread.is_alive()
"""


def test_forks_while_threads_create_records_of_new_shapes() -> None:
    forks = 200
    ids = run(FORK_WHILE_THREADS_WORK, forks).split()
    assert len(set(ids)) == forks, "children make ids of their own"


POOL = """
import multiprocessing, sys
from dataknobs_data import Record, SyncDatabase

def double(record):
    with SyncDatabase.create("memory") as db:
        id = db.create(record)
        db.patch(id, {"a": record["a"] * 2}, timeout=20)
        return db.read(id)

def fail(record):
    return SyncDatabase.create("memory").search("a >> 1")

if __name__ == "__main__":
    db = SyncDatabase.create("memory")
    db.count("a = 1", timeout=20)
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(3) as pool:
        records = [Record({"a": n}, id=f"r{n}", metadata={"m": n}) for n in range(20)]
        done = pool.map_async(double, records).get(40)
        assert [(r.id, r["a"], r.metadata["m"]) for r in done] == [(f"r{n}", 2 * n, n) for n in range(20)], done
        assert all(r.version for r in done)
        try:
            pool.apply_async(fail, (records[0],)).get(40)
        except ValueError as error:
            assert type(error).__name__ == "InvalidQueryError" and error.kind == "InvalidQuery", error
        else:
            raise AssertionError("no error")
        pool.close()
        pool.join()
    assert db.count() == 0
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_process_pools(method: str, tmp_path: Path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL)
    # From a file, so that spawned workers can import it.
    done = subprocess.run(command_for_file(script, method), capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")


# ---- other threads, and the loop, go on ----


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


# ---- many threads ----


def test_many_threads_lose_no_records() -> None:
    with SyncDatabase.create("memory") as db:
        db.create(Record({"count": 0}, id="counter"))
        each = 200

        def work(seed: int) -> int:
            conflicts = 0
            for number in range(each):
                db.create(Record({"seed": seed, f"field {number}": number}, id=f"{seed} {number}"))
                while True:
                    counter = db.read("counter")
                    try:
                        db.update("counter", {"count": counter["count"] + 1}, expected_version=counter.version)
                        break
                    except ConflictError:
                        conflicts += 1
                if number % 20 == 0:
                    assert db.count(f"seed = {seed}") == number + 1 - number // 2
                if number % 2:
                    assert db.delete(f"{seed} {number}") is True
            return conflicts

        in_threads(8, work)
        assert db.read("counter")["count"] == 8 * each
        assert db.count("seed EXISTS") == 8 * each // 2


def test_many_threads_share_one_record_and_one_result() -> None:
    record = Record({"a": 0})
    db = SyncDatabase.create("memory")
    db.create_batch(rows(500))
    found = db.search()
    iterator = iter(found)

    def work(seed: int) -> list[int]:
        for number in range(300):
            record[f"field {seed} {number % 10}"] = number
            record.metadata[f"{seed}"] = number
            assert record.copy()["a"] == 0
            assert len(record.to_dict()) >= 1
            record.pop(f"field {seed} {number % 10}")
        return [record["number"] for record in iterator]

    seen = in_threads(6, work)
    assert record.to_dict() == {"a": 0}
    assert sorted(number for part in seen for number in part) == list(range(500))


def test_a_file_that_many_threads_write_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    with SyncDatabase.create("file", path=path, durability="buffered") as db:
        in_threads(4, lambda seed: [db.create(Record({"n": n}, id=f"{seed} {n}")) for n in range(25)])
        assert db.count() == 100
    with SyncDatabase.open(path) as db:
        assert {record.id for record in db.stream()} == {f"{seed} {n}" for seed in range(4) for n in range(25)}


# ---- the end of the interpreter ----

EXITS = {
    "threads in calls": """
import threading
from dataknobs_data import SyncDatabase
db = SyncDatabase.create("memory")
db.create_batch({"number": n, "text": "a" * 50} for n in range(2000))
begun = threading.Barrier(5)
def work():
    begun.wait()
    while True:
        db.count("text REGEX 'b$' OR text REGEX 'c$'", timeout=30)
        db.search("number = 5")
        db.create({"number": 1}, timeout=30)
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
begun.wait()
db.count()
""",
    "a thread in a wait that does not end": """
import os, pathlib, sys, threading
from dataknobs_data import SyncDatabase
os.mkfifo(sys.argv[1])
db = SyncDatabase.create("file", path=sys.argv[1])
threading.Thread(target=db.search, daemon=True).start()
def waits(thread):
    try:
        return (thread / "wchan").read_text() == "wait_for_partner"
    except OSError:
        return False
threads = pathlib.Path("/proc/self/task")
while threads.exists() and not any(map(waits, threads.iterdir())):
    os.sched_yield()
""",
    "cursors and results are open": """
import sys
from dataknobs_data import SyncDatabase
db = SyncDatabase.create("file", path=sys.argv[1] + "l", durability="buffered")
db.create_batch({"number": n} for n in range(3000))
stream = db.stream()
next(stream)
found, rows = db.search(), iter(db.search("number > 5"))
next(rows)
cycle = [db, stream, found, rows]
cycle.append(cycle)
transaction = SyncDatabase.create("memory").transaction()
transaction.create({"a": 1})
""",
    "tasks are pending": """
import asyncio, sys
from dataknobs_data import Database
db = Database.create("memory")
async def main():
    await db.create_batch({"number": n, "text": "a" * 50} for n in range(2000))
    global tasks
    tasks = [asyncio.ensure_future(db.count("text REGEX 'b$' OR text REGEX 'c$'")) for _ in range(10)]
    async for record in db.stream():
        break
    await asyncio.sleep(0)
asyncio.run(main())
""",
    "a loop was closed with calls pending": """
import asyncio, gc, warnings
from dataknobs_data import Database
db = Database.create("memory")
loop = asyncio.new_event_loop()
loop.run_until_complete(db.create_batch({"number": n, "text": "a" * 50} for n in range(2000)))
calls = [db.count("text REGEX 'b$' OR text REGEX 'c$'") for _ in range(10)]
tasks = [loop.create_task(call) for call in calls]
loop.run_until_complete(asyncio.sleep(0))
for task in tasks:
    task._log_destroy_pending = False
loop.close()
""",
    "threads with loops": """
import asyncio, logging, threading
logging.getLogger("asyncio").setLevel(logging.ERROR)  # steps that are slow, since the machine is
from dataknobs_data import Database
db = Database.create("memory")
begun = threading.Barrier(4)
async def main():
    await db.create_batch({"number": n, "text": "a" * 50} for n in range(1500))
    begun.wait()
    while True:
        await db.count("text REGEX 'b$'")
for _ in range(3):
    threading.Thread(target=asyncio.run, args=(main(),), daemon=True).start()
begun.wait()
""",
    "calls at exit": """
import atexit
calls = []
atexit.register(lambda: [call() for call in calls])
from dataknobs_data import SyncDatabase
db = SyncDatabase.create("memory")
db.create({"a": 1})
atexit.register(lambda: db.count("a = 1", timeout=10))
calls += [lambda: db.count("a = 1", timeout=10), lambda: db.create({"a": 2}, timeout=10), db.close]
""",
}

#: How often each scene is played.
RUNS = 8


@pytest.mark.parametrize("scene", EXITS)
def test_the_interpreter_ends_whatever_is_under_way(scene: str, tmp_path: Path) -> None:
    def run_one(number: int) -> None:
        run(EXITS[scene], tmp_path / f"{number}.json")

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run_one, range(RUNS)))


# ---- garbage ----


def test_databases_in_cycles_are_collected(tmp_path: Path) -> None:
    class Holder:
        pass

    for make in (
        lambda: SyncDatabase.create("memory"),
        lambda: SyncDatabase.create("file", path=tmp_path / "a.json"),
        lambda: Database.create("memory"),
    ):
        holder = Holder()
        db = make()
        holder.db, db.holder = db, holder  # type: ignore[attr-defined]
        holder.stream = db.stream()  # type: ignore[attr-defined]
        watch = weakref.ref(holder)
        del holder, db
        gc.collect()
        assert watch() is None


def test_records_of_a_subclass_in_cycles_are_collected() -> None:
    class Node(Record):
        pass

    node = Node({"a": 1})
    node.itself = node
    watch = weakref.ref(node)
    del node
    gc.collect()
    assert watch() is None


def test_streams_and_transactions_may_be_dropped_anywhere(tmp_path: Path) -> None:
    with SyncDatabase.create("file", path=tmp_path / "a.jsonl", durability="buffered") as db:
        db.create_batch(rows(3000))
        for _ in range(20):
            stream = db.stream()
            next(stream)
            del stream
        assert db.count() == 3000

    async def main() -> None:
        memory = Database.create("memory")
        transaction = await memory.transaction()
        await transaction.create({"a": 1})
        del transaction
        stream = memory.stream()
        with pytest.raises(StopAsyncIteration):
            await stream.__anext__()
        assert await memory.count() == 0

    run_loop("asyncio", main())


def test_a_loop_that_is_closed_with_calls_pending(pipe: Blocked) -> None:
    db = Database.create("file", path=pipe.path)
    loop = asyncio.new_event_loop()
    task = loop.create_task(db.search())
    loop.run_until_complete(asyncio.sleep(0))
    pipe.wait_for_reader()
    task._log_destroy_pending = False  # asyncio's own complaint about a loop that leaves tasks behind
    loop.close()
    pipe.release()
    del task, loop
    gc.collect()
    # The call went on and found nobody who waits; the database is as good as before.
    with pytest.raises(DataknobsError):
        asyncio.run(db.search(timeout=0.2))


def test_a_database_that_a_thread_left_is_used_by_others() -> None:
    db = SyncDatabase.create("memory")
    for _ in range(20):
        in_threads(2, lambda number: db.create({"n": number}, timeout=30))
    assert db.count() == 40


# ---- interpreters inside the interpreter ----

SUBINTERPRETER = """
import dataknobs_data
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters
inner = interpreters.create()
code = '''
try:
    import dataknobs_data
except ImportError as error:
    print("refused:", error)
else:
    print("works:", dataknobs_data.SyncDatabase.create("memory").count())
'''
failure = None
try:
    failure = interpreters.run_string(inner, code)
finally:
    interpreters.destroy(inner)
assert failure is None, failure
print(dataknobs_data.SyncDatabase.create("memory").count())
"""


def test_a_second_interpreter_is_refused_or_works() -> None:
    lines = run(SUBINTERPRETER).splitlines()
    assert lines[0].startswith(("refused:", "works: 0"))
    assert lines[1] == "0"


# ---- results travel ----


def test_records_and_results_travel_to_spawned_processes() -> None:
    db = SyncDatabase.create("memory")
    db.create_batch(rows(10))
    found = db.search("ORDER BY number")
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        echoed = pool.apply_async(SearchResult.ids, (found,)).get(PATIENCE)
        pool.close()
        pool.join()
    assert echoed == found.ids()
