"""The two forms of a database, behind one interface: behaviours are written once, as coroutines.

`SyncForm` drives them without an event loop, since the blocking calls in them never suspend; `AsyncForm` drives them
with ``asyncio.run``.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from dataknobs_data import Database, SyncDatabase

T = TypeVar("T")


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits for an event loop."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise AssertionError("a blocking call suspended")


class Calls:
    """The methods of a database or a transaction as coroutines, whichever form it has."""

    def __init__(self, target: Any, form: type[Form]) -> None:
        self.target = target
        self.form = form

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        method = getattr(self.target, name)

        async def call(*arguments: Any, **keywords: Any) -> Any:
            reply = method(*arguments, **keywords)
            return await reply if inspect.isawaitable(reply) else reply

        return call

    async def stream(self, *arguments: Any, **keywords: Any) -> AsyncIterator[Any]:
        """Iterate over what the form's stream gives, and close it where the loop ends early."""
        stream = self.target.stream(*arguments, **keywords)
        if self.form is SyncForm:
            for record in stream:
                yield record
        else:
            async for record in stream:
                yield record

    @asynccontextmanager
    async def transaction(self, **keywords: Any) -> AsyncIterator[Calls]:
        transaction = self.target.transaction(**keywords)
        if self.form is SyncForm:
            with transaction as entered:
                yield Calls(entered, self.form)
        else:
            async with transaction as entered:
                yield Calls(entered, self.form)

    async def run_transaction(self, body: Callable[[Calls], Awaitable[T]]) -> T:
        if self.form is SyncForm:
            return self.target.run_transaction(lambda transaction: finish(body(Calls(transaction, self.form))))

        async def run(transaction: Any) -> T:
            return await body(Calls(transaction, self.form))

        return await self.target.run_transaction(run)

    async def __aenter__(self) -> Calls:
        if self.form is SyncForm:
            return Calls(self.target.__enter__(), self.form)
        return Calls(await self.target.__aenter__(), self.form)

    async def __aexit__(self, *error: Any) -> None:
        if self.form is SyncForm:
            self.target.__exit__(*error)
        else:
            await self.target.__aexit__(*error)

    @property
    def raw(self) -> Any:
        """The database or transaction itself."""
        return self.target


class Form:
    """One form of databases."""

    name: str
    database_class: type[Any]

    @classmethod
    def wrap(cls, database: Any) -> Calls:
        return Calls(database, cls)

    @classmethod
    def create(cls, *arguments: Any, **keywords: Any) -> Calls:
        return cls.wrap(cls.database_class.create(*arguments, **keywords))

    @classmethod
    def open(cls, url: Any) -> Calls:
        return cls.wrap(cls.database_class.open(url))

    @staticmethod
    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        raise NotImplementedError


class SyncForm(Form):
    name = "blocking"
    database_class = SyncDatabase

    @staticmethod
    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        return finish(coroutine)


class AsyncForm(Form):
    name = "asynchronous"
    database_class = Database

    @staticmethod
    def run(coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(asyncio.wait_for(coroutine, 60))


class Maker:
    """Makes databases of one form on one store, each of them fresh unless it says which."""

    def __init__(self, form: type[Form], store: str, folder: Path) -> None:
        self.form = form
        self.store = store
        self.folder = folder
        self._made = 0

    def __call__(self, **settings: Any) -> Calls:
        if self.store == "memory":
            return self.form.create("memory", settings)
        self._made += 1
        settings.setdefault("path", self.folder / f"records{self._made}.{self.store}")
        return self.form.create("file", settings)

    @property
    def is_file(self) -> bool:
        return self.store != "memory"
