"""The rules that are written as data in ``crates/testkit/cases``: section 5 of ``docs/semantics.md`` says how."""

from __future__ import annotations

import base64
import json
import math
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from dataknobs_data import Field, Record

FOLDER = Path(__file__).resolve().parents[3] / "crates" / "testkit" / "cases"

#: What a case may have: whatever else it has is a part that these tests do not know yet.
PARTS = {
    *("name", "requires", "collection", "query", "text", "aggregate", "convert", "detect", "parse"),
    *("ids", "ordered", "count", "records", "page", "rows", "result", "type", "as", "error", "mentions", "at"),
}

Case = dict[str, Any]

#: How many cases held on each store, and how many do not apply to it: printed at the end, so that none is missed.
COUNTED: Counter[tuple[str, str]] = Counter()


@cache
def topic(name: str) -> dict[str, Any]:
    """Give the content of one file."""
    content = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    assert content["topic"] == name
    assert content["cases"]
    for case in content["cases"]:
        assert set(case) <= PARTS, case["name"]
    return content


def topics() -> list[str]:
    """Give the names of all files."""
    names = sorted(path.stem for path in FOLDER.glob("*.json"))
    assert names, f"there are no case files in {FOLDER}"
    return names


def cases(name: str, part: str) -> list[Case]:
    """Give the cases of a file that have this part."""
    return [case for case in topic(name)["cases"] if part in case]


def typed(written: Any) -> tuple[Any, str | None]:
    """Give a value as 2.6 writes it, and the type it declares."""
    if isinstance(written, dict) and len(written) == 1:
        ((marker, content),) = written.items()
        if marker == "$datetime":
            return Field("moment", content, "DATETIME").value, None
        if marker == "$binary":
            return base64.b64decode(content, validate=True), None
        if marker == "$text":
            return content, "TEXT"
        if marker == "$json":
            return content, None
    return written, None


def value(written: Any) -> Any:
    return typed(written)[0]


def record(written: dict[str, Any]) -> Record:
    """Give a record as a case file writes it."""
    assert set(written) <= {"id", "fields", "metadata", "field_metadata", "types"}
    declared, described = written.get("types", {}), written.get("field_metadata", {})
    assert {*declared, *described} <= set(written["fields"])
    fields = []
    for name, content in written["fields"].items():
        content, kind = typed(content)
        fields.append(Field(name, content, declared.get(name, kind), described.get(name)))
    return Record(fields, id=written["id"], metadata=written.get("metadata"))


def same(actual: Any, expected: Any, near: bool = False) -> bool:
    """Whether two values are of the same kind and content, down to the sign of zero and the order of keys."""
    if type(actual) is not type(expected):
        return False
    if isinstance(expected, float):
        if near and expected != 0:
            return math.isclose(actual, expected, rel_tol=1e-9)
        return (actual, math.copysign(1, actual)) == (expected, math.copysign(1, expected))
    if isinstance(expected, (dict, list)):
        return json.dumps(actual) == json.dumps(expected)
    if hasattr(expected, "utcoffset"):
        return (actual, actual.utcoffset()) == (expected, expected.utcoffset())
    return bool(actual == expected)
