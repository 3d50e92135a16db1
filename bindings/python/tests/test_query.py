"""Queries and filters: building, reading, writing, and what is refused."""

from __future__ import annotations

import copy
import json
import pickle
import uuid
from collections import OrderedDict
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any

import pytest

from dataknobs_data import Query, SyncDatabase
from dataknobs_data.exceptions import InvalidQueryError
from dataknobs_data.query import Filter, Operator, SortSpec

NINE = datetime(2024, 1, 31, 9, tzinfo=timezone.utc)

FILTERS = [
    Filter("age", ">=", 25),
    Filter("name", "LIKE", 'it\'s 100\\% "quoted"'),
    Filter("a.b.0", "=", 1.5),
    Filter(["a.b", "c d"], "exists"),
    Filter("two words", "=", None),
    Filter("n", "=", -(2**63)),
    Filter("n", "=", -0.0),
    Filter("t", "<", NINE),
    Filter("t", "<", datetime(1, 1, 1)),
    Filter("b", "=", b"\x00\xff'"),
    Filter("j", "=", {"k": [1, None, "x"], "$datetime": "kept as it is"}),
    Filter("j", "=", {"$datetime": "a document, not a datetime"}),
    Filter("j", "=", []),
    Filter("j", "in", [[1], {"$json": []}, None, NINE]),
    Filter("s", "in", []),
    Filter("n", "between", (1, 2.5)),
    Filter("s", "regex", "^a+$"),
    Filter.all_of(),
    Filter.any_of(),
    ~Filter.any_of(),
    Filter.all_of(Filter("a", "=", 1)),
    ~~Filter("a", "=", 1),
    Filter("a", "=", 1) & (Filter("b", "=", 2) | ~Filter("c", "not in", ["x", "y"])),
]

QUERIES = [
    Query(),
    Query.parse("age >= 25 AND name LIKE 'John%' ORDER BY age DESC LIMIT 10 OFFSET 3"),
    Query().select(),
    Query().select("it's", 'a "b"', "c\\d").limit(0),
    Query().sort(["x.y", "z"], "desc").sort("`odd`"),
    *(Query().filter(one) for one in FILTERS),
    Query(filters=FILTERS),
]


def nested(levels: int) -> Filter:
    made = Filter("a", "=", 1)
    for _ in range(levels):
        made = ~made
    return made


