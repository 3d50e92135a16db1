"""A time limit for a block of a coroutine: what `asyncio.timeout` is from Python 3.11 on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["Deadline"]


class Deadline:
    """Cancels what its block waits for when the time is over, and raises an error in place of the cancellation.

    Parameters
    ----------
    seconds : float
        How long the block may take.
    error : callable
        Makes the error.
    """

    def __init__(self, seconds: float, error: Callable[[], Exception]) -> None:
        self._seconds, self._error, self._over = seconds, error, False

    async def __aenter__(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._task = task
        # Who else has cancelled the task already; Python 3.10 does not count.
        self._cancelling = task.cancelling() if hasattr(task, "cancelling") else 0
        self._timer = asyncio.get_running_loop().call_later(self._seconds, self._end)

    def _end(self) -> None:
        self._over = True
        self._task.cancel()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._timer.cancel()
        if not self._over:
            return
        others = self._task.uncancel() > self._cancelling if hasattr(self._task, "uncancel") else False
        if kind is not None and issubclass(kind, asyncio.CancelledError) and not others:
            raise self._error() from None
