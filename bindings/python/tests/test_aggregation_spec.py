"""Aggregations and what they give: building, reading, writing, and what is refused."""

from __future__ import annotations

import copy
import json
import pickle
from datetime import datetime, timezone
from decimal import Decimal
from typing import Any

import pytest

from dataknobs_data import Capabilities, IndexInfo, SyncDatabase
from dataknobs_data.exceptions import InvalidQueryError, InvalidRecordError
from dataknobs_data.query import Aggregation, Explain, Filter, Table

ROWS = [
    {"city": "Oslo", "age": 30, "born": datetime(1994, 5, 1)},
    {"city": "Rome", "age": 41, "born": datetime(1983, 5, 9)},
    {"city": "Oslo", "age": 35.5, "born": None},
    {"age": None},
]

SPECS = [
    Aggregation().count(),
    Aggregation.distinct("address.city"),
    Aggregation.distinct(["address.city"], alias="city"),
    Aggregation(filters=[("age", ">", 3), Filter("a", "=", 1) | Filter.any_of()]).count(alias="n"),
    Aggregation().group_by("city").group_by("country", "land").avg("age", alias="it's"),
    Aggregation().date_histogram("t", "Month").date_histogram(["u"], "second", "s").count(),
    Aggregation().histogram("x", 10).histogram("y", 0.5, -1).histogram("z", 5, 0.0, alias="w").count_of("x"),
    Aggregation().count_of("n").count_distinct("n").min("n").max("n").sum("n").avg("n"),
    Aggregation().count_of("n", "a").count_distinct("n", "b").min("n", "c").max("n", "d").sum("n", "e").avg("n", "f"),
    Aggregation().sum(["a.b", "c"]),
]


class TestBuilding:
    def test_columns_are_keys_and_then_aggregates(self) -> None:
        made = Aggregation().avg("age").group_by("city").count("people")
        assert made.columns == ["city", "avg_age", "people"]
        assert SPECS[7].columns == ["count_n", "count_distinct_n", "min_n", "max_n", "sum_n", "avg_n"]

    def test_methods_leave_the_aggregation_as_it_was(self) -> None:
        made = Aggregation().count()
        assert made.filter("a", "=", 1) != made != made.group_by("a")
        assert made.columns == ["count"] and made.to_dict() == {"aggregates": [{"function": "count"}]}

    def test_filters_in_every_form(self) -> None:
        made = Aggregation().filter("a", ">", 1).filter(Filter("b", "exists")).count()
        assert made == Aggregation(filters=[("a", ">", 1), {"field": "b", "operator": "exists"}]).count()

    @pytest.mark.parametrize("spec", SPECS, ids=repr)
    def test_every_form_comes_back(self, spec: Aggregation) -> None:
        assert eval(repr(spec)) == spec
        assert Aggregation.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec
        assert pickle.loads(pickle.dumps(spec)) == spec
        assert copy.copy(spec) is copy.deepcopy(spec) is spec

    def test_an_unfinished_one_comes_back_too(self) -> None:
        for spec in (Aggregation(), Aggregation().filter("a", "=", 1)):
            assert eval(repr(spec)) == spec == pickle.loads(pickle.dumps(spec))

    @pytest.mark.parametrize(
        ("add", "message"),
        [
            (lambda spec: spec.filter("a", "~", 1), "unknown operator"),
            (lambda spec: spec.filter("a", ">", Decimal(1)), "no value can hold"),
            (lambda spec: spec.group_by("a..b"), "empty segment"),
            (lambda spec: spec.group_by(5), "a field is named by"),
            (lambda spec: spec.date_histogram("t", "fortnight"), "unknown interval"),
            (lambda spec: spec.date_histogram("t", 7), "an interval is named by"),
            (lambda spec: spec.histogram("x", 0), "above zero"),
            (lambda spec: spec.histogram("x", -1), "above zero"),
            (lambda spec: spec.histogram("x", "5"), "finite numbers"),
            (lambda spec: spec.histogram("x", float("nan")), "finite"),
            (lambda spec: spec.histogram("x", 1, 2**64), "64-bit"),
            (lambda spec: spec.histogram("x", Decimal(1)), "no value can hold"),
            (lambda spec: spec.count(""), "must not be empty"),
            (lambda spec: spec.group_by("a", alias=""), "must not be empty"),
            (lambda spec: spec.sum("n").max("m", alias="sum_n"), "two columns"),
            (lambda spec: spec.count().count(), "two columns"),
            (lambda spec: spec.sum(""), "must not be empty"),
        ],
    )
    def test_mistakes_are_told_where_they_are_made(self, add: Any, message: str) -> None:
        with pytest.raises(InvalidQueryError, match=message):
            add(Aggregation())

    @pytest.mark.parametrize(
        "document",
        [
            {},
            [],
            {"groups": ["a"]},
            {"group_by": "a"},
            {"group_by": [5]},
            {"group_by": [{"interval": "month"}]},
            {"group_by": [{"field": "a", "interval": "month", "width": 5}]},
            {"group_by": [{"field": "a", "origin": 5}]},
            {"aggregates": [{"function": "eval", "field": "a"}]},
            {"aggregates": [{"function": "sum"}]},
            {"aggregates": [{"function": "sum", "field": "a", "as": 1}]},
            {"group_by": ["a"], "filters": [{"field": "a", "operator": "=", "value": object()}]},
            {"group_by": ["a"], "filters": [{"field": "a", "operator": "=", "value": 2**64}]},
        ],
    )
    def test_hostile_dicts(self, document: Any) -> None:
        with pytest.raises(InvalidQueryError):
            Aggregation.from_dict(document)


