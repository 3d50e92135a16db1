"""What the calls of this package raise.

Every error is a `DataknobsError`, one class for each kind, with the built-in base that fits:

| class | kind | also a | retryable |
|---|---|---|---|
| `NotFoundError` | `NotFound` | `KeyError` | no |
| `AlreadyExistsError` | `AlreadyExists` | | no |
| `ConflictError` | `Conflict` | | no |
| `InvalidQueryError` | `InvalidQuery` | `ValueError` | no |
| `InvalidRecordError` | `InvalidRecord` | `ValueError` | no |
| `InvalidConfigError` | `InvalidConfig` | `ValueError` | no |
| `UnsupportedError` | `Unsupported` | `NotImplementedError` | no |
| `ConnectionFailedError` | `Connection` | `ConnectionError` | yes |
| `TimedOutError` | `Timeout` | `TimeoutError` | yes |
| `AccessRefusedError` | `Auth` | `PermissionError` | no |
| `CorruptError` | `Corrupt` | | no |
| `CancelledCallError` | `Cancelled` | | no |
| `AmbiguousCommitError` | `AmbiguousCommit` | | no |
| `BackendError` | `Backend` | | no |
| `IoError` | `Io` | `OSError` | no |

A read, update or delete of an id that isn't there is no error: it answers None or False.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = [
    "BY_KIND",
    "AccessRefusedError",
    "AlreadyExistsError",
    "AmbiguousCommitError",
    "BackendError",
    "CancelledCallError",
    "ConflictError",
    "ConnectionFailedError",
    "CorruptError",
    "DataknobsError",
    "InvalidConfigError",
    "InvalidQueryError",
    "InvalidRecordError",
    "IoError",
    "NotFoundError",
    "TimedOutError",
    "UnsupportedError",
]


class DataknobsError(Exception):
    """What went wrong, in which operation, on which backend, and what to do about it.

    The text is one line, as in the Rust library; below it stand the excerpt and the hint, where
    there are any. It never shows a secret or a stored value.

    Parameters
    ----------
    message : str
        One line that says what went wrong.
    kind : str, optional
        The kind, where it is not the class's own.
    operation : str, optional
        The call that failed, such as ``"create"``.
    backend : str, optional
        The backend it failed on, such as ``"memory"``.
    context : mapping or iterable of pairs of str, optional
        The circumstances: a place, a name, a size.
    hint : str, optional
        The way out, in one line.
    excerpt : str, optional
        Two lines that show the place of a mistake in a text: the text, and a caret below it.
    failures : iterable of (int, DataknobsError), optional
        The items of a batch that failed: position in the batch, from 0, and the reason.
    retryable : bool, optional
        Whether the same call may succeed when it is made again, where the kind alone doesn't say.

    Attributes
    ----------
    kind : str
        ``"NotFound"``, ``"InvalidQuery"`` and so on; see the table of `dataknobs_data.exceptions`.
    message : str
        The message alone, without kind, operation and context.
    operation, backend, hint, excerpt : str or None
        As given.
    context : dict of str to str
        As given, in the order given.
    failures : list of (int, DataknobsError)
        As given; empty for every error that isn't about a batch.
    retryable : bool
        Whether the same call may succeed when it is simply made again. Whether that is *safe*
        depends on the call.

    Examples
    --------
    >>> error = CorruptError("not a number", operation="read", backend="file", context={"line": "3"})
    >>> print(error)
    corrupt data: not a number (read, file, line: 3)
    >>> error.kind, error.context, error.retryable
    ('Corrupt', {'line': '3'}, False)
    """

    kind: str = "Backend"
    message: str
    operation: str | None
    backend: str | None
    context: dict[str, str]
    hint: str | None
    excerpt: str | None
    failures: list[tuple[int, DataknobsError]]
    retryable: bool

    def __init__(
        self,
        message: str,
        *,
        kind: str | None = None,
        operation: str | None = None,
        backend: str | None = None,
        context: Mapping[str, str] | Iterable[tuple[str, str]] | None = None,
        hint: str | None = None,
        excerpt: str | None = None,
        failures: Iterable[tuple[int, DataknobsError]] = (),
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message)
        if kind is not None:
            self.kind = kind
        self.message = message
        self.operation = operation
        self.backend = backend
        self.context = dict(context or ())
        self.hint = hint
        self.excerpt = excerpt
        self.failures = list(failures)
        self.retryable = self.kind in _RETRYABLE if retryable is None else retryable

    def __str__(self) -> str:
        where = [part for part in (self.operation, self.backend) if part is not None]
        where += [f"{name}: {value}" for name, value in self.context.items()]
        text = f"{_PHRASES.get(self.kind, self.kind)}: {self.message}"
        if where:
            text += f" ({', '.join(where)})"
        if self.excerpt:
            text += "\n" + "\n".join(f"  {line}" for line in self.excerpt.splitlines())
        if self.hint:
            text += f"\n  hint: {self.hint}"
        return text

    def __reduce__(self) -> tuple[object, ...]:
        # Not by the constructor: a subclass may have one of its own.
        return _restore, (type(self), self.args, dict(self.__dict__))


def _restore(cls: type[DataknobsError], args: tuple[object, ...], state: dict[str, object]) -> DataknobsError:
    error = cls.__new__(cls)
    error.args = args
    error.__dict__.update(state)
    return error


class NotFoundError(DataknobsError, KeyError):
    """Something that was named (a table, a file, an index, a section) does not exist.

    Examples
    --------
    >>> isinstance(NotFoundError("no such index"), KeyError)
    True
    """

    kind = "NotFound"


class AlreadyExistsError(DataknobsError):
    """A record with this id, or an index with this name, is already there.

    Examples
    --------
    >>> print(AlreadyExistsError("the id is taken", operation="create"))
    already exists: the id is taken (create)
    """

    kind = "AlreadyExists"


class ConflictError(DataknobsError):
    """The stored version is not the expected one, or another writer was first.

    Examples
    --------
    >>> print(ConflictError("another writer was first", operation="commit"))
    conflict: another writer was first (commit)
    """

    kind = "Conflict"


class InvalidQueryError(DataknobsError, ValueError):
    """The query, filter, path or aggregation makes no sense; no store was asked.

    Examples
    --------
    >>> print(InvalidQueryError("unexpected text", excerpt="age > 1 AMD", hint="did you mean AND?"))
    invalid query: unexpected text
      age > 1 AMD
      hint: did you mean AND?
    """

    kind = "InvalidQuery"


class InvalidRecordError(DataknobsError, ValueError):
    """A record, field, value or id breaks the data model; nothing was written.

    Examples
    --------
    >>> print(InvalidRecordError("not a finite number", context={"field": "`age`"}))
    invalid record: not a finite number (field: `age`)
    """

    kind = "InvalidRecord"


class InvalidConfigError(DataknobsError, ValueError):
    """A configuration key or value is wrong.

    Examples
    --------
    >>> print(InvalidConfigError("unknown setting", context={"key": "`prot`"}))
    invalid configuration: unknown setting (key: `prot`)
    """

    kind = "InvalidConfig"


class UnsupportedError(DataknobsError, NotImplementedError):
    """The store cannot do this, and its capabilities say so; or an optional package is missing.

    Examples
    --------
    >>> print(UnsupportedError("no transactions", backend="s3"))
    unsupported: no transactions (s3)
    """

    kind = "Unsupported"


class ConnectionFailedError(DataknobsError, ConnectionError):
    """The store could not be reached, or the handle is closed.

    Examples
    --------
    >>> ConnectionFailedError("no route to host").retryable
    True
    """

    kind = "Connection"


class TimedOutError(DataknobsError, TimeoutError):
    """The call took longer than it was allowed to.

    Examples
    --------
    >>> isinstance(TimedOutError("no answer"), TimeoutError)
    True
    """

    kind = "Timeout"


class AccessRefusedError(DataknobsError, PermissionError):
    """The store refused the credentials or the rights.

    Examples
    --------
    >>> isinstance(AccessRefusedError("read only"), PermissionError)
    True
    """

    kind = "Auth"


class CorruptError(DataknobsError):
    """Stored data is damaged; the message names the place.

    Examples
    --------
    >>> print(CorruptError("not a number", context={"line": "3", "column": "7"}))
    corrupt data: not a number (line: 3, column: 7)
    """

    kind = "Corrupt"


class CancelledCallError(DataknobsError):
    """The call was cancelled before it finished.

    It is not `asyncio.CancelledError`, which a cancelled task raises as ever.

    Examples
    --------
    >>> print(CancelledCallError("the database was closed meanwhile"))
    cancelled: the database was closed meanwhile
    """

    kind = "Cancelled"


class AmbiguousCommitError(DataknobsError):
    """The connection broke while a commit was under way: it may or may not have happened.

    Examples
    --------
    >>> print(AmbiguousCommitError("the connection was lost"))
    commit outcome unknown: the connection was lost
    """

    kind = "AmbiguousCommit"


class BackendError(DataknobsError):
    """The store reported an error of its own.

    Examples
    --------
    >>> BackendError("the store is busy", retryable=True).retryable
    True
    """

    kind = "Backend"


class IoError(DataknobsError, OSError):
    """The operating system reported an error.

    Examples
    --------
    >>> print(IoError("no space left", context={"path": "people.json"}))
    i/o error: no space left (path: people.json)
    """

    kind = "Io"


BY_KIND: dict[str, type[DataknobsError]] = {
    error.kind: error
    for error in (
        NotFoundError,
        AlreadyExistsError,
        ConflictError,
        InvalidQueryError,
        InvalidRecordError,
        InvalidConfigError,
        UnsupportedError,
        ConnectionFailedError,
        TimedOutError,
        AccessRefusedError,
        CorruptError,
        CancelledCallError,
        AmbiguousCommitError,
        BackendError,
        IoError,
    )
}
"""The class of each kind."""

_RETRYABLE = frozenset({"Connection", "Timeout"})

_PHRASES = {
    "NotFound": "not found",
    "AlreadyExists": "already exists",
    "Conflict": "conflict",
    "InvalidQuery": "invalid query",
    "InvalidRecord": "invalid record",
    "InvalidConfig": "invalid configuration",
    "Unsupported": "unsupported",
    "Connection": "connection failed",
    "Timeout": "timed out",
    "Auth": "access refused",
    "Corrupt": "corrupt data",
    "Cancelled": "cancelled",
    "AmbiguousCommit": "commit outcome unknown",
    "Backend": "store error",
    "Io": "i/o error",
}
