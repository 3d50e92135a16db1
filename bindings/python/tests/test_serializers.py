"""Serializers, converters and formats that a program registers."""

from __future__ import annotations

import copy
import csv
import io
import pickle
import stat
import subprocess
import sys
import threading
from collections import OrderedDict, namedtuple
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum, IntEnum
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from dataknobs_data import Aggregation, Field, FieldType, Filter, Query, Record, SyncDatabase
from dataknobs_data.exceptions import (
    AlreadyExistsError,
    CorruptError,
    InvalidConfigError,
    InvalidQueryError,
    InvalidRecordError,
    NotFoundError,
)
from dataknobs_data.serializers import (
    FormatHandler,
    dump,
    dumps,
    format_for,
    format_names,
    get_format,
    load,
    loads,
    register_converter,
    register_format,
    register_serializer,
    unregister_converter,
    unregister_format,
    unregister_serializer,
)

SECRET = "hunter2"


class Money:
    """An amount in a currency."""

    def __init__(self, amount: int, currency: str) -> None:
        self.amount, self.currency = amount, currency

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and (self.amount, self.currency) == (other.amount, other.currency)

    def __hash__(self) -> int:
        return hash((self.amount, self.currency))

    def __repr__(self) -> str:
        return f"Money({self.amount}, {self.currency!r})"


class Tip(Money):
    """Money that is given."""


class Colour(Enum):
    RED = "r"


class Level(IntEnum):
    HIGH = 3


Point = namedtuple("Point", ["x", "y"])


def of_money(money: Money) -> dict[str, Any]:
    return {"amount": money.amount, "currency": money.currency}


def to_money(stored: dict[str, Any]) -> Money:
    return Money(stored["amount"], stored["currency"])


@pytest.fixture(autouse=True)
def nothing_stays_registered() -> Iterator[None]:
    yield
    for cls in (Decimal, Money, Tip, Colour, Level, Point, Fraction, date, OrderedDict, Enum, Order):
        unregister_serializer(cls)
    for kind, function in CONVERTERS:
        while unregister_converter(kind, function):
            pass
    for name in format_names():
        unregister_format(name)
    assert format_names() == ["json", "jsonl"]


@pytest.fixture
def decimals() -> None:
    register_serializer(Decimal, serialize=str, deserialize=Decimal)


@pytest.fixture
def money() -> None:
    register_serializer(Money, of_money, to_money, name="money")


# Serializers


@pytest.mark.usefixtures("decimals")
def test_each_way_to_read_a_value_gives_the_object() -> None:
    price = Decimal("9.50")
    record = Record({"name": "tea", "price": price})
    assert record["price"] == record[1] == price and isinstance(record["price"], Decimal)
    assert record.values() == ["tea", price]
    assert record.items() == [("name", "tea"), ("price", price)]
    assert record.get("price") == record.setdefault("price", 1) == price
    assert record.to_dict() == dict(record) == {"name": "tea", "price": price}
    field = record.fields["price"]
    assert (field.value, field.type, dict(field.metadata)) == (price, "STRING", {"serializer": "decimal.Decimal"})
    assert repr(record) == "Record({'name': 'tea', 'price': Decimal('9.50')})"
    assert repr(field) == "Field('price', Decimal('9.50'), 'STRING', metadata={'serializer': 'decimal.Decimal'})"
    assert record._repr_html_()
    assert record.popitem() == ("price", price)
    record["price"] = price
    assert record.pop("price") == price and record.keys() == ["name"]


@pytest.mark.usefixtures("decimals")
def test_each_way_to_set_a_value_takes_the_object() -> None:
    price = Decimal("9.50")
    made = Record({"price": price})
    record = Record({"price": 1.5})
    record["price"] = price
    assert record == made
    other = Record()
    assert other.setdefault("price", price) == price
    assert other == made
    other.update(price=price)
    assert other == made
    assert Record({"price": Field("price", price)}) == Record([Field("price", price)]) == made
    other.set_field(Field("price", price))
    assert other == made


@pytest.mark.usefixtures("decimals")
def test_another_value_is_not_read_back() -> None:
    record = Record([Field("price", Decimal("9.50"), metadata={"unit": "EUR"})])
    record["price"] = "free"
    assert record["price"] == "free"
    assert dict(record.fields["price"].metadata) == {"unit": "EUR"}
    record["price"] = Decimal(1)
    assert dict(record.fields["price"].metadata) == {"unit": "EUR", "serializer": "decimal.Decimal"}
    record["price"] = None
    assert record["price"] is None and dict(record.fields["price"].metadata) == {"unit": "EUR"}
    record.update({"price": Decimal(2)})
    assert record["price"] == 2 and record.fields["price"].metadata["unit"] == "EUR"
    record.update(price=3)
    assert record["price"] == 3 and "serializer" not in record.fields["price"].metadata


