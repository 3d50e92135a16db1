"""Formats of files: who reads and writes them, by name and by extension."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from os.path import basename
from threading import Lock

from .. import _native
from .._native import Record
from ..exceptions import InvalidConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ..typing import RecordLike

__all__ = ["FormatHandler", "format_for", "format_names", "get_format", "register_format", "unregister_format"]


class FormatHandler(ABC):
    """Reads and writes lists of records in one format; the base class of formats of your own.

    Attributes
    ----------
    name : str
        The name it is asked for by.
    extensions : sequence of str
        The file extensions it stands for, with or without the dot.

    Examples
    --------
    >>> from dataknobs_data import Record
    >>> from dataknobs_data.serializers import FormatHandler, dumps, loads
    >>> class Lines(FormatHandler):
    ...     name = "lines"
    ...     extensions = ("txt",)
    ...
    ...     def read(self, data):
    ...         return [Record({"line": line}) for line in data.decode().splitlines()]
    ...
    ...     def write(self, records):
    ...         return "".join(f"{record['line']}\\n" for record in records).encode()
    >>> loads("one\\ntwo\\n", Lines())
    [Record({'line': 'one'}), Record({'line': 'two'})]
    >>> dumps([{"line": "three"}], Lines())
    b'three\\n'
    """

    name: str
    extensions: Sequence[str] = ()

    @abstractmethod
    def read(self, data: bytes) -> Iterable[RecordLike]:
        """Give the records in these bytes, or what makes them.

        Parameters
        ----------
        data : bytes
            A whole file.

        Raises
        ------
        CorruptError
            When the bytes are not of the format; best with the place in its context.
        """

    @abstractmethod
    def write(self, records: Sequence[Record]) -> bytes:
        """Give these records as bytes, which `read` makes the same records of.

        Parameters
        ----------
        records : sequence of Record
            The records.

        Raises
        ------
        InvalidRecordError
            When the format cannot hold a record.
        """


class _BuiltIn(FormatHandler):
    """A format of the library itself."""

    def __init__(self, name: str, extensions: Sequence[str]) -> None:
        self.name = name
        self.extensions = tuple(extensions)

    def read(self, data: bytes) -> list[Record]:
        return _native._read_format(self.name, data)

    def write(self, records: Sequence[Record]) -> bytes:
        return _native._write_format(self.name, records)

    def __repr__(self) -> str:
        return f"<format {self.name}>"


@dataclass(frozen=True)
class _Registration:
    name: str
    extensions: frozenset[str]
    handler: FormatHandler


def _registration(handler: FormatHandler) -> _Registration:
    name, extensions = getattr(handler, "name", None), handler.extensions
    if not isinstance(name, str) or not name:
        raise TypeError("a format has a name")
    if isinstance(extensions, str) or not all(isinstance(extension, str) for extension in extensions):
        raise TypeError("the extensions of a format are a list of str")
    return _Registration(name.lower(), frozenset(_extension(extension) for extension in extensions), handler)


def _extension(text: str) -> str:
    """Give the extension of a path, or the one that this is already: without the dot, in lower case."""
    return basename(text).rpartition(".")[2].lower()


_lock = Lock()
_built_in = tuple(_registration(_BuiltIn(name, extensions)) for name, extensions in _native._built_in_formats())
_registered: tuple[_Registration, ...] = ()


def _known() -> list[_Registration]:
    """Give what can be asked for, the newest last."""
    registered = _registered
    names = {registration.name for registration in registered}
    return [*(built_in for built_in in _built_in if built_in.name not in names), *registered]


def register_format(handler: FormatHandler, /) -> None:
    """Add a format. One of the same name is replaced, and one of the same extension hidden, built-in ones too.

    Parameters
    ----------
    handler : FormatHandler
        An instance of a subclass.

    Raises
    ------
    TypeError
        When it is none, or has no name.

    Examples
    --------
    >>> from dataknobs_data.serializers import FormatHandler, format_for, register_format, unregister_format
    >>> class Shouting(FormatHandler):
    ...     name = "shouting"
    ...     extensions = ["loud"]
    ...
    ...     def read(self, data):
    ...         return [{"text": data.decode().lower()}]
    ...
    ...     def write(self, records):
    ...         return b"".join(record["text"].upper().encode() for record in records)
    >>> register_format(Shouting())
    >>> format_for("speech.loud").name
    'shouting'
    >>> unregister_format("shouting")
    True
    """
    global _registered
    if not isinstance(handler, FormatHandler):
        raise TypeError("a format is an instance of a subclass of dataknobs_data.serializers.FormatHandler")
    new = _registration(handler)
    with _lock:
        _registered = (*(known for known in _registered if known.name != new.name), new)


def unregister_format(name: str, /) -> bool:
    """Take back a format that was registered; a built-in one of this name is there again.

    Parameters
    ----------
    name : str
        Its name.

    Returns
    -------
    bool
        False when none was registered under it.

    Examples
    --------
    >>> from dataknobs_data.serializers import unregister_format
    >>> unregister_format("json")
    False
    """
    global _registered
    with _lock:
        kept = tuple(known for known in _registered if known.name != name.lower())
        removed = len(kept) < len(_registered)
        _registered = kept
    return removed


def get_format(name: str, /) -> FormatHandler:
    """Give the format of a name.

    Parameters
    ----------
    name : str
        Its name, in any letter case.

    Raises
    ------
    InvalidConfigError
        When there is none; the hint says which is near, or which there are.

    Examples
    --------
    >>> from dataknobs_data.serializers import get_format
    >>> get_format("jsonl").extensions
    ('jsonl', 'ndjson')
    """
    if not isinstance(name, str):
        raise TypeError(f"a format is named by a str, not by {type(name).__qualname__}")
    known = {registration.name: registration.handler for registration in _known()}
    handler = known.get(name.lower())
    if handler is None:
        raise _unknown("unknown format", "format", name, known)
    return handler


def format_for(path_or_extension: str | PathLike[str], /) -> FormatHandler:
    """Give the format of files with an extension.

    Parameters
    ----------
    path_or_extension : str or path
        A path such as ``"people.json"``, or an extension alone: ``".json"`` or ``"json"``.

    Raises
    ------
    InvalidConfigError
        When no format has it; the hint says which formats there are.

    Examples
    --------
    >>> from dataknobs_data.serializers import format_for
    >>> format_for("data/people.NDJSON").name
    'jsonl'
    """
    extension = _extension(fspath(path_or_extension))
    known = _known()
    for registration in reversed(known):
        if extension in registration.extensions:
            return registration.handler
    names = [name for registration in known for name in sorted(registration.extensions)]
    raise _unknown("no format has this extension", "extension", extension, names)


def format_names() -> list[str]:
    """Give the names of all formats, built-in ones first.

    Examples
    --------
    >>> from dataknobs_data.serializers import format_names
    >>> format_names()
    ['json', 'jsonl']
    """
    return [registration.name for registration in _known()]


def _unknown(message: str, key: str, word: str, known: Iterable[str]) -> InvalidConfigError:
    from ..config.sections import hint_for

    return InvalidConfigError(message, context={key: f"`{word}`"}, hint=hint_for(word, f"{key}s", known))
