"""The blocking databases do what `behaviours` says."""

from __future__ import annotations

from pathlib import Path

import pytest

from behaviours import BEHAVIOURS, TRANSACTIONS
from forms import Maker, SyncForm


@pytest.mark.parametrize("store", ["memory", "json", "jsonl"])
@pytest.mark.parametrize("name", BEHAVIOURS)
def test_behaviour(name: str, store: str, tmp_path: Path) -> None:
    SyncForm.run(BEHAVIOURS[name](Maker(SyncForm, store, tmp_path)))


@pytest.mark.parametrize("store", ["memory", "json", "jsonl"])
@pytest.mark.parametrize("name", TRANSACTIONS)
def test_transactions(name: str, store: str, tmp_path: Path) -> None:
    SyncForm.run(TRANSACTIONS[name](Maker(SyncForm, store, tmp_path)))