@pytest.mark.usefixtures("decimals")
def test_a_conversion_makes_it_a_plain_value() -> None:
    record = Record({"price": Decimal("9.50")})
    assert record.convert("price", "TEXT") and record["price"] == Decimal("9.50")
    assert record.convert("price", "FLOAT")
    assert record["price"] == 9.5 and isinstance(record["price"], float)
    assert not record.fields["price"].metadata
    field = Field("price", Decimal("9.50"), FieldType.FLOAT)
    assert isinstance(field.value, float) and not field.metadata
    assert isinstance(Field("price", Decimal("9.50"), "TEXT").value, Decimal)
    assert isinstance(Field("price", Decimal("9.50")).convert("FLOAT").value, float)


@pytest.mark.usefixtures("decimals", "money")
def test_patches_set_and_drop_the_name_of_the_serializer() -> None:
    db = SyncDatabase.create("memory")
    db.create(Record([Field("price", 9.5, metadata={"unit": "EUR"})], id="tea"))
    assert db.patch("tea", {"price": Decimal("9.75")})
    assert read(db)["price"] == Decimal("9.75")
    assert dict(read(db).fields["price"].metadata) == {"unit": "EUR", "serializer": "decimal.Decimal"}
    assert db.patch("tea", {"price": Money(9, "EUR")})
    assert read(db)["price"] == Money(9, "EUR")
    assert db.patch("tea", {"price": 3})
    assert read(db)["price"] == 3 and dict(read(db).fields["price"].metadata) == {"unit": "EUR"}
    assert db.update_where("price = 3", {"price": Decimal(4)}) == 1
    assert isinstance(read(db)["price"], Decimal)


def read(db: SyncDatabase, id: str = "tea") -> Record:
    found = db.read(id)
    assert found is not None
    return found


def test_without_deserialize_it_is_only_stored() -> None:
    register_serializer(Decimal, serialize=float)
    record = Record({"price": Decimal("9.50")})
    assert record == Record({"price": 9.5})
    assert record["price"] == 9.5 and isinstance(record["price"], float)


def test_the_nearest_class_of_an_object_counts() -> None:
    register_serializer(Money, of_money, to_money)
    assert Record({"m": Tip(1, "EUR")})["m"] == Money(1, "EUR")
    register_serializer(Tip, lambda tip: f"{tip.amount} {tip.currency}", lambda text: Tip(int(text.split()[0]), "EUR"))
    assert isinstance(Record({"m": Tip(1, "EUR")})["m"], Tip)
    assert type(Record({"m": Money(1, "EUR")})["m"]) is Money
    unregister_serializer(Tip)
    assert type(Record({"m": Tip(1, "EUR")})["m"]) is Money


def test_a_serializer_comes_before_what_the_library_does_by_itself() -> None:
    register_serializer(Colour, lambda colour: colour.name, Colour.__getitem__)
    register_serializer(Level, lambda level: level.name)
    register_serializer(Point, lambda point: f"{point.x} {point.y}", lambda text: Point(*map(int, text.split())))
    record = Record({"colour": Colour.RED, "level": Level.HIGH, "point": Point(1, 2)})
    assert record.to_dict() == {"colour": Colour.RED, "level": "HIGH", "point": Point(1, 2)}
    assert Record({"list": [Point(1, 2), {"c": Colour.RED}]})["list"] == ["1 2", {"c": "RED"}]


def test_a_base_class_of_all_enums() -> None:
    register_serializer(Enum, lambda member: member.name)
    assert Record({"colour": Colour.RED, "level": Level.HIGH}).to_dict() == {"colour": "RED", "level": "HIGH"}


def test_dates_stay_dates_and_datetimes_keep_their_time() -> None:
    register_serializer(date, date.isoformat, date.fromisoformat)
    record = Record({"day": date(2024, 5, 1), "moment": datetime(2024, 5, 1, 12)})
    assert record.to_dict() == {"day": date(2024, 5, 1), "moment": datetime(2024, 5, 1, 12)}
    assert type(record["day"]) is date and record.fields["moment"].type == "DATETIME"


