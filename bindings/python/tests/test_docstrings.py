"""The examples of the docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from pathlib import Path

import pytest

import dataknobs_data

MODULES = [
    "dataknobs_data",
    *(found.name for found in pkgutil.walk_packages(dataknobs_data.__path__, "dataknobs_data.")),
]
OPTIONS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as missing:
        if (missing.name or "").startswith("dataknobs_data"):
            raise
        pytest.skip(f"{missing.name} is not installed")
    assert doctest.testmod(module, optionflags=OPTIONS).failed == 0
