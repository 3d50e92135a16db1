"""The compiled part of the package."""

from asyncio import AbstractEventLoop, Future
from collections.abc import Callable, ItemsView, Iterable, Iterator, Mapping, MutableMapping, Sequence, ValuesView
from os import PathLike
from types import TracebackType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Concatenate,
    Generic,
    Literal,
    NoReturn,
    ParamSpec,
    SupportsIndex,
    TypeAlias,
    TypeVar,
    final,
    overload,
)

from typing_extensions import Self, disjoint_base

from ._construction import Constructor
from .exceptions import TimedOutError
from .fields import FieldType
from .query import Operator
from .typing import IdLike, QueryLike, RecordLike, RecordsLike

if TYPE_CHECKING:
    import pandas

__all__ = [
    "AggregateRequest",
    "Aggregation",
    "ArrowTable",
    "AsyncSession",
    "Buffer",
    "Capabilities",
    "Complete",
    "Condition",
    "Construction",
    "Cursor",
    "Explain",
    "Field",
    "Fields",
    "Filter",
    "Index",
    "IndexInfo",
    "Leaf",
    "Metadata",
    "ModifyRequest",
    "OpenSavepoint",
    "OpenTransaction",
    "Pending",
    "PoolSlot",
    "PoolSlots",
    "Query",
    "Record",
    "RecordIterator",
    "RowIterator",
    "ScanRequest",
    "SearchResult",
    "SortKey",
    "SortPosition",
    "SortSpec",
    "SyncSession",
    "Table",
    "TextArray",
    "WriteOutcome",
    "WriteRequest",
    "__version__",
    "records_from_columns",
    "run_command",
]

_T = TypeVar("_T")
_P = ParamSpec("_P")
_R = TypeVar("_R")

__version__: str

def run_command(arguments: Sequence[str]) -> int: ...

_Path: TypeAlias = str | list[str] | tuple[str, ...]
_OneFilter: TypeAlias = Filter | tuple[Any, ...] | Mapping[str, Any]
_Filters: TypeAlias = _OneFilter | Iterable[_OneFilter]
_OneSortKey: TypeAlias = SortSpec | str | tuple[Any, ...] | Mapping[str, Any]
_SortKeys: TypeAlias = _OneSortKey | Iterable[_OneSortKey]

