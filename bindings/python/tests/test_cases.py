"""The case files hold on every store, through both forms of the database."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from case_files import COUNTED, Case, cases, record, same, topic, topics, value
from dataknobs_data import Query, Record
from dataknobs_data._native import Aggregation
from dataknobs_data.exceptions import BY_KIND, DataknobsError, InvalidQueryError
from forms import AsyncForm, Calls, Form, Maker, SyncForm

STORES = ["memory", "memory with indexes", "json", "jsonl", "csv", "tsv"]

def met(requirement: str, capabilities: Any) -> bool:
    return {
        "missing_fields": capabilities.missing_fields,
        "free_id_field": capabilities.key_field != "id",
    }[requirement]


def query_of(case: Case) -> Query:
    return Query.parse(case["text"]) if "text" in case else Query.from_dict(case["query"])


def asked(case: Case) -> list[Any]:
    """Give the query of a case in the forms in which a call takes it."""
    query = query_of(case)
    again = Query.from_dict(query.to_dict())
    assert again == query
    assert hash(again) == hash(query)
    assert Query.from_json(query.to_json()) == query
    assert pickle.loads(pickle.dumps(query)) == query
    return [case.get("text") or case.get("query"), query]


def paths_of(written: Any) -> Iterator[Any]:
    """Give the paths that a query's dict form names."""
    if isinstance(written, dict):
        if "field" in written:
            yield written["field"]
        for part in written.values():
            yield from paths_of(part)
    elif isinstance(written, list):
        for part in written:
            yield from paths_of(part)


class Subject:
    """A store that holds a collection."""

    def __init__(self, db: Calls, given: list[Record]) -> None:
        self.db = db
        self.given = {record.id: record for record in given}
        self.capabilities = db.raw.capabilities

    async def search(self, query: Any) -> Any:
        """Search, checked against the other ways to ask the same."""
        found = await self.db.search(query)
        assert [record async for record in self.db.stream(query)] == list(found)
        first = await self.db.first(query)
        assert (None if first is None else first.id) == (found[0].id if len(found) else None)
        for each in found:
            self.is_as_given(each)
        return found

    def is_extra_key(self, name: str, given: Record) -> bool:
        return bool(self.capabilities.key_field == name and name not in given)

    def is_as_given(self, record: Record) -> None:
        given = self.given[record.id]
        assert record.version is not None
        assert record.metadata == given.metadata
        names = []
        for field in record.fields.values():
            if field.name in given:
                original = given.fields[field.name]
                assert same(field.value, original.value)
                assert (field.type, field.metadata) == (original.type, original.metadata)
                names.append(field.name)
            elif not self.is_extra_key(field.name, given):
                assert field.value is None
                assert not self.capabilities.missing_fields
        if self.capabilities.field_order:
            assert names == [name for name in given if name in names]

    def same_fields(self, actual: Record, expected: Record) -> None:
        pairs = [(name, content) for name, content in actual.items() if not self.is_extra_key(name, expected)]
        wanted = list(expected.items())
        if not self.capabilities.field_order:
            pairs.sort(key=lambda pair: pair[0])
            wanted.sort(key=lambda pair: pair[0])
        assert [name for name, _ in pairs] == [name for name, _ in wanted]
        assert all(same(ours[1], theirs[1]) for ours, theirs in zip(pairs, wanted, strict=True)), (pairs, wanted)

    async def check(self, case: Case) -> None:
        if "aggregate" in case:
            await self.check_aggregate(case)
        elif "error" in case:
            await self.check_refusal(case)
        else:
            for query in asked(case):
                await self.check_search(case, query)

    async def check_search(self, case: Case, query: Any) -> None:
        if "count" in case:
            assert await self.db.count(query) == case["count"]
            return
        if "page" in case:
            await self.check_pages(case, query)
            return
        found = await self.search(query)
        expected = [record(written) for written in case["records"]] if "records" in case else None
        ids, wanted = found.ids(), case["ids"] if expected is None else [record.id for record in expected]
        assert ids == wanted if case.get("ordered") else sorted(ids) == sorted(wanted)
        for wanted_record in expected or ():
            self.same_fields(found[ids.index(wanted_record.id)], wanted_record)

    async def check_pages(self, case: Case, query: Any) -> None:
        page = (query if isinstance(query, Query) else query_of(case)).limit(case["page"]["size"])
        pages: list[list[str]] = []
        # More pages than expected are wrong; there is no end to wait for.
        while len(pages) <= len(case["page"]["ids"]):
            found = await self.search(page)
            if not len(found):
                break
            pages.append(found.ids())
            if found.after is None:
                break
            page = page.after(found.after)
        assert pages == case["page"]["ids"]
        assert [id for page in pages for id in page] == (await self.db.search(query)).ids()

    async def check_refusal(self, case: Case) -> None:
        query = case.get("text") or case.get("query")
        before = await self.db.count()
        calls = [
            lambda: self.db.search(query),
            lambda: self.db.first(query),
            lambda: self.db.count(query),
            lambda: self.db.explain(query),
            lambda: self.db.delete_where(query),
            lambda: self.db.update_where(query, {"changed": True}),
        ]
        for call in calls:
            with pytest.raises(BY_KIND[case["error"]]) as failed:
                await call()
            assert failed.value.kind == case["error"]
            assert case.get("mentions", "") in str(failed.value)
        with pytest.raises(BY_KIND[case["error"]]):
            [record async for record in self.db.stream(query)]
        assert await self.db.count() == before

    async def check_aggregate(self, case: Case) -> None:
        if "error" in case:
            with pytest.raises(BY_KIND[case["error"]]) as failed:
                await self.db.aggregate(Aggregation.from_dict(case["aggregate"]))
            assert failed.value.kind == case["error"]
            assert case.get("mentions", "") in str(failed.value)
            return
        aggregation = Aggregation.from_dict(case["aggregate"])
        assert Aggregation.from_dict(aggregation.to_dict()) == aggregation
        for asked in (case["aggregate"], aggregation):
            rows = (await self.db.aggregate(asked)).to_list()
            assert len(rows) == len(case["rows"])
            for row, wanted in zip(rows, case["rows"], strict=True):
                assert list(row) == list(wanted)
                for column, content in row.items():
                    assert same(content, value(wanted[column]), near=True), (column, content, wanted[column])


