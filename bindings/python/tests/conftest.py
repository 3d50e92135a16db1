"""Fixtures shared by all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from processes import Blocked
from slow_queries import SlowQueries


@pytest.fixture(scope="session")
def slow() -> SlowQueries:
    return SlowQueries()


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Blocked]:
    pipe = Blocked(tmp_path / "pipe.json")
    yield pipe
    pipe.release()
