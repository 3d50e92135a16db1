"""Databases in a table of a PostgreSQL server."""

from __future__ import annotations

from ..database import Database, SyncDatabase

__all__ = ["PostgresDatabase", "SyncPostgresDatabase"]


class PostgresDatabase(Database):
    """An asynchronous database in a PostgreSQL table: what ``Database.create("postgres", settings)`` makes.

    Nothing is connected before the first use. A table that is not there is made then.

    Parameters
    ----------
    settings : mapping, optional
        All of the settings below as a dict. ``${VAR}`` and ``${VAR:default}`` in texts are filled in from the
        environment.
    host : str, default "localhost"
        The server: a name, an address, or the folder of its Unix socket.
    port : int, default 5432
        The port.
    database, user, password : str, optional
        The database, by default the user's name; the user, by default the operating system's; the password.
    table : str, default "records"
        The table.
    namespace : str, optional
        The SQL schema of the table, by default the first of the search path.
    schema : dict, optional
        The columns of the table: ``{"id": "TEXT" | "UUID" | "BIGINT", "data": "JSONB"}``.
    layout : {"auto", "document", "columns"}, default "auto"
        How records are laid out: as one JSON document each, or in the columns of a table or view that is there. By
        default as documents in a table of that shape or a missing one, and as columns in any other one.
    key : list of str, optional
        The columns that tell the rows of a table or view apart. By default those of its primary key, of a unique
        index, or ``id``.
    create_table : bool, default True
        Whether a missing table is made; else it is a NotFoundError.
    gin_index : bool, default True
        Whether a table that is made gets an index over all fields.
    sslmode : {"disable", "prefer", "require", "verify-ca", "verify-full"}, optional
        How far the connection is encrypted and the server checked. By default ``"prefer"`` on this machine and
        ``"verify-full"`` elsewhere.
    sslrootcert : str or path, optional
        A file of certificates that vouch for the server, by default those of the system.
    application_name : str, default "dataknobs-data"
        What the server shows as the name of this program.
    connect_timeout, statement_timeout : float or str, optional
        How long connecting may take (10 s), and how long the server may work on a statement (no limit): seconds, or
        a text such as ``"500ms"``.
    pgbouncer : bool, default False
        Whether the server is reached through PgBouncer in transaction mode.
    pool : dict, optional
        ``max_size`` (10), ``min_size`` (0), ``acquire_timeout`` (30 s), ``check_after`` (30 s), ``idle_timeout``
        (10 min) and ``max_lifetime`` (30 min).
    read_only, timeout, retry, trace
        As for `MemoryDatabase`.

    Raises
    ------
    InvalidConfigError
        For an unknown setting or a wrong value. The context names the ``key``.

    Examples
    --------
    >>> db = PostgresDatabase(host="localhost", database="mydb", table="people")
    >>> db.capabilities.serializable
    True
    """

    _backend = "postgres"


class SyncPostgresDatabase(SyncDatabase):
    """A blocking database in a PostgreSQL table: what ``SyncDatabase.create("postgres", settings)`` makes.

    Parameters
    ----------
    settings : mapping
        Those of `PostgresDatabase`; they may also be given as keywords.

    Raises
    ------
    InvalidConfigError
        For an unknown setting or a wrong value. The context names the ``key``.

    Examples
    --------
    >>> db = SyncPostgresDatabase(host="localhost", database="mydb", table="people")
    >>> db.capabilities.serializable
    True
    """

    _backend = "postgres"