@final
class Query:
    """What to find: filters that must all hold, a sort, a limit, an offset, the fields to keep.

    A query never changes: its methods give a new one. A mistake raises where it is made.

    Parameters
    ----------
    filters : Filter, tuple, dict or list of these, optional
        What must hold; all of a list. A tuple is ``(field, operator, value)``.
    sort : str, SortSpec, tuple, dict or list of these, optional
        The sort keys; earlier ones weigh more. A tuple is ``(field, order)``.
    limit : int, optional
        At most so many records.
    offset : int, optional
        So many records are skipped first.
    fields : list of str, optional
        The fields to keep of each record; all of them when left out.
    after : str, optional
        The token of a result: the search goes on behind it.

    Raises
    ------
    InvalidQueryError
        For an unknown operator, a bad path or pattern, a value that no record can hold, and the like.

    Examples
    --------
    >>> from dataknobs_data.query import Query
    >>> query = Query().filter("age", ">=", 25).filter("name", "LIKE", "John%").sort("age", "DESC").limit(10)
    >>> query
    Query.parse("age >= 25 AND name LIKE 'John%' ORDER BY age DESC LIMIT 10")
    >>> query == Query(filters=[("age", ">=", 25), ("name", "LIKE", "John%")], sort=("age", "DESC"), limit=10)
    True
    """
    def __new__(
        cls,
        filters: _Filters | None = None,
        sort: _SortKeys | None = None,
        limit: int | None = None,
        offset: int | None = None,
        fields: str | Iterable[str] | None = None,
        after: str | None = None,
    ) -> Self: ...
    # Not as overloads, which the reference would leave out.
    def filter(self, field: _Path | _OneFilter, op: str | None = None, value: Any = ...) -> Query:
        """Add a condition that must hold.

        Parameters
        ----------
        field : str, list of str or Filter
            A dotted path such as ``"address.city"``, a list of path segments that are taken literally, or a whole
            `Filter`, which then stands alone.
        op : str or Operator, optional
            How to compare: ``">="``, ``"not in"``, ``Operator.LIKE``.
        value : object, optional
            What to compare with: a value, for IN and NOT_IN a list, tuple, set, range or array, for BETWEEN a list of
            two bounds. EXISTS and NOT_EXISTS take none.

        Returns
        -------
        Query
            The query with the condition.

        Raises
        ------
        InvalidQueryError
            When the test makes no sense; the context names path and operator.

        Examples
        --------
        >>> from dataknobs_data.query import Filter, Query
        >>> print(Query().filter("city", "in", ["Oslo", "Bergen"]).filter("email", "exists"))
        city IN ('Oslo', 'Bergen') AND email EXISTS
        >>> print(Query().filter(Filter("age", "<", 18) | Filter("age", ">", 65)))
        age < 18 OR age > 65
        """
    def sort(self, field: _Path | SortSpec, order: str | None = "ASC") -> Query:
        """Add a sort key; keys that were there before weigh more.

        Records in which the field is missing or null come last in both directions; ties are sorted by id.

        Parameters
        ----------
        field : str, list of str or SortSpec
            The path to sort by.
        order : {"ASC", "DESC"}, default "ASC"
            Smallest or largest first, in any letter case.

        Returns
        -------
        Query
            The query with the key.

        Raises
        ------
        InvalidQueryError
            For a bad path, and any other order.

        Examples
        --------
        >>> from dataknobs_data.query import Query
        >>> print(Query().sort("city").sort("age", "desc"))
        ORDER BY city, age DESC
        """
    def limit(self, limit: int | None) -> Query:
        """Give at most so many records.

        Parameters
        ----------
        limit : int or None
            The number, from 0; None for all.

        Returns
        -------
        Query
            The query with this limit in place of its own.

        Raises
        ------
        InvalidQueryError
            When it is negative, or no whole number.

        Examples
        --------
        >>> from dataknobs_data.query import Query
        >>> print(Query().limit(10))
        LIMIT 10
        """
    def offset(self, offset: int) -> Query:
        """Skip so many records first.

        Each call reads what it skips; for page after page, `after` is cheaper.

        Parameters
        ----------
        offset : int
            The number, from 0.

        Returns
        -------
        Query
            The query with this offset in place of its own.

        Raises
        ------
        InvalidQueryError
            When it is negative, or no whole number.

        Examples
        --------
        >>> from dataknobs_data.query import Query
        >>> print(Query().limit(10).offset(20))
        LIMIT 10 OFFSET 20
        """
    def select(self, *names: str | Iterable[str]) -> Query:
        """Keep only these fields of each record, in the record's own order; id, version and metadata stay.

        Parameters
        ----------
        *names : str or list of str
            Names of fields (not paths), as arguments or as one list. Names that a record lacks are ignored.

        Returns
        -------
        Query
            The query with these names in place of its own.

        Examples
        --------
        >>> from dataknobs_data.query import Query
        >>> Query().select("name", "age") == Query().select(["name", "age"]) == Query(fields=["name", "age"])
        True
        """
    def after(self, token: str) -> Query:
        """Go on behind the last record of an earlier result of the same sorted query.

        Parameters
        ----------
        token : str
            The attribute ``after`` of that result.

        Returns
        -------
        Query
            The query for the next page.

        Raises
        ------
        InvalidQueryError
            When the query has no sort, another sort than the token, or an offset.
        TypeError
            For None: that result was the last page.

        Examples
        --------
        >>> from dataknobs_data import Query, SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> ids = db.create_batch([{"n": 1}, {"n": 2}, {"n": 3}])
        >>> query = Query().sort("n").limit(2)
        >>> page = db.search(query)
        >>> [record["n"] for record in db.search(query.after(page.after))]
        [3]
        """
    @staticmethod
    def parse(text: str) -> Query:
        """Read a query from its text form.

        Parameters
        ----------
        text : str
            ``[condition] [ORDER BY path [ASC|DESC], …] [LIMIT n] [OFFSET n]``.

        Returns
        -------
        Query
            The query.

        Raises
        ------
        InvalidQueryError
            For text that cannot be read; ``excerpt`` shows the place with a caret.

        Examples
        --------
        >>> from dataknobs_data.query import Query
        >>> Query.parse("age >= 25 AND city IN ('Oslo', 'Bergen') ORDER BY age DESC").to_dict()["sort"]
        [{'field': 'age', 'order': 'DESC'}]
        >>> try:
        ...     Query.parse("age >> 25")
        ... except ValueError as error:
        ...     print(error.excerpt)
        age >> 25
             ^
        """
    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Query:
        """Read a query from its dict form, such as JSON from elsewhere.

        Nothing in it can become anything but scalars, lists and plain JSON, and nothing that is not understood is
        ignored. Beside what `to_dict` gives, a value may be a datetime, date, UUID or bytes object.

        Parameters
        ----------
        data : dict
            The keys ``filters``, ``sort``, ``limit``, ``offset``, ``fields`` and ``after``, each of which may be left
            out or None.

        Returns
        -------
        Query
            The query.

        Raises
        ------
        InvalidQueryError
            For anything else; the context ``at`` names the place, for example ``filters[2].any_of[0].operator``.

        Examples
        --------
        >>> from dataknobs_data.query import Query
        >>> print(Query.from_dict({"filters": [{"field": "age", "operator": "GTE", "value": 25}], "limit": 10}))
        age >= 25 LIMIT 10
        """
    def to_dict(self) -> dict[str, Any]:
        """Give the dict form, which `json.dumps` takes as it is.

        Returns
        -------
        dict
            ``filters`` and ``sort`` always, the other keys where they are set. A datetime is written as
            ``{"$datetime": "…"}``, bytes are ``{"$binary": "base64"}``.

        Examples
        --------
        >>> from dataknobs_data.query import Query
        >>> Query().filter("age", ">=", 25).limit(10).to_dict()
        {'filters': [{'field': 'age', 'operator': 'GTE', 'value': 25}], 'sort': [], 'limit': 10}
        """
    @staticmethod
    def from_json(text: str | bytes) -> Query:
        """Read a query from the JSON text of its dict form.

        Parameters
        ----------
        text : str or bytes
            A JSON object, as `to_json` gives it.

        Returns
        -------
        Query
            The query.

        Raises
        ------
        InvalidQueryError
            As `from_dict`; and for text that is not JSON, with its line and column.

        Examples
        --------
        >>> from dataknobs_data.query import Query
        >>> Query.from_json('{"limit": 5}') == Query().limit(5)
        True
        """
    def to_json(self) -> str:
        """Give the dict form as JSON text.

        Returns
        -------
        str
            The text, in one line.

        Examples
        --------
        >>> from dataknobs_data.query import Query
        >>> Query().filter("age", ">=", 25).to_json()
        '{"filters":[{"field":"age","operator":"GTE","value":25}],"sort":[]}'
        """
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Query: ...
    def __deepcopy__(self, _memo: Any) -> Query: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Filter:
    """A condition on records: a test of one field, or filters combined with ``&``, ``|`` and ``~``.

    ``~`` binds tightest, then ``&``, then ``|``. Python's ``and``, ``or`` and ``not`` do not combine filters, and
    raise. ``~`` is plain negation, so that ``~Filter("age", "=", 36)`` also takes records without an age;
    ``Filter("age", "!=", 36)`` does not.

    Parameters
    ----------
    field : str or list of str
        A dotted path such as ``"address.city"``, or a list of path segments that are taken literally.
    op : str or Operator
        How to compare: ``">="``, ``"not in"``, ``Operator.LIKE``.
    value : object, optional
        What to compare with: a value, for IN and NOT_IN a list, tuple, set, range or array, for BETWEEN a list of
        two bounds. EXISTS and NOT_EXISTS take none. ``= None`` means NOT_EXISTS, ``!= None`` EXISTS.

    Attributes
    ----------
    kind : {"test", "all_of", "any_of", "not"}
        What it is.
    field : str, list of str or None
        The path of a test.
    operator : Operator or None
        The operator of a test.
    value : object
        The value or list of a test; None for all else.
    filters : tuple of Filter
        The members of a group; of a test none.

    Raises
    ------
    InvalidQueryError
        When the test makes no sense; the context names path and operator.

    Examples
    --------
    >>> from dataknobs_data.query import Filter
    >>> adult, near = Filter("age", ">=", 18), Filter("city", "IN", ["Oslo", "Bergen"])
    >>> print(adult & ~near | Filter("vip", "=", True))
    age >= 18 AND NOT city IN ('Oslo', 'Bergen') OR vip = TRUE
    >>> adult.field, adult.operator, adult.value
    ('age', <Operator.GTE: 'GTE'>, 18)
    """
    def __new__(cls, field: _Path, op: str, value: Any = ...) -> Self: ...
    @staticmethod
    def all_of(*filters: _Filters) -> Filter:
        """Every one of these holds; of none: true.

        Parameters
        ----------
        *filters : Filter, tuple or dict
            The members, as arguments or as one list.

        Returns
        -------
        Filter
            The group.

        Examples
        --------
        >>> from dataknobs_data.query import Filter
        >>> print(Filter.all_of(("age", ">=", 18), ("city", "=", "Oslo")))
        age >= 18 AND city = 'Oslo'
        """
    @staticmethod
    def any_of(*filters: _Filters) -> Filter:
        """At least one of these holds; of none: false.

        Parameters
        ----------
        *filters : Filter, tuple or dict
            The members, as arguments or as one list.

        Returns
        -------
        Filter
            The group.

        Examples
        --------
        >>> from dataknobs_data.query import Filter
        >>> print(Filter.any_of([("age", "<", 18), ("age", ">", 65)]))
        age < 18 OR age > 65
        """
    @staticmethod
    def not_(filter: _OneFilter) -> Filter:
        """This one does not hold: what ``~`` gives.

        Parameters
        ----------
        filter : Filter, tuple or dict
            The filter to negate.

        Returns
        -------
        Filter
            Its negation.

        Examples
        --------
        >>> from dataknobs_data.query import Filter
        >>> print(Filter.not_(Filter("city", "=", "Oslo")))
        NOT city = 'Oslo'
        """
    @staticmethod
    def parse(text: str) -> Filter:
        """Read a filter from its text form: a query's text without ORDER BY, LIMIT and OFFSET.

        Parameters
        ----------
        text : str
            The condition.

        Returns
        -------
        Filter
            The filter.

        Raises
        ------
        InvalidQueryError
            For text that cannot be read, and empty text; ``excerpt`` shows the place with a caret.

        Examples
        --------
        >>> from dataknobs_data.query import Filter
        >>> Filter.parse("age < 18 OR age > 65") == Filter("age", "<", 18) | Filter("age", ">", 65)
        True
        """
    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Filter:
        """Read a filter from its dict form, such as JSON from elsewhere.

        Parameters
        ----------
        data : dict
            ``{"field", "operator", "value"}``, ``{"all_of": […]}``, ``{"any_of": […]}`` or ``{"not": …}``.

        Returns
        -------
        Filter
            The filter.

        Raises
        ------
        InvalidQueryError
            For anything else; the context ``at`` names the place.

        Examples
        --------
        >>> from dataknobs_data.query import Filter
        >>> print(Filter.from_dict({"not": {"field": "age", "operator": "<", "value": 18}}))
        NOT age < 18
        """
    def to_dict(self) -> dict[str, Any]:
        """Give the dict form, which `json.dumps` takes as it is.

        Returns
        -------
        dict
            What `from_dict` reads.

        Examples
        --------
        >>> from dataknobs_data.query import Filter
        >>> Filter("age", ">=", 25).to_dict()
        {'field': 'age', 'operator': 'GTE', 'value': 25}
        """
    @property
    def kind(self) -> Literal["test", "all_of", "any_of", "not"]:
        """What it is: ``"test"``, ``"all_of"``, ``"any_of"`` or ``"not"``."""
    @property
    def field(self) -> str | list[str] | None:
        """The path of a test: dotted text, or a list of literal segments. None for a group."""
    @property
    def operator(self) -> Operator | None:
        """The operator of a test. None for a group."""
    @property
    def value(self) -> Any:
        """What a test compares with: a value, or a list of them. None where there is nothing."""
    @property
    def filters(self) -> tuple[Filter, ...]:
        """The members of a group; of a test none."""
    def __and__(self, other: Filter, /) -> Filter: ...
    def __or__(self, other: Filter, /) -> Filter: ...
    def __rand__(self, other: Filter, /) -> Filter: ...
    def __ror__(self, other: Filter, /) -> Filter: ...
    def __invert__(self) -> Filter: ...
    def __bool__(self) -> NoReturn: ...
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> Filter: ...
    def __deepcopy__(self, _memo: Any) -> Filter: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class SortSpec:
    """One key of a sort.

    Parameters
    ----------
    field : str or list of str
        The path to sort by: dotted text, or a list of literal segments.
    order : {"ASC", "DESC"}, default "ASC"
        Smallest or largest first, in any letter case.

    Raises
    ------
    InvalidQueryError
        For a bad path, and any other order.

    Examples
    --------
    >>> from dataknobs_data.query import Query, SortSpec
    >>> print(Query(sort=[SortSpec("city"), SortSpec("age", "desc")]))
    ORDER BY city, age DESC
    """
    def __new__(cls, field: _Path, order: str | None = "ASC") -> Self: ...
    @property
    def field(self) -> str | list[str]:
        """The path: dotted text, or a list of literal segments."""
    @property
    def order(self) -> Literal["ASC", "DESC"]:
        """``"ASC"`` or ``"DESC"``."""
    def __eq__(self, other: object, /) -> bool: ...
    def __hash__(self) -> int: ...
    def __copy__(self) -> SortSpec: ...
    def __deepcopy__(self, _memo: Any) -> SortSpec: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Aggregation:
    """Groups of records, and what is computed from each.

    An aggregation never changes: its methods give a new one. A mistake raises where it is made. Without group keys
    the result is exactly one row; with group keys and nothing to compute it is the distinct keys. Rows come in the
    order of their keys, null last.

    Parameters
    ----------
    filters : Filter, tuple, dict or list of these, optional
        What records must pass, as in a `Query`.

    Attributes
    ----------
    columns : list of str
        The names of the result's columns: group keys, then aggregates.

    Examples
    --------
    >>> from dataknobs_data import SyncDatabase
    >>> from dataknobs_data.query import Aggregation
    >>> db = SyncDatabase.create("memory")
    >>> ids = db.create_batch([{"city": "Oslo", "age": 30}, {"city": "Rome", "age": 41}, {"city": "Oslo", "age": 35}])
    >>> for row in db.aggregate(Aggregation().group_by("city").count().avg("age", alias="mean")):
    ...     print(row)
    {'city': 'Oslo', 'count': 2, 'mean': 32.5}
    {'city': 'Rome', 'count': 1, 'mean': 41.0}
    """
    def __new__(cls, filters: _Filters | None = None) -> Self: ...
    @staticmethod
    def distinct(field: _Path, alias: str | None = None) -> Aggregation:
        """The distinct values at a path: `group_by` alone.

        Parameters
        ----------
        field : str or list of str
            The path of the values.
        alias : str, optional
            The name of the column; when left out, the path.

        Returns
        -------
        Aggregation
            The aggregation with the column.

        Examples
        --------
        >>> from dataknobs_data.query import Aggregation
        >>> Aggregation.distinct("city").columns
        ['city']
        """
    # Not as overloads, which the reference would leave out.
    def filter(self, field: _Path | _OneFilter, op: str | None = None, value: Any = ...) -> Aggregation:
        """Add a condition that records must pass, as `Query.filter` does.

        Parameters
        ----------
        field : str, list of str or Filter
            A path, or a whole `Filter`, which then stands alone.
        op : str or Operator, optional
            How to compare.
        value : object, optional
            What to compare with.

        Returns
        -------
        Aggregation
            The aggregation with the condition.

        Raises
        ------
        InvalidQueryError
            When the test makes no sense; the context names path and operator.

        Examples
        --------
        >>> from dataknobs_data.query import Aggregation
        >>> Aggregation().filter("age", ">=", 18).count()
        Aggregation().filter(Filter.parse('age >= 18')).count()
        """
    def group_by(self, field: _Path, alias: str | None = None) -> Aggregation:
        """Group by the value at a path; records where it is missing or null form the group None.

        Parameters
        ----------
        field : str or list of str
            The path of the values.
        alias : str, optional
            The name of the column; when left out, the path.

        Returns
        -------
        Aggregation
            The aggregation with the column.

        Examples
        --------
        >>> from dataknobs_data.query import Aggregation
        >>> Aggregation().group_by("address.city", alias="city").columns
        ['city']
        """
    def date_histogram(self, field: _Path, interval: str, alias: str | None = None) -> Aggregation:
        """Group datetimes by calendar interval in UTC; everything else falls in the group None.

        Parameters
        ----------
        field : str or list of str
            The path of the datetimes.
        interval : {"year", "quarter", "month", "week", "day", "hour", "minute", "second"}
            The length of the intervals. Weeks start on Monday.
        alias : str, optional
            The name of the column; when left out, the path.

        Returns
        -------
        Aggregation
            The aggregation with the column, which holds the start of each interval.

        Examples
        --------
        >>> from dataknobs_data.query import Aggregation
        >>> Aggregation().date_histogram("paid_at", "month", alias="month").sum("amount").columns
        ['month', 'sum_amount']
        """
    def histogram(self, field: _Path, width: float, origin: float | None = 0, alias: str | None = None) -> Aggregation:
        """Group numbers by ranges of one width; everything else falls in the group None.

        Parameters
        ----------
        field : str or list of str
            The path of the numbers.
        width : int or float
            The width of the ranges, above 0.
        origin : int or float, default 0
            Where one of the ranges begins.
        alias : str, optional
            The name of the column; when left out, the path.

        Returns
        -------
        Aggregation
            The aggregation with the column, which holds the lower end of each range.

        Examples
        --------
        >>> from dataknobs_data.query import Aggregation
        >>> Aggregation().histogram("age", 10, alias="decade").count().columns
        ['decade', 'count']
        """
    def count(self, alias: str | None = None) -> Aggregation:
        """Add the number of records.

        Parameters
        ----------
        alias : str, optional
            The name of the column; when left out, ``count``.

        Returns
        -------
        Aggregation
            The aggregation with the column.

        Examples
        --------
        >>> from dataknobs_data.query import Aggregation
        >>> Aggregation().count().columns
        ['count']
        """
    def count_of(self, field: _Path, alias: str | None = None) -> Aggregation:
        """Add the number of values that are present.

        Parameters
        ----------
        field : str or list of str
            The path of the values.
        alias : str, optional
            The name of the column; when left out, ``count_`` and the path.

        Returns
        -------
        Aggregation
            The aggregation with the column.

        Examples
        --------
        >>> from dataknobs_data.query import Aggregation
        >>> Aggregation().count_of("age").columns
        ['count_age']
        """
    def count_distinct(self, field: _Path, alias: str | None = None) -> Aggregation:
        """Add the number of present values that differ.

        Parameters
        ----------
        field : str or list of str
            The path of the values.
        alias : str, optional
            The name of the column; when left out, ``count_distinct_`` and the path.

        Returns
        -------
        Aggregation
            The aggregation with the column.

        Examples
        --------
        >>> from dataknobs_data.query import Aggregation
        >>> Aggregation().count_distinct("age").columns
        ['count_distinct_age']
        """
    def min(self, field: _Path, alias: str | None = None) -> Aggregation:
        """Add the least present value, in the order of a sort.

        Parameters
        ----------
        field : str or list of str
            The path of the values.
        alias : str, optional
            The name of the column; when left out, ``min_`` and the path.

        Returns
        -------
        Aggregation
            The aggregation with the column.

        Examples
        --------
        >>> from dataknobs_data.query import Aggregation
        >>> Aggregation().min("age").columns
        ['min_age']
        """
    def max(self, field: _Path, alias: str | None = None) -> Aggregation:
        """Add the greatest present value, in the order of a sort.

        Parameters
        ----------
        field : str or list of str
            The path of the values.
        alias : str, optional
            The name of the column; when left out, ``max_`` and the path.

        Returns
        -------
        Aggregation
            The aggregation with the column.

        Examples
        --------
        >>> from dataknobs_data.query import Aggregation
        >>> Aggregation().max("age").columns
        ['max_age']
        """
    def sum(self, field: _Path, alias: str | None = None) -> Aggregation:
        """Add the sum of the numbers: exact over integers, and an error when that passes 64 bits.

        Parameters
        ----------
        field : str or list of str
            The path of the values.
        alias : str, optional
            The name of the column; when left out, ``sum_`` and the path.

        Returns
        -------
        Aggregation
            The aggregation with the column.

        Examples
        --------
        >>> from dataknobs_data.query import Aggregation
        >>> Aggregation().sum("age").columns
        ['sum_age']
        """
    def avg(self, field: _Path, alias: str | None = None) -> Aggregation:
        """Add the mean of the numbers, a float.

        Parameters
        ----------
        field : str or list of str
            The path of the values.
        alias : str, optional
            The name of the column; when left out, ``avg_`` and the path.

        Returns
        -------
        Aggregation
            The aggregation with the column.

        Examples
        --------
        >>> from dataknobs_data.query import Aggregation
        >>> Aggregation().avg("age").columns
        ['avg_age']
        """
    @property
    def columns(self) -> list[str]:
        """The names of the result's columns: group keys, then aggregates."""
    @staticmethod
    def from_dict(data: Mapping[str, Any]) -> Aggregation:
        """Read an aggregation from its dict form, such as JSON from elsewhere.

        Parameters
        ----------
        data : dict
            The keys ``filters``, ``group_by`` and ``aggregates``.

        Returns
        -------
        Aggregation
            The aggregation.

        Raises
        ------
        InvalidQueryError
            For anything that is not understood.

        Examples
        --------
        >>> from dataknobs_data.query import Aggregation
        >>> Aggregation.from_dict({"group_by": ["city"], "aggregates": [{"function": "count"}]})
        Aggregation().group_by('city').count()
        """
    def to_dict(self) -> dict[str, Any]:
        """Give the dict form, which `json.dumps` takes as it is.

        Returns
        -------
        dict
            What `from_dict` reads; empty parts and names that need no telling are left out.

        Examples
        --------
        >>> from dataknobs_data.query import Aggregation
        >>> Aggregation().group_by("city").count(alias="people").to_dict()
        {'group_by': ['city'], 'aggregates': [{'function': 'count', 'as': 'people'}]}
        """
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __copy__(self) -> Aggregation: ...
    def __deepcopy__(self, _memo: Any) -> Aggregation: ...
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Table:
    """The rows that an aggregation gives: a sequence of dicts, one for each row.

    Parameters
    ----------
    columns : list of str
        The names of the columns.
    rows : iterable of sequences
        The rows, each with one value for each column.

    Attributes
    ----------
    columns : list of str
        The names of the columns.
    rows : list of tuple
        The rows as tuples in column order.

    Examples
    --------
    >>> from dataknobs_data.query import Table
    >>> table = Table(["city", "count"], [("Oslo", 2), ("Rome", 1)])
    >>> len(table), table[0], table[-1]["city"]
    (2, {'city': 'Oslo', 'count': 2}, 'Rome')
    >>> [row["count"] for row in table]
    [2, 1]
    """
    def __new__(cls, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> Self: ...
    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """The rows as tuples in column order; made anew each time."""
    def to_dicts(self) -> list[dict[str, Any]]:
        """Give all rows as dicts.

        Returns
        -------
        list of dict
            One dict for each row.

        Examples
        --------
        >>> from dataknobs_data.query import Table
        >>> Table(["n"], [(1,), (2,)]).to_dicts()
        [{'n': 1}, {'n': 2}]
        """
    def to_dataframe(self, **options: Any) -> pandas.DataFrame:
        """Give the rows as a pandas DataFrame.

        Parameters
        ----------
        **options : object
            As `dataknobs_data.utils.pandas.table_to_dataframe` takes them.

        Returns
        -------
        pandas.DataFrame
            One row for each row, one column for each column.

        Raises
        ------
        UnsupportedError
            When pandas is not installed.
        """
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, index: SupportsIndex, /) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, index: slice, /) -> Table: ...
    def __iter__(self) -> RowIterator: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __reduce__(self) -> tuple[Any, ...]: ...
    def _repr_html_(self) -> str: ...

