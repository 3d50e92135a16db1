"""What every database does, blocking or asynchronous: DESIGN's table of methods, one behaviour a function."""

from __future__ import annotations

import asyncio
import datetime
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import dataknobs_data
from dataknobs_data import Record
from dataknobs_data.exceptions import (
    AlreadyExistsError,
    ConflictError,
    ConnectionFailedError,
    DataknobsError,
    InvalidConfigError,
    InvalidQueryError,
    InvalidRecordError,
    TimedOutError,
    UnsupportedError,
)
from forms import AsyncForm, Calls, Maker, SyncForm

Behaviour = Callable[[Maker], Awaitable[None]]

#: Every behaviour by name.
BEHAVIOURS: dict[str, Behaviour] = {}

#: Those that a store needs transactions for; on the others they are refused.
TRANSACTIONS: dict[str, Behaviour] = {}


def behaviour(function: Behaviour) -> Behaviour:
    BEHAVIOURS[function.__name__] = function
    return function


def with_transactions(function: Behaviour) -> Behaviour:
    TRANSACTIONS[function.__name__] = function
    return function


def person(name: str = "Ada", age: int = 36, id: str | None = None) -> Record:
    return Record({"name": name, "age": age}, id=id)


async def names(calls: Calls, query: Any = None) -> list[str]:
    return [record["name"] for record in await calls.search(query)]


@behaviour
async def create_gives_a_new_id(make: Maker) -> None:
    async with make() as db:
        first, second = await db.create(person()), await db.create(person())
        assert first != second
        assert uuid.UUID(first).version == 7
        assert first < second


@behaviour
async def create_keeps_the_records_own_id(make: Maker) -> None:
    async with make() as db:
        assert await db.create(person(id="ada")) == "ada"
        assert (await db.read("ada")).id == "ada"


@behaviour
async def create_never_overwrites(make: Maker) -> None:
    async with make() as db:
        await db.create(person(id="ada"))
        with pytest.raises(AlreadyExistsError) as failed:
            await db.create(person("Bob", id="ada"))
        assert failed.value.kind == "AlreadyExists"
        assert failed.value.operation == "create"
        assert failed.value.backend == ("file" if make.is_file else "memory")
        assert (await db.read("ada"))["name"] == "Ada"


@behaviour
async def create_takes_whatever_makes_a_record(make: Maker) -> None:
    async with make() as db:
        id = await db.create({"name": "Ada", "age": 36})
        assert (await db.read(id)) == person()


@behaviour
async def create_leaves_the_argument_alone(make: Maker) -> None:
    async with make() as db:
        record = person()
        id = await db.create(record)
        assert record.id is None
        assert record.version is None
        record["name"] = "changed"
        assert (await db.read(id))["name"] == "Ada"


@behaviour
async def read_gives_what_was_created(make: Maker) -> None:
    moment = datetime.datetime(2024, 1, 31, 10, 0, 0, 123456, tzinfo=datetime.timezone.utc)
    values = {
        "text": "ü𝄞",
        "whole": -(2**63),
        "number": 0.1,
        "yes": True,
        "moment": moment,
        "naive": moment.replace(tzinfo=None),
        "document": {"b": [1, 1.0, None, {"a": "x"}], "a": []},
        "bytes": b"\x00\xff",
    }
    async with make() as db:
        record = Record(values, id="all", metadata={"source": ["import", 1]})
        await db.create(record)
        found = await db.read("all")
        assert found == record
        assert found.to_dict() == values
        assert [type(value) for value in found.values()] == [type(value) for value in values.values()]
        assert list(found) == list(values)
        assert found.metadata.to_dict() == {"source": ["import", 1]}
        assert [field.type for field in found.fields.values()] == [field.type for field in record.fields.values()]


@behaviour
async def read_of_what_is_not_there_is_none(make: Maker) -> None:
    async with make() as db:
        assert await db.read("nobody") is None
        assert await db.read("") is None
        assert await db.exists("nobody") is False


@behaviour
async def ids_are_text_or_uuids(make: Maker) -> None:
    async with make() as db:
        id = uuid.uuid4()
        await db.create(person(id=id))
        assert (await db.read(id)).id == str(id)
        assert await db.exists(str(id)) is True
        for other in (1, b"ada", None):
            with pytest.raises(TypeError):
                await db.read(other)


