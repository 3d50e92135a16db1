"""The rules written as data in ``crates/testkit/cases``, from Python.

Section 5 of ``docs/semantics.md`` has the form of the files. Each file is a topic. The cases that search or aggregate
are asked of every store below through both handles, unless the store's capabilities lack what a case requires; the
others need no store. A test goes through all the cases of its topic and then lists those that do not hold.
"""

from __future__ import annotations

import asyncio
import base64
import inspect
import json
import math
import re
import struct
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from dataknobs_data import Aggregation, Capabilities, Database, Field, Filter, Query, Record, SyncDatabase
from dataknobs_data.exceptions import DataknobsError

FOLDER = Path(__file__).resolve().parents[3] / "crates/testkit/cases"
HANDLES: dict[str, Any] = {"sync": SyncDatabase, "async": Database}
FILES: dict[str, dict[str, str]] = {
    "json": {"format": "json"},
    "jsonl": {"format": "jsonl"},
    "csv": {"format": "csv"},
    "tsv": {"format": "tsv"},
    "csv with a key column": {"format": "csv", "id_field": "id"},
}
STORES = ["memory", "memory indexed", *FILES]
KINDS = ("query", "text", "aggregate", "convert", "detect", "parse")
#: What a case may expect, by its kind; exactly one of these is there.
EXPECTED = {
    "query": ("ids", "count", "records", "page", "error"),
    "text": ("ids", "count", "records", "page", "error"),
    "aggregate": ("rows", "error"),
    "convert": ("result", "error"),
    "detect": ("type",),
    "parse": ("as", "error"),
}
#: What may go with an expectation.
DETAILS = {"ids": {"ordered"}, "records": {"ordered"}, "error": {"mentions"}}
REQUIREMENTS: dict[str, Callable[[Capabilities], bool]] = {
    "missing_fields": lambda capabilities: capabilities.missing_fields,
    "free_id_field": lambda capabilities: capabilities.key_field != "id",
}
#: What the library calls values of these classes.
VALUE_KINDS = {
    bool: "boolean",
    int: "integer",
    float: "float",
    str: "string",
    datetime: "datetime",
    dict: "json",
    list: "json",
    bytes: "binary",
}
MOMENT = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)"
    r"(?:[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:(?P<utc>[Zz])|(?P<sign>[+-])(\d\d):(\d\d)(?::(\d\d))?)?)?",
    re.ASCII,
)


class Mismatch(Exception):
    """Something is not what a case expects."""


def fits(holds: bool, problem: str) -> None:
    if not holds:
        raise Mismatch(problem)


def equal(what: str, found: object, expected: object) -> None:
    fits(found == expected, f"{what}: expected {expected!r}, found {found!r}")


# The files.


@dataclass
class Topic:
    name: str
    collections: dict[str, list[Any]]
    cases: list[dict[str, Any]]

    def stored(self) -> list[dict[str, Any]]:
        """The cases that are asked of a store."""
        return [case for case in self.cases if "collection" in case]

    def refusals(self) -> list[dict[str, Any]]:
        """The searches that are refused."""
        return [case for case in self.stored() if "error" in case and "aggregate" not in case]

    def plain(self) -> list[dict[str, Any]]:
        return [case for case in self.cases if "collection" not in case]


def kind_of(case: dict[str, Any]) -> str:
    (kind,) = [kind for kind in KINDS if kind in case]
    return kind


def expectation_of(case: dict[str, Any]) -> str:
    (expectation,) = [expectation for expectation in EXPECTED[kind_of(case)] if expectation in case]
    return expectation


def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(dict(pairs)) < len(pairs):
        raise ValueError(f"a key is there twice: {[key for key, _ in pairs]}")
    return dict(pairs)


def topic(path: Path) -> Topic:
    document = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=members)
    assert document["topic"] == path.stem
    assert document.keys() <= {"topic", "rules", "collections", "cases"}, path.stem
    read = Topic(path.stem, document.get("collections", {}), document["cases"])
    assert len({case["name"] for case in read.cases}) == len(read.cases) > 0, path.stem
    for case in read.cases:
        kind, expectation = kind_of(case), expectation_of(case)
        known = {"name", "requires", kind, expectation, *DETAILS.get(expectation, ())}
        known |= {"at"} if kind == "parse" else set()
        known |= {"collection"} if kind in ("query", "text", "aggregate") else set()
        assert case.keys() <= known, f"{path.stem}: {case['name']}"
        assert ("collection" in known) == ("collection" in case), f"{path.stem}: {case['name']}"
        assert case.get("collection") in {None, *read.collections}, f"{path.stem}: {case['name']}"
        assert set(case.get("requires", ())) <= REQUIREMENTS.keys(), f"{path.stem}: {case['name']}"
    return read