@final
class RowIterator:
    """Goes through the rows of a `Table`."""
    def __iter__(self) -> RowIterator: ...
    def __next__(self) -> dict[str, Any]: ...
    def __length_hint__(self) -> int: ...

@final
class Explain:
    """How a query will be answered, and what that will cost; ``str`` shows it line by line.

    Attributes
    ----------
    backend : str
        The store.
    query : str
        The query as text.
    access : str
        How the store finds the records, in one line: ``"index age_ordered: range"``.
    index : str or None
        The index that is used.
    leaves : list of dict
        Each test of the filter: its text as ``leaf`` and, as ``support``, how well the store answers it: ``"exact"``,
        ``"superset"`` (with more than asked for) or ``"no"``.
    rechecked : bool
        Whether results are checked again here, because not every test is exact.
    sort_pushed, limit_pushed : bool
        Whether the store sorts, and whether it applies offset and limit.
    rows_examined, bytes_read, requests : int or None
        How many records, bytes and requests it expects, where it can tell.
    dollars : float or None
        What the requests cost in US dollars.
    notes : list of str
        What else is worth knowing, such as an index that would help.

    Examples
    --------
    >>> from dataknobs_data import SyncDatabase
    >>> explain = SyncDatabase.create("memory").explain("age > 30 ORDER BY age")
    >>> explain.sort_pushed, explain.rechecked, explain.leaves
    (True, False, [{'leaf': 'age > 30', 'support': 'exact'}])
    >>> print(str(explain).splitlines()[1])
    query: age > 30 ORDER BY age
    """
    @property
    def backend(self) -> str:
        """The store."""
    @property
    def query(self) -> str:
        """The query as text."""
    @property
    def leaves(self) -> list[dict[str, str]]:
        """Each test of the filter, and how well the store answers it."""
    @property
    def rechecked(self) -> bool:
        """Whether results are checked again here, because not every test is exact."""
    @property
    def sort_pushed(self) -> bool:
        """Whether the store sorts."""
    @property
    def limit_pushed(self) -> bool:
        """Whether the store applies offset and limit."""
    @property
    def access(self) -> str:
        """How the store finds the records, in one line."""
    @property
    def index(self) -> str | None:
        """The index that is used."""
    @property
    def rows_examined(self) -> int | None:
        """How many records it expects to look at."""
    @property
    def bytes_read(self) -> int | None:
        """How many bytes it expects to read."""
    @property
    def requests(self) -> int | None:
        """How many requests to a server it expects to make."""
    @property
    def dollars(self) -> float | None:
        """What those requests cost, in US dollars."""
    @property
    def notes(self) -> list[str]:
        """What else is worth knowing, such as an index that would help."""
    def to_dict(self) -> dict[str, Any]:
        """Give everything as a dict, which `json.dumps` takes as it is.

        Returns
        -------
        dict
            ``backend``, ``query``, ``leaves``, ``rechecked``, ``sort_pushed``, ``limit_pushed`` and, with the expected
            cost, ``plan``.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> SyncDatabase.create("memory").explain("age > 30").to_dict()["leaves"]
        [{'leaf': 'age > 30', 'support': 'exact'}]
        """
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class IndexInfo:
    """An index of a database.

    Parameters
    ----------
    name : str
        Its name.
    path : str or list of str
        What is indexed.
    kind : {"hash", "ordered"}, default "hash"
        ``"hash"`` finds equal values, ``"ordered"`` ranges too.

    Examples
    --------
    >>> from dataknobs_data import SyncDatabase
    >>> db = SyncDatabase.create("memory")
    >>> db.create_index("age", kind="ordered")
    IndexInfo('age_ordered', 'age', 'ordered')
    """
    def __new__(cls, name: str, path: _Path, kind: str = "hash") -> Self: ...
    @property
    def name(self) -> str:
        """Its name."""
    @property
    def path(self) -> str | list[str]:
        """What is indexed: a dotted path, or a list of literal segments."""
    @property
    def kind(self) -> Literal["hash", "ordered"]:
        """``"hash"`` or ``"ordered"``."""
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __reduce__(self) -> tuple[Any, ...]: ...

@final
class Capabilities:
    """What a database can do. What is declared works; what is not raises `UnsupportedError`.

    Parameters
    ----------
    **capabilities : object
        The attributes below; what is left out is as in a store that can do nothing special.

    Examples
    --------
    >>> from dataknobs_data import SyncDatabase
    >>> capabilities = SyncDatabase.create("memory").capabilities
    >>> capabilities.transactions, capabilities.persistent
    (True, False)
    """
    def __new__(cls, **capabilities: bool | str | None) -> Self: ...
    @property
    def transactions(self) -> bool:
        """Whether ``transaction()`` gives real isolation."""
    @property
    def serializable(self) -> bool:
        """Whether transactions may be serializable: as if they had run one after another."""
    @property
    def savepoints(self) -> bool:
        """Whether transactions have savepoints."""
    @property
    def atomic_batches(self) -> bool:
        """Whether batches are all or nothing."""
    @property
    def indexes(self) -> bool:
        """Whether there are ``create_index``, ``list_indexes`` and ``drop_index``."""
    @property
    def insertion_order(self) -> bool:
        """Whether records come in the order they were created, without a sort."""
    @property
    def id_order(self) -> Literal["code point", "numeric"]:
        """How ids are ordered: by ``"code point"``, or ``"numeric"``."""
    @property
    def key_field(self) -> str | None:
        """The field that holds the id, on stores with a key column of their own."""
    @property
    def generates_ids(self) -> bool:
        """Whether the store makes the ids of records that come without one."""
    @property
    def missing_fields(self) -> bool:
        """Whether a missing field is told from a null one."""
    @property
    def field_order(self) -> bool:
        """Whether records keep their own field order, also where it differs from record to record."""
    @property
    def fixed_fields(self) -> bool:
        """Whether fields are those that the store has, each of one type."""
    @property
    def unique_versions(self) -> bool:
        """Whether every write of a record gives it a version never used before."""
    @property
    def snapshot_streams(self) -> bool:
        """Whether a stream sees the records as they were when it began."""
    @property
    def scores(self) -> bool:
        """Whether results of MATCH carry a relevance."""
    @property
    def persistent(self) -> bool:
        """Whether records outlive the process."""
    @property
    def read_only(self) -> bool:
        """Whether writes are refused."""
    def to_dict(self) -> dict[str, Any]:
        """Give everything as a dict.

        Returns
        -------
        dict
            Each attribute under its name.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> SyncDatabase.create("memory").capabilities.to_dict()["id_order"]
        'code point'
        """
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __getnewargs_ex__(self) -> tuple[tuple[()], dict[str, Any]]: ...