class TestBuilding:
    def test_the_plans_builder(self) -> None:
        query = Query().filter("age", ">=", 25).filter("name", "LIKE", "John%").sort("age", "DESC").limit(10)
        assert query.to_dict() == {
            "filters": [
                {"field": "age", "operator": "GTE", "value": 25},
                {"field": "name", "operator": "LIKE", "value": "John%"},
            ],
            "sort": [{"field": "age", "order": "DESC"}],
            "limit": 10,
        }
        assert query == Query.parse("age >= 25 AND name LIKE 'John%' ORDER BY age DESC LIMIT 10")

    def test_constructor_keywords_are_the_dicts_keys(self) -> None:
        built = (
            Query().filter("a", "=", 1).filter("b", "exists").sort("a").sort("b", "DESC").limit(5).offset(2).select("a")
        )
        filters: list[Any] = [Filter("a", "=", 1), ("b", "exists")]
        assert built == Query(filters=filters, sort=["a", ("b", "desc")], limit=5, offset=2, fields=["a"])
        assert built == Query(filters, [SortSpec("a"), {"field": "b", "order": "DESC"}], 5, 2, "a")
        assert built == Query(**built.to_dict())

    @pytest.mark.parametrize(
        "filters",
        [
            Filter("a", "=", 1),
            ("a", "=", 1),
            {"field": "a", "operator": "=", "value": 1},
            [("a", "=", 1)],
            (("a", "=", 1),),
            (Filter("a", "=", 1),),
            iter([Filter("a", "=", 1)]),
        ],
    )
    def test_filters_in_every_form(self, filters: Any) -> None:
        assert Query(filters=filters) == Query().filter("a", "=", 1)
        assert Query(filters=None) == Query(filters=[]) == Query(filters=()) == Query()

    @pytest.mark.parametrize(
        "sort",
        ["a", ["a"], ("a", "asc"), SortSpec("a"), [SortSpec("a")], {"field": "a"}, [{"field": "a", "order": "Asc"}]],
    )
    def test_sort_in_every_form(self, sort: Any) -> None:
        assert Query(sort=sort) == Query().sort("a")

    def test_methods_leave_the_query_as_it_was(self) -> None:
        query = Query.parse("a = 1 ORDER BY a LIMIT 5 OFFSET 1")
        before = query.to_dict()
        changed = [
            query.filter("b", "=", 2),
            query.filter(Filter("b", "=", 2)),
            query.sort("b"),
            query.limit(6),
            query.limit(None),
            query.offset(2),
            query.select("a"),
        ]
        assert query.to_dict() == before
        assert all(one != query for one in changed)
        with pytest.raises(AttributeError):
            query.note = 1  # type: ignore[attr-defined]

    def test_last_limit_offset_and_selection_win(self) -> None:
        query = Query().limit(5).limit(None).offset(4).offset(0).select("a").select("b", "c")
        assert query == Query(fields=["b", "c"])
        assert Query().select(["b", "c"]) == Query().select("b", "c") == Query().select(iter(["b", "c"]))
        assert Query().select([]).to_dict()["fields"] == []

    def test_limits_take_whole_numbers(self) -> None:
        class Index:
            def __index__(self) -> int:
                return 7

        assert Query().limit(Index()).offset(2**63 - 1) == Query(limit=7, offset=2**63 - 1)  # type: ignore[arg-type]
        for wrong in (-1, 2**63, 10**5000, 1.0, "1", True, [1]):
            for method in (Query().limit, Query().offset):
                with pytest.raises(InvalidQueryError, match="whole number") as caught:
                    method(wrong)  # type: ignore[arg-type]
                assert caught.value.context["argument"] in ("limit", "offset")
        with pytest.raises(InvalidQueryError):
            Query(limit=-1)

    def test_after_continues_a_sorted_query_only(self) -> None:
        with SyncDatabase.create("memory") as db:
            db.create_batch([{"n": n} for n in range(5)])
            query = Query().sort("n", "DESC").limit(2)
            page = db.search(query)
            seen = [record["n"] for record in page]
            while page.after is not None:
                page = db.search(query.after(page.after))
                seen += [record["n"] for record in page]
            assert seen == [4, 3, 2, 1, 0]
            token = db.search(query).after
        assert token is not None
        assert Query(sort=("n", "DESC"), limit=2, after=token) == query.after(token)
        assert eval(repr(query.after(token))) == query.after(token)
        refused: list[Callable[[], object]] = [
            lambda: Query().after(token),
            lambda: Query().sort("n").after(token),
            lambda: query.after("x"),
        ]
        for wrong in refused:
            with pytest.raises(InvalidQueryError):
                wrong()
        with pytest.raises(InvalidQueryError):
            query.after(token).offset(1)
        with pytest.raises(TypeError, match="no more pages"):
            query.after(None)  # type: ignore[arg-type]