@pytest.mark.parametrize("cls", [object, type(None), bool, int, float, str, datetime, bytes, dict, list])
def test_what_is_stored_as_it_is_takes_no_serializer(cls: type) -> None:
    with pytest.raises(TypeError, match="stored as they are"):
        register_serializer(cls, str)


def test_a_serializer_is_a_class_and_functions() -> None:
    wrong: Any = "decimal.Decimal"
    with pytest.raises(TypeError, match="for a class"):
        register_serializer(wrong, str)
    with pytest.raises(TypeError, match="functions"):
        register_serializer(Decimal, wrong)
    with pytest.raises(TypeError, match="functions"):
        register_serializer(Decimal, str, wrong)


@pytest.mark.usefixtures("decimals", "money")
def test_nested_in_json_it_is_stored_and_not_read_back() -> None:
    record = Record({"cart": [{"price": Decimal("9.50"), "paid": (Money(1, "EUR"),)}]}, metadata={"tax": Decimal(19)})
    assert record["cart"] == [{"price": "9.50", "paid": [{"amount": 1, "currency": "EUR"}]}]
    assert record.metadata == {"tax": "19"}
    register_serializer(OrderedDict, lambda ordered: list(ordered.items()))
    assert Record({"a": [OrderedDict(x=1)], "b": OrderedDict(x=1)}).to_dict() == {"a": [[["x", 1]]], "b": [["x", 1]]}


def test_a_serializer_may_change_the_dict_that_is_read() -> None:
    data: dict[str, Any] = {"a": Decimal(1), "b": Decimal(2)}

    def serialize(value: Decimal) -> str:
        for member in (data, nested):
            member[f"x{len(member)}"] = 1
        return str(value)

    nested: dict[str, Any] = {"a": Decimal(1), "b": Decimal(2)}
    register_serializer(Decimal, serialize)
    assert Record(data).to_dict() == {"a": "1", "b": "2"}
    assert list(Record({"nested": nested})["nested"])[:2] == ["a", "b"]


@dataclass
class Order:
    """A dataclass with an object of a class of ours, and of another dataclass."""

    price: Money
    parts: list[Any]


@pytest.mark.usefixtures("money")
def test_dataclasses_hold_objects_too() -> None:
    register_serializer(Order, lambda order: f"order of {len(order.parts)}")
    order = Order(Money(1, "EUR"), [Order(Money(2, "EUR"), [])])
    assert Record(order).to_dict() == {"price": Money(1, "EUR"), "parts": ["order of 0"]}


def test_pydantic_models_hold_objects_too() -> None:
    pydantic = pytest.importorskip("pydantic")

    class Part(pydantic.BaseModel):
        weight: float

    class Whole(pydantic.BaseModel):
        part: Part
        price: Decimal

    register_serializer(Decimal, str, Decimal)
    register_serializer(Part, lambda part: part.weight, lambda weight: Part(weight=weight))
    try:
        record = Record(Whole(part=Part(weight=1.5), price="9.50"))
        assert record.to_dict() == {"part": Part(weight=1.5), "price": Decimal("9.50")}
    finally:
        unregister_serializer(Part)


@pytest.mark.usefixtures("decimals")
def test_queries_compare_with_what_is_stored() -> None:
    db = SyncDatabase.create("memory")
    db.create_batch([{"price": Decimal(n)} for n in (1, 2, 3)])
    assert db.count(Filter("price", "=", Decimal(2))) == 1
    assert db.count(Query().filter("price", "IN", [Decimal(1), Decimal(3), Decimal(9)])) == 2
    assert db.count(Query().filter("price", "BETWEEN", [Decimal(2), Decimal(3)])) == 2
    assert Query().filter("price", "=", Decimal(2)) == Query.parse("price = '2'")
    assert db.aggregate(Aggregation().max("price")).rows[0] == ("3",)
    assert db.first("price = '3'")["price"] == Decimal(3)  # type: ignore[index]
    assert db.search("ORDER BY price").to_dicts() == [{"price": Decimal(n)} for n in (1, 2, 3)]


