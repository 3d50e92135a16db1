"""Databases in a file of rows: JSON, JSON lines, CSV or TSV, also compressed."""

from __future__ import annotations

from ..database import Database, SyncDatabase

__all__ = ["FileDatabase", "SyncFileDatabase"]


class FileDatabase(Database):
    """An asynchronous database in a file: what ``Database.create("file", settings)`` makes.

    Parameters
    ----------
    settings : mapping, optional
        All of the settings below as a dict. ``${VAR}`` and ``${VAR:default}`` in texts are filled in from the
        environment.
    path : str or path
        The file.
    format : str, optional
        Its format: ``"json"``, ``"jsonl"``, ``"csv"``, ``"tsv"`` or ``"parquet"``. By default the extension
        decides: ``.json``, ``.jsonl`` or ``.ndjson``, ``.csv``, ``.tsv`` or ``.tab``, ``.parquet`` or ``.pq``,
        before the extension of a compression if there is one (``.csv.gz``).
    compression : {"none", "gzip", "zstd"}, optional
        How the file is compressed, unless it is Parquet. By default the last extension decides: ``.gz`` or ``.gzip``,
        ``.zst`` or ``.zstd``.
    max_expanded_bytes : int or str, default 64 GiB
        The most text that a compressed file may expand to.
    max_ratio : int, default 500
        The most bytes of text for each byte of a compressed file, past the first 64 MiB of text.
    id_field : str, optional
        The field that holds the id. By default ``_id`` if the file has that, else ``id``, else the number of the
        row. Empty: never ``id``.
    delimiter : str, optional
        What separates the cells of CSV and TSV: one ASCII character. By default a tab in TSV, and in CSV a comma, or
        what the header shows instead: ``;``, a tab or ``|``.
    null_values : list of str, optional
        Texts that stand for null in CSV and TSV cells, besides the empty cell.
    infer_rows : int, default 10,000
        How many rows are looked at to tell the types of columns that nothing declares.
    max_record_bytes : int or str, default 8 MiB
        The largest record: a number of bytes of the file, or a text such as ``"16MiB"``.
    create : bool, default True
        Whether a missing file is an empty database that the first write creates; else it is a NotFoundError.
    durability : {"fsync", "buffered"}, default "fsync"
        What an acknowledged write survives: a power failure, or the end of this process alone.
    read_only, timeout, retry, trace
        As for `MemoryDatabase`.

    Raises
    ------
    InvalidConfigError
        For an unknown setting or a wrong value, or when nothing says the format. The context names the ``key``.

    Examples
    --------
    >>> import asyncio, pathlib, tempfile
    >>> async def main(path):
    ...     async with FileDatabase(path=path) as db:
    ...         id = await db.create({"name": "Ada"})
    ...         return await db.count()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     asyncio.run(main(pathlib.Path(folder, "people.json")))
    1
    """

    _backend = "file"


class SyncFileDatabase(SyncDatabase):
    """A blocking database in a file: what ``SyncDatabase.create("file", settings)`` makes.

    Parameters
    ----------
    settings : mapping
        Those of `FileDatabase`; they may also be given as keywords.

    Raises
    ------
    InvalidConfigError
        For an unknown setting or a wrong value, or when nothing says the format. The context names the ``key``.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with SyncFileDatabase(path=pathlib.Path(folder, "people.csv")) as db:
    ...         id = db.create({"name": "Ada", "age": 36})
    ...         db.read(id)["age"]
    36
    """

    _backend = "file"
