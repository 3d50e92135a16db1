"""The docstrings of the compiled classes: their examples run, and the stubs say the same."""

from __future__ import annotations

import ast
import doctest
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import dataknobs_data
import examples
from dataknobs_data import _native

STUB = Path(dataknobs_data.__file__).with_name("_native.pyi")
CLASSES = sorted(name for name, found in vars(_native).items() if isinstance(found, type))


def documented(name: str) -> Iterator[tuple[str, str]]:
    """Give the docstrings of a class and of its own members."""
    found = getattr(_native, name)
    for member, value in {"": found, **vars(found)}.items():
        doc = getattr(value, "__doc__", None)
        if isinstance(doc, str) and not member.startswith("__"):
            yield f"{name}.{member}".rstrip("."), doc


@pytest.mark.parametrize("name", CLASSES)
def test_the_examples_run(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    parser = doctest.DocTestParser()
    for place, doc in documented(name):
        assert examples.run(parser.get_doctest(doc, {}, place, None, 0), monkeypatch) == 0


def stubbed() -> Iterator[tuple[str, str]]:
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            parts = [part for part in node.body if isinstance(part, (ast.FunctionDef, ast.AsyncFunctionDef))]
            for name, part in [(node.name, node), *((f"{node.name}.{part.name}", part) for part in parts)]:
                doc = ast.get_docstring(part)
                if doc is not None:
                    yield name, doc


@pytest.mark.parametrize(("name", "doc"), [pytest.param(name, doc, id=name) for name, doc in stubbed()])
def test_the_stub_says_what_the_module_says(name: str, doc: str) -> None:
    found: object = _native
    for part in name.split("."):
        found = getattr(found, part)
    assert inspect.cleandoc(found.__doc__ or "") == doc
