"""A backend on SQLite, as somebody else would write it: the standard library and `dataknobs_data`, nothing more.

>>> from dataknobs_data import SyncDatabase
>>> from dataknobs_data.backends import register_backend
>>> register_backend("sqlite", SqliteBackend, replace=True)
>>> with SyncDatabase.open("sqlite:") as db:  # with a path: a file
...     ids = db.create_batch([{"name": "Ada", "age": 36}, {"name": "Alan", "age": 41}])
...     [record["name"] for record in db.search("age >= 30 AND name STARTS WITH 'A' ORDER BY age DESC")]
['Alan', 'Ada']

Each record is a row with its JSON document, which keeps everything: types, metadata, the order of fields. Beside it
stands one row for each field that is present, with its class and a value that SQLite compares by the same rules as
the library; the tests that such rows can answer are pushed down as SQL with bound values. An installed package would
name the class in its ``pyproject.toml`` instead of registering it::

    [project.entry-points."dataknobs_data.backends"]
    sqlite = "sqlite_backend:SqliteBackend"
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dataknobs_data import Record
from dataknobs_data.backends.base import (
    Backend,
    Capabilities,
    Condition,
    Leaf,
    ScanRequest,
    SortKey,
    WriteOutcome,
    WriteRequest,
    stored,
)
from dataknobs_data.exceptions import BY_KIND, DataknobsError

SCHEMA = """
CREATE TABLE IF NOT EXISTS records (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,
    document TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS fields (
    record INTEGER NOT NULL REFERENCES records ON DELETE CASCADE,
    name TEXT NOT NULL,
    class TEXT NOT NULL,
    value,
    PRIMARY KEY (record, name)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fields_by_value ON fields (name, class, value);
CREATE TABLE IF NOT EXISTS versions (last INTEGER NOT NULL);
INSERT INTO versions SELECT 0 WHERE NOT EXISTS (SELECT * FROM versions);
"""

#: Rows that a scan fetches at a time. Between two fetches it holds nothing, so that writers never wait for it.
PAGE = 500

COMPARISONS = {"EQ": "=", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<="}


class SqliteBackend(Backend):
    """Records in a SQLite database.

    Parameters
    ----------
    path : str, default in memory
        The file.
    synchronous : {"FULL", "NORMAL", "OFF"}, default "FULL"
        What an acknowledged write survives: a power failure, or only the end of the process.
    """

    def __init__(self, path: str = ":memory:", synchronous: str = "FULL") -> None:
        if synchronous not in ("FULL", "NORMAL", "OFF"):
            raise ValueError("synchronous is FULL, NORMAL or OFF")
        self.path = path
        self.synchronous = synchronous
        self.capabilities = Capabilities(
            atomic_batches=True, insertion_order=True, unique_versions=True, persistent=path != ":memory:"
        )
        self._connection: sqlite3.Connection | None = None
        # Calls come from several threads; SQLite's connection takes one at a time.
        self._lock = threading.RLock()

    def info(self) -> dict[str, Any]:
        return {"location": self.path, "sqlite": sqlite3.sqlite_version}

    def connect(self) -> None:
        if self._connection is not None:
            return
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")  # in memory it has no effect
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute(f"PRAGMA synchronous = {self.synchronous}")  # one of three words
        connection.executescript(SCHEMA)
        self._connection = connection

    def ping(self) -> None:
        self._execute("SELECT 1")

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    # Reading.

    def read(self, id: str) -> Record | None:
        rows = self._execute("SELECT id, version, document FROM records WHERE id = ?", [id])
        return record_of(rows[0]) if rows else None

    def scan(self, request: ScanRequest) -> Iterator[list[Record]]:
        where, values = condition_sql(request.condition)
        # Pages continue behind the last row of the one before: by number, or by id where that is the sort.
        key, direction, more = "number", "ASC", ">"
        if request.sort:
            key = "id"
            direction, more = ("DESC", "<") if request.sort[0].descending else ("ASC", ">")
        last: Any = None
        if request.after is not None:
            last = request.after.id
        skip, left = request.offset, request.limit
        while left is None or left > 0:
            size = PAGE if left is None else min(PAGE, left)
            behind = "" if last is None else f" AND {key} {more} ?"
            rows = self._execute(
                f"SELECT id, version, document, number FROM records WHERE {where}{behind}"
                f" ORDER BY {key} {direction} LIMIT ? OFFSET ?",
                [*values, *([] if last is None else [last]), size, skip],
            )
            if not rows:
                return
            records = [record_of(row) for row in rows]
            if request.fields is not None:
                records = [record.project(*request.fields) for record in records]
            yield records
            last, skip = rows[-1][0] if key == "id" else rows[-1][3], 0
            left = None if left is None else left - len(rows)

    def count(self, request: ScanRequest) -> int:
        where, values = condition_sql(request.condition)
        return int(self._execute(f"SELECT count(*) FROM records WHERE {where}", values)[0][0])

    # Writing.

    def write(self, request: WriteRequest) -> WriteOutcome:
        with self._transaction():
            return self._write(request)

    def write_batch(self, requests: Sequence[WriteRequest]) -> list[WriteOutcome]:
        with self._transaction():
            outcomes = []
            for index, request in enumerate(requests):
                try:
                    outcomes.append(self._write(request))
                except DataknobsError as error:
                    # All or nothing: leaving the block with an error rolls back.
                    raise BY_KIND[error.kind]("a write of the batch failed", failures=[(index, error)]) from error
            return outcomes

    def _write(self, request: WriteRequest) -> WriteOutcome:
        before = self.read(str(request.id))
        ((version,),) = self._execute("UPDATE versions SET last = last + 1 RETURNING last")
        after = request.apply(before, str(version))
        if after is not None:
            # An update keeps the row's number, and with it its place.
            ((number,),) = self._execute(
                "INSERT INTO records (id, version, document) VALUES (?, ?, ?) ON CONFLICT (id)"
                " DO UPDATE SET version = excluded.version, document = excluded.document RETURNING number",
                [after.id, version, after.to_json()],
            )
            self._execute("DELETE FROM fields WHERE record = ?", [number])
            rows = [(number, name, *compared(value)) for name, value in after.items() if value is not None]
            self._connected().executemany("INSERT INTO fields VALUES (?, ?, ?, ?)", rows)
        elif before is not None:
            self._execute("DELETE FROM records WHERE id = ?", [before.id])
        return request.outcome(before, after)

    # What SQLite answers.

    def leaf_support(self, leaf: Leaf) -> str:
        return test_sql(leaf)[0]

    def sorts_exactly(self, sort: Sequence[SortKey]) -> bool:
        return not sort or (len(sort) == 1 and sort[0].path == "_id")

    def access_plan(self, request: ScanRequest) -> dict[str, Any]:
        where, values = condition_sql(request.condition)
        steps = self._execute(f"EXPLAIN QUERY PLAN SELECT * FROM records WHERE {where}", values)
        return {"access": "; ".join(step[3] for step in steps), "requests": 0}

    # SQLite itself.

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            raise RuntimeError("connect was not called")
        return self._connection

    def _execute(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._connected().execute(sql, values).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            connection = self._connected()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")


def record_of(row: tuple[Any, ...]) -> Record:
    """Give the record of a row that begins with id, version and document."""
    return stored(Record.from_json(row[2]), id=row[0], version=str(row[1]))


def compared(value: Any) -> tuple[str, Any]:
    """Give a value's class, and what SQLite compares it by: None for a class that is left to the library."""
    if isinstance(value, bool):
        return "boolean", int(value)
    if isinstance(value, (int, float)):
        return "number", value  # SQLite compares integers and floats exactly
    if isinstance(value, str):
        return "string", value  # by bytes of UTF-8, which is the order of code points
    if isinstance(value, bytes):
        return "binary", value
    return "other", None


def literal(value: Any) -> tuple[str, Any] | None:
    """Give a literal as `compared` does, or None for one that rows of `fields` cannot be compared with."""
    if isinstance(value, str) and value[:4].isdigit():
        return None  # it may be read as a date and compared with one
    kind, plain = compared(value)
    return None if plain is None else (kind, plain)


def test_sql(leaf: Leaf) -> tuple[str, str, list[Any]]:
    """Give how well a test can be answered, the SQL that a row of `fields` passes, and its values."""
    none: tuple[str, str, list[Any]] = ("no", "", [])
    if leaf.field is None:
        return none
    if leaf.operator == "EXISTS":
        return "exact", "1", []
    operands = leaf.operand if leaf.operator in ("IN", "BETWEEN") else [leaf.operand]
    literals = [literal(operand) for operand in operands if operand is not None]
    if not literals or None in literals:
        return none
    known = [found for found in literals if found is not None]
    if leaf.operator in COMPARISONS:
        return "exact", f"class = ? AND value {COMPARISONS[leaf.operator]} ?", [*known[0]]
    if leaf.operator == "IN":
        one = "(class = ? AND value = ?)"
        return "exact", " OR ".join([one] * len(known)), [part for pair in known for part in pair]
    if leaf.operator == "BETWEEN":
        (low_class, low), (high_class, high) = known
        return "exact", "class = ? AND class = ? AND value >= ? AND value <= ?", [low_class, high_class, low, high]
    if leaf.operator == "STARTS_WITH" and not (leaf.negated or leaf.when_absent):
        # What begins with a text is not less than it. There is more that is not, so the library looks again.
        return "superset", "class = ? AND value >= ?", [*known[0]]
    return none


def condition_sql(condition: Condition | Leaf) -> tuple[str, list[Any]]:
    """Give a condition as SQL over a row of `records`, and its values."""
    if isinstance(condition, Leaf):
        _, passes, values = test_sql(condition)
        # With a value the test decides, turned around when negated; without one `when_absent` does.
        if condition.negated != condition.when_absent:
            passes = f"NOT ({passes})"
        some = "NOT EXISTS" if condition.when_absent else "EXISTS"
        field = "SELECT * FROM fields WHERE record = records.number AND name = ?"
        return f"{some} ({field} AND ({passes}))", [condition.field, *values]
    parts = [condition_sql(part) for part in condition.parts]
    word, empty = (" AND ", "1") if condition.kind == "all" else (" OR ", "0")
    return f"({word.join(sql for sql, _ in parts) or empty})", [value for _, values in parts for value in values]