TOPICS = [topic(path) for path in sorted(FOLDER.iterdir())]


def applicable(cases: Iterable[dict[str, Any]], capabilities: Capabilities) -> list[dict[str, Any]]:
    """The cases for which a store has all they require."""
    return [case for case in cases if all(REQUIREMENTS[name](capabilities) for name in case.get("requires", ()))]


# Values and records.


def moment(text: str) -> datetime:
    """The moment in a datetime text, by section 2.5."""
    match = MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(f"not a datetime: {text}")
    year, month, day, hour, minute, second, fraction, _, _, *offset = match.groups()
    whole = min(int(second or 0), 59)
    micros = int((fraction or "")[:6].ljust(6, "0"))
    read = datetime(int(year), int(month), int(day), int(hour or 0), int(minute or 0), whole, micros)
    read += timedelta(seconds=int(second or 0) - whole)
    if match["utc"]:
        return read.replace(tzinfo=timezone.utc)
    if match["sign"]:
        hours, minutes, seconds = (int(part or 0) for part in offset)
        ahead = timedelta(hours=hours, minutes=minutes, seconds=seconds)
        return read.replace(tzinfo=timezone(-ahead if match["sign"] == "-" else ahead))
    return read


def typed_value(tagged: Any) -> tuple[Any, str | None]:
    """The Python value of a tagged one, and its type where the tag says it."""
    if not isinstance(tagged, dict) or len(tagged) != 1:
        return tagged, None
    ((tag, inside),) = tagged.items()
    if tag == "$text":
        return inside, "TEXT"
    if tag == "$datetime":
        return moment(inside), None
    if tag == "$binary":
        return base64.b64decode(inside, validate=True), None
    if tag == "$json":
        assert isinstance(inside, (dict, list)), tagged
        return inside, None
    return tagged, None


def value(tagged: Any) -> Any:
    return typed_value(tagged)[0]