async def add_indexes(db: Calls, applicable: list[Case]) -> None:
    for case in applicable:
        with suppress(DataknobsError):  # of a query that is refused
            asked = Aggregation.from_dict(case["aggregate"]) if "aggregate" in case else query_of(case)
            written = asked.to_dict()
            for path in paths_of(written):
                for kind in ("hash", "ordered"):
                    await db.create_index(path, kind)


async def check_topic(name: str, form: type[Form], store: str, folder: Path) -> None:
    content = topic(name)
    make = Maker(form, store.split()[0], folder)
    for collection, written in content["collections"].items():
        given = [record(each) for each in written]
        db = make()
        await db.connect()
        applicable = []
        for case in content["cases"]:
            if case.get("collection") == collection:
                missing = [name for name in case.get("requires", ()) if not met(name, db.raw.capabilities)]
                COUNTED[f"{store} ({form.name})", f"need {missing[0]}" if missing else "apply"] += 1
                if not missing:
                    applicable.append(case)
        if applicable:
            assert await db.create_batch(given) == [record.id for record in given]
            if store == "memory with indexes":
                await add_indexes(db, applicable)
            subject = Subject(db, given)
            for case in applicable:
                try:
                    await subject.check(case)
                except Exception as error:
                    raise AssertionError(f"case `{case['name']}` of {name}.json on {store}: {error!r}") from error
        await db.close()


STORED = [name for name in topics() if topic(name).get("collections")]


@pytest.mark.parametrize("store", STORES)
@pytest.mark.parametrize("form", [SyncForm, AsyncForm], ids=lambda form: form.name)
@pytest.mark.parametrize("name", STORED)
def test_cases(name: str, form: type[Form], store: str, tmp_path: Path) -> None:
    form.run(check_topic(name, form, store, tmp_path))


def test_every_case_is_of_a_kind_that_is_tried() -> None:
    for name in topics():
        for case in topic(name)["cases"]:
            assert sum(part in case for part in ("query", "text", "aggregate", "convert", "detect", "parse")) == 1
            if "collection" in case:
                assert case["collection"] in topic(name)["collections"]


PARSED = [(name, case) for name in topics() for case in cases(name, "parse")]


@pytest.mark.parametrize("case", [case for _, case in PARSED], ids=[f"{name}-{case['name']}" for name, case in PARSED])
def test_text_form(case: Case) -> None:
    text = case["parse"]
    if "error" not in case:
        query, wanted = Query.parse(text), Query.from_dict(copy.deepcopy(case["as"]))
        assert query == wanted
        assert hash(query) == hash(wanted)
        assert str(Query.parse(str(query))) == str(query)
        return
    with pytest.raises(InvalidQueryError) as failed:
        Query.parse(text)
    error = failed.value
    assert error.kind == case["error"]
    assert case.get("mentions", "") in str(error)
    offset = int(error.context["offset"])
    assert offset == case.get("at", offset)
    assert error.excerpt is not None
    caret = error.excerpt.splitlines()[-1]
    assert caret.strip() == "^"
    column = len(text.encode()[:offset].decode())
    assert column >= 50 or caret.index("^") == column
