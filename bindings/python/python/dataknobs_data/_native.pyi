"""The compiled part of the package."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn, SupportsIndex, TypeAlias, final, overload

from typing_extensions import Self

from .query import Operator

if TYPE_CHECKING:
    import pandas

__all__ = [
    "Aggregation",
    "Capabilities",
    "Explain",
    "Filter",
    "IndexInfo",
    "Query",
    "RowIterator",
    "SortSpec",
    "Table",
    "__version__",
    "run_command",
]

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
    @overload
    def filter(self, field: _OneFilter, op: None = None) -> Query:
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
    @overload
    def filter(self, field: _Path, op: str, value: Any = ...) -> Query: ...
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
    @overload
    def filter(self, field: _OneFilter, op: None = None) -> Aggregation:
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
    @overload
    def filter(self, field: _Path, op: str, value: Any = ...) -> Aggregation: ...
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