# Records, results and calls.

@final
class Field:
    """One named value of a record, with its type and its metadata. It never changes.

    Parameters
    ----------
    name : str
        Up to 512 bytes of UTF-8, without control characters; not ``_id``, ``_metadata``, ``_meta`` or ``_score``.
    value : object, optional
        None, bool, int (64 bits), finite float, str, datetime, date, bytes, dict or list; also numpy scalars,
        pandas timestamps, UUIDs and members of enums, which become the plain types; and objects of classes for which
        a serializer is registered.
    type : FieldType or str, optional
        Converts the value, or refuses it. By default the value tells its own type.
    metadata : mapping, optional
        JSON values by name.

    Raises
    ------
    InvalidRecordError
        When the name is not allowed, no value can hold the object, or the value cannot be converted; the context
        names the field.

    Examples
    --------
    >>> from dataknobs_data import Field, FieldType
    >>> Field("age", "36", FieldType.INTEGER, metadata={"unit": "years"})
    Field('age', 36, 'INTEGER', metadata={'unit': 'years'})
    """

    def __new__(
        cls,
        name: str,
        value: Any = None,
        type: FieldType | str | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Self: ...
    @property
    def name(self) -> str:
        """The name."""
    @property
    def value(self) -> Any:
        """The value: a plain Python object, or what the field's serializer reads back."""
    @property
    def type(self) -> FieldType:
        """The type. A field that is null has one too."""
    @property
    def metadata(self) -> Mapping[str, Any]:
        """The metadata, as a mapping that cannot be changed."""
    def convert(self, type: FieldType | str) -> Field:
        """Give the same field with its value converted to another type.

        Parameters
        ----------
        type : FieldType or str
            The type to convert to.

        Returns
        -------
        Field
            The new field; name and metadata stay.

        Raises
        ------
        InvalidRecordError
            When the value cannot be converted; the context names field, value kind and target.

        Examples
        --------
        >>> from dataknobs_data import Field
        >>> Field("age", "36").convert("INTEGER").value
        36
        """
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __reduce__(self) -> tuple[Any, ...]: ...

@disjoint_base
class Record(MutableMapping[str, Any]):
    """Ordered fields, an optional id, and metadata.

    A record is a mutable mapping of field names to values. Two records are equal when their fields (names, values,
    types, in order) and metadata are; id and version don't count.

    Parameters
    ----------
    data : mapping, iterable of Field, dataclass, named tuple or pydantic model, optional
        The fields. Values of a mapping may be `Field` objects, to give a type or metadata.
    id : str or UUID, optional
        The id: up to 512 bytes of UTF-8 without control characters. A store gives one to a record without.
    metadata : mapping, optional
        JSON values by name.

    Raises
    ------
    InvalidRecordError
        When a name or the id is not allowed, or a value is of no type that a record holds; the context names the
        field.
    TypeError
        When the data is none of the above.

    Examples
    --------
    >>> from dataknobs_data import Record
    >>> record = Record({"name": "Ada", "age": 36}, id="ada")
    >>> record["age"], record[0], record.fields["age"].type.value
    (36, 'Ada', 'INTEGER')
    >>> record["age"] += 1
    >>> record
    Record({'name': 'Ada', 'age': 37}, id='ada')
    """

    def __new__(
        cls,
        data: RecordLike | None = None,
        id: IdLike | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Self: ...
    @property
    def id(self) -> str | None:
        """The id, or None while the record has none."""
    @id.setter
    def id(self, value: IdLike | None) -> None: ...
    @property
    def version(self) -> str | None:
        """The version under which the record was read, for ``expected_version``; None on a new record."""
    @property
    def score(self) -> float | None:
        """The relevance for the query that found the record, where the store has one."""
    @property
    def metadata(self) -> Metadata:
        """The record's metadata: a live mapping of str to JSON values."""
    @metadata.setter
    def metadata(self, value: Mapping[str, Any] | None) -> None: ...
    @property
    def fields(self) -> Fields:
        """The fields with their types and metadata, by name or position."""
    def __len__(self) -> int: ...
    def __getitem__(self, key: str | int, /) -> Any: ...
    def __setitem__(self, key: str | int, value: Any, /) -> None: ...
    def __delitem__(self, key: str | int, /) -> None: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
    def keys(self) -> list[str]:  # type: ignore[override]
        """Give the field names, in order.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record({"name": "Ada", "age": 36}).keys()
        ['name', 'age']
        """
    def values(self) -> list[Any]:  # type: ignore[override]
        """Give the values, in field order.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record({"name": "Ada", "age": 36}).values()
        ['Ada', 36]
        """
    def items(self) -> list[tuple[str, Any]]:  # type: ignore[override]
        """Give pairs of name and value, in field order.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record({"name": "Ada", "age": 36}).items()
        [('name', 'Ada'), ('age', 36)]
        """
    def get(self, name: str, default: Any = None) -> Any:
        """Give the value of a field, or the default when there is no such field.

        Parameters
        ----------
        name : str
            The field's name.
        default : object, optional
            What is given when there is no such field. A field that is null gives None.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record({"name": "Ada"}).get("age", 0)
        0
        """
    def update(self, data: RecordLike | None = None, /, **fields: Any) -> None:  # type: ignore[override]
        """Set fields from what makes a record, from keywords, or both.

        Parameters
        ----------
        data : mapping, iterable of Field, dataclass, named tuple or pydantic model, optional
            The fields to set.
        **fields
            More of them.

        Raises
        ------
        InvalidRecordError
            When one of them cannot be set; then none is.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> record = Record({"name": "Ada"})
        >>> record.update({"age": 36}, city="London")
        >>> record.to_dict()
        {'name': 'Ada', 'age': 36, 'city': 'London'}
        """
    def setdefault(self, name: str, default: Any = None) -> Any:
        """Give the value of a field; when there is no such field, set it to the default first.

        Parameters
        ----------
        name : str
            The field's name.
        default : object, optional
            The value of the new field.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> record = Record({"name": "Ada"})
        >>> record.setdefault("age", 36), record.setdefault("name", "nobody")
        (36, 'Ada')
        """
    def pop(self, name: str, *default: Any) -> Any:
        """Remove a field and give its value.

        Parameters
        ----------
        name : str
            The field's name.
        *default : object, optional
            What is given when there is no such field.

        Raises
        ------
        KeyError
            When there is no such field, and no default.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> record = Record({"name": "Ada", "age": 36})
        >>> record.pop("age"), record.pop("age", None), record.keys()
        (36, None, ['name'])
        """
    def popitem(self) -> tuple[str, Any]:
        """Remove the last field and give its name and value.

        Raises
        ------
        KeyError
            When the record has no fields.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record({"name": "Ada", "age": 36}).popitem()
        ('age', 36)
        """
    def clear(self) -> None:
        """Remove all fields; id and metadata stay.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> record = Record({"name": "Ada"}, id="ada")
        >>> record.clear()
        >>> len(record), record.id
        (0, 'ada')
        """
    def set_field(self, field: Field) -> None:
        """Add a field, or replace the one of the same name, its type and metadata too.

        Parameters
        ----------
        field : Field
            The field.

        Examples
        --------
        >>> from dataknobs_data import Field, Record
        >>> record = Record({"price": 9.5})
        >>> record.set_field(Field("price", 9.5, metadata={"currency": "EUR"}))
        >>> record.fields["price"].metadata["currency"]
        'EUR'
        """
    def rename(self, name: str, new_name: str) -> bool:
        """Give a field another name, in its place.

        Parameters
        ----------
        name, new_name : str
            The field's name, and the one it gets.

        Returns
        -------
        bool
            False when there is no such field.

        Raises
        ------
        InvalidRecordError
            When another field has the new name, or no field may have it.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> record = Record({"nmae": "Ada", "age": 36})
        >>> record.rename("nmae", "name"), record.keys()
        (True, ['name', 'age'])
        """
    def convert(self, name: str, type: FieldType | str) -> bool:
        """Convert a field's value to another type, in place.

        Parameters
        ----------
        name : str
            The field's name.
        type : FieldType or str
            The type to convert to.

        Returns
        -------
        bool
            False when there is no such field.

        Raises
        ------
        InvalidRecordError
            When the value cannot be converted; the record stays as it was.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> record = Record({"age": "36"})
        >>> record.convert("age", "INTEGER"), record["age"]
        (True, 36)
        """
    def project(self, *names: str) -> Record:
        """Give a record of only some fields; id, version and metadata stay.

        Parameters
        ----------
        *names : str
            The fields to keep, in the record's own order. Names that the record lacks are ignored.

        Returns
        -------
        Record
            The new record.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record({"name": "Ada", "age": 36, "city": "London"}).project("age", "name").to_dict()
        {'name': 'Ada', 'age': 36}
        """
    def to_dict(self) -> dict[str, Any]:
        """Give the values by name, as a plain dict; id, types and metadata are left out.

        Returns
        -------
        dict
            In field order.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record({"name": "Ada", "tags": ["a", "b"]}, id="ada").to_dict()
        {'name': 'Ada', 'tags': ['a', 'b']}
        """
    @classmethod
    def from_dict(cls, data: RecordLike, id: IdLike | None = None, metadata: Mapping[str, Any] | None = None) -> Self:
        """Make a record of a plain dict: the constructor by another name.

        Parameters
        ----------
        data : mapping, iterable of Field, dataclass, named tuple or pydantic model
            The fields.
        id : str or UUID, optional
            The id.
        metadata : mapping, optional
            JSON values by name.

        Returns
        -------
        Record
            The record.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record.from_dict({"name": "Ada"}, id="ada")
        Record({'name': 'Ada'}, id='ada')
        """
    def to_json(self) -> str:
        """Give the whole record as JSON text: ``id``, ``data``, and in ``meta`` what plain JSON cannot say.

        Returns
        -------
        str
            One line, without the version.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record({"name": "Ada", "age": 36}, id="ada").to_json()
        '{"id":"ada","data":{"name":"Ada","age":36}}'
        """
    @classmethod
    def from_json(cls, text: str) -> Self:
        """Make a record of the text that `to_json` gives.

        Parameters
        ----------
        text : str
            The JSON text.

        Returns
        -------
        Record
            An equal record, with its id.

        Raises
        ------
        InvalidRecordError
            When the text is not of this form; the context has the ``line`` and ``column``, from 1.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> record = Record({"photo": b"..."}, id="ada")
        >>> Record.from_json(record.to_json()) == record
        True
        """
    def copy(self) -> Self:
        """Give an independent record with the same content, id and version too; it costs next to nothing.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> record = Record({"age": 36})
        >>> other = record.copy()
        >>> other["age"] = 37
        >>> record["age"]
        36
        """
    def __copy__(self) -> Self: ...
    def __deepcopy__(self, _memo: Any, /) -> Self: ...
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __reduce__(self) -> tuple[Any, ...]: ...
    def _repr_html_(self) -> str: ...

@final
class Fields(Mapping[str, Field]):
    """The fields of a record with their types and metadata, by name or by position.

    It shows the record as it is; to change a field, use `Record.set_field`.

    Examples
    --------
    >>> from dataknobs_data import Record
    >>> fields = Record({"name": "Ada", "age": 36}).fields
    >>> fields["age"], fields[0].name
    (Field('age', 36, 'INTEGER'), 'name')
    """

    def __len__(self) -> int: ...
    def __getitem__(self, key: str | int, /) -> Field: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
    def get(self, name: str, default: _T | None = None) -> Field | _T | None:  # type: ignore[override]
        """Give a field, or the default when there is no such field.

        Parameters
        ----------
        name : str
            The field's name.
        default : object, optional
            What is given when there is no such field.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record({"name": "Ada"}).fields.get("age") is None
        True
        """
    def keys(self) -> list[str]:  # type: ignore[override]
        """Give the field names, in order.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record({"name": "Ada"}).fields.keys()
        ['name']
        """
    def values(self) -> list[Field]:  # type: ignore[override]
        """Give the `Field` objects, in order.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record({"name": "Ada"}).fields.values()
        [Field('name', 'Ada', 'STRING')]
        """
    def items(self) -> list[tuple[str, Field]]:  # type: ignore[override]
        """Give pairs of name and `Field`, in order.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record({"name": "Ada"}).fields.items()
        [('name', Field('name', 'Ada', 'STRING'))]
        """
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Metadata(MutableMapping[str, Any]):
    """A record's metadata, read and changed in place. Values are JSON: each read gives a copy.

    Examples
    --------
    >>> from dataknobs_data import Record
    >>> record = Record({"name": "Ada"}, metadata={"source": "letters"})
    >>> record.metadata["checked"] = True
    >>> record.metadata
    Metadata({'source': 'letters', 'checked': True})
    """

    def __len__(self) -> int: ...
    def __getitem__(self, key: str, /) -> Any: ...
    def __setitem__(self, key: str, value: Any, /) -> None: ...
    def __delitem__(self, key: str, /) -> None: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __iter__(self) -> Iterator[str]: ...
    def keys(self) -> list[str]:  # type: ignore[override]
        """Give the keys, in order.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record(metadata={"source": "letters"}).metadata.keys()
        ['source']
        """
    def values(self) -> ValuesView[Any]:
        """Give the values, in the order of the keys.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> list(Record(metadata={"source": "letters"}).metadata.values())
        ['letters']
        """
    def items(self) -> ItemsView[str, Any]:
        """Give pairs of key and value.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> list(Record(metadata={"source": "letters"}).metadata.items())
        [('source', 'letters')]
        """
    def get(self, key: str, default: Any = None) -> Any:
        """Give the value of a key, or the default when there is no such key.

        Parameters
        ----------
        key : str
            The key.
        default : object, optional
            What is given when there is no such key.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record().metadata.get("source", "unknown")
        'unknown'
        """
    def update(self, data: Mapping[str, Any] | None = None, /, **entries: Any) -> None:  # type: ignore[override]
        """Set keys from a mapping, from keywords, or both.

        Parameters
        ----------
        data : mapping, optional
            The keys and values to set.
        **entries
            More of them.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> record = Record()
        >>> record.metadata.update({"source": "letters"}, checked=True)
        >>> record.metadata.to_dict()
        {'source': 'letters', 'checked': True}
        """
    def setdefault(self, key: str, default: Any = None) -> Any:
        """Give the value of a key; when there is no such key, set it to the default first.

        Parameters
        ----------
        key : str
            The key.
        default : object, optional
            The value of the new key.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record().metadata.setdefault("source", "letters")
        'letters'
        """
    def pop(self, key: str, *default: Any) -> Any:
        """Remove a key and give its value.

        Parameters
        ----------
        key : str
            The key.
        *default : object, optional
            What is given when there is no such key.

        Raises
        ------
        KeyError
            When there is no such key, and no default.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record(metadata={"source": "letters"}).metadata.pop("source")
        'letters'
        """
    def popitem(self) -> tuple[str, Any]:
        """Remove the last key and give it and its value.

        Raises
        ------
        KeyError
            When there are no keys.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record(metadata={"source": "letters"}).metadata.popitem()
        ('source', 'letters')
        """
    def clear(self) -> None:
        """Remove all keys.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> record = Record(metadata={"source": "letters"})
        >>> record.metadata.clear()
        >>> len(record.metadata)
        0
        """
    def to_dict(self) -> dict[str, Any]:
        """Give a plain dict with the same content.

        Returns
        -------
        dict
            A copy.

        Examples
        --------
        >>> from dataknobs_data import Record
        >>> Record(metadata={"source": "letters"}).metadata.to_dict()
        {'source': 'letters'}
        """
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class ArrowTable:
    """What a query found, as Arrow data: what `search_as_arrow` gives.

    pyarrow, polars, DuckDB and whatever else speaks the Arrow PyCapsule interface take it as a table, as often as they
    like, without a copy: ``pyarrow.table(found)``, ``polars.DataFrame(found)``.

    Attributes
    ----------
    column_names : list of str
        The names of the columns, in order; none where nothing was found.

    Examples
    --------
    >>> from dataknobs_data import SyncDatabase
    >>> db = SyncDatabase.create("memory")
    >>> ids = db.create_batch([{"n": n} for n in range(5)])
    >>> found = db.search_as_arrow("n > 1")
    >>> len(found), found.column_names
    (3, ['_id', 'n'])
    """

    @property
    def column_names(self) -> list[str]:
        """The names of the columns, in order."""
    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Give the rows as a stream of Arrow data, for any library that takes one: pyarrow, polars, DuckDB."""

@final
class SearchResult:
    """The records that a query found, in order.

    It is read like a list: by position, by slice, in a loop. A record becomes a Python object when it is asked for,
    and is another object each time. pyarrow, polars, DuckDB and whatever else speaks the Arrow PyCapsule interface
    take it as a table.

    Examples
    --------
    >>> from dataknobs_data import SyncDatabase
    >>> db = SyncDatabase.create("memory")
    >>> ids = db.create_batch([{"n": n} for n in range(5)])
    >>> found = db.search("n > 1 ORDER BY n")
    >>> len(found), found[0]["n"], [record["n"] for record in found[1:]]
    (3, 2, [3, 4])
    """

    @property
    def after(self) -> str | None:
        """The token with which `Query.after` goes on behind the last record.

        None when there is no more, or the query had no sort and limit.
        """
    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, index: SupportsIndex, /) -> Record: ...
    @overload
    def __getitem__(self, index: slice, /) -> SearchResult: ...
    def __iter__(self) -> RecordIterator: ...
    def ids(self) -> list[str | None]:
        """Give the ids of the records, in order.

        Returns
        -------
        list of str or None
            None for records that never were in a store.

        Examples
        --------
        >>> from dataknobs_data import Record, SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> ids = db.create_batch([Record({"n": 1}, id="a"), Record({"n": 2}, id="b")])
        >>> db.search("ORDER BY n DESC").ids()
        ['b', 'a']
        """
    def to_dicts(self) -> list[dict[str, Any]]:
        """Give the records as plain dicts; ids, types and metadata are left out.

        Returns
        -------
        list of dict
            In order.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> id = db.create({"name": "Ada"})
        >>> db.search().to_dicts()
        [{'name': 'Ada'}]
        """
    def to_dataframe(
        self,
        *,
        id: Literal["index", "column"] | None = None,
        id_column: str = "_id",
        metadata: bool = False,
    ) -> pandas.DataFrame:
        """Give the records as a pandas DataFrame; the parameters are those of `records_to_dataframe`.

        Parameters
        ----------
        id : {None, "index", "column"}
            Where the ids go: nowhere, into the index, or into the first column.
        id_column : str
            The name of that index or column.
        metadata : bool
            Whether ``attrs["dataknobs"]`` carries the metadata of records and fields.

        Returns
        -------
        pandas.DataFrame
            A column for each field, in order of first appearance.

        Raises
        ------
        UnsupportedError
            When pandas is not installed.

        Examples
        --------
        >>> import pandas
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> ids = db.create_batch([{"n": 1}, {"n": None}])
        >>> str(db.search().to_dataframe()["n"].dtype)
        'Int64'
        """
    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Give the records as a stream of Arrow data, for any library that takes one: pyarrow, polars, DuckDB."""
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]
    def __reduce__(self) -> tuple[Any, ...]: ...
    def _repr_html_(self) -> str: ...

@final
class RecordIterator:
    """The records of a result, one after the other."""

    def __iter__(self) -> RecordIterator: ...
    def __next__(self) -> Record: ...
    def __length_hint__(self) -> int: ...

@final
class Cursor:
    """The records of a stream, one after the other, in constant memory: what `SyncDatabase.stream` gives.

    It fetches the next records when those at hand are used up. Where a loop may end early, ``with`` or `close` lets go
    of what the stream holds in the store.

    Examples
    --------
    >>> from dataknobs_data import SyncDatabase
    >>> db = SyncDatabase.create("memory")
    >>> ids = db.create_batch({"n": n} for n in range(5))
    >>> with db.stream("ORDER BY n DESC") as records:
    ...     print(next(records)["n"])
    4
    """

    def __iter__(self) -> Cursor: ...
    def __next__(self) -> Record: ...
    def __enter__(self) -> Cursor: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...
    @property
    def ended(self) -> bool:
        """Whether there are no more records to fetch; some may be at hand still."""
    def close(self) -> None:
        """Let go of what the stream holds in the store; it gives no more records.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> records = SyncDatabase.create("memory").stream()
        >>> records.close()
        >>> list(records)
        []
        """
    def _at_hand(self) -> Record | None:
        """The next record that is there already, or None."""
    def _begin_fetch(self) -> Pending[None]:
        """Begin to fetch the next records."""

@final
class OpenSavepoint:
    """A savepoint that was set."""

@final
class OpenTransaction:
    """A transaction on its way from the call that begins it to the class that programs see."""

@final
class Pending(Generic[_T]):
    """A call under way, for an event loop to wait for."""

    def notify(
        self, event_loop: AbstractEventLoop, wake: Callable[[Future[None]], object], future: Future[None]
    ) -> bool:
        """Have `wake(future)` called in the loop when the call is done. True when it is already."""
    def result(self) -> _T:
        """The answer of a call that is done."""
    def cancel(self) -> None:
        """End the call where it stands."""

@final
class PoolSlot:
    """The right to hold one connection, until it is lent or freed."""

    def free(self) -> None:
        """Let the next caller have it."""

@final
class PoolSlots:
    """Who is next, which connection is lent, which is let go; connections are numbers."""

    def __new__(cls, config: Mapping[str, Any], /) -> Self: ...
    @staticmethod
    def checked(config: Mapping[str, Any]) -> dict[str, Any]:
        """Give the settings of a configuration, as they stand there, when they make sense."""
    @property
    def settings(self) -> dict[str, Any]:
        """All settings but ``retry``; durations as texts."""
    def seconds(self, timeout: float | None) -> float:
        """Seconds that a call may take to get a connection: its own limit, or that of the pool."""
    def enter(self, timeout: float | None) -> PoolSlot:
        """Give a slot, in turn; wait for it on this thread."""
    def begin(self, timeout: float | None) -> PoolSlot | Pending[PoolSlot]:
        """Give a slot, in turn, or the wait for it."""
    def next(self, slot: PoolSlot) -> tuple[Literal["connect", "lend", "check", "let go"], int]:
        """Say what to do with a slot, and with which connection. One to lend or to check is on loan from now on."""
    def lend(self, slot: PoolSlot, connection: int) -> None:
        """Lend a connection that was opened for a slot."""
    def is_lent(self, connection: int) -> bool:
        """Whether a connection is on loan."""
    def give_back(self, connection: int) -> list[int]:
        """End a loan, keep the connection for the next caller, and give those that are to be closed."""
    def take_out(self, connection: int) -> PoolSlot:
        """End a loan and give its slot, to be freed when the connection is closed."""
    def close(self) -> list[int]:
        """End the lending and give the idle connections, to be closed."""
    def is_below_minimum(self) -> bool:
        """Whether there are fewer connections than `min_size`."""
    def metrics(self) -> tuple[int, int, int, int]:
        """Give size, idle, in use and waiting."""
    def timed_out(self, timeout: float | None) -> TimedOutError:
        """Give the error for a call that got no connection within these seconds."""
    def pause(self, failed: int, since: float) -> float | None:
        """Seconds to wait before `connect` is tried again that failed so often and was first called so long ago; None
        when it is not to be.
        """

@final
class Buffer:
    """A column of values that NumPy reads where it is."""

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """The memory of the column, as NumPy's array interface (version 3) describes it."""

@final
class TextArray:
    """A column of text as Arrow data."""

    def __arrow_c_array__(self, requested_schema: Any = None) -> tuple[Any, Any]:
        """The column in the Arrow C data interface."""

@disjoint_base
class SyncSession:
    """The calls of a database or of a transaction."""
    def __new__(cls, *_arguments: Any, **_keywords: Any) -> Self: ...
    def _open_backend(self, backend: str, settings: Mapping[str, Any] | None = None) -> None: ...
    def _open_custom(self, name: Any, backend: Any, settings: Any = None) -> None: ...
    def _open_url(self, url: str) -> None: ...
    def _open_sync(self, other: SyncSession, read_only: bool) -> None: ...
    def _open_async(self, other: AsyncSession, read_only: bool) -> None: ...
    def _open_transaction(self, database: SyncSession, transaction: OpenTransaction) -> None: ...
    def _backend_name(self) -> str: ...
    def _is_open(self) -> bool: ...
    def _is_active(self) -> bool: ...
    def _search_columns(
        self, query: QueryLike = None, arrow_text: bool = False
    ) -> tuple[list[_Column], int] | None: ...
    def _scan_columns(
        self, query: QueryLike = None, arrow_text: bool = False, ids: bool = False, *, timeout: float | None = None
    ) -> tuple[list[_Column], int, list[str] | None] | None: ...
    @property
    def capabilities(self) -> Capabilities:
        """What the store can do."""
    def create(self, record: RecordLike, *, timeout: float | None = None) -> str:
        """Store a new record and give its id.

        The id is the record's own, else a new one (a UUIDv7, or the store's own key). A record that is there is never
        overwritten.

        Parameters
        ----------
        record : Record, dict, dataclass or pydantic model
            The record, or what makes one.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        str
            The id.

        Raises
        ------
        AlreadyExistsError
            When the id is taken.
        InvalidRecordError
            When a value is of no type that a record holds; the context names the field.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.create({"name": "Ada"}, timeout=5) == db.first().id
        True
        """
    def read(self, id: IdLike, *, timeout: float | None = None) -> Record | None:
        """Give the record with this id, or None.

        Parameters
        ----------
        id : str or UUID
            The record's id.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        Record or None
            The record, with its ``version``; None when there is none.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> id = db.create({"name": "Ada"})
        >>> db.read(id)["name"]
        'Ada'
        >>> db.read("nobody") is None
        True
        """
    def exists(self, id: IdLike, *, timeout: float | None = None) -> bool:
        """Whether there is a record with this id.

        Parameters
        ----------
        id : str or UUID
            The record's id.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        bool
            True when there is.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.exists("ada")
        False
        """
    def update(
        self,
        id: IdLike,
        record: RecordLike,
        *,
        expected_version: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Replace the whole record under this id.

        The argument's id wins over the record's own.

        Parameters
        ----------
        id : str or UUID
            The record's id.
        record : Record, dict, dataclass or pydantic model
            The record, or what makes one.
        expected_version : str, optional
            The `Record.version` that the stored record must still have.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        bool
            False, and nothing written, when there is no such record.

        Raises
        ------
        ConflictError
            With ``expected_version``, when the record is missing or has another version.
        InvalidRecordError
            When a value is of no type that a record holds; the context names the field.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> id = db.create({"name": "Ada", "age": 36})
        >>> db.update(id, {"name": "Augusta"})
        True
        >>> db.read(id).to_dict()
        {'name': 'Augusta'}
        """
    def patch(
        self,
        id: IdLike,
        set: Mapping[str, Any] | None = None,
        unset: Iterable[str] | None = None,
        *,
        expected_version: str | None = None,
        timeout: float | None = None,
    ) -> bool:
        """Set and unset single fields of a record, in one step.

        Parameters
        ----------
        id : str or UUID
            The record's id.
        set : mapping, optional
            Fields to set, by name. A `Field` also sets type and metadata.
        unset : iterable of str, optional
            Names of fields to remove; those that are not there are ignored.
        expected_version : str, optional
            The `Record.version` that the stored record must still have.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        bool
            False, and nothing written, when there is no such record.

        Raises
        ------
        ConflictError
            With ``expected_version``, when the record is missing or has another version.
        InvalidRecordError
            When a value is of no type that a record holds; the context names the field.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> id = db.create({"name": "Ada", "age": 36})
        >>> db.patch(id, set={"age": 37}, unset=["name"])
        True
        >>> db.read(id).to_dict()
        {'age': 37}
        """
    def upsert(
        self,
        id: Any,
        record: RecordLike | None = None,
        *,
        expected_version: str | None = None,
        timeout: float | None = None,
    ) -> str:
        """Create or replace a record: ``upsert(id, record)``, or ``upsert(record)`` under its own id.

        Parameters
        ----------
        id : str, UUID or record
            The id; or the record, which then is the only argument. A record without an id gets a new one.
        record : Record, dict, dataclass or pydantic model
            The record, or what makes one.
        expected_version : str, optional
            The `Record.version` that the stored record must still have.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        str
            The id.

        Raises
        ------
        ConflictError
            With ``expected_version``, when the record is missing or has another version.
        InvalidRecordError
            When a value is of no type that a record holds; the context names the field.

        Examples
        --------
        >>> from dataknobs_data import Record, SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.upsert("ada", {"name": "Ada"})
        'ada'
        >>> db.upsert(Record({"name": "Augusta"}, id="ada"))
        'ada'
        >>> db.count()
        1
        """
    def delete(self, id: IdLike, *, expected_version: str | None = None, timeout: float | None = None) -> bool:
        """Remove the record with this id.

        Parameters
        ----------
        id : str or UUID
            The record's id.
        expected_version : str, optional
            The `Record.version` that the stored record must still have.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        bool
            False when there is no such record.

        Raises
        ------
        ConflictError
            With ``expected_version``, when the record is missing or has another version.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> id = db.create({"name": "Ada"})
        >>> db.delete(id), db.delete(id)
        (True, False)
        """
    def search(self, query: QueryLike = None, *, timeout: float | None = None) -> SearchResult:
        """Give the records that a query finds, all at once.

        The result is a sequence whose records become Python objects when they are looked at. For more than fits
        memory, use `stream`.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find: a query, a filter, a query's text or its dict form. Without one, every record.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        SearchResult
            The records, in the query's order.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> ids = db.create_batch([{"n": n} for n in range(10)])
        >>> [record["n"] for record in db.search("n >= 7 ORDER BY n DESC LIMIT 2")]
        [9, 8]
        """
    def first(self, query: QueryLike = None, *, timeout: float | None = None) -> Record | None:
        """Give the first record that a query finds, or None.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find: a query, a filter, a query's text or its dict form. Without one, every record.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        Record or None
            The record; None when nothing is found.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> ids = db.create_batch([{"n": n} for n in range(10)])
        >>> db.first("ORDER BY n DESC")["n"]
        9
        """
    def count(self, query: QueryLike = None, *, timeout: float | None = None) -> int:
        """Give how many records pass a query's filter.

        Its limit and offset do not count.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find: a query, a filter, a query's text or its dict form. Without one, every record.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        int
            The number.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> ids = db.create_batch([{"n": n} for n in range(10)])
        >>> db.count("n >= 7")
        3
        """
    def aggregate(self, aggregation: Aggregation | Mapping[str, Any], *, timeout: float | None = None) -> Table:
        """Group records, and count, sum or average them.

        Parameters
        ----------
        aggregation : Aggregation or dict
            The groups and what is computed of each, or its dict form.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        Table
            A row for each group.

        Raises
        ------
        InvalidQueryError
            When the aggregation makes no sense; no store was asked.

        Examples
        --------
        >>> from dataknobs_data import Aggregation, SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> ids = db.create_batch([{"city": "Oslo", "n": 1}, {"city": "Oslo", "n": 2}])
        >>> db.aggregate(Aggregation().group_by("city").count().sum("n")).to_dicts()
        [{'city': 'Oslo', 'count': 2, 'sum_n': 3}]
        """
    def create_batch(self, records: RecordsLike, *, timeout: float | None = None) -> list[str]:
        """Store new records and give their ids, in order.

        Parameters
        ----------
        records : iterable of records, DataFrame or Arrow data
            Records or what makes them, a search result, a pandas DataFrame, or any object with
            ``__arrow_c_stream__``, such as a pyarrow table or a polars frame.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        list of str
            An id for each record.

        Raises
        ------
        AlreadyExistsError, InvalidRecordError
            When an id is taken, also by an earlier record of the batch, or a value is of no type that a record holds.
            With ``failures``: position and error of each item that failed. All or nothing where the store has
            transactions.

        Examples
        --------
        >>> from dataknobs_data import Record, SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.create_batch([Record({"n": 1}, id="a"), Record({"n": 2}, id="b")])
        ['a', 'b']
        """
    def read_batch(self, ids: Iterable[IdLike], *, timeout: float | None = None) -> list[Record | None]:
        """Give the records with these ids, in order.

        Parameters
        ----------
        ids : iterable of str or UUID
            The ids.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        list of Record or None
            One for each id; None for each that is missing.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> id = db.create({"name": "Ada"})
        >>> [record and record["name"] for record in db.read_batch([id, "nobody"])]
        ['Ada', None]
        """
    def update_batch(self, records: RecordsLike, *, timeout: float | None = None) -> list[bool]:
        """Replace whole records under their own ids.

        Parameters
        ----------
        records : iterable of records, DataFrame or Arrow data
            Records or what makes them, a search result, a pandas DataFrame, or any object with
            ``__arrow_c_stream__``, such as a pyarrow table or a polars frame.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        list of bool
            One for each record; False for each that is missing.

        Raises
        ------
        InvalidRecordError
            When a record has no id, or a value is of no type that a record holds. With ``failures``: position and
            error of each item that failed. All or nothing where the store has transactions.

        Examples
        --------
        >>> from dataknobs_data import Record, SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> id = db.create(Record({"n": 1}, id="a"))
        >>> db.update_batch([Record({"n": 2}, id="a"), Record({"n": 3}, id="b")])
        [True, False]
        """
    def upsert_batch(self, records: RecordsLike, *, timeout: float | None = None) -> list[str]:
        """Create or replace records under their own ids.

        A record without an id is new.

        Parameters
        ----------
        records : iterable of records, DataFrame or Arrow data
            Records or what makes them, a search result, a pandas DataFrame, or any object with
            ``__arrow_c_stream__``, such as a pyarrow table or a polars frame.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        list of str
            An id for each record.

        Raises
        ------
        InvalidRecordError
            When a value is of no type that a record holds. With ``failures``: position and error of each item that
            failed. All or nothing where the store has transactions.

        Examples
        --------
        >>> from dataknobs_data import Record, SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.upsert_batch([Record({"n": 1}, id="a"), Record({"n": 2}, id="a")])
        ['a', 'a']
        >>> db.count()
        1
        """
    def delete_batch(self, ids: Iterable[IdLike], *, timeout: float | None = None) -> list[bool]:
        """Remove the records with these ids.

        Parameters
        ----------
        ids : iterable of str or UUID
            The ids.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        list of bool
            One for each id; False for each that is missing.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> id = db.create({"name": "Ada"})
        >>> db.delete_batch([id, "nobody"])
        [True, False]
        """
    def update_where(
        self,
        query: QueryLike = None,
        set: Mapping[str, Any] | None = None,
        unset: Iterable[str] | None = None,
        *,
        timeout: float | None = None,
    ) -> int:
        """Set and unset fields of every record that passes a query's filter.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            Whose records: its filter counts, its sort, limit and offset must not be set. Without one, every record.
        set : mapping, optional
            Fields to set, by name. A `Field` also sets type and metadata.
        unset : iterable of str, optional
            Names of fields to remove; those that are not there are ignored.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        int
            How many records those are.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.
        InvalidRecordError
            When a value is of no type that a record holds; the context names the field.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> ids = db.create_batch([{"n": n} for n in range(10)])
        >>> db.update_where("n < 3", set={"few": True})
        3
        """
    def delete_where(self, query: QueryLike, *, timeout: float | None = None) -> int:
        """Remove every record that passes a query's filter.

        Parameters
        ----------
        query : Query, Filter, str or dict
            Whose records: its filter counts, its sort, limit and offset must not be set.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        int
            How many records those were.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> ids = db.create_batch([{"n": n} for n in range(10)])
        >>> db.delete_where("n < 3")
        3
        """
    def clear(self, *, timeout: float | None = None) -> int:
        """Remove every record.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        int
            How many there were.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> id = db.create({"name": "Ada"})
        >>> db.clear()
        1
        """
    def search_as_arrow(
        self, query: QueryLike = None, *, id_column: str | None = ..., timeout: float | None = None
    ) -> ArrowTable:
        """Give what a query finds as Arrow data.

        pyarrow, polars, DuckDB and whatever else speaks the Arrow PyCapsule interface take it. From a CSV file it comes
        without a record on the way, by all cores.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find: a query, a filter, a query's text or its dict form. Without one, every record.
        id_column : str, optional
            The name of the column of ids; None leaves the ids out.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        ArrowTable
            A column for each field, after the column of ids.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.

        Examples
        --------
        >>> import pyarrow
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> ids = db.create_batch([{"n": n} for n in range(5)])
        >>> pyarrow.table(db.search_as_arrow("n > 2", id_column=None)).to_pydict()
        {'n': [3, 4]}
        """
    def explain(self, query: QueryLike = None, *, timeout: float | None = None) -> Explain:
        """Say what a query will cost, without running it.

        Parameters
        ----------
        query : Query, Filter, str or dict, optional
            What to find: a query, a filter, a query's text or its dict form. Without one, every record.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        Explain
            What the store answers, what is re-checked here, and by which way.

        Raises
        ------
        InvalidQueryError
            When the query makes no sense; no store was asked.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.explain("n > 3").rechecked
        False
        """
    def create_index(
        self,
        field: str | Sequence[str],
        kind: str = "hash",
        name: str | None = None,
        *,
        timeout: float | None = None,
    ) -> IndexInfo:
        """Declare an index on a field.

        Parameters
        ----------
        field : str or list of str
            A dotted path, or a list of path segments that are taken literally.
        kind : {"hash", "ordered"}, default "hash"
            What it serves: equality, or ranges too.
        name : str, optional
            Its name. By default path and kind make one.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        IndexInfo
            The index.

        Raises
        ------
        AlreadyExistsError
            When the name is taken.
        UnsupportedError
            When the store has no indexes.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.create_index("address.city", "ordered", "by_city")
        IndexInfo('by_city', 'address.city', 'ordered')
        """
    def list_indexes(self, *, timeout: float | None = None) -> list[IndexInfo]:
        """Give the declared indexes.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        list of IndexInfo
            The indexes.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.list_indexes()
        []
        """
    def drop_index(self, name: str, *, timeout: float | None = None) -> bool:
        """Drop an index.

        Parameters
        ----------
        name : str
            Its name.
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        bool
            False when there is none of this name.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.drop_index("by_city")
        False
        """
    def connect(self, *, timeout: float | None = None) -> None:
        """Connect now instead of on first use.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Raises
        ------
        ConnectionFailedError
            When the store cannot be reached, or the database is closed.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.connect()
        """
    def ping(self, *, timeout: float | None = None) -> None:
        """Ask the store whether it answers.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Raises
        ------
        ConnectionFailedError
            When it does not.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.ping(timeout=1)
        """
    def flush(self, *, timeout: float | None = None) -> None:
        """Have everything acknowledged written where it lasts.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.flush()
        """
    def close(self, *, timeout: float | None = None) -> None:
        """Close the database.

        Calls after it fail with `ConnectionFailedError`; closing again does not.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.close()
        """
    def info(self, *, timeout: float | None = None) -> dict[str, Any]:
        """Say what the store is and where.

        Parameters
        ----------
        timeout : float, optional
            Seconds after which the call fails with `TimedOutError`.

        Returns
        -------
        dict
            ``backend``, ``location``, and what the store tells of itself, such as ``records``.

        Examples
        --------
        >>> from dataknobs_data import SyncDatabase
        >>> db = SyncDatabase.create("memory")
        >>> db.info()["backend"]
        'memory'
        """
    def _open_cursor(self, query: QueryLike = None, *, timeout: float | None = None) -> Cursor:
        """Open a stream; see ``stream``."""
    def _begin(
        self, read_only: bool = False, isolation: str | None = None, *, timeout: float | None = None
    ) -> OpenTransaction:
        """Begin a transaction; see ``transaction``."""
    def _end(self, commit: bool, *, timeout: float | None = None) -> None:
        """Commit or roll back, and end the transaction either way."""
    def _savepoint(self, *, timeout: float | None = None) -> OpenSavepoint:
        """Set a savepoint; see ``savepoint``."""
    def _end_savepoint(self, savepoint: OpenSavepoint, keep: bool, *, timeout: float | None = None) -> None:
        """End a savepoint: keep what was done since, or undo it."""

@disjoint_base
class AsyncSession:
    """The calls of a database or of a transaction."""
    def __new__(cls, *_arguments: Any, **_keywords: Any) -> Self: ...
    def _open_backend(self, backend: str, settings: Mapping[str, Any] | None = None) -> None: ...
    def _open_custom(self, name: Any, backend: Any, settings: Any = None) -> None: ...
    def _open_url(self, url: str) -> None: ...
    def _open_sync(self, other: SyncSession, read_only: bool) -> None: ...
    def _open_async(self, other: AsyncSession, read_only: bool) -> None: ...
    def _open_transaction(self, database: AsyncSession, transaction: OpenTransaction) -> None: ...
    def _backend_name(self) -> str: ...
    def _is_open(self) -> bool: ...
    def _is_active(self) -> bool: ...
    def _search_columns(
        self, query: QueryLike = None, arrow_text: bool = False
    ) -> tuple[list[_Column], int] | None: ...
    def _scan_columns(
        self, query: QueryLike = None, arrow_text: bool = False, ids: bool = False, *, timeout: float | None = None
    ) -> Pending[tuple[list[_Column], int, list[str] | None] | None] | None: ...
    @property
    def capabilities(self) -> Capabilities:
        """What the store can do."""
    def create(self, record: RecordLike, *, timeout: float | None = None) -> str | Pending[str]: ...
    def read(self, id: IdLike, *, timeout: float | None = None) -> Record | Pending[Record | None] | None: ...
    def exists(self, id: IdLike, *, timeout: float | None = None) -> bool | Pending[bool]: ...
    def update(
        self,
        id: IdLike,
        record: RecordLike,
        *,
        expected_version: str | None = None,
        timeout: float | None = None,
    ) -> bool | Pending[bool]: ...
    def patch(
        self,
        id: IdLike,
        set: Mapping[str, Any] | None = None,
        unset: Iterable[str] | None = None,
        *,
        expected_version: str | None = None,
        timeout: float | None = None,
    ) -> bool | Pending[bool]: ...
    def upsert(
        self,
        id: Any,
        record: RecordLike | None = None,
        *,
        expected_version: str | None = None,
        timeout: float | None = None,
    ) -> str | Pending[str]: ...
    def delete(
        self,
        id: IdLike,
        *,
        expected_version: str | None = None,
        timeout: float | None = None,
    ) -> bool | Pending[bool]: ...
    def search(
        self,
        query: QueryLike = None,
        *,
        timeout: float | None = None,
    ) -> SearchResult | Pending[SearchResult]: ...
    def first(
        self,
        query: QueryLike = None,
        *,
        timeout: float | None = None,
    ) -> Record | Pending[Record | None] | None: ...
    def count(self, query: QueryLike = None, *, timeout: float | None = None) -> int | Pending[int]: ...
    def aggregate(
        self,
        aggregation: Aggregation | Mapping[str, Any],
        *,
        timeout: float | None = None,
    ) -> Table | Pending[Table]: ...
    def create_batch(
        self,
        records: RecordsLike,
        *,
        timeout: float | None = None,
    ) -> list[str] | Pending[list[str]]: ...
    def read_batch(
        self,
        ids: Iterable[IdLike],
        *,
        timeout: float | None = None,
    ) -> list[Record | None] | Pending[list[Record | None]]: ...
    def update_batch(
        self,
        records: RecordsLike,
        *,
        timeout: float | None = None,
    ) -> list[bool] | Pending[list[bool]]: ...
    def upsert_batch(
        self,
        records: RecordsLike,
        *,
        timeout: float | None = None,
    ) -> list[str] | Pending[list[str]]: ...
    def delete_batch(
        self,
        ids: Iterable[IdLike],
        *,
        timeout: float | None = None,
    ) -> list[bool] | Pending[list[bool]]: ...
    def update_where(
        self,
        query: QueryLike = None,
        set: Mapping[str, Any] | None = None,
        unset: Iterable[str] | None = None,
        *,
        timeout: float | None = None,
    ) -> int | Pending[int]: ...
    def delete_where(self, query: QueryLike, *, timeout: float | None = None) -> int | Pending[int]: ...
    def clear(self, *, timeout: float | None = None) -> int | Pending[int]: ...
    def search_as_arrow(
        self, query: QueryLike = None, *, id_column: str | None = ..., timeout: float | None = None
    ) -> ArrowTable | Pending[ArrowTable]: ...
    def explain(self, query: QueryLike = None, *, timeout: float | None = None) -> Explain | Pending[Explain]: ...
    def create_index(
        self,
        field: str | Sequence[str],
        kind: str = "hash",
        name: str | None = None,
        *,
        timeout: float | None = None,
    ) -> IndexInfo | Pending[IndexInfo]: ...
    def list_indexes(self, *, timeout: float | None = None) -> list[IndexInfo] | Pending[list[IndexInfo]]: ...
    def drop_index(self, name: str, *, timeout: float | None = None) -> bool | Pending[bool]: ...
    def connect(self, *, timeout: float | None = None) -> Pending[None] | None: ...
    def ping(self, *, timeout: float | None = None) -> Pending[None] | None: ...
    def flush(self, *, timeout: float | None = None) -> Pending[None] | None: ...
    def close(self, *, timeout: float | None = None) -> Pending[None] | None: ...
    def info(self, *, timeout: float | None = None) -> dict[str, Any] | Pending[dict[str, Any]]: ...
    def _open_cursor(self, query: QueryLike = None, *, timeout: float | None = None) -> Cursor | Pending[Cursor]: ...
    def _begin(
        self,
        read_only: bool = False,
        isolation: str | None = None,
        *,
        timeout: float | None = None,
    ) -> OpenTransaction | Pending[OpenTransaction]: ...
    def _end(self, commit: bool, *, timeout: float | None = None) -> Pending[None] | None: ...
    def _savepoint(self, *, timeout: float | None = None) -> Pending[OpenSavepoint]: ...
    def _end_savepoint(
        self, savepoint: OpenSavepoint, keep: bool, *, timeout: float | None = None
    ) -> Pending[None]: ...

# What backends written in Python are asked, and answer.

@final
class Construction(Generic[_P, _R]):
    """What `Database.create` is: on the class it makes a database, on an instance it creates a record.

    Parameters
    ----------
    method : callable
        The method of instances.
    """

    def __new__(cls, method: Callable[Concatenate[Any, _P], _R]) -> Self: ...
    @property
    def __name__(self) -> str: ...
    @overload
    def __get__(self, instance: None, owner: type[_T], /) -> Constructor[_T]: ...
    @overload
    def __get__(self, instance: object, owner: type[Any] | None = None, /) -> Callable[_P, _R]: ...

@final
class Condition:
    """Parts of a condition that must all hold, or one of which must."""

    @property
    def kind(self) -> Literal["all", "any"]:
        """``"all"`` or ``"any"``. All of no parts is true, any of none is false."""
    @property
    def parts(self) -> list[Condition | Leaf]:
        """The parts."""

@final
class Leaf:
    """One test of a condition."""

    @property
    def path(self) -> str | list[str]:
        """What is tested: a dotted path, or a list of segments where the dotted form would say something else."""
    @property
    def segments(self) -> list[str]:
        """The path's segments."""
    @property
    def field(self) -> str | None:
        """The name of the one field that is tested; None for the id, metadata and places inside JSON."""
    @property
    def operator(self) -> str:
        """The name of a positive operator, such as ``"EQ"``."""
    @property
    def operand(self) -> Any:
        """What it compares with: a value, a list, or None."""
    @property
    def negated(self) -> bool:
        """Whether the operator's answer is turned around, where the path has a value."""
    @property
    def when_absent(self) -> bool:
        """The answer where the path has no value."""

@final
class SortKey:
    """One key of a sort."""

    @property
    def path(self) -> str | list[str]:
        """What is sorted by."""
    @property
    def field(self) -> str | None:
        """The name of the one field that is sorted by; None for the id, metadata and places inside JSON."""
    @property
    def descending(self) -> bool:
        """Whether the largest comes first. Absent values come last in both directions."""

@final
class SortPosition:
    """A place in a sorted result."""

    @property
    def values(self) -> list[Any]:
        """The value of each sort key there; None where none is present."""
    @property
    def id(self) -> str | None:
        """The id of the record there, which breaks ties."""

@final
class WriteRequest:
    """One write.

    Parameters
    ----------
    action : {"create", "update", "upsert", "patch", "delete"}
        What to do.
    id : str, optional
        The record's id; None where the store makes one.
    record : Record or what makes one, optional
        What to store, for create, update and upsert.
    set : mapping, optional
        The fields that a patch sets.
    unset : iterable of str, optional
        The fields that a patch removes.
    expected_version : str, optional
        The version that the stored record must have.

    Examples
    --------
    >>> from dataknobs_data.backends.base import WriteRequest, stored
    >>> request = WriteRequest("patch", "ada", set={"age": 37})
    >>> before = stored({"name": "Ada", "age": 36}, "ada", "1")
    >>> after = request.apply(before, version="2")
    >>> after.to_dict(), request.outcome(before, after)
    ({'name': 'Ada', 'age': 37}, WriteOutcome("ada", True, "2"))
    """

    def __new__(
        cls,
        action: str,
        id: str | None = None,
        record: RecordLike | None = None,
        *,
        set: Mapping[str, Any] | None = None,
        unset: Iterable[str] | None = None,
        expected_version: str | None = None,
    ) -> Self: ...
    @property
    def action(self) -> Literal["create", "update", "upsert", "patch", "delete"]:
        """What to do."""
    @property
    def id(self) -> str | None:
        """The record's id; None where the store makes one."""
    @property
    def record(self) -> Record | None:
        """What to store, for create, update and upsert."""
    @property
    def set(self) -> dict[str, Field]:
        """The fields that a patch sets, by name."""
    @property
    def unset(self) -> list[str]:
        """The names of the fields that a patch removes."""
    @property
    def expected_version(self) -> str | None:
        """The version that the stored record must have, or None."""
    def apply(self, before: Record | None, version: str) -> Record | None:
        """Give the record as it is after this write on the one that is there.

        Parameters
        ----------
        before : Record or None
            The stored record; None when there is none.
        version : str
            The version that the new record gets.

        Returns
        -------
        Record or None
            The record to store; None where nothing is left, or nothing was there to change.

        Raises
        ------
        AlreadyExistsError
            For a create of a record that is there.
        ConflictError
            When the stored record has not the expected version, or is missing.
        """
    def outcome(self, before: Record | None, after: Record | None) -> WriteOutcome:
        """Give the answer to this write.

        Parameters
        ----------
        before, after : Record or None
            The stored record before and after the write.

        Returns
        -------
        WriteOutcome
            What `Backend.write` answers.
        """

@final
class WriteOutcome:
    """What a write did.

    Parameters
    ----------
    id : str
        The record's id.
    found : bool
        Whether a record was there before.
    version : str, optional
        The record's new version; None when it is gone, or never was there.
    """

    def __new__(cls, id: str, found: bool, version: str | None = None) -> Self: ...
    @property
    def id(self) -> str:
        """The record's id."""
    @property
    def found(self) -> bool:
        """Whether a record was there before."""
    @property
    def version(self) -> str | None:
        """The record's new version; None when it is gone, or never was there."""
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class ScanRequest:
    """The records that pass a condition, in an order, and how much of them.

    Parameters
    ----------
    query : Query, Filter, str or dict, optional
        What to find; a backend's tests make requests of it.

    Examples
    --------
    >>> from dataknobs_data.backends.base import ScanRequest, stored
    >>> records = [stored({"n": n}, str(n), "1") for n in range(5)]
    >>> [record["n"] for record in ScanRequest("n > 1 ORDER BY n DESC LIMIT 2").page(records)]
    [4, 3]
    """

    def __new__(cls, query: QueryLike = None) -> Self: ...
    @property
    def condition(self) -> Condition | Leaf:
        """What records must pass."""
    @property
    def sort(self) -> list[SortKey]:
        """The sort keys; ids break ties."""
    @property
    def after(self) -> SortPosition | None:
        """Only records behind this place."""
    @property
    def offset(self) -> int:
        """So many records are skipped."""
    @property
    def limit(self) -> int | None:
        """At most so many records."""
    @property
    def fields(self) -> list[str] | None:
        """The fields to give of each record; None for all."""
    def matches(self, record: Record) -> bool:
        """Whether a record passes the condition.

        Parameters
        ----------
        record : Record
            With its id.
        """
    def page(self, records: RecordsLike) -> list[Record]:
        """Do the whole request on records at hand: filter, sort, skip, limit and project.

        Parameters
        ----------
        records : iterable of Record
            All records of the store, in the order they were created.

        Returns
        -------
        list of Record
            What a scan gives.
        """

@final
class ModifyRequest:
    """What to do with all records that pass a condition."""

    @property
    def action(self) -> Literal["patch", "delete"]:
        """``"patch"`` or ``"delete"``."""
    @property
    def condition(self) -> Condition | Leaf:
        """What records must pass."""
    @property
    def set(self) -> dict[str, Field]:
        """The fields that a patch sets, by name."""
    @property
    def unset(self) -> list[str]:
        """The names of the fields that a patch removes."""
    def matches(self, record: Record) -> bool:
        """Whether a record passes the condition."""
    def write(self, id: str) -> WriteRequest:
        """Give the write that does this to one record."""

@final
class AggregateRequest:
    """Groups and functions over the records that pass a condition."""

    @property
    def condition(self) -> Condition | Leaf:
        """What records must pass."""
    @property
    def aggregation(self) -> dict[str, Any]:
        """``group_by`` and ``aggregates``, as plain dicts and lists."""
    @property
    def columns(self) -> list[str]:
        """The names of the columns that the answer has, in order."""
    def matches(self, record: Record) -> bool:
        """Whether a record passes the condition."""

@final
class Index:
    """An index: one to create, or one that is there.

    Parameters
    ----------
    name : str
        Its name.
    path : str or list of str
        What it is on.
    kind : {"hash", "ordered"}
        Whether it serves equality, or ranges too.
    """

    def __new__(cls, name: str, path: str | Sequence[str], kind: str) -> Self: ...
    @property
    def name(self) -> str:
        """Its name."""
    @property
    def path(self) -> str | list[str]:
        """What it is on."""
    @property
    def kind(self) -> Literal["hash", "ordered"]:
        """Whether it serves equality, or ranges too."""
    def __eq__(self, other: object, /) -> bool: ...
    __hash__: ClassVar[None]  # type: ignore[assignment]

@final
class Complete:
    """What the event loop calls with a coroutine's answer, or with the exception that it raised."""

    def __call__(self, answer: Any, exception: BaseException | None = None) -> None: ...

_GENERIC_SETTINGS: list[str]

def _stored(data: RecordLike, id: str, version: str) -> Record:
    """Give a record as a store holds it: with its id and version.

    Parameters
    ----------
    data : Record or what makes one
        Fields and metadata.
    id : str
        The record's id.
    version : str
        Any text that changes with each write of the record.

    Returns
    -------
    Record
        The record, without a score.

    Examples
    --------
    >>> from dataknobs_data.backends.base import stored
    >>> stored({"name": "Ada"}, "ada", "1").version
    '1'
    """

def _fill_environment(settings: dict[str, Any]) -> dict[str, Any]: ...
def _forbid_blocking() -> None: ...
def _keep_for_good(object: object) -> None: ...
def _check_backend(
    name: str, factory: Callable[[], Any], reopen: Callable[[Any], Any] | None, only: str
) -> list[dict[str, Any]]: ...
def records_from_columns(data: RecordsLike, *, id_column: str | None = None) -> SearchResult:
    """Give the records of a DataFrame, of Arrow data, or of an iterable of records.

    Parameters
    ----------
    data : iterable of records, DataFrame or Arrow data
        What a batch takes.
    id_column : str, optional
        The column that holds the ids.

    Returns
    -------
    SearchResult
        The records.

    Raises
    ------
    InvalidRecordError
        When a value is of no type that a record holds; the context names row and column.
    TypeError
        When ``id_column`` is given and the data has no columns.
    """

_Column: TypeAlias = tuple[str, str, Any, Any | None, str | None, int | None]

def _columns(records: RecordsLike, arrow_text: bool = False) -> list[_Column]: ...
def _records(columns: Sequence[tuple[Any, ...]], rows: int, ids: list[str | None] | None) -> SearchResult: ...
def _is_serialized(object: object) -> bool: ...
def _register_serializer(
    class_: type, serialize: Callable[..., object], deserialize: Callable[..., object] | None, name: str, replace: bool
) -> None: ...
def _unregister_serializer(class_: type) -> bool: ...
def _register_converter(type: FieldType | str, function: Callable[[Any], Any]) -> None: ...
def _unregister_converter(type: FieldType | str, function: Callable[[Any], Any]) -> bool: ...
def _built_in_formats() -> list[tuple[str, list[str]]]: ...
def _read_format(name: str, data: bytes) -> list[Record]: ...
def _write_format(name: str, records: RecordsLike) -> bytes: ...
def _read_file(path: str | PathLike[str]) -> bytes: ...
def _replace_file(path: str | PathLike[str], data: bytes) -> None: ...
def _restore_field(name: str, value: Any, type: str, metadata: Mapping[str, Any]) -> Field: ...
def _restore_record(class_: type[Record], text: str, version: str | None, score: float | None) -> Record: ...
def _restore_result(records: Iterable[Record], after: str | None) -> SearchResult: ...
def _before_fork() -> None: ...
def _after_fork_in_parent() -> None: ...
def _after_fork_in_child() -> None: ...
def _at_exit() -> None: ...