@pytest.mark.parametrize("name", ["r.json", "r.jsonl", "r.csv", "r.tsv", "memory.jsonl", "memory.pickle"])
@pytest.mark.usefixtures("decimals", "money")
def test_it_comes_back_from_every_store(name: str, tmp_path: Path) -> None:
    backend = "memory" if name.startswith("memory") else "file"
    settings = {"persist" if backend == "memory" else "path": str(tmp_path / name)}
    record = Record({"name": "tea", "price": Decimal("9.50"), "paid": Money(9, "EUR")}, id="tea")
    with SyncDatabase.create(backend, settings) as db:
        db.create(record)
        db.create({"name": "nothing", "price": None})
        assert read(db) == record and read(db).to_dict() == record.to_dict()
    with SyncDatabase.create(backend, settings) as db:
        assert read(db) == record and read(db).to_dict() == record.to_dict()
        assert db.first("name = 'nothing'")["price"] is None  # type: ignore[index]
        assert db.patch("tea", {"price": Decimal("9.75")})
    with SyncDatabase.create(backend, settings) as db:
        assert read(db)["price"] == Decimal("9.75")
        unregister_serializer(Decimal)
        assert read(db)["price"] == "9.75"


def test_what_values_come_back_as_is_never_looked_up() -> None:
    register_serializer(date, date.isoformat, date.fromisoformat)
    query = Query().filter("moment", ">", datetime(2024, 5, 1)).filter("x", "IN", [b"x", 1, "y"])
    assert pickle.loads(pickle.dumps(query)) == query
    field = Field("moment", datetime(2024, 5, 1))
    assert pickle.loads(pickle.dumps(field)) == field


@pytest.mark.usefixtures("decimals")
def test_copies_pickles_and_json_keep_it() -> None:
    record = Record({"price": Decimal("9.50")}, id="tea")
    again = [record.copy(), copy.copy(record), copy.deepcopy(record), pickle.loads(pickle.dumps(record))]
    again.append(Record.from_json(record.to_json()))
    for other in again:
        assert other == record and other["price"] == Decimal("9.50")
    field = pickle.loads(pickle.dumps(record.fields["price"]))
    assert field == record.fields["price"] and field.value == Decimal("9.50")
    assert record != Record({"price": "9.50"})
    pickled = pickle.dumps((record, field))
    unregister_serializer(Decimal)
    record, field = pickle.loads(pickled)
    assert record["price"] == field.value == "9.50"


def test_only_registered_names_are_looked_up() -> None:
    foreign = Record([Field("f", "x", metadata={"serializer": "os.system"})])
    odd = Record([Field("f", "x", metadata={"serializer": ["decimal.Decimal"]})])
    register_serializer(Decimal, str, Decimal)
    assert foreign["f"] == odd["f"] == "x"
    outside = Record.from_json('{"data":{"p":"1.5"},"meta":{"fields":{"p":{"serializer":"decimal.Decimal"}}}}')
    assert outside["p"] == Decimal("1.5")


def test_one_serializer_a_class_and_a_name() -> None:
    register_serializer(Decimal, str, Decimal)
    register_serializer(Decimal, str, Decimal)
    with pytest.raises(AlreadyExistsError, match="for this class"):
        register_serializer(Decimal, str)
    with pytest.raises(AlreadyExistsError, match="another class has this name") as caught:
        register_serializer(Fraction, str, name="decimal.Decimal")
    assert caught.value.context == {"serializer": "`decimal.Decimal`"}
    register_serializer(Decimal, str, Decimal, name="exact", replace=True)
    register_serializer(Fraction, str, Fraction, name="decimal.Decimal")
    assert Record({"d": Decimal(1)}).fields["d"].metadata["serializer"] == "exact"
    with pytest.raises(AlreadyExistsError):
        register_serializer(Decimal, str, name="decimal.Decimal", replace=True)
    assert Record({"d": Decimal(1)})["d"] == Decimal(1)


def test_what_is_taken_back_is_refused_again() -> None:
    assert not unregister_serializer(Decimal)
    register_serializer(Decimal, str, Decimal)
    record = Record({"price": Decimal(1)})
    assert unregister_serializer(Decimal) and not unregister_serializer(Decimal)
    assert record["price"] == "1"
    with pytest.raises(InvalidRecordError) as caught:
        Record({"price": Decimal(1)})
    assert caught.value.context == {"python type": "decimal.Decimal", "field": "`price`"}
    assert "serializer" in (caught.value.hint or "")


def fails(value: Any) -> Any:
    raise ValueError(SECRET)


