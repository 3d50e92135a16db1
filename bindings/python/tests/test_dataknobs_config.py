"""The published dataknobs_config package builds our classes."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from dataknobs_data import Database, DatabaseFactory, Record, SyncDatabase, SyncDatabaseFactory
from dataknobs_data.backends.file import FileDatabase, SyncFileDatabase
from dataknobs_data.backends.memory import MemoryDatabase, SyncMemoryDatabase
from dataknobs_data.exceptions import InvalidConfigError

theirs = pytest.importorskip("dataknobs_config")


@pytest.fixture
def config(tmp_path: Path) -> Any:
    return theirs.Config(
        {
            "databases": [
                {
                    "name": "primary",
                    "class": "dataknobs_data.backends.file.SyncFileDatabase",
                    "path": str(tmp_path / "people.json"),
                },
                {"name": "cache", "class": "dataknobs_data.backends.memory.MemoryDatabase"},
                {"name": "made", "factory": "dataknobs_data.SyncDatabaseFactory", "backend": "memory"},
                {"name": "wrong", "class": "dataknobs_data.backends.memory.MemoryDatabase", "pasword": "s3cr3t"},
            ],
            "factories": [{"name": "main", "factory": "dataknobs_data.DatabaseFactory"}],
        }
    )


def test_databases_are_built_by_class(config: Any, tmp_path: Path) -> None:
    with config.build_object("xref:databases[primary]") as db:
        assert type(db) is SyncFileDatabase
        db.create(Record({"name": "Ada"}))
    assert (tmp_path / "people.json").exists()
    cache = config.build_object("xref:databases[cache]")
    assert type(cache) is MemoryDatabase and config.build_object("xref:databases[cache]") is cache
    assert asyncio.run(cache.count()) == 0


def test_databases_are_made_by_the_factory(config: Any) -> None:
    assert type(config.build_object("xref:databases[made]")) is SyncMemoryDatabase
    factory = config.get_factory("factories", "main")
    assert type(factory) is DatabaseFactory
    assert type(factory.create(backend="memory")) is MemoryDatabase


def test_registered_factories_make_databases() -> None:
    config = theirs.Config()
    config.register_factory("database", SyncDatabaseFactory())
    config.load({"databases": [{"name": "main", "factory": "database", "backend": "memory"}]})
    assert type(config.get_instance("databases", "main")) is SyncMemoryDatabase


def test_variables_are_filled_in_by_that_package_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATAKNOBS_TEST_FILE", f"{tmp_path}/a$$b.json")
    entry = {"class": "dataknobs_data.backends.file.SyncFileDatabase", "path": "${DATAKNOBS_TEST_FILE}"}
    with theirs.Config({"databases": [entry]}).build_object("xref:databases") as db:
        db.create({"n": 1})
    assert (tmp_path / "a$$b.json").exists()


def test_our_errors_pass(config: Any) -> None:
    with pytest.raises(InvalidConfigError) as caught:
        config.build_object("xref:databases[wrong]")
    assert caught.value.context["key"] == "`pasword`" and "s3cr3t" not in str(caught.value)


def test_our_classes_are_its_classes() -> None:
    for ours in (Database, SyncDatabase, FileDatabase, SyncFileDatabase, MemoryDatabase, SyncMemoryDatabase):
        assert issubclass(ours, theirs.ConfigurableBase) and not issubclass(ours, theirs.FactoryBase)
    for factory in (DatabaseFactory, SyncDatabaseFactory):
        assert issubclass(factory, theirs.FactoryBase) and not issubclass(factory, theirs.ConfigurableBase)
    assert isinstance(SyncMemoryDatabase(), theirs.ConfigurableBase)
    assert isinstance(Database.create("memory"), theirs.ConfigurableBase)


def test_a_subclass_of_ours_keeps_its_own_from_config() -> None:
    class Mine(SyncMemoryDatabase, theirs.ConfigurableBase):  # type: ignore[misc, name-defined]
        pass

    with Mine.from_config({}) as db:
        assert type(db) is Mine and db.count() == 0
