"""Records as bytes and as whole files, in any format."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from os import PathLike

from .. import _native
from .._native import Record
from ..exceptions import CorruptError, DataknobsError, InvalidRecordError
from .formats import FormatHandler, format_for, get_format

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..typing import RecordsLike

__all__ = ["dump", "dumps", "load", "loads"]


def loads(data: bytes | bytearray | memoryview | str, format: str | FormatHandler) -> list[Record]:
    """Read records out of bytes or a text.

    Parameters
    ----------
    data : bytes-like or str
        The whole of it; a `str` is read as its UTF-8.
    format : str or FormatHandler
        The format, or its name.

    Returns
    -------
    list of Record
        The records, in order.

    Raises
    ------
    CorruptError
        When the data is not of the format. It has the place, or as its cause the exception of a handler.
    InvalidConfigError
        When there is no format of this name.
    InvalidRecordError
        When a record breaks the data model; the context has its ``index`` or ``line``.

    Examples
    --------
    >>> from dataknobs_data.serializers import loads
    >>> loads('{"id": "ada", "data": {"age": 36}}', "jsonl")
    [Record({'age': 36}, id='ada')]
    >>> loads('{"id": "ada"', "jsonl")
    Traceback (most recent call last):
        ...
    dataknobs_data.exceptions.CorruptError: corrupt data: the text ends inside a value (line: 1, column: 12)
    """
    handler = _handler(format)
    if isinstance(data, str):
        data = data.encode()
    elif not isinstance(data, (bytes, bytearray, memoryview)):
        raise TypeError(f"records are read out of bytes or a str, not out of {type(data).__qualname__}")
    with _translated(handler, CorruptError, "the format could not be read"):
        found = handler.read(bytes(data))
    if not isinstance(found, Iterable):
        raise _wrong(handler, "read", "records", found)
    with _translated(handler, CorruptError, "the format could not be read"):
        items = list(found)
    return list(_native.records_from_columns(items))


def dumps(records: RecordsLike, format: str | FormatHandler) -> bytes:
    """Write records as bytes.

    Parameters
    ----------
    records : iterable of records, SearchResult, DataFrame or Arrow data
        What a batch takes.
    format : str or FormatHandler
        The format, or its name.

    Returns
    -------
    bytes
        What `loads` reads.

    Raises
    ------
    InvalidConfigError
        When there is no format of this name.
    InvalidRecordError
        When the format cannot hold a record, or an item makes none; a handler's exception is its cause.

    Examples
    --------
    >>> from dataknobs_data import Record
    >>> from dataknobs_data.serializers import dumps
    >>> dumps([Record({"age": 36}, id="ada")], "jsonl")
    b'{"id":"ada","data":{"age":36}}\\n'
    """
    handler = _handler(format)
    made = list(_native.records_from_columns(records))
    with _translated(handler, InvalidRecordError, "the format could not be written"):
        data = handler.write(made)
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise _wrong(handler, "write", "bytes", data)
    return bytes(data)


def load(path: str | PathLike[str], format: str | FormatHandler | None = None) -> list[Record]:
    """Read the records of a file.

    The file is read as a whole. Large files of rows are better opened as a database, which streams them:
    ``SyncDatabase.create("file", {"path": …})``.

    Parameters
    ----------
    path : str or path
        The file.
    format : str or FormatHandler, optional
        The format, or its name. By default the extension says it.

    Returns
    -------
    list of Record
        The records, in order.

    Raises
    ------
    NotFoundError, AccessRefusedError, IoError
        When the file cannot be read.
    CorruptError, InvalidConfigError, InvalidRecordError
        As from `loads`; the context has the ``path``.

    Examples
    --------
    >>> from dataknobs_data.serializers import dump, load
    >>> dump([{"name": "Ada"}, {"name": "Alan"}], "people.json")
    >>> load("people.json")
    [Record({'name': 'Ada'}), Record({'name': 'Alan'})]
    """
    handler = format_for(path) if format is None else _handler(format)
    try:
        return loads(_native._read_file(path), handler)
    except DataknobsError as error:
        error.context.setdefault("path", str(path))
        raise


def dump(records: RecordsLike, path: str | PathLike[str], format: str | FormatHandler | None = None) -> None:
    """Write records to a file, as a whole: when it fails, the file is what it was.

    A file that is there is replaced in one step, and keeps its permissions. It is on disk when this returns.

    Parameters
    ----------
    records : iterable of records, SearchResult, DataFrame or Arrow data
        What a batch takes.
    path : str or path
        The file.
    format : str or FormatHandler, optional
        The format, or its name. By default the extension says it.

    Raises
    ------
    AccessRefusedError, IoError, NotFoundError
        When the file cannot be written, or its folder is not there.
    InvalidConfigError, InvalidRecordError
        As from `dumps`.

    Examples
    --------
    >>> from dataknobs_data import SyncDatabase
    >>> from dataknobs_data.serializers import dump, load
    >>> db = SyncDatabase.create("memory")
    >>> id = db.create({"name": "Ada", "age": 36})
    >>> dump(db.search("age > 30"), "found.jsonl")
    >>> load("found.jsonl")[0]["name"]
    'Ada'
    """
    handler = format_for(path) if format is None else _handler(format)
    _native._replace_file(path, dumps(records, handler))


def _handler(format: str | FormatHandler) -> FormatHandler:
    return format if isinstance(format, FormatHandler) else get_format(format)


@contextmanager
def _translated(handler: FormatHandler, kind: type[DataknobsError], message: str) -> Iterator[None]:
    """Let errors of the library and of the system pass; others of a handler say at least where they come from."""
    try:
        yield
    except (DataknobsError, OSError, MemoryError):
        raise
    except Exception as error:
        cls = type(error)
        name = cls.__qualname__ if cls.__module__ == "builtins" else f"{cls.__module__}.{cls.__qualname__}"
        raise kind(message, context={"format": f"`{handler.name}`", "exception": name}) from error


def _wrong(handler: FormatHandler, method: str, what: str, found: object) -> TypeError:
    return TypeError(f"{type(handler).__qualname__}.{method} gives {what}, not {type(found).__qualname__}")
