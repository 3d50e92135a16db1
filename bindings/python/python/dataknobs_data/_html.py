"""Records and results as tables in notebooks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._native import Record, SearchResult, Table

ROWS = 20
CHARACTERS = 200


def _cell(value: Any) -> str:
    from html import escape

    text = "" if value is None else str(value)
    if len(text) > CHARACTERS:
        text = text[:CHARACTERS] + "…"
    return escape(text)


def _table(columns: Iterable[str], rows: Iterable[Iterable[Any]], note: str = "") -> str:
    head = "".join(f"<th>{_cell(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{_cell(value)}</td>" for value in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"


def record_table(record: Record) -> str:
    """Give one row for each field: name, type and value."""
    rows = [(field.name, field.type.value, field.value) for field in record.fields.values()]
    title = "" if record.id is None else f"<p>id: {_cell(record.id)}</p>"
    return title + _table(("field", "type", "value"), rows)


def result_table(result: SearchResult) -> str:
    """Give one row for each of the first records, with every field that one of them has."""
    shown = result[:ROWS]
    names: dict[str, None] = {}
    for record in shown:
        names.update(dict.fromkeys(record.keys()))
    rows = [[record.id, *(record.get(name) for name in names)] for record in shown]
    more = len(result) - len(shown)
    note = f"<p>{len(result)} records; the first {ROWS} are shown</p>" if more > 0 else ""
    return _table(("_id", *names), rows, note)


def aggregate_table(table: Table) -> str:
    """Give the first rows of an aggregation's result."""
    shown = table[:ROWS]
    note = f"<p>{len(table)} rows; the first {ROWS} are shown</p>" if len(table) > ROWS else ""
    return _table(table.columns, shown.rows, note)
