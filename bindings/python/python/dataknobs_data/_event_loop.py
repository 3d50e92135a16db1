"""The event loop in which coroutines of Python backends run: one thread, started when it is first needed.

A child of a fork gets a loop of its own. At exit what still runs is cancelled.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from time import monotonic
from typing import Any

from . import _native

__all__ = ["pull", "start"]

#: Seconds that the loop gets at exit to end what it runs.
PATIENCE = 2.0

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None
_thread: threading.Thread | None = None


def start(awaitable: Awaitable[Any], complete: Callable[..., None]) -> Future[None]:
    """Run an awaitable and call ``complete(answer)``, or ``complete(None, exception)``, when it has ended."""
    return asyncio.run_coroutine_threadsafe(_run(awaitable, complete), _running_loop())


async def _run(awaitable: Awaitable[Any], complete: Callable[..., None]) -> None:
    try:
        answer = await awaitable
    except BaseException as error:
        complete(None, error)
        if not isinstance(error, Exception):
            raise
    else:
        complete(answer)


async def pull(
    iterator: AsyncIterator[Any], length: int, patience: float
) -> tuple[list[Any], bool, BaseException | None]:
    """Give the next items: at most so many, and without waiting for long while there are some.

    Gives the items, whether the iterator has ended, and what it raised behind them.
    """
    items: list[Any] = []
    begun = monotonic()
    try:
        while len(items) < length:
            items.append(await iterator.__anext__())
            if monotonic() - begun >= patience:
                break
    except StopAsyncIteration:
        return items, True, None
    except Exception as error:
        return items, True, error
    return items, False, None


def _running_loop() -> asyncio.AbstractEventLoop:
    global _loop, _thread
    with _lock:
        if _loop is None:
            loop = asyncio.new_event_loop()
            thread = threading.Thread(target=_serve, args=(loop,), name="dataknobs-data-loop", daemon=True)
            thread.start()
            _loop, _thread = loop, thread
            atexit.register(_stop)
        return _loop


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    _native._forbid_blocking()
    try:
        loop.run_forever()
        for task in (tasks := asyncio.all_tasks(loop)):
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def _stop() -> None:
    global _loop, _thread
    with _lock:
        loop, thread = _loop, _thread
        _loop = _thread = None
    if loop is not None and thread is not None:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(PATIENCE)


def _forget() -> None:
    """In the child of a fork: the loop's thread is not there."""
    global _lock, _loop, _thread
    _lock = threading.Lock()
    _loop = _thread = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
