"""Queries that take as long as a test asks for, whatever the machine and the build."""

from __future__ import annotations

import time
from typing import Any

from dataknobs_data import SyncDatabase

#: Records whose search is made slow by the length of the query.
ROWS = 10_000


def rows(count: int, length: int = 0) -> list[dict[str, Any]]:
    return [{"number": number, "text": "a" * length} for number in range(count)]


class SlowQueries:
    """Queries on the rows of one database that take as long as asked, whatever the machine and the build."""

    def __init__(self) -> None:
        self.db = SyncDatabase.create("memory")
        self.db.create_batch(rows(ROWS, 400))
        tests, took = 4, 0.0
        while took < 0.2:
            tests *= 2
            begun = time.perf_counter()
            self.db.count(self.query(tests))
            took = time.perf_counter() - begun
        self._seconds = took / tests

    @staticmethod
    def query(tests: int) -> str:
        return " OR ".join(f"text LIKE '%a%a%a%b{number}'" for number in range(tests))

    def taking(self, seconds: float) -> str:
        return self.query(int(seconds / self._seconds) + 1)
