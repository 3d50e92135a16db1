"""The conformance suite over backends written in Python: the same behaviours and cases as for the built-in stores."""

from __future__ import annotations

import doctest
import importlib.util
import itertools
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import examples
from dataknobs_data.testing import check_backend

EXAMPLES = Path(__file__).parents[3] / "examples" / "python"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


shelf = example("shelf_backend")
sqlite = example("sqlite_backend")
pooled = example("pooled_sqlite")

# A suite that lost behaviours or cases is not green.
LEAST = 2 * (165 + 620)


@pytest.mark.parametrize("backend", [shelf.Shelf, shelf.AsyncShelf, shelf.Archive, sqlite.SqliteBackend])
def test_a_backend_behaves_as_the_contract_says(backend: Any) -> None:
    report = check_backend(backend)
    assert report.failed == 0 and report.held >= LEAST


def test_a_persistent_backend_is_opened_again(tmp_path: Path) -> None:
    numbers = itertools.count()
    report = check_backend(
        lambda: sqlite.SqliteBackend(str(tmp_path / f"{next(numbers)}.db"), "OFF"),
        reopen=lambda backend: sqlite.SqliteBackend(backend.path, "OFF"),
        name="sqlite file",
        only=": ",  # the behaviours alone: cases ask nothing about this
    )
    assert report.failed == 0 and report.held >= 2 * 175


def test_a_backend_that_reads_through_a_pool_is_opened_again(tmp_path: Path) -> None:
    numbers = itertools.count()
    pool = {"max_size": 2, "min_size": 1, "check_after": 0}
    report = check_backend(
        lambda: pooled.PooledSqliteBackend(str(tmp_path / f"{next(numbers)}.db"), "OFF", pool),
        reopen=lambda backend: pooled.PooledSqliteBackend(backend.path, "OFF", pool),
        name="pooled sqlite",
        only=": ",  # as above; what queries find, the rows of the backend below answer
    )
    assert report.failed == 0 and report.held >= 2 * 175


@pytest.mark.parametrize("module", [shelf, sqlite, pooled])
def test_the_examples_run(module: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = [test for test in doctest.DocTestFinder().find(module) if test.examples]
    assert found and sum(examples.run(test, monkeypatch) for test in found) == 0


class Forgetful(shelf.Shelf):  # type: ignore[misc, name-defined]
    def read(self, id: str) -> Any:
        return None


def test_what_does_not_hold_is_listed_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(AssertionError, match="of the contract's rules do not hold") as caught:
        check_backend(Forgetful, only="read: ")
    assert "Forgetful (async)" in str(caught.value) and "is not there" in str(caught.value)
    assert "FAIL" in capsys.readouterr().out


def test_a_known_failure_is_no_failure_until_it_holds() -> None:
    with pytest.raises(AssertionError) as caught:
        check_backend(Forgetful, only="exists: ")
    names = {line.split(" on Forgetful")[0] for line in str(caught.value).splitlines()[1:]}
    assert check_backend(Forgetful, only="exists: ", known_failures=sorted(names)).failed > 0
    with pytest.raises(AssertionError, match="among the known failures, and holds"):
        check_backend(shelf.Shelf, only="exists: ", known_failures=sorted(names))


def test_a_factory_that_fails_is_an_error() -> None:
    def fail() -> Any:
        raise RuntimeError("no shelf")

    with pytest.raises(Exception, match="no database could be opened"):
        check_backend(fail)
