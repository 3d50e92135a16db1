"""What goes wrong in other bindings: event loops, cancellation, Ctrl-C, forks, the interpreter's lock and its end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from dataknobs_data import Database, Record, SyncDatabase
from dataknobs_data.exceptions import ConnectionFailedError, DataknobsError

#: Seconds after which whatever has not ended hangs.
PATIENCE = 60

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals and forks are POSIX's")


def run_child(code: str, cwd: Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a program in a process of its own, which must end."""
    return subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
        **options,
    )


def in_threads(count: int, body: Callable[[int], None]) -> None:
    """Run a function in several threads at once, and raise what one of them raised."""
    with ThreadPoolExecutor(count) as pool:
        for future in [pool.submit(body, number) for number in range(count)]:
            future.result(timeout=PATIENCE)


# Event loops


async def use(db: Database, prefix: str) -> None:
    ids = await asyncio.gather(*(db.create(Record({"n": n}, f"{prefix}-{n}")) for n in range(20)))
    assert [record["n"] for record in await db.read_batch(ids)] == list(range(20))
    assert await db.count(f"_id STARTS WITH '{prefix}-'") == 20
    assert len([record async for record in db.stream("n >= 10")]) >= 10


@pytest.mark.parametrize("store", ["memory:", "data.jsonl"])
def test_one_database_works_from_several_event_loops(tmp_path: Path, store: str) -> None:
    db = Database.open(store if store.endswith(":") else str(tmp_path / store))
    for number in range(3):
        asyncio.run(use(db, f"after{number}"))
    in_threads(4, lambda number: asyncio.run(use(db, f"beside{number}")))
    assert asyncio.run(db.count()) == 7 * 20


@pytest.mark.parametrize("store", ["memory:", "data.jsonl"])
def test_uvloop_is_an_event_loop_like_any_other(tmp_path: Path, store: str) -> None:
    uvloop = pytest.importorskip("uvloop")
    db = Database.open(store if store.endswith(":") else str(tmp_path / store))
    for number in range(2):
        loop = uvloop.new_event_loop()
        try:
            loop.run_until_complete(use(db, f"loop{number}"))
        finally:
            loop.close()


def test_calls_are_real_coroutines() -> None:
    async def main() -> str:
        db = Database.create("memory")
        task = asyncio.create_task(db.create({"n": 1}, timeout=5))
        return await task

    assert asyncio.iscoroutinefunction(Database.read)
    assert len(asyncio.run(main())) == 36


async def test_blocking_calls_inside_a_running_loop_do_not_deadlock(tmp_path: Path) -> None:
    with SyncDatabase.open(str(tmp_path / "data.json")) as db:
        db.create_batch([{"n": n} for n in range(100)])
        assert db.count("n < 50") == 50
        asynchronous = db.to_async()
        both = await asyncio.gather(asynchronous.count(), asyncio.to_thread(db.count))
        assert both == [100, 100]


# Cancellation


@pytest.mark.parametrize("delay", [0, 0.0001, 0.0005, 0.001, 0.003, 0.01])
async def test_a_cancelled_batch_is_there_whole_or_not_at_all(tmp_path: Path, delay: float) -> None:
    path = tmp_path / "data.jsonl"
    async with Database.open(str(path)) as db:
        await db.create(Record({"n": -1}, "first"))
        writing = asyncio.create_task(db.create_batch([{"n": n, "text": "x" * 50} for n in range(5_000)]))
        await asyncio.sleep(delay)
        writing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(writing, PATIENCE)
        assert await db.count() in (1, 5_001)
    with SyncDatabase.open(str(path)) as again:
        assert again.count() in (1, 5_001)
        assert again.read("first")["n"] == -1


@posix
async def test_a_cancelled_wait_ends_at_once_and_the_loop_goes_on(tmp_path: Path) -> None:
    fifo = tmp_path / "data.json"
    os.mkfifo(fifo)
    db = Database.open(str(fifo))
    start = time.monotonic()
    with pytest.raises((asyncio.TimeoutError, TimeoutError)):
        await asyncio.wait_for(db.count(), 0.2)
    assert time.monotonic() - start < 10
    other = Database.create("memory")
    assert await other.count() == 0
    # What waits for a writer in a thread of ours ends with one.
    with open(fifo, "wb") as writer:
        writer.write(b"[]")


async def test_a_timeout_is_an_error_of_its_own(tmp_path: Path) -> None:
    db = Database.open(str(tmp_path / "data.jsonl"))
    await db.create_batch([{"n": n} for n in range(20_000)])
    with pytest.raises(TimeoutError) as raised:
        await db.search("ORDER BY n", timeout=1e-9)
    assert isinstance(raised.value, DataknobsError) and raised.value.kind == "Timeout"
    with pytest.raises(ValueError, match="timeout"):
        await db.search(timeout=-1)


# Ctrl-C


