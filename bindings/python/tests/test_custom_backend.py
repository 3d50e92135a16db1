"""Backends written in Python: how their methods are called, and what comes of what they raise."""

from __future__ import annotations

import asyncio
import gc
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from dataknobs_data import Database, Record, SyncDatabase
from dataknobs_data.backends.base import Backend, Leaf, ScanRequest, WriteOutcome, WriteRequest, stored
from dataknobs_data.exceptions import (
    AlreadyExistsError,
    BackendError,
    ConflictError,
    TimedOutError,
    UnsupportedError,
)


class Numbers(Backend):
    """As many records as it is told, each with its number."""

    def __init__(self, size: int = 10) -> None:
        self.size = size

    def record(self, number: int) -> Record:
        return stored({"n": number}, id=f"r{number}", version="1")

    def read(self, id: str) -> Any:
        return self.record(int(id[1:])) if id[1:].isdigit() and int(id[1:]) < self.size else None

    def scan(self, request: ScanRequest) -> Any:
        return (self.record(number) for number in range(self.size))

    def sorts_exactly(self, sort: Any) -> bool:
        return not sort


class AsyncNumbers(Numbers):
    async def read(self, id: str) -> Any:
        return Numbers.read(self, id)

    async def scan(self, request: ScanRequest) -> AsyncIterator[Record]:
        for number in range(self.size):
            yield self.record(number)


@pytest.mark.parametrize("backend", [Numbers, AsyncNumbers])
def test_defaults_are_made_of_read_write_and_scan(backend: Any) -> None:
    with SyncDatabase.create(backend, size=5) as db:
        assert db.exists("r4") and not db.exists("r5")
        assert [record and record["n"] for record in db.read_batch(["r1", "r9", "r0"])] == [1, None, 0]
        assert db.count() == 5 and db.count("n > 2") == 2
        assert [record["n"] for record in db.search("n < 4 ORDER BY n DESC LIMIT 2")] == [3, 2]
        with pytest.raises(UnsupportedError, match="does not write"):
            db.create({"n": 1})
        with pytest.raises(UnsupportedError):
            db.transaction()
        with pytest.raises(UnsupportedError):
            db.create_index("n")


async def test_it_works_from_coroutines_too() -> None:
    async with Database.create(AsyncNumbers, size=3) as db:
        assert (await db.read("r2"))["n"] == 2
        assert [record["n"] async for record in db.stream()] == [0, 1, 2]
        assert await asyncio.gather(*(db.exists(f"r{number}") for number in range(4))) == [True] * 3 + [False]


# Threads and event loops.


def test_plain_methods_run_beside_the_caller_and_coroutines_in_one_loop() -> None:
    threads: set[int] = set()
    loops: set[int] = set()

    class Watched(Numbers):
        def read(self, id: str) -> Any:
            threads.add(threading.get_ident())

        async def exists(self, id: str) -> bool:
            loops.add(id_of_loop())
            return True

    def id_of_loop() -> int:
        return id(asyncio.get_running_loop())

    with SyncDatabase.create(Watched) as db:
        for _ in range(3):
            db.read("r1")
            db.exists("r1")
    assert threading.get_ident() not in threads and len(loops) == 1


def test_other_threads_go_on_while_a_method_waits() -> None:
    class Slow(Numbers):
        def read(self, id: str) -> Any:
            time.sleep(0.3)

    counted = 0
    done = threading.Event()

    def count() -> None:
        nonlocal counted
        while not done.is_set():
            counted += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    with SyncDatabase.create(Slow) as db:
        thread.start()
        db.read("r1")
        done.set()
        thread.join()
    assert counted > 20


def test_calls_go_on_side_by_side() -> None:
    barrier = threading.Barrier(4, timeout=10)

    class Meeting(Numbers):
        def read(self, id: str) -> Any:
            barrier.wait()

    async def main() -> None:
        async with Database.create(Meeting) as db:
            await asyncio.gather(*(db.read("r1") for _ in range(4)))

    asyncio.run(main())


def test_a_backend_may_use_a_blocking_database_itself() -> None:
    inner = SyncDatabase.create(Numbers, size=4)

    class Outer(Numbers):
        def read(self, id: str) -> Any:
            return inner.read(id)

        def scan(self, request: ScanRequest) -> Any:
            return inner.stream()

    with SyncDatabase.create(Outer) as db:
        assert db.read("r3")["n"] == 3 and db.count() == 4
        assert [record["n"] for record in db.stream("n > 1")] == [2, 3]