def test_a_serializer_that_raises_names_the_field_and_writes_nothing() -> None:
    register_serializer(Decimal, fails)
    db = SyncDatabase.create("memory")
    db.create(Record({"price": 1}, id="tea"))
    calls: list[Any] = [
        lambda: Record({"price": Decimal(1)}),
        lambda: Field("price", Decimal(1)),
        lambda: read(db).update(price=Decimal(1)),
        lambda: db.create({"price": Decimal(1)}),
        lambda: db.create_batch([{"price": 2}, {"price": Decimal(1)}]),
        lambda: db.patch("tea", {"price": Decimal(1)}),
    ]
    for call in calls:
        with pytest.raises(InvalidRecordError, match="a serializer raised an exception") as caught:
            call()
        assert caught.value.context["field"] == "`price`"
        assert caught.value.context["serializer"] == "`decimal.Decimal`"
        assert caught.value.context["exception"] == "ValueError"
        assert isinstance(caught.value.__cause__, ValueError) and SECRET not in str(caught.value)
    assert db.count() == 1 and read(db)["price"] == 1
    record = Record({"price": 1})
    with pytest.raises(InvalidRecordError, match="field: `price`"):
        record["price"] = Decimal(1)
    assert record["price"] == 1
    with pytest.raises(InvalidRecordError) as caught:
        Record({"cart": [0, {"price": Decimal(1)}]})
    assert (caught.value.context["field"], caught.value.context["path"]) == ("`cart`", "1.price")
    with pytest.raises(InvalidQueryError) as bad:
        Query().filter("price", "=", Decimal(1))
    assert bad.value.context["path"] == "`price`" and isinstance(bad.value.__cause__, ValueError)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (Decimal(2), "same class"),
        (object(), "no value can hold"),
        (2**70, "64-bit range"),
        (float("nan"), "finite"),
        ({"x": b""}, "JSON cannot hold"),
    ],
)
def test_a_serializer_gives_what_a_record_holds(made: Any, message: str) -> None:
    register_serializer(Decimal, lambda value: made)
    with pytest.raises(InvalidRecordError, match=message) as caught:
        Record({"name": "tea", "price": Decimal(1)})
    assert caught.value.context["field"] == "`price`"


def test_serializers_that_lead_back_to_each_other_end() -> None:
    register_serializer(Decimal, Fraction)
    register_serializer(Fraction, lambda value: Decimal(value.numerator))
    with pytest.raises(InvalidRecordError, match="nested too deep"):
        Record({"x": Decimal(1)})
    register_serializer(Fraction, str, replace=True)
    assert Record({"x": Decimal("0.5")})["x"] == "1/2"


@pytest.mark.usefixtures("decimals")
def test_a_deserializer_that_raises_names_the_field_and_loses_nothing() -> None:
    record = Record([Field("name", "tea"), Field("price", SECRET, metadata={"serializer": "decimal.Decimal"})])
    calls: list[Any] = [
        lambda: record["price"],
        lambda: record[1],
        lambda: record.get("price"),
        lambda: record.pop("price"),
        record.popitem,
        record.values,
        record.items,
        record.to_dict,
        lambda: record.fields["price"].value,
    ]
    for call in calls:
        with pytest.raises(InvalidRecordError, match="a deserializer raised an exception") as caught:
            call()
        assert caught.value.context == {
            "exception": "decimal.InvalidOperation",
            "serializer": "`decimal.Decimal`",
            "field": "`price`",
        }
        assert SECRET not in str(caught.value)
    assert record["name"] == "tea" and len(record) == 2
    assert SECRET in repr(record) and SECRET in repr(record.fields["price"])


def test_errors_of_the_library_and_interrupts_pass() -> None:
    def refuse(value: Any) -> Any:
        raise InvalidRecordError("no such colour", context={"colour": "?"})

    def interrupt(value: Any) -> Any:
        raise KeyboardInterrupt

    register_serializer(Colour, str, refuse)
    record = Record({"colour": Colour.RED})
    with pytest.raises(InvalidRecordError, match="no such colour") as caught:
        record["colour"]
    assert caught.value.context == {"colour": "?", "serializer": f"`{__name__}.Colour`", "field": "`colour`"}
    register_serializer(Colour, interrupt, replace=True)
    with pytest.raises(KeyboardInterrupt):
        Record({"colour": Colour.RED})
    register(FieldType.INTEGER, interrupt)
    with pytest.raises(KeyboardInterrupt):
        Field("n", "1", "INTEGER")


@pytest.mark.usefixtures("decimals")
def test_frames_and_their_rows_hold_what_is_stored() -> None:
    pandas = pytest.importorskip("pandas")
    from dataknobs_data import dataframe_to_records, records_to_dataframe

    frame = records_to_dataframe([Record({"price": Decimal("9.50")})])
    assert frame["price"].tolist() == ["9.50"]
    records = [Record([Field("price", Decimal("9.50"), "TEXT")]), Record({"price": 1.5})]
    assert dataframe_to_records(records_to_dataframe(records, id="index", metadata=True)) == records
    frame = pandas.DataFrame({"price": pandas.Series([Decimal("9.50")], dtype=object)})
    assert dataframe_to_records(frame)[0]["price"] == "9.50"


