"""Queries: what to find, in which order, and how much of it.

A query is built by methods, each of which gives a new query, or read from text:

>>> from dataknobs_data.query import Filter, Query
>>> query = Query().filter("age", ">=", 25).filter("name", "LIKE", "John%").sort("age", "DESC").limit(10)
>>> query == Query.parse("age >= 25 AND name LIKE 'John%' ORDER BY age DESC LIMIT 10")
True

Conditions that are more than a list of tests are filters, combined with ``&``, ``|`` and ``~``:

>>> near = Filter("city", "IN", ["Oslo", "Bergen"])
>>> print(Query().filter(near | ~Filter("age", "<", 65)))
city IN ('Oslo', 'Bergen') OR NOT age < 65

Mistakes (an unknown operator, a pattern that doesn't compile, a value that no record can hold) raise
`dataknobs_data.exceptions.InvalidQueryError` where they are made.
"""

from __future__ import annotations

from enum import Enum

from ._native import Aggregation, Explain, Filter, Query, SortSpec, Table

__all__ = ["Aggregation", "Explain", "Filter", "Operator", "Query", "SortSpec", "Table"]


class Operator(str, Enum):
    """How a test compares a field with its value.

    Wherever an operator is wanted, its name as a string does as well, in any letter case and with spaces for
    underscores (``"not in"``), and so do the symbols.

    Every operator but NOT_EXISTS is false where the field is missing or null. The negative ones (NEQ, NOT_IN,
    NOT_BETWEEN, NOT_LIKE) hold where the field is present and their positive does not hold; ``~`` negates a whole
    filter, and so also takes records without the field.

    Attributes
    ----------
    EQ, NEQ
        Equal, not equal; also ``=``, ``==`` and ``!=``, ``<>``. With None: NOT_EXISTS, EXISTS.
    GT, GTE, LT, LTE
        Greater, less, and so on, among values of one class; also ``>``, ``>=``, ``<``, ``<=``.
    IN, NOT_IN
        Equal to one of a list.
    BETWEEN, NOT_BETWEEN
        Within two bounds, both included.
    LIKE, NOT_LIKE, ILIKE
        The whole text fits a pattern: ``%`` stands for any run of characters, ``_`` for one, and a backslash
        before either for itself. ILIKE ignores letter case.
    STARTS_WITH
        The text begins so.
    REGEX
        The expression, in the syntax of the Rust crate ``regex``, is found somewhere in the text.
    CONTAINS
        The text holds this text, or the JSON list this scalar.
    EXISTS, NOT_EXISTS
        The field is present, is missing or null; these take no value.
    MATCH
        Every word of the value occurs in the text.

    Examples
    --------
    >>> from dataknobs_data.query import Filter, Operator
    >>> Filter("age", Operator.GTE, 25) == Filter("age", ">=", 25) == Filter("age", "gte", 25)
    True
    >>> Filter("age", ">=", 25).operator
    <Operator.GTE: 'GTE'>
    """

    EQ = "EQ"
    NEQ = "NEQ"
    GT = "GT"
    GTE = "GTE"
    LT = "LT"
    LTE = "LTE"
    IN = "IN"
    NOT_IN = "NOT_IN"
    BETWEEN = "BETWEEN"
    NOT_BETWEEN = "NOT_BETWEEN"
    LIKE = "LIKE"
    NOT_LIKE = "NOT_LIKE"
    ILIKE = "ILIKE"
    STARTS_WITH = "STARTS_WITH"
    REGEX = "REGEX"
    CONTAINS = "CONTAINS"
    EXISTS = "EXISTS"
    NOT_EXISTS = "NOT_EXISTS"
    MATCH = "MATCH"

    def __str__(self) -> str:
        """Give the name."""
        return self.value
