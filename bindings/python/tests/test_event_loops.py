"""Several event loops on one database, and calls that are cancelled: nothing is left half done."""

from __future__ import annotations

import asyncio
import gc
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dataknobs_data import Database, Record, SyncDatabase
from dataknobs_data.exceptions import DataknobsError, TimedOutError
from event_loops import LOOPS, run_loop
from processes import PATIENCE, Blocked, in_threads
from slow_queries import SlowQueries, rows


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
