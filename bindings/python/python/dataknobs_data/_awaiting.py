"""Code that is written once for plain functions and for coroutines.

It is a generator that yields what may have to be awaited and gets the answer back. As long as nothing has to be, it
runs like a plain function; from the first awaitable on it goes on in a coroutine.
"""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from typing import Any, TypeVar

__all__ = ["awaited", "finish", "items", "returned"]

T = TypeVar("T")


def finish(steps: Generator[Any, Any, T]) -> T | Awaitable[T]:
    """Run a generator to its end: give its result, or an awaitable of it.

    Examples
    --------
    >>> def doubled(number):
    ...     return 2 * (yield number)
    >>> finish(doubled(21))
    42
    """
    try:
        step = next(steps)
        while not hasattr(type(step), "__await__"):
            step = steps.send(step)
    except StopIteration as end:
        result: T = end.value
        return result
    return awaited(steps, step)


def returned(steps: Generator[Any, Any, T]) -> T:
    """Run a generator in which nothing has to be awaited to its end: give its result.

    Examples
    --------
    >>> def doubled(number):
    ...     return 2 * (yield number)
    >>> returned(doubled(21))
    42
    """
    step = None
    try:
        while True:
            step = steps.send(step)
    except StopIteration as end:
        result: T = end.value
        return result


async def awaited(steps: Generator[Any, Any, T], step: Any = None) -> T:
    """Run a generator to its end, from the step that it is at, and give its result."""
    try:
        while True:
            try:
                answer = await step if hasattr(type(step), "__await__") else step
            except BaseException as error:
                step = steps.throw(error)
            else:
                step = steps.send(answer)
    except StopIteration as end:
        result: T = end.value
        return result
    finally:
        steps.close()


def items(found: Any, each: Any) -> Generator[Any, Any, None]:
    """Call ``each`` with every item of what a scan gave, whichever way that is iterated over."""
    found = yield found
    if not hasattr(found, "__aiter__"):
        for item in found:
            each(item)
        return
    iterator = found.__aiter__()
    while True:
        try:
            item = yield iterator.__anext__()
        except StopAsyncIteration:
            return
        each(item)