@behaviour
async def update_replaces_the_whole_record(make: Maker) -> None:
    async with make() as db:
        await db.create(person(id="ada"))
        assert await db.update("ada", {"name": "Bob"}) is True
        assert (await db.read("ada")).to_dict() == {"name": "Bob"}
        assert await db.update("ada", person(id="somebody else")) is True
        assert (await db.read("ada")).id == "ada"
        assert await db.exists("somebody else") is False


@behaviour
async def update_of_what_is_not_there_writes_nothing(make: Maker) -> None:
    async with make() as db:
        assert await db.update("ada", person()) is False
        assert await db.count() == 0


@behaviour
async def patch_sets_and_unsets_single_fields(make: Maker) -> None:
    async with make() as db:
        await db.create(Record({"name": "Ada", "age": 36, "city": "London"}, id="ada"))
        assert await db.patch("ada", {"age": 37, "born": 1815}, ["city"]) is True
        assert (await db.read("ada")).to_dict() == {"name": "Ada", "age": 37, "born": 1815}
        assert await db.patch("ada", unset=["born", "never there"]) is True
        assert (await db.read("ada")).to_dict() == {"name": "Ada", "age": 37}
        assert await db.patch("nobody", {"age": 1}) is False
        with pytest.raises(TypeError):
            await db.patch("ada", unset="age")


@behaviour
async def upsert_creates_or_replaces(make: Maker) -> None:
    async with make() as db:
        assert await db.upsert("ada", person()) == "ada"
        assert await db.upsert("ada", person("Bob")) == "ada"
        assert (await db.read("ada"))["name"] == "Bob"
        assert await db.upsert(person("Cy", id="ada")) == "ada"
        assert (await db.read("ada"))["name"] == "Cy"
        fresh = await db.upsert(person("Di"))
        assert (await db.read(fresh))["name"] == "Di"
        assert await db.count() == 2


@behaviour
async def delete_removes(make: Maker) -> None:
    async with make() as db:
        await db.create(person(id="ada"))
        assert await db.delete("ada") is True
        assert await db.delete("ada") is False
        assert await db.read("ada") is None


@behaviour
async def versions_change_on_each_write(make: Maker) -> None:
    async with make() as db:
        await db.create(person(id="ada"))
        first = (await db.read("ada")).version
        versions = {first}
        await db.update("ada", person("Bob"))
        versions.add((await db.read("ada")).version)
        await db.patch("ada", {"age": 1})
        versions.add((await db.read("ada")).version)
        await db.delete("ada")
        await db.create(person(id="ada"))
        versions.add((await db.read("ada")).version)
        assert None not in versions
        # The version of a row in a file is a hash of its content: the same row again has the same.
        assert len(versions) == (3 if make.is_file else 4)


@behaviour
async def expected_version_guards_each_write(make: Maker) -> None:
    async with make() as db:
        await db.create(person(id="ada"))
        old = (await db.read("ada")).version
        assert await db.update("ada", person("Bob"), expected_version=old) is True
        calls: list[Callable[[], Awaitable[Any]]] = [
            lambda: db.update("ada", person("Cy"), expected_version=old),
            lambda: db.patch("ada", {"age": 1}, expected_version=old),
            lambda: db.upsert("ada", person("Cy"), expected_version=old),
            lambda: db.upsert(person("Cy", id="ada"), expected_version=old),
            lambda: db.delete("ada", expected_version=old),
            lambda: db.update("nobody", person(), expected_version=old),
            lambda: db.patch("nobody", {"age": 1}, expected_version=old),
            lambda: db.upsert("nobody", person(), expected_version=old),
            lambda: db.delete("nobody", expected_version=old),
        ]
        for call in calls:
            with pytest.raises(ConflictError):
                await call()
        assert (await db.read("ada"))["name"] == "Bob"
        assert await db.count() == 1
        with pytest.raises(InvalidRecordError):
            await db.upsert(person(), expected_version=old)
        for call in (
            lambda version: db.patch("ada", {"age": 1}, expected_version=version),
            lambda version: db.upsert("ada", person("Di"), expected_version=version),
            lambda version: db.delete("ada", expected_version=version),
        ):
            await call((await db.read("ada")).version)
        assert await db.exists("ada") is False