class TestOperators:
    def test_the_enum_names_every_operator_of_the_library(self) -> None:
        with pytest.raises(InvalidQueryError) as caught:
            Filter("a", "~~~~~~~~~", 1)
        assert caught.value.hint == "the operators are " + ", ".join(Operator)
        assert [str(operator) for operator in Operator] == [operator.name for operator in Operator]

    @pytest.mark.parametrize("operator", Operator)
    def test_names_in_every_spelling(self, operator: Operator) -> None:
        values: dict[str, tuple[Any, ...]] = {"EXISTS": (), "NOT_EXISTS": (), "BETWEEN": ([1, 2],)}
        values |= {"NOT_BETWEEN": ([1, 2],), "IN": ([1],), "NOT_IN": ([1],)}
        value = values.get(operator.name, ("x",))
        expected = Filter("a", operator, *value)
        assert expected.operator is operator
        name = operator.name
        for spelling in (name, name.lower(), name.title(), name.replace("_", " "), f" {name.lower()} "):
            assert Filter("a", spelling, *value) == expected
        assert Filter.from_dict(expected.to_dict()) == expected

    @pytest.mark.parametrize(
        ("symbol", "operator"),
        [
            ("=", "EQ"),
            ("==", "EQ"),
            ("!=", "NEQ"),
            ("<>", "NEQ"),
            (">", "GT"),
            (">=", "GTE"),
            ("<", "LT"),
            ("<=", "LTE"),
        ],
    )
    def test_symbols(self, symbol: str, operator: str) -> None:
        assert Filter("a", symbol, 1).operator is Operator[operator]

    def test_the_nearest_name_is_suggested(self) -> None:
        with pytest.raises(InvalidQueryError) as caught:
            Query().filter("name", "startswith", "J")
        assert caught.value.hint == "did you mean STARTS_WITH?"
        assert caught.value.context == {"operator": "`startswith`", "path": "`name`"}
        for wrong in (None, 1, b"=", Operator):
            with pytest.raises(InvalidQueryError, match="an operator is named by"):
                Filter("name", wrong, "J")  # type: ignore[arg-type]


class Color(Enum):
    RED = "red"