def test_a_blocking_call_in_the_backends_event_loop_is_refused() -> None:
    inner = SyncDatabase.create(Numbers)

    class Outer(Numbers):
        async def read(self, id: str) -> Any:
            return inner.read(id)

    with SyncDatabase.create(Outer) as db, pytest.raises(UnsupportedError, match="wait for itself"):
        db.read("r1", timeout=10)


def test_a_coroutine_may_use_an_asynchronous_database_itself() -> None:
    inner = Database.create(AsyncNumbers)

    class Outer(Numbers):
        async def read(self, id: str) -> Any:
            return await inner.read(id)

    with SyncDatabase.create(Outer) as db:
        assert db.read("r7", timeout=10)["n"] == 7


def test_a_call_that_is_late_cancels_its_coroutine() -> None:
    cancelled = threading.Event()

    class Stalled(Numbers):
        async def read(self, id: str) -> Any:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.set()
                raise

    with SyncDatabase.create(Stalled) as db:
        with pytest.raises(TimedOutError):
            db.read("r1", timeout=0.05)
        assert cancelled.wait(5)


# Streams.


class Endless(Numbers):
    closed: threading.Event

    def scan(self, request: ScanRequest) -> Iterator[list[Record]]:
        try:
            number = 0
            while True:
                yield [self.record(number), self.record(number + 1)]
                number += 2
        finally:
            self.closed.set()


class AsyncEndless(Endless):
    async def scan(self, request: ScanRequest) -> Any:
        try:
            number = 0
            while True:
                yield self.record(number)
                await asyncio.sleep(0)
                number += 1
        finally:
            self.closed.set()


@pytest.mark.parametrize("kind", [Endless, AsyncEndless])
def test_a_scan_is_closed_when_nobody_reads_on(kind: Any) -> None:
    backend = kind()
    backend.closed = threading.Event()
    with SyncDatabase.create(backend) as db:
        stream = iter(db.stream())
        assert [next(stream)["n"] for _ in range(3000)] == list(range(3000))
        del stream
        gc.collect()
        assert backend.closed.wait(5)


@pytest.mark.parametrize("kind", [Endless, AsyncEndless])
def test_a_limit_ends_the_scan(kind: Any) -> None:
    backend = kind()
    backend.closed = threading.Event()
    with SyncDatabase.create(backend) as db:
        assert [record["n"] for record in db.search("n >= 3 LIMIT 2")] == [3, 4]
        assert backend.closed.wait(5)


def test_the_first_records_come_before_a_slow_scan_has_ended() -> None:
    class Slow(Numbers):
        def scan(self, request: ScanRequest) -> Iterator[Record]:
            for number in range(100):
                yield self.record(number)
                time.sleep(0.05)

    with SyncDatabase.create(Slow) as db:
        begun = time.monotonic()
        assert next(iter(db.stream()))["n"] == 0
        assert time.monotonic() - begun < 2


def test_records_before_an_error_are_given_first() -> None:
    class Broken(Numbers):
        def scan(self, request: ScanRequest) -> Iterator[Record]:
            yield self.record(0)
            raise OSError("the disk is gone")

    with SyncDatabase.create(Broken) as db:
        stream = iter(db.stream())
        assert next(stream)["n"] == 0
        with pytest.raises(BackendError) as caught:
            next(stream)
        assert isinstance(caught.value.__cause__, OSError)


# Errors.


class Refusal(ConflictError):
    """An exception of the backend's own."""


def raising(error: BaseException) -> type[Numbers]:
    class Raising(Numbers):
        def read(self, id: str) -> Any:
            raise error

        async def exists(self, id: str) -> bool:
            raise error

    return Raising


@pytest.mark.parametrize("call", ["read", "exists"])
def test_the_packages_exceptions_come_out_as_themselves(call: str) -> None:
    error = Refusal("somebody was first", context={"shelf": "b"}, hint="try again")
    with SyncDatabase.create(raising(error)) as db, pytest.raises(Refusal) as caught:
        getattr(db, call)("r1")
    assert caught.value is error
    assert (error.operation, error.backend, error.context) == (call, "raising", {"shelf": "b"})


