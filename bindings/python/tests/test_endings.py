"""Ends: of the interpreter, of objects that nobody holds, of threads that share what they made."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dataknobs_data import Database, Record, SyncDatabase
from event_loops import run_loop
from processes import in_threads, run
from slow_queries import rows

EXITS = {
    "threads in calls": """
import threading, time
from dataknobs_data import SyncDatabase
db = SyncDatabase.create("memory")
db.create_batch({"number": n, "text": "a" * 50} for n in range(2000))
calls = [0] * 4
def work(thread):
    while True:
        db.count("text REGEX 'b$' OR text REGEX 'c$'", timeout=30)
        db.search("number = 5")
        db.create({"number": 1}, timeout=30)
        calls[thread] += 1
for thread in range(4):
    threading.Thread(target=work, args=(thread,), daemon=True).start()
while not all(calls):  # no lock: Python itself may crash when it ends while a thread waits for one
    time.sleep(0.001)
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
import asyncio, logging, threading, time
logging.getLogger("asyncio").setLevel(logging.ERROR)  # steps that are slow, since the machine is
from dataknobs_data import Database
db = Database.create("memory")
calls = [0] * 3
async def main(thread):
    await db.create_batch({"number": n, "text": "a" * 50} for n in range(1500))
    while True:
        await db.count("text REGEX 'b$'")
        calls[thread] += 1
for thread in range(3):
    threading.Thread(target=asyncio.run, args=(main(thread),), daemon=True).start()
while not all(calls):
    time.sleep(0.001)
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