class TestValues:
    @pytest.mark.parametrize(
        ("value", "text"),
        [
            (True, "TRUE"),
            (1, "1"),
            (1.0, "1.0"),
            ("x", "'x'"),
            (NINE, "TIMESTAMP '2024-01-31T09:00:00Z'"),
            (NINE.astimezone(timezone(timedelta(hours=2))), "TIMESTAMP '2024-01-31T11:00:00+02:00'"),
            (datetime(2024, 1, 31, 9), "TIMESTAMP '2024-01-31T09:00:00'"),
            (date(2024, 1, 31), "TIMESTAMP '2024-01-31T00:00:00'"),
            (b"\x01", "X'01'"),
            (bytearray(b"\x01"), "X'01'"),
            (uuid.UUID(int=1), "'00000000-0000-0000-0000-000000000001'"),
            (Color.RED, "'red'"),
            ({"a": 1}, "JSON '{\"a\":1}'"),
            ((1, 2), "JSON '[1,2]'"),
        ],
    )
    def test_python_values_become_literals(self, value: Any, text: str) -> None:
        made = Filter("v", "=", value)
        assert str(made) == f"v = {text}"
        assert Filter("v", "=", made.value) == made

    def test_none_means_existence(self) -> None:
        with SyncDatabase.create("memory") as db:
            db.create_batch([{"n": 1}, {"n": None}, {}])
            assert db.count(Filter("n", "=", None)) == db.count(Filter("n", "not exists")) == 2
            assert db.count(Filter("n", "!=", None)) == db.count(Filter("n", "exists", None)) == 1
            assert db.count(Filter("n", "in", [None, 1])) == 1
        for operator in (">", "<=", "like", "contains", "match"):
            with pytest.raises(InvalidQueryError, match="null"):
                Filter("n", operator, None)
        with pytest.raises(InvalidQueryError, match="null"):
            Filter("n", "between", [None, 1])

    @pytest.mark.parametrize(
        "values",
        [
            [3, 1, 2],
            (3, 1, 2),
            {1, 2, 3},
            frozenset({1, 2, 3}),
            range(1, 4),
            {1: "a", 2: "b", 3: "c"}.keys(),
            {"a": 1, "b": 2, "c": 3}.values(),
        ],
    )
    def test_lists_of_values(self, values: Any) -> None:
        with SyncDatabase.create("memory") as db:
            db.create_batch([{"n": n} for n in range(6)])
            assert db.count(Filter("n", "in", values)) == 3
            assert db.count(Filter("n", "not in", values)) == 3

    def test_bounds_have_an_order(self) -> None:
        assert Filter("n", "between", (1, 2)) == Filter("n", "between", [1, 2]) == Filter("n", "between", range(1, 3))
        for wrong in ([], [1], [1, 2, 3], {1, 2}, 5, "ab", None):
            with pytest.raises(InvalidQueryError, match="two bounds"):
                Filter("n", "between", wrong)

    def test_what_is_no_list(self) -> None:
        for wrong in ("abc", 5, None, {"a": 1}, b"ab"):
            with pytest.raises(InvalidQueryError, match="takes a list of values"):
                Filter("n", "in", wrong)
        with pytest.raises(InvalidQueryError) as caught:
            Filter("n", "in", (n for n in [1, 2]))
        assert caught.value.hint is not None and "make a list of it" in caught.value.hint

    def test_values_nothing_can_hold(self) -> None:
        for wrong, python_type in ((Decimal("1.10"), "decimal.Decimal"), (object(), "object"), ({1}, "set")):
            with pytest.raises(InvalidQueryError) as caught:
                Query().filter("price.net", ">=", wrong)
            assert caught.value.context["python type"] == python_type
            assert caught.value.context["path"] == "`price.net`"
            assert caught.value.context["operator"] == "GTE"
        with pytest.raises(InvalidQueryError) as caught:
            Filter("price", "in", [1, Decimal(2)])
        assert caught.value.context["item"] == "1"
        for number in (2**63, -(2**63) - 1, float("nan"), float("inf")):
            with pytest.raises(InvalidQueryError):
                Filter("n", "=", number)
        with pytest.raises(InvalidQueryError) as caught:
            Filter("j", "=", {"a": [{"b": NINE}]})
        assert caught.value.context["inside"] == "a.0.b"
        assert caught.value.context["path"] == "`j`"
        with pytest.raises(InvalidQueryError, match="surrogate"):
            Filter("s", "=", "\ud800")

    def test_a_value_must_be_given_where_one_is_wanted(self) -> None:
        for operator in ("=", "!=", ">", "like"):
            with pytest.raises(InvalidQueryError, match="takes one value"):
                Filter("a", operator)
        with pytest.raises(InvalidQueryError, match="takes a list"):
            Filter("a", "in")
        with pytest.raises(InvalidQueryError, match="takes no value"):
            Filter("a", "exists", True)

    def test_bad_patterns(self) -> None:
        for operator, pattern in (("regex", "("), ("like", "a\\"), ("like", 5), ("match", ["a"])):
            with pytest.raises(InvalidQueryError) as caught:
                Filter("name", operator, pattern)
            assert caught.value.context["path"] == "`name`"

    def test_arrays(self) -> None:
        numpy = pytest.importorskip("numpy")
        assert Filter("n", "in", numpy.array([1, 2])) == Filter("n", "in", [1, 2])
        assert Filter("s", "in", numpy.array(["a", "b"])) == Filter("s", "in", ["a", "b"])
        days = numpy.array(["2024-01-31", "2024-02-01"], dtype="datetime64[ns]")
        assert Filter("t", "in", days) == Filter("t", "in", [datetime(2024, 1, 31), datetime(2024, 2, 1)])
        assert Filter("n", "between", numpy.array([1, 2])) == Filter("n", "between", [1, 2])
        assert Filter("n", ">", numpy.int32(3)) == Filter("n", ">", 3)
        assert Query().limit(numpy.int64(3)) == Query().limit(3)
        with pytest.raises(InvalidQueryError):
            Filter("n", "in", numpy.array(1))

    def test_columns_of_frames(self) -> None:
        pandas = pytest.importorskip("pandas")
        frame = pandas.DataFrame({"n": [1, 2], "t": pandas.to_datetime(["2024-01-31", "2024-02-01"])})
        assert Filter("n", "in", frame["n"]) == Filter("n", "in", [1, 2])
        assert Filter("n", "in", pandas.Series([1, None], dtype="Int64")) == Filter("n", "in", [1, None])
        assert Filter("n", "in", frame.index) == Filter("n", "in", [0, 1])
        assert Filter("t", "in", frame["t"]) == Filter("t", "in", [datetime(2024, 1, 31), datetime(2024, 2, 1)])
        assert Filter("t", ">", frame["t"][0]) == Filter("t", ">", datetime(2024, 1, 31))