@pytest.mark.parametrize("call", ["read", "exists"])
def test_other_exceptions_are_the_cause_of_a_backend_error(call: str) -> None:
    error = LookupError("secret")
    with SyncDatabase.create(raising(error)) as db, pytest.raises(BackendError) as caught:
        getattr(db, call)("r1")
    assert caught.value.__cause__ is error
    assert caught.value.context == {"exception": "LookupError"} and "secret" not in str(caught.value)


def test_the_failures_of_a_batch_keep_their_places() -> None:
    class Picky(Numbers):
        def write(self, request: WriteRequest) -> WriteOutcome:
            if request.id == "b":
                raise AlreadyExistsError("taken")
            if request.id == "c":
                raise ValueError("no")
            return WriteOutcome(str(request.id), False, "1")

    with SyncDatabase.create(Picky) as db, pytest.raises(AlreadyExistsError) as caught:
        db.create_batch([Record({"n": 1}, id=id) for id in "abc"])
    failures = caught.value.failures
    assert [(index, type(error)) for index, error in failures] == [(1, AlreadyExistsError), (2, BackendError)]
    assert isinstance(failures[1][1].__cause__, ValueError)


@pytest.mark.parametrize(
    ("method", "answer", "wanted"),
    [
        ("read", {"n": 1}, "a Record or None"),
        ("exists", 1, "a bool"),
        ("read_batch", [], "1"),
        ("count", -1, "a number of records"),
        ("scan", 7, "an iterable of records"),
        ("scan", [Record({"n": 1})], "records with their ids"),
        ("scan", [{"n": 1}], "records, or lists of records"),
        ("write", True, "a WriteOutcome"),
    ],
)
def test_an_answer_of_the_wrong_kind_names_the_method(method: str, answer: Any, wanted: str) -> None:
    backend = type("Wrong", (Numbers,), {method: lambda self, *arguments: answer})
    calls = {"read_batch": ["r1"], "write": {"n": 1}, "scan": None, "count": None}
    names = {"write": "create", "scan": "search"}
    with SyncDatabase.create(backend) as db, pytest.raises(BackendError) as caught:
        argument = calls.get(method, "r1")
        getattr(db, names.get(method, method))(*([] if argument is None else [argument]))
    assert (caught.value.context["method"], caught.value.context["wanted"]) == (method, wanted)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_what_goes_wrong_in_push_down_costs_time_and_not_the_answer() -> None:
    class Confused(Numbers):
        def leaf_support(self, leaf: Leaf) -> str:
            return "perhaps"

    with SyncDatabase.create(Confused, size=5) as db:
        assert db.count("n > 2") == 2


# Processes.


FORKED = """
import os, sys
from dataknobs_data import SyncDatabase
from dataknobs_data.backends.base import Backend, stored
from dataknobs_data.exceptions import ConnectionFailedError

class One(Backend):
    async def read(self, id):
        return stored({"n": 1}, id=id, version="1")
    def scan(self, request):
        return []

db = SyncDatabase.create(One)
assert db.read("a")["n"] == 1
child = os.fork()
if child == 0:
    try:
        db.read("a")
    except ConnectionFailedError:
        again = SyncDatabase.create(One)
        os._exit(0 if again.read("a")["n"] == 1 else 2)
    os._exit(1)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
stream = iter(db.stream())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_child_is_refused_the_parents_database_and_opens_its_own() -> None:
    subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore::DeprecationWarning", "-c", FORKED], check=True, timeout=60
    )


def test_a_process_ends_while_coroutines_run() -> None:
    code = """
import asyncio, contextlib, threading
from dataknobs_data import SyncDatabase
from dataknobs_data.backends.base import Backend
from dataknobs_data.exceptions import CancelledCallError
class Stalled(Backend):
    async def read(self, id):
        await asyncio.sleep(600)
    def scan(self, request):
        return []
db = SyncDatabase.create(Stalled)
def read():
    with contextlib.suppress(CancelledCallError):
        db.read("a")
threading.Thread(target=read, daemon=True).start()
import time; time.sleep(0.3)
"""
    done = subprocess.run([sys.executable, "-X", "dev", "-c", code], timeout=30, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