@behaviour
async def search_finds_in_order(make: Maker) -> None:
    async with make() as db:
        await db.create_batch([person(name, age) for name, age in (("Ada", 36), ("Bob", 25), ("Cy", 36), ("Di", 7))])
        assert await names(db, "age >= 25 ORDER BY age DESC, name LIMIT 2") == ["Ada", "Cy"]
        assert await names(db) == ["Ada", "Bob", "Cy", "Di"]
        assert await names(db, "age = 1") == []
        assert (await db.first("ORDER BY age"))["name"] == "Di"
        assert await db.first("age = 1") is None
        assert await db.count("age = 36 LIMIT 1") == 2
        assert await db.count() == 4


@behaviour
async def queries_with_mistakes_are_refused(make: Maker) -> None:
    async with make() as db:
        for call in (db.search, db.first, db.count, db.delete_where):
            with pytest.raises(InvalidQueryError) as failed:
                await call("age >>= 25")
            assert "^" in str(failed.value)
        with pytest.raises(TypeError):
            await db.search(25)


@behaviour
async def results_are_sequences(make: Maker) -> None:
    async with make() as db:
        await db.create_batch([person(name, id=name) for name in "ABCDE"])
        found = await db.search("ORDER BY name")
        assert len(found) == 5
        assert found[0]["name"] == "A"
        assert found[-1]["name"] == "E"
        assert [record["name"] for record in found[1:4:2]] == ["B", "D"]
        assert found.ids() == list("ABCDE")
        assert found.to_dicts()[2] == {"name": "C", "age": 36}
        assert found == list(found)
        for position in (5, -6, 2**70, -(2**70)):
            with pytest.raises(IndexError):
                found[position]
        with pytest.raises(TypeError):
            found["A"]


@behaviour
async def pages_continue_with_after(make: Maker) -> None:
    async with make() as db:
        await db.create_batch([person(f"p{number}", number % 3) for number in range(10)])
        page = await db.search("ORDER BY age LIMIT 4")
        assert len(page) == 4
        assert isinstance(page.after, str)
        assert (await db.search("ORDER BY age")).after is None


@behaviour
async def stream_gives_what_search_gives(make: Maker) -> None:
    async with make() as db:
        await db.create_batch([person(f"p{number:05}", number) for number in range(3000)])
        for query in (None, "age < 2500 ORDER BY age DESC", "age >= 100 LIMIT 1500", "age < 0"):
            streamed = [record async for record in db.stream(query)]
            assert streamed == list(await db.search(query))
        with pytest.raises(InvalidQueryError):
            [record async for record in db.stream("age >>= 1")]


@behaviour
async def stream_may_end_early(make: Maker) -> None:
    async with make() as db:
        await db.create_batch([person(f"p{number}", number) for number in range(3000)])
        for _ in range(20):
            stream = db.stream()
            async for record in stream:
                assert record["age"] == 0
                break
            await stream.aclose()
        await db.create(person())
        assert await db.count() == 3001


@behaviour
async def writing_while_streaming_does_not_deadlock(make: Maker) -> None:
    async with make() as db:
        await db.create_batch([person(f"p{number}", number, id=f"p{number}") for number in range(2500)])
        seen = 0
        async for record in db.stream():
            seen += 1
            if record["age"] % 500 == 0:
                await db.patch(record.id, {"age": -1})
                await db.create(person("new", -2, id=f"new {record.id}"))
        assert 2500 <= seen <= 2505
        assert await db.count("age = -1") == 5
        assert await db.count("age = -2") == 5