class TestPaths:
    def test_text_is_dotted_and_a_list_is_literal(self) -> None:
        with SyncDatabase.create("memory") as db:
            db.create({"a": {"b": 1}, "a.b": 2, "x.y": 3})
            assert db.count(Filter("a.b", "=", 2)) == 1
            assert db.count(Filter(["a", "b"], "=", 1)) == 1
            assert db.count(Filter(("x.y",), "=", 3)) == 1
            assert db.count(Query().filter(["a", "b"], "=", 2)) == 0
        assert Filter("a.b", "exists").field == "a.b"
        assert Filter(["a", "b"], "exists").field == ["a", "b"]
        assert Filter(["a"], "exists").field == "a"

    @pytest.mark.parametrize("path", ["", ".", "a..b", "a\nb", "_meta", [], [""], ["a", 1], 5, None, b"a", ["a", None]])
    def test_what_is_no_path(self, path: Any) -> None:
        for make in (lambda: Filter(path, "=", 1), lambda: Query().sort(path, "ASC"), lambda: SortSpec(path)):
            with pytest.raises(InvalidQueryError):
                make()

    def test_orders(self) -> None:
        assert SortSpec("a") == SortSpec("a", "asc") == SortSpec("a", "Ascending")
        assert (SortSpec("a.b", "desc").field, SortSpec(["a", "b"]).field) == ("a.b", ["a", "b"])
        assert SortSpec("a", "desc").order == "DESC"
        for wrong in ("up", "", 1, True):
            with pytest.raises(InvalidQueryError, match="ASC or DESC"):
                Query().sort("a", wrong)  # type: ignore[arg-type]


class TestAlgebra:
    a, b, c = Filter("a", "=", 1), Filter("b", "=", 2), Filter("c", "=", 3)

    def test_precedence(self) -> None:
        a, b, c = self.a, self.b, self.c
        assert a | b & c == Filter.any_of(a, Filter.all_of(b, c))
        assert (a | b) & c == Filter.all_of(Filter.any_of(a, b), c)
        assert ~a & b == Filter.all_of(Filter.not_(a), b)
        assert str(~(a | b) & c) == "NOT (a = 1 OR b = 2) AND c = 3"

    def test_chains_are_flat_on_either_side(self) -> None:
        a, b, c = self.a, self.b, self.c
        assert a & b & c == a & (b & c) == Filter.all_of(a, b, c)
        assert a | b | c == a | (b | c) == Filter.any_of([a, b, c])

    def test_parts(self) -> None:
        group = self.a & ~self.b
        assert (group.kind, group.field, group.operator, group.value) == ("all_of", None, None, None)
        assert [part.kind for part in group.filters] == ["test", "not"]
        assert group.filters[1].filters == (self.b,)
        assert self.a.filters == ()

    def test_python_words_are_refused(self) -> None:
        refused: list[Callable[[], object]] = [
            lambda: self.a and self.b,
            lambda: self.a or self.b,
            lambda: not self.a,
            lambda: bool(self.a),
        ]
        for wrong in refused:
            with pytest.raises(TypeError, match="&"):
                wrong()
        for other in (True, None, "a = 1", ("a", "=", 1)):
            with pytest.raises(TypeError):
                self.a & other  # type: ignore[operator]

    def test_groups_take_what_makes_filters(self) -> None:
        assert Filter.any_of(("a", "=", 1), {"field": "b", "operator": "=", "value": 2}) == self.a | self.b
        assert Filter.not_(("a", "=", 1)) == ~self.a
        with pytest.raises(TypeError, match=r"Filter\.parse"):
            Filter.any_of("a = 1", "b = 2")  # type: ignore[arg-type]
        with pytest.raises(InvalidQueryError) as caught:
            Filter.any_of(self.a, ("b", "=~", 2))
        assert caught.value.context["at"] == "filters[1]"

    def test_nesting_is_limited(self) -> None:
        deepest = nested(128)
        assert pickle.loads(pickle.dumps(deepest)) == deepest == eval(repr(deepest))
        assert Query().filter(deepest) == Query(filters=deepest)
        refused: list[Callable[[], object]] = [
            lambda: ~deepest,
            lambda: deepest & self.a,
            lambda: Filter.any_of(deepest),
        ]
        for wrong in refused:
            with pytest.raises(InvalidQueryError, match="128"):
                wrong()

    def test_many_filters_at_once(self) -> None:
        many = Filter.any_of(Filter("n", "=", n) for n in range(10_000))
        assert len(many.filters) == 10_000


