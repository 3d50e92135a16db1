"""Connections in Ctrl-C, forks and exits: nothing hangs, nothing is lost, nothing is shared by mistake."""

from __future__ import annotations

import signal

import pytest

from dataknobs_data.connections import ConnectionPool
from dataknobs_data.exceptions import TimedOutError
from processes import PATIENCE, Ticks, run, started

ANNOUNCE = """
import threading, time
def announce(pool):
    def watch():
        while pool.metrics.waiting == 0:
            time.sleep(0.001)
        print("waiting", flush=True)
    threading.Thread(target=watch, daemon=True).start()
"""

WAIT = """
from dataknobs_data.connections import ConnectionPool
pool = ConnectionPool(object, max_size=1)
connection = pool.acquire()
announce(pool)
try:
    pool.acquire()
except KeyboardInterrupt:
    print("interrupted", flush=True)
pool.release(connection)
with pool.connection(timeout=30) as again:
    print(again is connection, flush=True)
"""

CONNECT = """
from dataknobs_data.connections import ConnectionPool
def connect():
    print("waiting", flush=True)
    time.sleep(600)
pool = ConnectionPool(connect, max_size=1)
try:
    pool.acquire()
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(pool.metrics.size == 0, flush=True)
"""

PAUSE = """
from dataknobs_data.connections import ConnectionPool
def connect():
    print("waiting", flush=True)
    raise ConnectionError
pool = ConnectionPool(connect, acquire_timeout="365d", retry={"attempts": 2, "base_delay": "300d", "max_delay": "300d"})
try:
    pool.acquire()
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(pool.metrics.size == 0, flush=True)
"""

WAIT_IN_LOOP = """
import asyncio
from dataknobs_data.connections import AsyncConnectionPool
async def main():
    pool = AsyncConnectionPool(object, max_size=1)
    async with pool.connection():
        announce(pool)
        await pool.acquire()
try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("interrupted", flush=True)
print(True, flush=True)
"""


@pytest.mark.parametrize("code", [WAIT, CONNECT, PAUSE, WAIT_IN_LOOP], ids=["wait", "connect", "pause", "loop"])
def test_ctrl_c_ends_it_and_costs_no_slot(code: str) -> None:
    with started(ANNOUNCE + code) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "waiting\n"
        child.send_signal(signal.SIGINT)
        assert child.stdout.readline() == "interrupted\n"
        assert child.stdout.readline() == "True\n"
        assert child.wait(PATIENCE) == 0


FORK = """
import os, sys, threading, time
from dataknobs_data.connections import ConnectionPool
from dataknobs_data.exceptions import ConnectionFailedError
class Connection:
    closed_in = []
    def close(self):
        self.closed_in.append(os.getpid())
    def __del__(self):
        if os.getpid() != parent:
            os.write(1, b"finalized in the child\\n")
parent = os.getpid()
pool = ConnectionPool(Connection, max_size=2)
held = pool.acquire()
pool.release(pool.acquire())
if sys.argv[1] == "busy":
    def work():
        while True:
            with pool.connection(timeout=60):
                pass
    for _ in range(3):
        threading.Thread(target=work, daemon=True).start()
    while pool.metrics.waiting == 0:
        time.sleep(0.001)
child = os.fork()
if child == 0:
    refused = 0
    calls = [pool.acquire, lambda: pool.release(held), lambda: pool.discard(held), pool.warm, pool.close_all,
             lambda: pool.metrics, pool.connection().__enter__]
    for call in calls:
        try:
            call()
        except ConnectionFailedError as error:
            refused += error.message == "this pool was made before the process was forked" and not error.retryable
    del held
    own = ConnectionPool(object)
    with own.connection():
        refused += 1
    del pool, own
    sys.exit(refused != len(calls) + 1)
_, status = os.waitpid(child, 0)
pool.release(held)
with pool.connection(timeout=60):
    print(os.waitstatus_to_exitcode(status), Connection.closed_in, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("scene", ["quiet", "busy"])
def test_the_child_of_a_fork_is_refused_and_ends_nothing(scene: str) -> None:
    for _ in range(1 if scene == "quiet" else 5):
        assert run(FORK, scene) == "0 []\n"


EXITS = {
    "threads wait": """
import threading, time
from dataknobs_data.connections import ConnectionPool
pool = ConnectionPool(object, max_size=1)
connection = pool.acquire()
for _ in range(3):
    threading.Thread(target=pool.acquire, daemon=True).start()
while pool.metrics.waiting < 3:
    time.sleep(0.001)
""",
    "threads lend": """
import threading, time
from dataknobs_data.connections import ConnectionPool
pool = ConnectionPool(object, max_size=2)
begun = threading.Barrier(5)
def work():
    begun.wait()
    while True:
        with pool.connection():
            pass
for _ in range(4):
    threading.Thread(target=work, daemon=True).start()
begun.wait()
""",
    "tasks wait": """
import asyncio
from dataknobs_data.connections import AsyncConnectionPool
async def main():
    pool = AsyncConnectionPool(object, max_size=1)
    await pool.acquire()
    global tasks
    tasks = [asyncio.ensure_future(pool.acquire()) for _ in range(3)]
    await asyncio.sleep(0)
asyncio.run(main())
""",
}


@pytest.mark.parametrize("scene", EXITS)
def test_the_interpreter_ends_whoever_waits(scene: str) -> None:
    for _ in range(3):
        run(EXITS[scene])


def test_other_threads_go_on_during_a_wait() -> None:
    pool = ConnectionPool(object, max_size=1)
    with pool.connection(), Ticks() as ticks, pytest.raises(TimedOutError):
        pool.acquire(timeout=0.5)
    assert ticks.count > 10