@behaviour
async def batches_answer_in_order(make: Maker) -> None:
    async with make() as db:
        ids = await db.create_batch([person("A", id="a"), {"name": "B"}, person("C", id="c")])
        assert (ids[0], ids[2]) == ("a", "c")
        found = await db.read_batch(["c", "nobody", "a"])
        assert [None if record is None else record["name"] for record in found] == ["C", None, "A"]
        assert await db.update_batch([person("C2", id="c"), person("X", id="nobody")]) == [True, False]
        assert (await db.read("c"))["name"] == "C2"
        assert await db.upsert_batch([person("D", id="d"), person("A2", id="a")]) == ["d", "a"]
        assert (await db.read("a"))["name"] == "A2"
        assert await db.delete_batch(["a", "nobody", "d"]) == [True, False, True]
        assert await db.count() == 2
        assert await db.create_batch([]) == []
        assert await db.read_batch([]) == []


@behaviour
async def batches_take_any_iterable_but_no_single_record(make: Maker) -> None:
    async with make() as db:
        assert len(await db.create_batch(person(str(number)) for number in range(3))) == 3
        for single in (person(), {"name": "Ada"}, "ada", 1):
            with pytest.raises(TypeError):
                await db.create_batch(single)
        with pytest.raises(TypeError):
            await db.read_batch("ada")
        with pytest.raises(TypeError):
            await db.create_batch([person(), 5])


@behaviour
async def the_second_of_two_equal_ids_in_a_batch_exists_already(make: Maker) -> None:
    async with make() as db:
        with pytest.raises(AlreadyExistsError) as failed:
            await db.create_batch([person("A", id="a"), person("B", id="b"), person("C", id="a")])
        assert [(index, error.kind) for index, error in failed.value.failures] == [(2, "AlreadyExists")]
        assert await db.count() == 0


@behaviour
async def a_batch_with_a_taken_id_writes_nothing(make: Maker) -> None:
    async with make() as db:
        await db.create(person(id="ada"))
        with pytest.raises(AlreadyExistsError) as failed:
            await db.create_batch([person(id="new"), person(id="ada")])
        assert [index for index, _ in failed.value.failures] == [1]
        assert all(isinstance(error, DataknobsError) for _, error in failed.value.failures)
        assert await db.count() == 1


@behaviour
async def an_error_in_a_batch_names_index_and_field(make: Maker) -> None:
    async with make() as db:
        with pytest.raises(InvalidRecordError) as failed:
            await db.create_batch([person(), {"name": "B", "age": 2**63}])
        assert failed.value.context["index"] == "1"
        assert failed.value.context["field"] == "`age`"
        assert await db.count() == 0


@behaviour
async def changes_by_filter_count_what_they_changed(make: Maker) -> None:
    async with make() as db:
        await db.create_batch([person(f"p{number}", number) for number in range(10)])
        assert await db.update_where("age < 3", {"young": True}, ["name"]) == 3
        assert await db.count("young = TRUE AND name NOT EXISTS") == 3
        assert await db.delete_where("age >= 5") == 5
        assert await db.count() == 5
        assert await db.update_where(None, {"age": 0}) == 5
        with pytest.raises(TypeError):
            await db.delete_where(None)
        with pytest.raises(TypeError):
            await db.delete_where()
        assert await db.clear() == 5
        assert await db.clear() == 0


@behaviour
async def timeouts_are_seconds_above_zero(make: Maker) -> None:
    async with make() as db:
        id = await db.create(person(), timeout=30)
        assert (await db.read(id, timeout=30.5))["name"] == "Ada"
        assert await db.count(timeout=30) == 1
        for timeout in (0, -1, float("nan"), float("inf"), 0.0):
            with pytest.raises(ValueError, match="timeout"):
                await db.search(timeout=timeout)
        with pytest.raises(TypeError):
            await db.read(id, timeout="soon")


@behaviour
async def a_call_that_takes_too_long_times_out(make: Maker) -> None:
    async with make() as db:
        await db.create_batch([Record({"text": "a" * 400}) for _ in range(3000)])
        query = " OR ".join(f"text LIKE '%a%a%a%b{number}'" for number in range(20))
        if not make.is_file:
            # Work in memory has no wait that could end: it is done, however late.
            assert len(await db.search(query, timeout=1e-9)) == 0
            return
        with pytest.raises(TimeoutError) as failed:
            await db.search(query, timeout=1e-9)
        assert isinstance(failed.value, TimedOutError)
        assert failed.value.retryable