def same(found: Any, expected: Any, near: bool = False) -> bool:
    """Whether values are of the same kind and content, down to the sign of zero and the order of keys.

    Where ``near``, floats need only be within 1e-9 of each other, relatively.
    """
    if type(found) is not type(expected):
        return False
    if isinstance(found, float):
        exact = struct.pack("d", found) == struct.pack("d", expected)
        return exact or (near and found != 0 and math.isclose(found, expected, rel_tol=1e-9, abs_tol=0))
    if isinstance(found, datetime):
        return (found.replace(tzinfo=None), found.utcoffset()) == (expected.replace(tzinfo=None), expected.utcoffset())
    if isinstance(found, dict):
        return list(found) == list(expected) and all(same(found[key], expected[key]) for key in found)
    if isinstance(found, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    return bool(found == expected)


def record(form: dict[str, Any]) -> Record:
    types, metadata = form.get("types", {}), form.get("field_metadata", {})
    assert form.keys() <= {"id", "fields", "metadata", "field_metadata", "types"}
    assert {*types, *metadata} <= form["fields"].keys()
    fields = []
    for name, tagged in form["fields"].items():
        content, kind = typed_value(tagged)
        fields.append(Field(name, content, types.get(name, kind), metadata.get(name)))
        fits(same(fields[-1].value, content), f"the field `{name}` holds {fields[-1].value!r}, not {content!r}")
    return Record(fields, id=form["id"], metadata=form.get("metadata"))


def refusal(case: dict[str, Any], error: Exception) -> None:
    """Check that an error is the one that a case expects."""
    if not isinstance(error, DataknobsError):
        raise error
    equal("the kind of the error", error.kind, case["error"])
    told = str(error).splitlines()[0]
    fits(case.get("mentions", "") in told, f"the error does not mention `{case.get('mentions')}`: {told}")


def refused(case: dict[str, Any], what: str, call: Callable[[], object]) -> DataknobsError:
    """Check that a call fails as a case expects."""
    try:
        result = call()
    except DataknobsError as error:
        refusal(case, error)
        return error
    raise Mismatch(f"{what}: expected {case['error']}, found {result!r}")


# The cases that need no store.


def check_conversion(case: dict[str, Any]) -> None:
    given, to = value(case["convert"]["value"]), case["convert"]["to"]
    held = Record({"converted": given})
    calls: dict[str, Callable[[], Any]] = {
        "Field(…)": lambda: Field("converted", given, to),
        "Field.convert": lambda: Field("converted", given).convert(to),
    }
    for name, call in calls.items():
        if "error" in case:
            error = refused(case, name, call)
            for part in ("field: `converted`", VALUE_KINDS[type(given)], to):
                fits(part in str(error), f"{name}: the error does not mention {part}: {error}")
        else:
            check_field(name, call(), case["result"], to)
    if "error" in case:
        refused(case, "Record.convert", lambda: held.convert("converted", to))
        fits(same(held["converted"], given), f"after the error the field holds {held['converted']!r}")
    else:
        fits(held.convert("converted", to), "Record.convert: the field was not found")
        check_field("Record.convert", held.fields["converted"], case["result"], to)


def check_field(name: str, field: Field, result: Any, to: str) -> None:
    expected = value(result)
    fits(same(field.value, expected), f"{name}: expected {expected!r}, found {field.value!r}")
    equal(f"{name}: the type", field.type, to)


def check_detection(case: dict[str, Any]) -> None:
    given, declared = typed_value(case["detect"])
    equal("the type of a field", Field("f", given, declared).type, case["type"])
    if declared is None:
        equal("the type in a record", Record({"f": given}).fields["f"].type, case["type"])


def check_parse(case: dict[str, Any]) -> None:
    text = case["parse"]
    if "error" in case:
        check_place(case, refused(case, "Query.parse", lambda: Query.parse(text)))
        return
    parsed, wanted = Query.parse(text), Query.from_dict(case["as"])
    equal("the query", parsed, wanted)
    equal("the hash", hash(parsed), hash(wanted))
    equal("the query through its dict", Query.from_dict(parsed.to_dict()), parsed)
    equal("the query through JSON", Query.from_json(parsed.to_json()), parsed)
    # Text joins nested lists of one kind; what it then says stays.
    again = through_text(parsed)
    equal("the text of the query through text", str(again), str(parsed))
    equal("the query through text twice", through_text(again), again)


def check_place(case: dict[str, Any], error: DataknobsError) -> None:
    offset = int(error.context["offset"])
    equal("the offset of the error", offset, case.get("at", offset))
    before = case["parse"].encode()[:offset].decode()
    caret = (error.excerpt or "").splitlines()[-1]
    equal("what points at the place", caret.strip(), "^")
    # Longer texts are shown in part.
    if len(before) < 50:
        equal("the column of the caret", len(caret) - 1, len(before))


PLAIN = {"convert": check_conversion, "detect": check_detection, "parse": check_parse}


# The cases that are asked of a store.


def through_text(query: Query) -> Query:
    """The query written as text and read again, with what text cannot say."""
    read, form = Query.parse(str(query)), query.to_dict()
    if form.get("fields") is not None:
        read = read.select(form["fields"])
    if form.get("after") is not None:
        read = read.after(form["after"])
    return read


def built_filter(node: dict[str, Any]) -> Filter:
    """The filter of a dict form, made as a program makes it: of Python values."""
    if "all_of" in node:
        return Filter.all_of(*map(built_filter, node["all_of"]))
    if "any_of" in node:
        return Filter.any_of(*map(built_filter, node["any_of"]))
    if "not" in node:
        return ~built_filter(node["not"])
    if "value" not in node:
        return Filter(node["field"], node["operator"])
    operand = node["value"]
    listed = node["operator"].upper().replace(" ", "_") in ("IN", "NOT_IN", "BETWEEN", "NOT_BETWEEN")
    return Filter(node["field"], node["operator"], list(map(value, operand)) if listed else value(operand))


def built_query(form: dict[str, Any]) -> Query:
    return Query(
        filters=[built_filter(node) for node in form.get("filters", ())],
        sort=[(key["field"], key.get("order", "ASC")) for key in form.get("sort", ())],
        limit=form.get("limit"),
        offset=form.get("offset"),
        fields=form.get("fields"),
        after=form.get("after"),
    )


def query_forms(case: dict[str, Any]) -> dict[str, Any]:
    """What a query may be given as, by name."""
    given: Any = case.get("query", case.get("text"))
    query = Query.parse(given) if "text" in case else Query.from_dict(given)
    equals = {
        "its dict": Query.from_dict(query.to_dict()),
        "JSON": Query.from_json(query.to_json()),
        "objects": built_query(query.to_dict() if "text" in case else given),
    }
    if "query" in case:
        equals["the file's JSON"] = Query.from_json(json.dumps(given))
    for name, other in equals.items():
        equal(f"the query through {name}", other, query)
        equal(f"the hash of the query through {name}", hash(other), hash(query))
    return {"as it stands": given, "a Query": query, "objects": equals["objects"], "text": through_text(query)}


def ids_of(records: Iterable[Record]) -> list[str | None]:
    return [found.id for found in records]


def check_not_made(case: dict[str, Any]) -> None:
    if "text" in case:
        refused(case, "Query.parse", lambda: Query.parse(case["text"]))
        return
    query = case["query"]
    refused(case, "Query.from_dict", lambda: Query.from_dict(query))
    refused(case, "Query.from_json", lambda: Query.from_json(json.dumps(query)))


class Asked:
    """A database of either kind that holds a collection."""

    def __init__(self, db: Any, closed: Any, given: list[Record]) -> None:
        self.db = db
        self.closed = closed
        self.given = {record.id: record for record in given}
        self.capabilities: Capabilities = db.capabilities

    async def call(self, name: str, *arguments: Any, on: Any = None) -> Any:
        reply = getattr(on or self.db, name)(*arguments)
        return await reply if inspect.isawaitable(reply) else reply

    async def stream(self, query: Any, on: Any = None) -> list[Record]:
        stream = (on or self.db).stream(query)
        if hasattr(stream, "__aiter__"):
            return [found async for found in stream]
        return list(stream)

    async def check(self, case: dict[str, Any]) -> None:
        if "aggregate" in case:
            await self.check_aggregation(case)
        elif "error" in case:
            await self.check_refusal(case)
        else:
            for name, query in query_forms(case).items():
                try:
                    await self.check_search(case, query)
                except (Mismatch, DataknobsError) as problem:
                    raise Mismatch(f"the query given as {name}: {problem}") from problem

    async def check_search(self, case: dict[str, Any], query: Any) -> None:
        if "count" in case:
            equal("the count", await self.call("count", query), case["count"])
            return
        if "page" in case:
            await self.check_pages(case["page"], query)
            return
        found = list(await self.call("search", query))
        if not isinstance(query, Query):  # as the case gives it: once is enough
            await self.check_other_ways(query, found)
        expected = [record(form) for form in case["records"]] if "records" in case else []
        ids = ids_of(expected) if "records" in case else case["ids"]
        if not case.get("ordered", False):
            found.sort(key=lambda found: found.id or "")
            expected.sort(key=lambda expected: expected.id or "")
            ids = sorted(ids)
        equal("the ids", ids_of(found), ids)
        for actual, wanted in zip(found, expected, strict="records" in case):
            self.check_fields(actual, wanted)

    async def check_other_ways(self, query: Any, found: list[Record]) -> None:
        """Check that the other ways to ask the same find the same, and that it is what was stored."""
        ids = ids_of(found)
        streamed = await self.stream(query)
        equal("the ids of the stream", ids_of(streamed), ids)
        equal("the records of the stream", streamed, found)
        first = await self.call("first", query)
        equal("the id of the first record", ids_of([] if first is None else [first]), ids[:1])
        form = Query.parse(query).to_dict() if isinstance(query, str) else query
        unlimited = {"filters": form.get("filters", [])}
        equal("the count", await self.call("count", query), len(await self.call("search", unlimited)))
        for record in found:
            self.check_as_given(record)

    def is_key(self, name: str, wanted: Record) -> bool:
        """Whether a field is there only because the store shows its key as one."""
        return name == self.capabilities.key_field and wanted.get(name) is None

    def check_fields(self, found: Record, wanted: Record) -> None:
        fields = [(name, content) for name, content in found.items() if not self.is_key(name, wanted)]
        expected = [(name, content) for name, content in wanted.items() if not self.is_key(name, wanted)]
        if not self.capabilities.field_order:
            fields, expected = sorted(fields), sorted(expected)
        agree = [name for name, _ in fields] == [name for name, _ in expected] and all(
            same(content, other) for (_, content), (_, other) in zip(fields, expected, strict=True)
        )
        fits(agree, f"the fields of `{found.id}`: expected {expected!r}, found {fields!r}")

    def check_as_given(self, found: Record) -> None:
        """Check that what a record still has is what it was created with."""
        given = self.given[found.id]
        fits(found.version is not None, f"`{found.id}` has no version")
        equal(f"the metadata of `{found.id}`", found.metadata.to_dict(), given.metadata.to_dict())
        names, positions = list(given), []
        for name, field in found.fields.items():
            if name not in given:
                lost = self.is_key(name, given) or (not self.capabilities.missing_fields and field.value is None)
                fits(lost, f"`{found.id}` was created without `{name}`")
                continue
            original = given.fields[name]
            fits(same(field.value, original.value) and field == original, f"expected {original!r}, found {field!r}")
            positions.append(names.index(name))
        in_order = positions == sorted(positions) or not self.capabilities.field_order
        fits(in_order, f"the fields of `{found.id}` are in another order: {list(found)}")

    async def check_pages(self, page: dict[str, Any], query: Any) -> None:
        whole = query if isinstance(query, Query) else Query.from_dict(query)
        pages: list[list[str | None]] = []
        asked = whole.limit(page["size"])
        # More pages than expected are wrong; there is no end to wait for.
        while len(pages) <= len(page["ids"]):
            found = await self.call("search", asked)
            if len(found) == 0:
                break
            pages.append(ids_of(found))
            if found.after is None:
                break
            asked = asked.after(found.after)
        equal("the pages", pages, page["ids"])
        equal("the pages joined", [id for page in pages for id in page], ids_of(await self.call("search", query)))

    async def check_refusal(self, case: dict[str, Any]) -> None:
        """Check that every way to use a query is refused before the store is asked.

        A closed database fails every call that gets as far as the store with an error of another kind.
        """
        query = case.get("query", case.get("text"))
        for name in ("search", "first", "count", "explain"):
            await self.refuses(case, f"{name} when closed", self.call(name, query, on=self.closed))
        await self.refuses(case, "stream when closed", self.stream(query, on=self.closed))
        # That nothing was written shows at the end of the collection.
        await self.refuses(case, "delete_where", self.call("delete_where", query))
        await self.refuses(case, "update_where", self.call("update_where", query, {"changed": True}))

    async def refuses(self, case: dict[str, Any], name: str, call: Coroutine[Any, Any, Any]) -> None:
        try:
            result = await call
        except DataknobsError as error:
            try:
                refusal(case, error)
            except Mismatch as problem:
                raise Mismatch(f"{name}: {problem}") from error
            return
        raise Mismatch(f"{name}: expected {case['error']}, found {result!r}")

    async def check_aggregation(self, case: dict[str, Any]) -> None:
        given = case["aggregate"]
        try:
            spec = Aggregation.from_dict(given)
        except DataknobsError as error:
            if "error" not in case:
                raise
            refusal(case, error)
            for db in (self.db, self.closed):
                await self.refuses(case, "aggregate", self.call("aggregate", given, on=db))
            return
        again = Aggregation.from_dict(spec.to_dict())
        equal("the aggregation through its dict", again, spec)
        for form in (given, spec, again):
            if "error" in case:  # only reading the records shows it
                await self.refuses(case, "aggregate", self.call("aggregate", form))
            else:
                check_rows(await self.call("aggregate", form), spec.columns, case["rows"])


def check_rows(table: Any, columns: list[str], rows: list[dict[str, Any]]) -> None:
    equal("the number of rows", len(table), len(rows))
    equal("the columns", table.columns, columns)
    for position, (row, expected) in enumerate(zip(table, rows, strict=True)):
        equal(f"the columns of row {position}", list(row), list(expected))
        for column, tagged in expected.items():
            wanted = value(tagged)
            fits(
                same(row[column], wanted, near=True),
                f"row {position}, column `{column}`: expected {wanted!r}, found {row[column]!r}",
            )


def paths_in(node: Any) -> list[Any]:
    """Every path that a filter or sort in a query or aggregation looks at."""
    if isinstance(node, list):
        return [path for item in node for path in paths_in(item)]
    if "field" in node:
        return [node["field"]]
    return [path for key in ("filters", "sort", "all_of", "any_of", "not") for path in paths_in(node.get(key, []))]


def indexed_paths() -> list[Any]:
    paths: dict[str, Any] = {}
    for case in (case for topic in TOPICS for case in topic.stored() if "error" not in case):
        form = Query.parse(case["text"]).to_dict() if "text" in case else case.get("query", case.get("aggregate"))
        paths |= {json.dumps(path): path for path in paths_in(form)}
    return list(paths.values())


PATHS = indexed_paths()


def opened(handle: str, store: str, path: Path) -> Any:
    if store in FILES:
        return HANDLES[handle].create("file", path=str(path), durability="buffered", **FILES[store])
    return HANDLES[handle].create("memory")


async def failures_of(topic: Topic, name: str, handle: str, store: str, path: Path) -> tuple[int, list[str]]:
    """How many cases of a collection were run on a fresh database, and which of them do not hold."""
    db = opened(handle, store, path)
    cases = applicable([case for case in topic.stored() if case["collection"] == name], db.capabilities)
    if not cases:  # the store may be unable to hold the collection
        return 0, []
    given = [record(form) for form in topic.collections[name]]
    asked = Asked(db, opened(handle, store, path.with_suffix(".closed")), given)
    await asked.call("close", on=asked.closed)
    await asked.refuses({"error": "Connection"}, "a closed database", asked.call("search", on=asked.closed))
    if store == "memory indexed":
        for number, indexed in enumerate(PATHS):
            for kind in ("hash", "ordered"):
                # Names of their own: a dotted path and a list of segments may print alike.
                await asked.call("create_index", indexed, kind, f"{kind} {number}")
    equal("the ids of the created records", await asked.call("create_batch", given), ids_of(given))
    before = [(found.id, found.version) for found in await asked.call("search")]
    failures = []
    for case in cases:
        try:
            await asked.check(case)
        except Exception as problem:
            failures.append(f"{case['name']}: {describe(problem)}")
    after = [(found.id, found.version) for found in await asked.call("search")]
    if after != before:
        failures.append(f"collection `{name}`: expected {before!r} to stay, found {after!r}")
    await asked.call("close")
    return len(cases), failures


def describe(problem: Exception) -> str:
    return str(problem) if isinstance(problem, Mismatch) else f"{type(problem).__name__}: {problem}"


def run(work: Coroutine[Any, Any, Any], handle: str) -> Any:
    """Run a coroutine to its end: in an event loop, or where nothing in it waits, without one."""
    if handle == "async":
        return asyncio.run(work)
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("a blocking call gave something to wait for")


def report(failures: list[str]) -> str:
    return f"{len(failures)} cases do not hold:\n" + "\n".join(failures)


@pytest.mark.parametrize("handle", HANDLES)
@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("topic", [pytest.param(topic, id=topic.name) for topic in TOPICS if topic.stored()])
def test_the_cases_hold_on_the_store(topic: Topic, store: str, handle: str, tmp_path: Path) -> None:
    count, failures = 0, []
    for number, name in enumerate(topic.collections):
        try:
            checked, failing = run(failures_of(topic, name, handle, store, tmp_path / f"{number}.records"), handle)
        except Exception as problem:
            checked, failing = 0, [f"all of collection `{name}`: {describe(problem)}"]
        count += checked
        failures += failing
    assert not failures, report(failures)
    assert count == len(applicable(topic.stored(), opened(handle, store, tmp_path / "other.records").capabilities))


@pytest.mark.parametrize("topic", [pytest.param(topic, id=topic.name) for topic in TOPICS if topic.plain()])
def test_the_cases_hold_without_a_store(topic: Topic) -> None:
    failures = []
    for case in topic.plain():
        try:
            PLAIN[kind_of(case)](case)
        except Exception as problem:
            failures.append(f"{case['name']}: {describe(problem)}")
    assert not failures, report(failures)


@pytest.mark.parametrize("topic", [pytest.param(topic, id=topic.name) for topic in TOPICS if topic.refusals()])
def test_queries_that_are_refused_cannot_be_made(topic: Topic) -> None:
    failures = []
    for case in topic.refusals():
        try:
            check_not_made(case)
        except Exception as problem:
            failures.append(f"{case['name']}: {describe(problem)}")
    assert not failures, report(failures)


def test_every_case_is_run_where_it_applies(tmp_path: Path) -> None:
    stored = [case for topic in TOPICS for case in topic.stored()]
    plain = [case for topic in TOPICS for case in topic.plain()]
    assert len(stored) + len(plain) >= 1_076
    assert len(PATHS) >= 50
    #: The requirements that a store does not meet.
    unmet = {
        "csv": {"missing_fields"},
        "tsv": {"missing_fields"},
        "csv with a key column": {"missing_fields", "free_id_field"},
    }
    for store in STORES:
        left_out = [case for case in stored if unmet.get(store, set()).intersection(case.get("requires", ()))]
        assert bool(left_out) == (store in unmet)
        for handle in HANDLES:
            capabilities = opened(handle, store, tmp_path / "any.records").capabilities
            count = len(plain) + len(applicable(stored, capabilities))
            print(f"{store}, {handle}: {count} of {len(stored) + len(plain)} cases")
            assert count == len(plain) + len(stored) - len(left_out)