@posix
@pytest.mark.parametrize("form", ["blocking", "asyncio"])
def test_ctrl_c_interrupts_a_wait(tmp_path: Path, form: str) -> None:
    os.mkfifo(tmp_path / "data.json")
    call = {
        "blocking": "SyncDatabase.open('data.json').count()",
        "asyncio": "asyncio.run(wait())",
    }[form]
    code = f"""
import asyncio, os, signal, threading, time
from dataknobs_data import Database, SyncDatabase

async def wait():
    await Database.open('data.json').count()

threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
start = time.monotonic()
try:
    {call}
except KeyboardInterrupt:
    print("interrupted", time.monotonic() - start < 5)
"""
    done = run_child(code, tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("interrupted True\n", "", 0)


# Forks


FORK = """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from dataknobs_data import Record, SyncDatabase
from dataknobs_data.exceptions import ConnectionFailedError

parents = SyncDatabase.create("memory")
parents.create(Record({"n": 1}, "a"))
file = SyncDatabase.open("data.jsonl")
file.create(Record({"n": 1}, "a"))
child = os.fork()
if child == 0:
    code = 1
    try:
        for database in (parents, file):
            try:
                database.read("a")
            except ConnectionFailedError as error:
                assert "fork" in str(error), error
            else:
                raise AssertionError("the parent's database answered in the child")
        with SyncDatabase.open("data.jsonl") as own:
            assert own.read("a")["n"] == 1
        mine = SyncDatabase.create("memory")
        mine.create_batch([{f"field{n}": n} for n in range(2_000)])
        assert mine.count() == 2_000
        code = 0
    finally:
        os._exit(code)
_, status = os.waitpid(child, 0)
assert parents.read("a")["n"] == 1 and file.read("a")["n"] == 1
print("child", os.waitstatus_to_exitcode(status))
"""


@posix
def test_a_child_is_told_that_it_has_forked_and_opens_its_own(tmp_path: Path) -> None:
    done = run_child(FORK, tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("child 0\n", "", 0)


FORKS = """
import os, signal, sys, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from dataknobs_data import Record, SyncDatabase

ending = threading.Event()

def make(number):
    db = SyncDatabase.create("memory")
    count = 0
    while not ending.is_set():
        count += 1
        db.create(Record({f"field{number}-{count}": 1}))

threads = [threading.Thread(target=make, args=(number,)) for number in range(3)]
for thread in threads:
    thread.start()
ids = set()
for attempt in range(100):
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        mine = SyncDatabase.create("memory")
        ids_here = [mine.create(Record({f"child{attempt}-{n}": n})) for n in range(3)]
        os.write(writer, "\\n".join(ids_here).encode())
        os._exit(0)
    os.close(writer)
    mine = SyncDatabase.create("memory").create({"n": 1})
    with os.fdopen(reader) as pipe:
        made = pipe.read().split("\\n")
    _, status = os.waitpid(child, 0)
    assert status == 0, f"child {attempt} ended with {status}"
    assert len(made) == 3 and not ids & {*made, mine}, "an id was made twice"
    ids |= {*made, mine}
ending.set()
for thread in threads:
    thread.join()
print("done", len(ids))
"""


@posix
def test_forks_in_the_middle_of_other_threads_work_never_hang_and_never_repeat_ids(tmp_path: Path) -> None:
    done = run_child(FORKS, tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("done 400\n", "", 0)


def work_of_a_pool(number: int) -> Record:
    with SyncDatabase.create("memory") as db:
        return db.read(db.create(Record({"n": number}, f"id{number}", {"by": "pool"})))


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_records_come_back_from_pools_of_processes(method: str) -> None:
    SyncDatabase.create("memory").create({"n": 1})
    with multiprocessing.get_context(method).Pool(2) as pool:
        records = pool.map_async(work_of_a_pool, range(8)).get(PATIENCE)
    assert records == [Record({"n": n}, metadata={"by": "pool"}) for n in range(8)]
    assert records[3].id == "id3" and records[3].version is not None


# Other threads


def ticks_during(body: Callable[[], object]) -> int:
    """How often another thread comes round while a call is under way on this one."""
    counted = 0
    ending = threading.Event()
    ready = threading.Event()

    def count() -> None:
        nonlocal counted
        while not ending.is_set():
            ready.set()
            counted += 1
            time.sleep(0)

    thread = threading.Thread(target=count)
    thread.start()
    try:
        ready.wait(PATIENCE)
        # The other thread runs only when this one lets it, which after this it must do by itself.
        sys.setswitchinterval(1_000)
        before = counted
        body()
        return counted - before
    finally:
        sys.setswitchinterval(0.005)
        ending.set()
        thread.join(PATIENCE)


def test_other_threads_go_on_during_every_wait(tmp_path: Path) -> None:
    memory = SyncDatabase.create("memory")
    memory.create_batch([{"n": n, "text": f"text {n}"} for n in range(100_000)])
    file = SyncDatabase.open(str(tmp_path / "data.jsonl"))
    waits: dict[str, Callable[[], object]] = {
        "search in memory": lambda: memory.search("text LIKE '%9%' ORDER BY text LIMIT 5"),
        "count in memory": lambda: memory.count("text LIKE '%99%'"),
        "stream in memory": lambda: next(memory.stream("ORDER BY text")),
        "update_where in memory": lambda: memory.update_where("n < 50000", {"seen": True}),
        "create in a file": lambda: file.create({"n": 1}),
        "create_batch in a file": lambda: file.create_batch([{"n": n} for n in range(2_000)]),
        "search in a file": lambda: file.search("n > 5"),
        "flush of a file": lambda: file.flush(),
    }
    # A flush with nothing to do may be over before anyone else runs.
    stood_still = [name for name, wait in waits.items() if ticks_during(wait) == 0 and name != "flush of a file"]
    assert stood_still == []


async def test_long_work_leaves_the_event_loop() -> None:
    db = Database.create("memory")
    await db.create_batch([{"n": n, "text": f"text {n}"} for n in range(200_000)])
    searching = asyncio.create_task(db.search("text LIKE '%9%5%' ORDER BY text LIMIT 5"))
    turns = 0
    while not searching.done():
        await asyncio.sleep(0)
        turns += 1
    assert len(await searching) == 5
    assert turns > 10


def test_many_threads_lose_nothing() -> None:
    db = SyncDatabase.create("memory")
    db.create(Record({"n": 0}, "counter"))

    def work(number: int) -> None:
        for turn in range(200):
            db.create(Record({"by": number, "turn": turn}))

            def add(tx: Any) -> None:
                tx.patch("counter", {"n": tx.read("counter")["n"] + 1})

            if turn % 20 == 0:
                while True:
                    try:
                        db.run_transaction(add)
                        break
                    except DataknobsError as error:
                        assert error.kind == "Conflict"

    in_threads(8, work)
    assert db.count("by EXISTS") == 1_600
    assert db.read("counter")["n"] == 80


# The end


@pytest.mark.parametrize(
    "ending",
    [
        "thread = threading.Thread(target=work, daemon=True); thread.start(); time.sleep(0.02)",
        "cursor = db.stream('n > 5'); next(cursor)",
        "tx = SyncDatabase.create('memory').transaction(); tx.create({'n': 1})",
        "asyncio.run(leave())",
        "leave_a_loop()",
    ],
    ids=["a thread at work", "an open cursor", "an open transaction", "calls left behind", "a closed loop"],
)
def test_the_interpreter_ends_cleanly_with_calls_under_way(tmp_path: Path, ending: str) -> None:
    code = f"""
import asyncio, threading, time
from dataknobs_data import Database, SyncDatabase

db = SyncDatabase.open("data.jsonl")
db.create_batch([{{"n": n}} for n in range(5_000)])
other = db.to_async()

def work():
    while True:
        db.search("n > 5 ORDER BY n")

async def leave():
    calls = [asyncio.ensure_future(other.search("n > 5 ORDER BY n")) for _ in range(20)]
    await asyncio.sleep(0)
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)

def leave_a_loop():
    loop = asyncio.new_event_loop()
    task = loop.create_task(leave())
    loop.run_until_complete(asyncio.sleep(0))
    task.cancel()
    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
    loop.close()

{ending}
print("end")
"""
    for _ in range(3):
        done = run_child(code, tmp_path)
        assert (done.stdout, done.stderr, done.returncode) == ("end\n", "", 0)
        (tmp_path / "data.jsonl").unlink()


def test_a_subinterpreter_is_refused_or_served_but_never_crashes(tmp_path: Path) -> None:
    code = """
try:
    import _xxsubinterpreters as interpreters
except ImportError:
    import _interpreters as interpreters
one = interpreters.create()
try:
    result = interpreters.run_string(one, "import dataknobs_data")
except Exception as error:
    result = error
interpreters.destroy(one)
import dataknobs_data
print("alive")
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (done.stdout, done.returncode) == ("alive\n", 0), done.stderr


def test_what_nobody_holds_is_let_go() -> None:
    def cycle() -> None:
        db = SyncDatabase.create("memory")
        record = Record({"n": 1})
        holder: dict[str, Any] = {"db": db, "record": record, "result": db.search()}
        holder["self"] = holder

    cycle()
    gc.collect()
    before = len(gc.get_objects())
    for _ in range(100):
        cycle()
    gc.collect()
    assert len(gc.get_objects()) - before < 100


def test_use_after_close_is_an_error() -> None:
    db = SyncDatabase.create("memory")
    db.close()
    db.close()
    with pytest.raises(ConnectionFailedError, match="closed"):
        db.read("a")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