@behaviour
async def read_only_refuses_every_write(make: Maker) -> None:
    if make.is_file:
        path = make.folder / "kept.json"
        async with make(path=path) as db:
            await db.create(person(id="ada"))
        readers = [make(path=path, read_only=True), make.form.wrap(make(path=path).raw.read_only())]
    else:
        source = make()
        await source.create(person(id="ada"))
        readers = [make.form.wrap(source.raw.read_only())]
        with pytest.raises(UnsupportedError):
            await make(read_only=True).create(person())
    for db in readers:
        assert (await db.read("ada"))["name"] == "Ada"
        writes: list[Callable[[], Awaitable[Any]]] = [
            lambda db=db: db.create(person()),
            lambda db=db: db.update("ada", person()),
            lambda db=db: db.patch("ada", {"age": 1}),
            lambda db=db: db.upsert("ada", person()),
            lambda db=db: db.delete("ada"),
            lambda db=db: db.create_batch([person()]),
            lambda db=db: db.update_batch([person(id="ada")]),
            lambda db=db: db.upsert_batch([person(id="ada")]),
            lambda db=db: db.delete_batch(["ada"]),
            lambda db=db: db.update_where(None, {"age": 1}),
            lambda db=db: db.delete_where("age = 36"),
            lambda db=db: db.clear(),
        ]
        for write in writes:
            with pytest.raises(UnsupportedError, match=r"read.only"):
                await write()
        assert await names(db) == ["Ada"]
        await db.close()


@behaviour
async def use_after_close_is_an_error(make: Maker) -> None:
    db = make()
    await db.create(person(id="ada"))
    await db.close()
    await db.close()
    calls: list[Callable[[], Awaitable[Any]]] = [
        lambda: db.create(person()),
        lambda: db.read("ada"),
        lambda: db.exists("ada"),
        lambda: db.search(),
        lambda: db.count(),
        lambda: db.create_batch([person()]),
        lambda: db.update_where(None, {"age": 1}),
        lambda: db.clear(),
        lambda: db.ping(),
        lambda: db.flush(),
        lambda: db.connect(),
        lambda: db.list_indexes(),
    ]
    for call in calls:
        with pytest.raises(ConnectionFailedError, match="closed"):
            await call()
    with pytest.raises(ConnectionFailedError):
        [record async for record in db.stream()]


@behaviour
async def context_managers_close(make: Maker) -> None:
    db = make()
    async with db as entered:
        assert entered.raw is db.raw
        await entered.create(person())
    with pytest.raises(ConnectionFailedError):
        await db.count()
    db = make()
    with pytest.raises(ZeroDivisionError):
        async with db:
            raise ZeroDivisionError
    with pytest.raises(ConnectionFailedError):
        await db.count()


@behaviour
async def it_connects_on_first_use(make: Maker) -> None:
    db = make()
    assert await db.count() == 0
    await db.ping()
    await db.connect()
    await db.flush()
    await db.close()


@behaviour
async def the_other_form_is_the_same_database(make: Maker) -> None:
    async with make() as db:
        await db.create(person(id="ada"))
        if make.form is SyncForm:
            other = db.raw.to_async()
            assert isinstance(other, dataknobs_data.Database)
            assert (await AsyncForm.wrap(other).read("ada") if not make.is_file else person())["name"] == "Ada"
            assert other.to_sync().read("ada")["name"] == "Ada"
        else:
            other = db.raw.to_sync()
            assert isinstance(other, dataknobs_data.SyncDatabase)
            assert other.read("ada")["name"] == "Ada"
            other.create(person("Bob", id="bob"))
            assert (await db.read("bob"))["name"] == "Bob"


@behaviour
async def values_that_no_record_holds_are_refused_before_the_store_is_asked(make: Maker) -> None:
    async with make() as db:
        for value in (float("nan"), 2**63, object(), {1: 2}, {"a": b""}):
            with pytest.raises(InvalidRecordError) as failed:
                await db.create({"name": "Ada", "odd": value})
            assert failed.value.context["field"] == "`odd`"
            with pytest.raises(InvalidRecordError):
                await db.patch("ada", {"odd": value})
        with pytest.raises(InvalidRecordError):
            person(id="")
        assert await db.count() == 0