class TestForms:
    @pytest.mark.parametrize("query", QUERIES, ids=str)
    def test_every_form_comes_back(self, query: Query) -> None:
        assert eval(repr(query)) == query
        assert Query.from_dict(query.to_dict()) == query
        assert Query.from_dict(json.loads(json.dumps(query.to_dict()))) == query
        assert Query.from_json(query.to_json()) == query == Query.from_json(query.to_json().encode())
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            assert pickle.loads(pickle.dumps(query, protocol)) == query
        assert copy.copy(query) is query and copy.deepcopy(query) is query
        assert hash(Query.from_dict(query.to_dict())) == hash(query)
        assert query != "query" and query is not None

    @pytest.mark.parametrize("one", FILTERS, ids=str)
    def test_every_form_of_a_filter_comes_back(self, one: Filter) -> None:
        assert eval(repr(one)) == one
        assert Filter.from_dict(one.to_dict()) == one == pickle.loads(pickle.dumps(one))
        assert hash(Filter.from_dict(one.to_dict())) == hash(one)
        if one.kind == "test":
            assert one.field is not None and one.operator is not None
            rest = () if one.operator in ("EXISTS", "NOT_EXISTS") else (one.value,)
            assert Filter(one.field, one.operator, *rest) == one

    def test_sort_specs_come_back(self) -> None:
        for one in (SortSpec("a"), SortSpec(["a.b", "c"], "DESC")):
            assert eval(repr(one)) == one == pickle.loads(pickle.dumps(one)) == copy.deepcopy(one)
            assert {one: 1}[eval(repr(one))] == 1

    def test_equality_and_hash(self) -> None:
        assert Filter("a", "=", 1) != Filter("a", "=", 1.0)
        assert Filter("a", "=", 0.0) == Filter("a", "=", -0.0)
        assert hash(Filter("a", "=", 0.0)) == hash(Filter("a", "=", -0.0))
        alone, members = Query(filters=Filter.all_of(*FILTERS)), Query(filters=FILTERS)
        assert alone == members and hash(alone) == hash(members)
        documents = [Filter("j", "=", {"a": 1, "b": 2}), Filter("j", "=", {"b": 2, "a": 1})]
        assert documents[0] == documents[1] and len(set(documents)) == 1
        # Those of no filters and of an empty `all_of` are one.
        assert len(set(QUERIES)) == len({query.to_json() for query in QUERIES}) - 1

    def test_repr_is_the_text(self) -> None:
        assert repr(Query.parse("age >= 25 ORDER BY age DESC")) == "Query.parse('age >= 25 ORDER BY age DESC')"
        assert repr(Query().select("a")) == "Query().select('a')"
        assert repr(Filter("age", "<", 18) | Filter("vip", "=", True)) == "Filter.parse('age < 18 OR vip = TRUE')"
        assert str(Query()) == "" and repr(Query()) == "Query()"

    def test_mistakes_in_text_have_a_caret(self) -> None:
        with pytest.raises(InvalidQueryError) as caught:
            Query.parse("age > 3 ORDER BY")
        assert caught.value.excerpt == "age > 3 ORDER BY\n" + " " * 16 + "^"
        assert caught.value.context["column"] == "17"
        with pytest.raises(InvalidQueryError) as caught:
            Filter.parse("a = 1 && b = 2")
        assert caught.value.hint == "did you mean AND?"
        with SyncDatabase.create("memory") as db, pytest.raises(InvalidQueryError) as caught:
            db.search("age =< 3")
        assert caught.value.excerpt is not None and caught.value.excerpt.endswith("^")

    def test_what_searches_take(self) -> None:
        with SyncDatabase.create("memory") as db:
            db.create_batch([{"n": n} for n in range(4)])
            wanted = Filter("n", ">=", 2)
            mapping = MappingProxyType(Query(filters=wanted).to_dict())
            for query in (wanted, Query().filter(wanted), "n >= 2", mapping, dict(mapping)):
                assert db.count(query) == 2
            assert db.count() == db.count(None) == db.count({}) == db.count("") == 4
            for wrong in (5, ["n >= 2"], b"n >= 2", object()):
                with pytest.raises(TypeError, match="a query is"):
                    db.count(wrong)
            with pytest.raises(TypeError):
                db.delete_where(None)
            assert db.count() == 4

    def test_mistakes_in_calls(self) -> None:
        wrong: list[Callable[[], object]] = [
            lambda: Query(filters="age > 3"),  # type: ignore[arg-type]
            lambda: Query(filters=5),  # type: ignore[arg-type]
            lambda: Query(filters=[("a",)]),
            lambda: Query(sort=5),  # type: ignore[arg-type]
            lambda: Query(sort=[("a", "ASC", 1)]),
            lambda: Query().filter("age > 3"),  # type: ignore[call-overload]
            lambda: Query().filter(),  # type: ignore[call-overload]
            lambda: Query().filter(Filter("a", "=", 1), value=1),  # type: ignore[call-overload]
            lambda: Query.parse(5),  # type: ignore[arg-type]
            lambda: Query.from_json({}),  # type: ignore[arg-type]
            lambda: Query(where=1),  # type: ignore[call-arg]
        ]
        for call in wrong:
            with pytest.raises(TypeError):
                call()
        with pytest.raises(InvalidQueryError) as caught:
            Query(filters=[("a", "=", 1), {"any_of": [{"field": "b", "operator": "=~", "value": 1}]}])
        assert caught.value.context["at"] == "filters[1].any_of[0].operator"
        with pytest.raises(InvalidQueryError) as caught:
            Query(sort=["a", ("b", "up")])
        assert caught.value.context["at"] == "sort[1]"
        with pytest.raises(InvalidQueryError) as caught:
            Query(fields=["a", 1])  # type: ignore[list-item]
        assert caught.value.context["at"] == "fields[1]"


