"""Factories, and which backend settings are for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dataknobs_data import DatabaseFactory, SyncDatabaseFactory
from dataknobs_data.backends.file import FileDatabase, SyncFileDatabase
from dataknobs_data.backends.memory import MemoryDatabase, SyncMemoryDatabase
from dataknobs_data.exceptions import InvalidConfigError
from dataknobs_data.factory import backend_of


@pytest.mark.parametrize(
    ("settings", "backend"),
    [
        ({"type": "memory"}, "memory"),
        ({"backend": "file"}, "file"),
        ({"class": "dataknobs_data.backends.postgres.PostgresDatabase"}, "postgres"),
        ({"class": "dataknobs_data.backends.s3:SyncS3Database"}, "s3"),
        ({"class": "AsyncElasticsearchDatabase"}, "elasticsearch"),
        ({"class": "S3Database", "type": "S3"}, "S3"),
        ({"factory": "dataknobs_data.DatabaseFactory", "type": "s3"}, "s3"),
    ],
)
def test_a_backend_is_selected_by_type_or_class(settings: dict[str, Any], backend: str) -> None:
    name, rest = backend_of(None, {**settings, "keep": 1})
    assert (name.lower(), rest) == (backend.lower(), {"keep": 1})


@pytest.mark.parametrize(
    "settings",
    [{}, {"type": 1}, {"type": "s3", "class": "FileDatabase"}, {"type": "s3", "factory": "some.Thing"}],
)
def test_settings_that_name_no_backend_or_two_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(InvalidConfigError):
        DatabaseFactory().create(**settings)


def test_the_backend_is_given_by_position_or_in_the_settings(tmp_path: Path) -> None:
    assert type(DatabaseFactory().create("memory")) is MemoryDatabase
    assert type(DatabaseFactory().create(type="file", path=tmp_path / "a.json")) is FileDatabase
    assert type(SyncDatabaseFactory().create(backend="memory")) is SyncMemoryDatabase
    with pytest.raises(InvalidConfigError, match="different backends"):
        DatabaseFactory().create("memory", type="file")


def test_unknown_backends_and_settings_are_refused() -> None:
    with pytest.raises(InvalidConfigError) as caught:
        DatabaseFactory().create("memroy")
    assert caught.value.hint == "did you mean `memory`?"
    with pytest.raises(InvalidConfigError):
        DatabaseFactory().create("memory", pasword="s3cret")


def test_settings_are_taken_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a$$b${c}.jsonl"
    with SyncDatabaseFactory().create("file", path=path) as db:
        db.create({"n": 1})
    assert path.exists()
    with SyncFileDatabase.from_config({"path": str(path)}) as db:
        assert db.count() == 1


def test_a_class_of_one_backend_refuses_settings_for_another() -> None:
    assert type(MemoryDatabase.from_config({"type": "memory"})) is MemoryDatabase
    with pytest.raises(InvalidConfigError, match="different backends"):
        MemoryDatabase.from_config({"type": "file", "path": "a.json"})
