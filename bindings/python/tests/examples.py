"""The examples of docstrings, run as in ``python -m asyncio``: ``await`` may stand at the prompt."""

from __future__ import annotations

import ast
import asyncio
import doctest
import importlib.util
import inspect
import re
from types import CodeType
from typing import Any

import pytest

OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
OPTIONAL = re.compile(r">>> import (pandas|pyarrow|polars|duckdb|pydantic)\b")


def run(test: doctest.DocTest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run one docstring's examples and give how many failed; those that need a package that is missing don't run."""
    needed = OPTIONAL.findall(test.docstring or "")
    if any(importlib.util.find_spec(name) is None for name in needed):
        return 0
    loop = asyncio.new_event_loop()

    def execute(code: CodeType, names: dict[str, Any]) -> None:
        outcome = eval(code, names)
        if code.co_flags & inspect.CO_COROUTINE:
            loop.run_until_complete(outcome)

    # It is `exec` that doctest runs examples with.
    monkeypatch.setattr(doctest, "exec", execute, raising=False)
    try:
        runner = doctest.DocTestRunner(optionflags=OPTIONS)
        failed = runner.run(test, compileflags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT).failed
        loop.run_until_complete(loop.shutdown_asyncgens())
        return failed
    finally:
        loop.close()
