"""The examples of the docstrings run."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

import dataknobs_data
import examples

PACKAGE = Path(dataknobs_data.__file__).parent

#: What the examples of a module need.
NEEDS = {"dataknobs_data.utils.pandas": "pandas"}

MODULES = [
    "dataknobs_data",
    *(found.name for found in pkgutil.walk_packages(dataknobs_data.__path__, "dataknobs_data.")),
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if name in NEEDS:
        pytest.importorskip(NEEDS[name])
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("dataknobs_data"):
            raise
        pytest.skip(f"{missing.name} is not installed")
    found = doctest.DocTestFinder().find(module)
    assert sum(examples.run(test, monkeypatch) for test in found if test.examples) == 0


def attributes() -> Iterator[tuple[str, str]]:
    """Give the docstrings that stand below an attribute of a class, which only the reference shows."""
    for path in sorted(PACKAGE.rglob("*.py")):
        for found in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(found, ast.ClassDef):
                continue
            for target, below in pairwise(found.body):
                if isinstance(target, ast.Assign) and isinstance(below, ast.Expr):
                    doc = ast.literal_eval(below.value)
                    yield f"{found.name}.{ast.unparse(target.targets[0])}", inspect.cleandoc(doc)


@pytest.mark.parametrize(("name", "doc"), [pytest.param(name, doc, id=name) for name, doc in attributes()])
def test_the_examples_of_an_attribute_run(name: str, doc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    test = doctest.DocTestParser().get_doctest(doc, {}, name, None, 0)
    assert test.examples
    assert examples.run(test, monkeypatch) == 0
