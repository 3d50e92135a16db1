"""The tables of ``docs/python/semantics.md``: each row is run on each store that is built in.

A table whose first column is ``id`` holds the records of the tables after it: a cell is a Python value, an empty one
means that the record has no such field. A table with a column ``finds`` holds queries, as text and in Python; both
find the ids of that column, in that order, or raise the error it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

import dataknobs_data
from dataknobs_data import Record, SyncDatabase, exceptions

PAGE = Path(__file__).resolve().parents[3] / "docs/python/semantics.md"
STORES = {"memory": "memory:", "json lines": "records.jsonl"}
NAMES = {"datetime": datetime, "timedelta": timedelta, "timezone": timezone}


@dataclass
class Row:
    """One query and what comes of it."""

    line: int
    records: list[dict[str, str]]
    queries: dict[str, str]
    finds: str


def cells(line: str) -> list[str]:
    inner = line.strip().removeprefix("|").removesuffix("|")
    return [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", inner)]


def code(cell: str) -> str:
    """What stands between the backquotes of a cell; an empty cell is empty."""
    quoted = re.fullmatch(r"(`+) ?(.*?) ?\1", cell)
    assert quoted or not cell, f"not in backquotes: {cell}"
    return quoted[2] if quoted else ""


def tables(text: str) -> Iterator[list[tuple[int, list[str]]]]:
    """Each table as its rows with their line, the header first."""
    table: list[tuple[int, list[str]]] = []
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.startswith("|"):
            table.append((number, cells(line)))
        elif table:
            yield [table[0], *table[2:]]
            table = []


def rows(text: str) -> Iterator[Row]:
    records: list[dict[str, str]] = []
    for (_, header), *body in tables(text):
        lines = [(number, dict(zip(header, row, strict=True))) for number, row in body]
        if header[0] == "id":
            records = [row for _, row in lines]
        elif "finds" in header:
            for number, row in lines:
                queries = {name: code(row[name]) for name in ("text", "Python") if row.get(name)}
                yield Row(number, records, queries, row["finds"])


def record(row: dict[str, str]) -> Record:
    fields = {name: eval(code(cell), dict(NAMES)) for name, cell in row.items() if name != "id" and cell}
    return Record(fields, id=row["id"])


def query(form: str, written: str) -> Any:
    return written if form == "text" else eval(written, {**vars(dataknobs_data), **NAMES})


ROWS = list(rows(PAGE.read_text(encoding="utf-8")))


def test_the_page_has_tables_of_queries() -> None:
    assert len(ROWS) > 30
    assert all(row.records and row.queries for row in ROWS)


CASES = [
    pytest.param(row, form, id=f"line {row.line}, {'in text' if form == 'text' else 'in Python'}")
    for row in ROWS
    for form in row.queries
]


@pytest.mark.parametrize("url", STORES.values(), ids=STORES.keys())
@pytest.mark.parametrize(("row", "form"), CASES)
def test_the_row_holds(row: Row, form: str, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written = row.queries[form]
    with SyncDatabase.open(url) as db:
        db.create_batch([record(fields) for fields in row.records])
        if row.finds.startswith("`"):
            with pytest.raises(getattr(exceptions, code(row.finds))):
                db.search(query(form, written))
        else:
            expected = [] if row.finds == "nothing" else row.finds.split(", ")
            assert [found.id for found in db.search(query(form, written))] == expected