def holding(value: Any, operator: str = "=") -> dict[str, Any]:
    return {"filters": [{"field": "a", "operator": operator, "value": value}]}


class TestHostileDicts:
    @pytest.mark.parametrize(
        ("document", "place"),
        [
            ([], None),
            ("a = 1", None),
            (None, None),
            (5, None),
            ({"where": []}, None),
            ({1: 2}, None),
            ({"filters": {}}, "filters"),
            ({"filters": ["a = 1"]}, "filters[0]"),
            ({"filters": [{"field": "a"}]}, "filters[0]"),
            ({"filters": [{"field": "a", "operator": "="}]}, "filters[0]"),
            ({"filters": [{"field": "a", "operator": "="}] * 2, "limit": 1}, "filters[0]"),
            ({"filters": [{"field": ["a", 1], "operator": "exists"}]}, "filters[0].field[1]"),
            ({"filters": [{"field": {"a": 1}, "operator": "exists"}]}, "filters[0].field"),
            ({"filters": [{"field": "a", "operator": ["="], "value": 1}]}, "filters[0].operator"),
            ({"filters": [{"field": "a", "operator": "__class__", "value": 1}]}, "filters[0].operator"),
            ({"filters": [{"field": "a", "operator": "=", "value": 1, "$where": "1"}]}, "filters[0]"),
            ({"filters": [{"not": {"any_of": [{"all_of": {}}]}}]}, "filters[0].not.any_of[0].all_of"),
            ({"filters": [{"any_of": [], "all_of": []}]}, "filters[0]"),
            ({"sort": [{"field": "a", "order": "; DROP TABLE"}]}, "sort[0].order"),
            ({"sort": "a"}, "sort"),
            ({"limit": -1}, "limit"),
            ({"limit": "10"}, "limit"),
            ({"limit": True}, "limit"),
            ({"limit": 1e3}, "limit"),
            ({"limit": 2**64}, "limit"),
            ({"offset": 10**400}, "offset"),
            ({"fields": ["a", None]}, "fields[1]"),
            ({"after": {}}, "after"),
            (holding(2**63), "filters[0].value"),
            (holding([1, 2**63], "in"), "filters[0].value[1]"),
            (holding({"a": [2**63]}), "filters[0].value"),
            (holding(float("nan")), "filters[0].value"),
            (holding([float("inf")]), "filters[0].value"),
            (holding({"a": 1}, ">"), "filters[0].value"),
            (holding("(((", "regex"), "filters[0].value"),
            (holding({"$datetime": "yesterday"}), "filters[0].value"),
            (holding({"$binary": 5}), "filters[0].value"),
            (holding([{"$binary": "?"}], "in"), "filters[0].value[0]"),
            (holding([NINE]), "filters[0].value"),
            (holding({"at": NINE}), "filters[0].value"),
            (holding(object()), "filters[0].value"),
            (holding(Decimal(1)), "filters[0].value"),
            (holding(Query), "filters[0].value"),
            (holding({1: 2}), "filters[0].value"),
            (holding("\ud800"), "filters[0].value"),
            ({"filters": [{"field": "a", "operator": "=", "\ud800": 1}]}, "filters[0]"),
        ],
    )
    def test_what_is_refused(self, document: Any, place: str | None) -> None:
        with pytest.raises(InvalidQueryError) as caught:
            Query.from_dict(document)
        assert caught.value.context.get("at") == place

    def test_code_stays_text(self) -> None:
        for text in ("__import__('os').system('true')", "'; DROP TABLE records; --", "{{7*7}}", "${jndi:ldap://x}"):
            query = Query.from_dict(holding(text))
            assert query.to_dict()["filters"][0]["value"] == text
            assert Query.parse(str(query)) == query == eval(repr(query))

    def test_documents_are_compared_and_never_run(self) -> None:
        with SyncDatabase.create("memory") as db:
            db.create_batch([{"password": "secret"}, {"password": {"$gt": ""}}])
            query = {"filters": [{"field": "password", "operator": "=", "value": {"$gt": ""}}]}
            assert [record["password"] for record in db.search(query)] == [{"$gt": ""}]

    def test_deep_documents_end(self) -> None:
        deep: Any = {"field": "a", "operator": "exists"}
        for _ in range(128):
            deep = {"any_of": [deep]}
        assert Query.from_dict({"filters": [deep]}).to_dict()["filters"] == [
            json.loads(json.dumps(deep).replace("exists", "EXISTS"))
        ]
        literal: Any = 1
        for _ in range(100_000):
            deep, literal = {"any_of": [deep]}, [literal]
        itself: dict[str, Any] = {}
        itself["not"] = itself
        endless: list[Any] = []
        endless.append(endless)
        wrong = [{"filters": [deep]}, {"filters": [itself]}, {"filters": endless}, {"sort": endless}]
        for document in (*wrong, holding(literal), holding(endless), holding(endless, "in")):
            with pytest.raises(InvalidQueryError):
                Query.from_dict(document)

    def test_json_text(self) -> None:
        for text in ("", "{", "[]", "null", '{"limit": 1} x', '{"limit": 9223372036854775808}', '{"filters": NaN}'):
            with pytest.raises(InvalidQueryError):
                Query.from_json(text)
        with pytest.raises(InvalidQueryError, match="UTF-8"):
            Query.from_json(b"\xff")
        with pytest.raises(InvalidQueryError):
            Query.from_json('{"filters":' + "[" * 100_000)
        big = '{"filters": [{"field": "a", "operator": "=", "value": 18446744073709551616}]}'
        with pytest.raises(InvalidQueryError):
            Query.from_json(big)

    def test_values_json_has_no_words_for(self) -> None:
        documents = [holding(NINE), holding(date(2024, 1, 31)), holding(b"\xff"), holding(uuid.UUID(int=5))]
        for document in documents:
            value = document["filters"][0]["value"]
            assert Query.from_dict(document) == Query().filter("a", "=", value)
        assert Query.from_dict(holding([NINE, b"x"], "in")) == Query().filter("a", "in", [NINE, b"x"])
        ordered = OrderedDict(filters=(OrderedDict(field=("a",), operator=Operator.EQ, value=Color.RED),))
        assert Query.from_dict(ordered) == Query().filter("a", "=", "red")