def test_threads_register_and_read_at_once() -> None:
    register_serializer(Decimal, str, Decimal)
    record = Record({"price": Decimal("9.50")})
    failures: list[BaseException] = []
    end = threading.Event()

    def toggle() -> None:
        while not end.is_set():
            register_serializer(Fraction, str, Fraction, replace=True)
            unregister_serializer(Fraction)

    def work() -> None:
        try:
            for _ in range(2_000):
                assert record["price"] == Decimal("9.50")
                assert Record({"price": Decimal(1)})["price"] == 1
        except BaseException as error:
            failures.append(error)

    toggler = threading.Thread(target=toggle)
    workers = [threading.Thread(target=work) for _ in range(4)]
    for thread in (toggler, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    end.set()
    toggler.join()
    assert not failures


def test_a_callback_may_use_the_record_it_is_called_for() -> None:
    record = Record({"n": "1"})
    register_serializer(Decimal, str, lambda text: (text, len(record)))
    record["price"] = Decimal(1)
    assert record["price"] == ("1", 2) and record.pop("price") == ("1", 2)

    def convert(value: Any) -> Any:
        record["seen"] = True
        return 7

    register(FieldType.INTEGER, convert)
    assert record.convert("n", "INTEGER")
    assert record.to_dict() == {"n": 7, "seen": True}


# Converters

CONVERTERS: list[tuple[FieldType, Any]] = []


def register(kind: FieldType, function: Any) -> None:
    CONVERTERS.append((kind, function))
    register_converter(kind, function)


def yes_or_no(value: Any) -> Any:
    return {"yes": True, "no": False}.get(value, NotImplemented)


def test_a_converter_is_asked_before_the_table() -> None:
    register(FieldType.BOOLEAN, yes_or_no)
    assert Field("b", "yes", FieldType.BOOLEAN).value is True
    assert Field("b", "no").convert("BOOLEAN").value is False
    record = Record({"b": "yes", "c": "true"})
    assert record.convert("b", "BOOLEAN") and record.convert("c", FieldType.BOOLEAN)
    assert record.to_dict() == {"b": True, "c": True}
    assert record.fields["b"].type is FieldType.BOOLEAN
    with pytest.raises(InvalidRecordError) as caught:
        Field("b", "maybe", "BOOLEAN")
    assert caught.value.context["field"] == "`b`"
    assert unregister_converter(FieldType.BOOLEAN, yes_or_no)
    assert not unregister_converter(FieldType.BOOLEAN, yes_or_no)
    with pytest.raises(InvalidRecordError):
        Field("b", "yes", "BOOLEAN")


def test_the_newest_converter_is_asked_first() -> None:
    asked = []

    def first(value: Any) -> Any:
        asked.append("first")
        return 1

    def second(value: Any) -> Any:
        asked.append("second")
        return NotImplemented if value == "pass" else 2

    register(FieldType.INTEGER, first)
    register(FieldType.INTEGER, second)
    assert Field("n", "x", "INTEGER").value == 2 and asked == ["second"]
    assert Field("n", "pass", "INTEGER").value == 1 and asked == ["second", "second", "first"]
    assert Field("n", None, "INTEGER").value is None and len(asked) == 3, "a null is not converted"
    unregister_converter("INTEGER", second)
    assert Field("n", "x", "INTEGER").value == 1


def test_methods_are_taken_back_as_well() -> None:
    class Rules:
        def convert(self, value: Any) -> Any:
            return 5

    rules = Rules()
    register(FieldType.INTEGER, rules.convert)
    assert Field("n", "x", "INTEGER").value == 5
    assert unregister_converter("INTEGER", rules.convert)


def test_a_converter_gives_what_the_type_holds() -> None:
    for made, message in [("text", "of another type"), (object(), "no value can hold"), (2**70, "64-bit range")]:

        def convert(value: Any, made: Any = made) -> Any:
            return made

        register(FieldType.INTEGER, convert)
        record = Record({"n": "1"})
        with pytest.raises(InvalidRecordError, match=message) as caught:
            record.convert("n", "INTEGER")
        assert caught.value.context["field"] == "`n`" and record["n"] == "1"
        unregister_converter("INTEGER", convert)


def test_a_converter_that_raises_names_the_field_and_the_type() -> None:
    register(FieldType.INTEGER, fails)
    record = Record({"n": SECRET})
    with pytest.raises(InvalidRecordError, match="a converter raised an exception") as caught:
        record.convert("n", "INTEGER")
    assert caught.value.context == {"exception": "ValueError", "type": "INTEGER", "field": "`n`"}
    assert isinstance(caught.value.__cause__, ValueError) and SECRET not in str(caught.value)
    assert record["n"] == SECRET


def test_pickled_fields_are_not_converted_again() -> None:
    register(FieldType.BOOLEAN, lambda value: value == "yes")
    field = Field("b", "yes", "BOOLEAN")
    assert pickle.loads(pickle.dumps(field)) == field
    assert copy.deepcopy(field).value is True


def test_a_converter_is_a_function_to_a_type() -> None:
    wrong: Any = 1
    with pytest.raises(TypeError):
        register_converter(FieldType.INTEGER, wrong)
    with pytest.raises(TypeError):
        register_converter(wrong, int)
    with pytest.raises(InvalidRecordError, match="INTEGR"):
        register_converter("INTEGR", int)


# Formats


class Csv(FormatHandler):
    name = "plain-csv"
    extensions = (".csv",)

    def read(self, data: bytes) -> list[dict[str, str | Any]]:
        return list(csv.DictReader(io.StringIO(data.decode())))

    def write(self, records: Sequence[Record]) -> bytes:
        text = io.StringIO()
        writer = csv.DictWriter(text, records[0].keys())
        writer.writeheader()
        writer.writerows(record.to_dict() for record in records)
        return text.getvalue().encode()


PEOPLE = [Record({"name": "Ada", "born": 1815}, id="ada"), Record({"name": "Grace", "born": 1906}, id="grace")]


@pytest.mark.parametrize("name", ["json", "jsonl"])
@pytest.mark.usefixtures("decimals")
def test_the_built_in_formats_keep_everything(name: str, tmp_path: Path) -> None:
    records = [*PEOPLE, Record([Field("p", Decimal(1), metadata={"u": 1})], metadata={"m": [1]}), Record({"b": b"x"})]
    data = dumps(records, name)
    assert loads(data, name) == loads(data.decode(), name) == loads(bytearray(data), name) == records
    assert [record.id for record in loads(memoryview(data), name)] == ["ada", "grace", None, None]
    path = tmp_path / f"people.{name}"
    dump(iter(records), path)
    assert load(path) == load(str(path), name) == load(path, get_format(name)) == records
    assert dumps([], name) in (b"[]\n", b"")


def test_a_format_of_ones_own(tmp_path: Path) -> None:
    register_format(Csv())
    assert format_names() == ["json", "jsonl", "plain-csv"]
    for text in ("people.csv", ".csv", "csv", "CSV", tmp_path / "a.b" / "c.Csv"):
        assert isinstance(format_for(text), Csv)
    path = tmp_path / "people.csv"
    dump(PEOPLE, path)
    assert load(path) == [Record({"name": "Ada", "born": "1815"}), Record({"name": "Grace", "born": "1906"})]
    assert loads(dumps(PEOPLE, Csv()), "PLAIN-CSV") == load(path)
    assert unregister_format("plain-csv") and not unregister_format("plain-csv")
    with pytest.raises(InvalidConfigError, match="no format has this extension") as caught:
        load(path)
    assert caught.value.context == {"extension": "`csv`"}


def test_one_of_the_same_name_is_replaced_and_of_the_same_extension_hidden() -> None:
    class Mine(Csv):
        name = "json"
        extensions = ("ndjson",)

    register_format(Mine())
    assert isinstance(get_format("json"), Mine) and isinstance(format_for("x.ndjson"), Mine)
    assert format_for("x.jsonl").name == "jsonl" and format_names() == ["jsonl", "json"]
    with pytest.raises(InvalidConfigError):
        format_for("x.json")
    unregister_format("json")
    assert format_for("x.json").name == "json" and format_for("x.ndjson").name == "jsonl"


def test_unknown_formats_have_a_hint() -> None:
    with pytest.raises(InvalidConfigError, match="unknown format") as caught:
        loads(b"", "jsn")
    for wrong in (lambda: loads(5, "json"), lambda: dumps([], 5), lambda: get_format(None)):  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            wrong()
    assert (caught.value.context, caught.value.hint) == ({"format": "`jsn`"}, "did you mean `json`?")


def test_a_format_has_a_name_and_extensions() -> None:
    class Nameless(Csv):
        name = ""

    class OneText(Csv):
        extensions = "csv"

    for wrong in (Nameless(), OneText(), Csv, "csv", object()):
        with pytest.raises(TypeError):
            register_format(wrong)  # type: ignore[arg-type]
    assert format_names() == ["json", "jsonl"]


class Broken(FormatHandler):
    """Answers with whatever it is made of."""

    name = "broken"
    extensions = ("broken",)

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def read(self, data: bytes) -> Any:
        return self.act()

    def write(self, records: Sequence[Record]) -> Any:
        return self.act()

    def act(self) -> Any:
        if isinstance(self.answer, BaseException):
            raise self.answer
        return self.answer


def failing() -> Iterator[Record]:
    yield PEOPLE[0]
    raise ValueError(SECRET)


def test_what_a_handler_gives_is_checked(tmp_path: Path) -> None:
    for answer in (None, 1, [1], "text", [PEOPLE[0], None]):
        with pytest.raises(TypeError):
            loads(b"", Broken(answer))
    with pytest.raises(InvalidRecordError) as caught:
        loads(b"", Broken([{"a": 1}, {"a": object()}]))
    assert caught.value.context["index"] == "1" and caught.value.context["field"] == "`a`"
    assert loads(b"", Broken(iter(PEOPLE))) == PEOPLE
    for answer in (None, "text", [b"x"]):
        with pytest.raises(TypeError, match=r"Broken\.write gives bytes"):
            dump(PEOPLE, tmp_path / "x", Broken(answer))
    assert dumps(PEOPLE, Broken(bytearray(b"x"))) == b"x"
    assert list(tmp_path.iterdir()) == []


def test_exceptions_of_a_handler(tmp_path: Path) -> None:
    path = tmp_path / "x.broken"
    path.write_bytes(b"")
    for handler in (Broken(ValueError(SECRET)), Broken(failing())):
        with pytest.raises(CorruptError, match="the format could not be read") as caught:
            load(path, handler)
        assert caught.value.context == {"format": "`broken`", "exception": "ValueError", "path": str(path)}
        assert isinstance(caught.value.__cause__, ValueError) and SECRET not in str(caught.value)
    with pytest.raises(InvalidRecordError, match="the format could not be written"):
        dumps(PEOPLE, Broken(csv.Error("x")))
    for error in (CorruptError("here"), PermissionError("there"), KeyboardInterrupt()):
        with pytest.raises(type(error)) as passed:
            loads(b"", Broken(error))
        assert passed.value is error


def test_damage_names_the_place_and_the_file(tmp_path: Path) -> None:
    path = tmp_path / "people.jsonl"
    path.write_text('{"data": {}}\n{"data": \n')
    with pytest.raises(CorruptError) as caught:
        load(path)
    assert caught.value.context["line"] == "2" and caught.value.context["path"] == str(path)
    with pytest.raises(NotFoundError) as missing:
        load(tmp_path / "none.json")
    assert missing.value.context == {"path": str(tmp_path / "none.json")}
    with pytest.raises(NotFoundError):
        dump(PEOPLE, tmp_path / "none" / "people.json")


def test_a_file_is_replaced_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    dump(PEOPLE, path)
    path.chmod(0o640)
    before = path.read_bytes()
    with pytest.raises(InvalidRecordError):
        dump([{"a": object()}], path)
    with pytest.raises(InvalidRecordError):
        dump(PEOPLE, path, Broken(ValueError()))
    assert path.read_bytes() == before
    dump(PEOPLE[:1], path)
    assert load(path) == PEOPLE[:1] and stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["people.json"]


def test_results_and_frames_are_records_too() -> None:
    db = SyncDatabase.create("memory")
    db.create_batch(PEOPLE)
    assert loads(dumps(db.search("ORDER BY name"), "jsonl"), "jsonl") == PEOPLE
    with pytest.raises(TypeError, match="not a single one"):
        dumps(PEOPLE[0], "json")  # type: ignore[arg-type]
    pandas = pytest.importorskip("pandas")
    assert loads(dumps(pandas.DataFrame({"n": [1]}), "json"), "json") == [Record({"n": 1})]


def test_the_module_is_imported_when_it_is_asked_for() -> None:
    code = "import sys, dataknobs_data; print([name for name in sys.modules if name.startswith('dataknobs_data.ser')])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