class TestResults:
    def test_groups(self) -> None:
        with SyncDatabase.create("memory") as db:
            db.create_batch(ROWS)
            spec = Aggregation().filter("age", "exists").group_by("city").count().avg("age", alias="mean")
            table = db.aggregate(spec)
            assert table == [{"city": "Oslo", "count": 2, "mean": 32.75}, {"city": "Rome", "count": 1, "mean": 41.0}]
            assert db.aggregate(spec.to_dict()) == table
            years = db.aggregate(Aggregation().date_histogram("born", "year", "year").count())
            assert years.rows[0] == (datetime(1983, 1, 1, tzinfo=timezone.utc), 1)
            assert years.rows[-1] == (None, 2)
            with pytest.raises(InvalidQueryError, match="needs a group key or an aggregate"):
                db.aggregate(Aggregation())
            with pytest.raises(TypeError, match="an aggregation is"):
                db.aggregate("count")

    def test_a_table_is_a_sequence_of_dicts(self) -> None:
        table = Table(["city", "n"], [("Oslo", 2), ["Rome", None], ("Bonn", 1)])
        assert (len(table), table.columns, table[0]) == (3, ["city", "n"], {"city": "Oslo", "n": 2})
        assert table[-2] == {"city": "Rome", "n": None}
        assert table[1:] == Table(["city", "n"], [("Rome", None), ("Bonn", 1)])
        assert table[::-1].rows == [("Bonn", 1), ("Rome", None), ("Oslo", 2)]
        assert list(table) == table.to_dicts() == [table[0], table[1], table[2]]
        assert list(reversed(table)) == table.to_dicts()[::-1]
        assert [city for city, _ in table.rows] == ["Oslo", "Rome", "Bonn"]
        assert {"city": "Bonn", "n": 1} in table
        assert not Table(["n"], [])
        table[0]["n"] = 5
        assert table[0]["n"] == 2
        for wrong in (3, -4):
            with pytest.raises(IndexError):
                table[wrong]
        for key in ("city", 1.0, None):
            with pytest.raises(TypeError):
                table[key]  # type: ignore[call-overload]

    def test_a_table_comes_back(self) -> None:
        values = [None, True, 1, 1.5, "x", b"x", datetime(2024, 1, 1, tzinfo=timezone.utc), {"a": [1]}]
        table = Table([str(n) for n in range(len(values))], [values])
        assert table.rows == [tuple(values)]
        assert pickle.loads(pickle.dumps(table)) == table
        assert eval(repr(Table(["n"], [(1,)]))) == Table(["n"], [(1,)])
        assert repr(Table(["n"], [(n,) for n in range(50)])) == "<Table of 50 rows, columns ['n']>"
        assert table != 5 and Table(["n"], []) != Table(["m"], [])
        with pytest.raises(TypeError):
            hash(table)

    def test_tables_are_checked(self) -> None:
        for columns, rows in ((["a"], [(1, 2)]), (["a", "a"], []), (["a"], [(object(),)])):
            with pytest.raises(InvalidRecordError):
                Table(columns, rows)

    def test_a_table_in_a_notebook(self) -> None:
        shown = Table(["<b>", "n"], [("<script>", n) for n in range(30)])._repr_html_()
        assert "<script>" not in shown and "&lt;script&gt;" in shown and "30 rows" in shown

    def test_explain(self) -> None:
        with SyncDatabase.create("memory") as db:
            db.create_batch(ROWS)
            db.create_index("age", kind="ordered")
            explain = db.explain("age > 30 AND city LIKE 'O%' ORDER BY city LIMIT 3")
        assert isinstance(explain, Explain)
        assert explain.backend == "memory"
        assert explain.query == "age > 30 AND city LIKE 'O%' ORDER BY city LIMIT 3"
        assert [leaf["leaf"] for leaf in explain.leaves] == ["age > 30", "city LIKE 'O%'"]
        assert explain.index == "age_ordered" and explain.index in explain.access
        assert isinstance(explain.rows_examined, int) and explain.dollars is None
        assert (explain.rechecked, explain.sort_pushed, explain.limit_pushed) == (False, True, True)
        as_dict = explain.to_dict()
        assert json.loads(json.dumps(as_dict)) == as_dict
        assert as_dict["leaves"] == explain.leaves and as_dict["plan"]["notes"] == explain.notes
        assert str(explain).startswith("backend: memory\nquery: age > 30")
        assert explain == explain and explain != as_dict

    def test_indexes(self) -> None:
        with SyncDatabase.create("memory") as db:
            made = db.create_index("address.city")
            assert db.list_indexes() == [made] == [IndexInfo("address.city_hash", "address.city")]
        assert (made.name, made.path, made.kind) == ("address.city_hash", "address.city", "hash")
        literal = IndexInfo("x", ["a.b"], "ordered")
        assert literal.path == ["a.b"]
        assert eval(repr(literal)) == literal == pickle.loads(pickle.dumps(literal))

    def test_capabilities(self) -> None:
        with SyncDatabase.create("memory") as db:
            found = db.capabilities
            assert db.info()["backend"] == "memory"
        assert found.transactions and not found.persistent and found.key_field is None
        assert {name: getattr(found, name) for name in found.to_dict()} == found.to_dict()
        assert eval(repr(found)) == found == pickle.loads(pickle.dumps(found))
        assert Capabilities() == eval(repr(Capabilities()))
        assert Capabilities(id_order="numeric", key_field="id").key_field == "id"
        with pytest.raises(AttributeError):
            found.transactions = False
        with pytest.raises(TypeError, match="transaction"):
            Capabilities(transaction=True)
        with pytest.raises(ValueError, match="code point"):
            Capabilities(id_order="alphabetic")
