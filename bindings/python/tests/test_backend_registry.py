"""How backends written in Python are named, found and given their settings."""

from __future__ import annotations

import importlib.metadata
import sys
import time
from typing import Any

import pytest

from dataknobs_data import SyncDatabase
from dataknobs_data.backends import _registry, register_backend, registered_backends
from dataknobs_data.backends.base import Backend, Capabilities, ScanRequest, stored
from dataknobs_data.exceptions import (
    AlreadyExistsError,
    ConnectionFailedError,
    InvalidConfigError,
    TimedOutError,
    UnsupportedError,
)


class Numbers(Backend):
    """As many records as it is told."""

    def __init__(self, size: int = 10) -> None:
        self.size = size

    def read(self, id: str) -> Any:
        return stored({"n": 1}, id=id, version="1")

    def scan(self, request: ScanRequest) -> Any:
        return [stored({"n": number}, id=f"r{number}", version="1") for number in range(self.size)]


class Others(Numbers):
    pass


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_registry, "_by_name", {})
    monkeypatch.setattr(_registry, "_entry_points", None)


def test_the_settings_that_all_backends_share_work() -> None:
    tries = 0

    class Flaky(Numbers):
        def read(self, id: str) -> Any:
            nonlocal tries
            tries += 1
            if tries < 3:
                raise ConnectionFailedError("the line is busy")
            return super().read(id)

        def exists(self, id: str) -> bool:
            time.sleep(0.3)
            return True

    db = SyncDatabase.create(
        Flaky, size=3, read_only=True, timeout="100ms", retry={"attempts": 4, "base_delay": "1ms"}, trace=True
    )
    assert db.read("r1")["n"] == 1 and tries == 3
    with pytest.raises(TimedOutError):
        db.exists("r1")
    with pytest.raises(UnsupportedError, match="read-only"):
        db.create({"n": 1})
    with pytest.raises(InvalidConfigError):
        SyncDatabase.create(Flaky, timeout=0)


def test_variables_of_the_environment_are_filled_in(monkeypatch: pytest.MonkeyPatch) -> None:
    class Placed(Numbers):
        def __init__(self, path: str, extra: object = None) -> None:
            super().__init__()
            self.path, self.extra = path, extra

        def info(self) -> dict[str, Any]:
            return {"location": self.path, "extra": self.extra is connection}

    connection = object()
    monkeypatch.setenv("SHELF", "b")
    registered = SyncDatabase.create(Placed, {"path": "${SHELF}/${ROW:1}", "extra": connection})
    info = registered.info()
    assert info is None or info["location"] == "b/1"


def test_a_backend_is_found_by_name_scheme_class_and_instance(registry: None) -> None:
    register_backend("numbers", Numbers, schemes=["many"])
    register_backend("numbers", Numbers)  # the same again
    Numbers.url_setting = "size"  # type: ignore[misc]

    class FromText(Numbers):
        def __init__(self, size: Any = 10) -> None:
            super().__init__(int(size))

    register_backend("text", FromText, schemes=["txt"])
    assert SyncDatabase.create("numbers", {"size": 2}).count() == 2
    assert SyncDatabase.create("NUMBERS", size=3).count() == 3
    assert SyncDatabase.create(Numbers, size=4).count() == 4
    assert SyncDatabase.create(Numbers(5)).count() == 5
    assert SyncDatabase.open("text:6?timeout=5s").count() == 6
    assert SyncDatabase.open("txt://7").count() == 7
    assert set(registered_backends()) == {"numbers", "many", "text", "txt"}
    Numbers.url_setting = "path"  # type: ignore[misc]


def test_names_are_taken_once(registry: None) -> None:
    register_backend("numbers", Numbers)
    for name in ("numbers", "memory", "FILE"):
        with pytest.raises(AlreadyExistsError):
            register_backend(name, Others)
    with pytest.raises(TypeError):
        register_backend("dict", dict)  # type: ignore[arg-type]
    register_backend("numbers", Others, replace=True)
    assert registered_backends() == {"numbers": Others}


def test_an_installed_package_needs_no_call(registry: None, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def entry_points(*, group: str) -> list[importlib.metadata.EntryPoint]:
        asked.append(group)
        return [importlib.metadata.EntryPoint("endless", f"{__name__}:Numbers", group)]

    monkeypatch.setattr(importlib.metadata, "entry_points", entry_points)
    monkeypatch.setitem(sys.modules, __name__, sys.modules[Numbers.__module__])
    SyncDatabase.create("memory")
    assert asked == []
    with SyncDatabase.create("endless", size=1) as db:
        assert db.exists("r0")
    with pytest.raises(InvalidConfigError, match="unknown backend"):
        SyncDatabase.create("nothing")
    assert asked == ["dataknobs_data.backends"]


def test_a_setting_that_is_unknown_or_missing_is_refused() -> None:
    with pytest.raises(InvalidConfigError, match="sice"):
        SyncDatabase.create(Numbers, sice=3)
    with pytest.raises(TypeError):
        SyncDatabase.create(int)


def test_capabilities_may_be_a_dict_and_may_change_until_it_has_connected() -> None:
    class Learning(Numbers):
        capabilities = {"insertion_order": True}  # noqa: RUF012

        def connect(self) -> None:
            self.capabilities = Capabilities(insertion_order=True, read_only=True)

    with SyncDatabase.create(Learning) as db, pytest.raises(UnsupportedError, match="read-only"):
        db.create({"n": 1})