# ---- transactions ----


@with_transactions
async def a_transaction_commits_at_its_end(make: Maker) -> None:
    async with make() as db:
        async with db.transaction() as tx:
            await tx.create(person(id="ada"))
            assert await tx.exists("ada") is True
            assert await db.exists("ada") is False
            assert await names(tx, "age = 36") == ["Ada"]
        assert await db.exists("ada") is True


@with_transactions
async def a_transaction_rolls_back_on_an_error(make: Maker) -> None:
    async with make() as db:
        await db.create(person(id="ada"))
        with pytest.raises(ZeroDivisionError):
            async with db.transaction() as tx:
                await tx.delete("ada")
                await tx.create_batch([person("Bob"), person("Cy")])
                raise ZeroDivisionError
        assert await names(db) == ["Ada"]


@with_transactions
async def a_transaction_commits_or_rolls_back_by_hand(make: Maker) -> None:
    async with make() as db:
        async with db.transaction() as tx:
            await tx.create(person(id="ada"))
            await tx.commit()
            for call in (tx.commit, tx.rollback, tx.count):
                with pytest.raises(ConnectionFailedError, match="ended"):
                    await call()
        async with db.transaction() as tx:
            await tx.create(person(id="bob"))
            await tx.rollback()
        assert (await db.search()).ids() == ["ada"]


@with_transactions
async def the_first_committer_wins(make: Maker) -> None:
    async with make() as db:
        await db.create(person(id="ada"))
        with pytest.raises(ConflictError):
            async with db.transaction() as late:
                await late.patch("ada", {"age": (await late.read("ada"))["age"] + 1})
                async with db.transaction() as early:
                    await early.patch("ada", {"age": 50})
        assert (await db.read("ada"))["age"] == 50


@with_transactions
async def run_transaction_runs_again_after_a_conflict(make: Maker) -> None:
    async with make() as db:
        await db.create(person(id="ada", age=0))
        attempts = 0

        async def body(tx: Calls) -> int:
            nonlocal attempts
            attempts += 1
            age = (await tx.read("ada"))["age"] + 1
            if attempts < 3:
                await db.patch("ada", {"age": age + 100})
            await tx.patch("ada", {"age": age})
            return age

        assert await db.run_transaction(body) == 203
        assert attempts == 3
        assert (await db.read("ada"))["age"] == 203


@with_transactions
async def run_transaction_gives_up_at_last(make: Maker) -> None:
    async with make() as db:
        await db.create(person(id="ada", age=0))
        attempts = 0

        async def body(tx: Calls) -> None:
            nonlocal attempts
            attempts += 1
            await tx.patch("ada", {"age": -1})
            await db.patch("ada", {"age": attempts})

        with pytest.raises(ConflictError):
            await db.run_transaction(body)
        assert attempts > 1
        assert (await db.read("ada"))["age"] == attempts


@with_transactions
async def run_transaction_does_not_repeat_other_errors(make: Maker) -> None:
    async with make() as db:
        attempts = 0

        async def body(tx: Calls) -> None:
            nonlocal attempts
            attempts += 1
            await tx.create(person())
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await db.run_transaction(body)
        assert attempts == 1
        assert await db.count() == 0


@with_transactions
async def a_transaction_has_only_the_calls_that_read_and_write(make: Maker) -> None:
    async with make() as db, db.transaction() as tx:
        for name in ("create_index", "close", "flush", "ping", "explain", "list_indexes", "info", "begin"):
            if hasattr(tx.raw, name):
                arguments = {"create_index": ["age"]}.get(name, [])
                with pytest.raises(UnsupportedError, match="transaction"):
                    await getattr(tx, name)(*arguments)
        async for _ in tx.stream():
            raise AssertionError("not reached")
        await tx.upsert("ada", person())
        assert [record.id async for record in tx.stream()] == ["ada"]


@with_transactions
async def a_read_only_transaction_refuses_writes(make: Maker) -> None:
    async with make() as db:
        await db.create(person(id="ada"))
        async with db.transaction(read_only=True) as tx:
            assert (await tx.read("ada"))["name"] == "Ada"
            with pytest.raises(UnsupportedError):
                await tx.delete("ada")


