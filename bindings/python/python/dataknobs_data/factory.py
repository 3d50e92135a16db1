"""Factories: databases from settings that name their backend."""

from __future__ import annotations

from ._configurable import Factory
from .exceptions import InvalidConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from .database import Database, SyncDatabase

__all__ = ["DatabaseFactory", "SyncDatabaseFactory"]


class DatabaseFactory(Factory):
    """Makes asynchronous databases from settings.

    It is a ``dataknobs_config.FactoryBase`` once that package has been imported.

    Examples
    --------
    >>> from dataknobs_data import Config
    >>> config = Config({
    ...     "database_factory": {"factory": "dataknobs_data.DatabaseFactory"},
    ...     "database_config": {"type": "memory"},
    ... })
    >>> factory = config.build("database_factory")
    >>> factory.create(**config.get("database_config"))
    <MemoryDatabase>
    """

    def create(self, type: str | None = None, /, **settings: Any) -> Database:
        """Make a database. It connects on first use.

        Parameters
        ----------
        type : str, optional
            The backend's name, such as ``"memory"``. Or the settings say it: by ``type`` or ``backend``, or by a
            ``class`` such as ``dataknobs_data.backends.memory.MemoryDatabase``.
        **settings
            The backend's settings, taken as they are: a ``$`` is a dollar sign here, since `Config` has
            filled in the variables of the environment already.

        Raises
        ------
        InvalidConfigError
            When nothing names the backend, two names disagree, there is no such backend, or one of its
            settings is unknown or wrong.

        Examples
        --------
        >>> DatabaseFactory().create("memory", timeout="5s")
        <MemoryDatabase>
        >>> DatabaseFactory().create(backend="memory")
        <MemoryDatabase>
        """
        from .config.environment import escape
        from .database import Database

        backend, rest = backend_of(type, settings)
        database: Database = Database.create(backend, escape(rest))
        return database


class SyncDatabaseFactory(Factory):
    """Makes blocking databases from settings: see `DatabaseFactory`.

    Examples
    --------
    >>> SyncDatabaseFactory().create(type="memory")
    <SyncMemoryDatabase>
    """

    def create(self, type: str | None = None, /, **settings: Any) -> SyncDatabase:
        """Make a database: see `DatabaseFactory.create`.

        Examples
        --------
        >>> with SyncDatabaseFactory().create("memory") as db:
        ...     id = db.create({"name": "Ada"})
        ...     db.count()
        1
        """
        from .config.environment import escape
        from .database import SyncDatabase

        backend, rest = backend_of(type, settings)
        database: SyncDatabase = SyncDatabase.create(backend, escape(rest))
        return database


def backend_of(backend: str | None, settings: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Say which backend settings are for, and give those that are the backend's own.

    ``type`` or ``backend`` name it; ``class`` does by the last part of a dotted path; ``factory`` may name a
    ``DatabaseFactory``, which says nothing about the backend. The rules are those of the Rust library's
    ``config::backend_of``.

    Raises
    ------
    InvalidConfigError
        When none of them is there, two disagree, or one is no text.

    Examples
    --------
    >>> backend_of(None, {"type": "file", "path": "a.csv"})
    ('file', {'path': 'a.csv'})
    """
    rest = dict(settings)
    given = {key: rest.pop(key) for key in ("type", "backend", "class", "factory") if key in rest}
    for key, value in given.items():
        if not isinstance(value, str):
            raise InvalidConfigError("this setting must be text", context={"key": f"`{key}`"})
    if not given.pop("factory", "DatabaseFactory").endswith("DatabaseFactory"):
        raise InvalidConfigError("this factory makes no databases", context={"key": "`factory`"})
    if "class" in given:
        name = given["class"].replace(":", ".").rpartition(".")[2]
        name = name.removesuffix("Database") or name
        prefix = next((prefix for prefix in ("Sync", "Async") if name.startswith(prefix)), "")
        given["class"] = name.removeprefix(prefix).lower()
    names = [*([backend] if backend is not None else []), *given.values()]
    if not names:
        raise InvalidConfigError(
            "a database's settings must say its backend", hint='add a key `type`, such as "memory" or "file"'
        )
    if any(name.lower() != names[0].lower() for name in names):
        raise InvalidConfigError("`type`, `backend` and `class` name different backends")
    return names[0], rest