@with_transactions
async def a_transaction_that_is_dropped_changes_nothing(make: Maker) -> None:
    async with make() as db:
        if make.form is SyncForm:
            tx = db.raw.transaction()
            tx.create(person())
        else:
            tx = await db.raw.transaction()
            await tx.create(person())
        del tx
        assert await db.count() == 0


# ---- construction ----


@behaviour
async def what_is_made_is_an_instance_of_the_backends_class(make: Maker) -> None:
    from dataknobs_data.backends import file, memory

    prefix = "Sync" if make.form is SyncForm else ""
    owner = getattr(file if make.is_file else memory, prefix + ("FileDatabase" if make.is_file else "MemoryDatabase"))
    other = getattr(memory if make.is_file else file, prefix + ("MemoryDatabase" if make.is_file else "FileDatabase"))
    db = make()
    assert type(db.raw) is owner
    assert isinstance(db.raw, make.form.database_class)
    with pytest.raises(TypeError):
        other.create("file" if make.is_file else "memory")
    with pytest.raises(TypeError):
        make.form.database_class()
    await db.close()


@behaviour
async def users_may_subclass(make: Maker) -> None:
    class Library(make.form.database_class):
        def greeting(self) -> str:
            return "hello"

    settings = {"path": make.folder / "library.json"} if make.is_file else {}
    db = Library.create("file" if make.is_file else "memory", settings)
    assert isinstance(db, Library)
    assert db.greeting() == "hello"
    calls = make.form.wrap(db)
    await calls.create(person(id="ada"))
    assert (await calls.read("ada"))["name"] == "Ada"
    assert isinstance(db.read_only(), Library)
    await calls.close()


@behaviour
async def create_constructs_on_the_class_and_creates_on_an_instance(make: Maker) -> None:
    async with make() as db:
        with pytest.raises(TypeError):
            make.form.database_class.create(person())
        id = await db.create(person())
        assert isinstance(id, str)
        with pytest.raises((TypeError, InvalidRecordError)):
            await db.create("memory")


@behaviour
async def unknown_backends_and_settings_are_refused_with_the_nearest_name(make: Maker) -> None:
    create, url = make.form.database_class.create, make.form.database_class.open
    with pytest.raises(InvalidConfigError, match="memory"):
        create("memroy")
    with pytest.raises(InvalidConfigError, match="path"):
        create("file", {"pth": "x.json"})
    with pytest.raises(InvalidConfigError, match="durability"):
        create("file", path=make.folder / "x.json", durabilty="fsync")
    with pytest.raises(InvalidConfigError):
        create("file", {"path": "a.json"}, path="b.json")
    with pytest.raises(InvalidConfigError):
        create("file", path=make.folder / "x.json", durability="later")
    with pytest.raises(TypeError):
        create("file", ["path"])
    with pytest.raises(InvalidConfigError):
        url("memry:")
    for wrong in (3, None, b"memory:"):
        with pytest.raises(TypeError):
            url(wrong)


@behaviour
async def open_takes_urls_and_paths(make: Maker) -> None:
    if not make.is_file:
        for url in ("memory:", "memory://"):
            async with make.form.open(url) as db:
                assert await db.create(person()) is not None
        return
    path = make.folder / "a file.json"
    async with make.form.open(path) as db:
        await db.create(person(id="ada"))
    assert path.exists()
    for url in (str(path), f"file:{path}", f"file:{path}?read_only=true"):
        async with make.form.open(url) as db:
            assert await names(db) == ["Ada"]
    with pytest.raises(InvalidConfigError):
        make.form.open(f"file:{path}?red_only=true")


@behaviour
async def many_calls_at_once(make: Maker) -> None:
    async with make() as db:
        if make.form is AsyncForm:
            ids = await asyncio.gather(*(db.create(person(f"p{number}", number)) for number in range(50)))
            found = await asyncio.gather(*(db.read(id) for id in ids))
        else:
            ids = [await db.create(person(f"p{number}", number)) for number in range(50)]
            found = [await db.read(id) for id in ids]
        assert [record["age"] for record in found] == list(range(50))
