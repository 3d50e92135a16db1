"""Settings from files: JSON, TOML and YAML, told apart by their ending.

No error shows what a file holds, since any of it may be a secret.
"""

from __future__ import annotations

import sys
from os import PathLike, fspath
from os.path import splitext

from ..exceptions import AccessRefusedError, InvalidConfigError, IoError, NotFoundError, UnsupportedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

__all__ = ["read_file"]


def read_file(path: str | PathLike[str]) -> Any:
    """Read a file of settings.

    Parameters
    ----------
    path : str or path
        A file that ends in ``.json``, ``.toml``, ``.yaml`` or ``.yml``, in UTF-8.

    Returns
    -------
    object
        What it holds, as dicts, lists and scalars; None for an empty YAML file.

    Raises
    ------
    NotFoundError, AccessRefusedError, IoError
        When it cannot be read.
    InvalidConfigError
        When it is not of its format; the context has the ``line`` and ``column``, from 1.
    UnsupportedError
        For another ending, or when the package that reads the format is not installed.

    Examples
    --------
    >>> read_file("settings.ini")
    Traceback (most recent call last):
        ...
    dataknobs_data.exceptions.UnsupportedError: unsupported: settings are read from .json, .toml, .yaml and .yml files (path: settings.ini)
    """  # noqa: E501
    place = fspath(path)
    parse = _PARSERS.get(splitext(place)[1].lower())
    if parse is None:
        raise UnsupportedError("settings are read from .json, .toml, .yaml and .yml files", context={"path": place})
    return parse(_read(place), place)


def _read(place: str) -> str:
    try:
        with open(place, encoding="utf-8-sig") as file:
            return file.read()
    except FileNotFoundError as error:
        raise NotFoundError("no such file", context={"path": place}) from error
    except PermissionError as error:
        raise AccessRefusedError("the file may not be read", context={"path": place}) from error
    except OSError as error:
        raise IoError("the file cannot be read", context={"path": place}) from error
    except UnicodeDecodeError:
        pass  # the error holds the text
    raise InvalidConfigError("settings are not UTF-8", context={"path": place})


def _json(text: str, place: str) -> Any:
    from json import JSONDecodeError, loads

    try:
        return loads(text, parse_constant=_no_number)
    except JSONDecodeError as error:
        line, column = error.lineno, error.colno
    except (_NoNumber, RecursionError):
        line = column = 0
    _refuse("JSON", place, line, column)


def _toml(text: str, place: str) -> Any:
    try:
        if sys.version_info >= (3, 11):
            from tomllib import TOMLDecodeError, loads
        else:
            from tomli import TOMLDecodeError, loads  # type: ignore[import-not-found, unused-ignore]
    except ModuleNotFoundError as error:
        raise _missing("TOML", "tomli", "toml", place) from error
    try:
        return loads(text)
    except TOMLDecodeError as error:
        # "… (at line 3, column 5)"; older versions have no attributes for them.
        numbers = str(error).rpartition("(at line ")[2].rstrip(")").split(", column ")
        line, column = map(int, numbers) if len(numbers) == 2 else (0, 0)
    except RecursionError:
        line = column = 0
    _refuse("TOML", place, line, column)


def _yaml(text: str, place: str) -> Any:
    try:
        from yaml import YAMLError, safe_load
    except ModuleNotFoundError as error:
        raise _missing("YAML", "pyyaml", "yaml", place) from error
    try:
        return safe_load(text)
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    except (RecursionError, ValueError):  # ValueError: 2024-99-99
        line = column = 0
    _refuse("YAML", place, line, column)


_PARSERS = {".json": _json, ".toml": _toml, ".yaml": _yaml, ".yml": _yaml}


class _NoNumber(Exception):
    """JSON has no NaN and no infinity, though Python's reader takes them."""


def _no_number(text: str) -> NoReturn:
    raise _NoNumber


# Called outside of the `except` blocks: the parsers' errors hold the text.
def _refuse(name: str, place: str, line: int, column: int) -> NoReturn:
    context = {"path": place}
    if line:
        context |= {"line": str(line), "column": str(column)}
    raise InvalidConfigError(f"settings are not {name}", context=context)


def _missing(name: str, package: str, extra: str, place: str) -> UnsupportedError:
    return UnsupportedError(
        f"reading {name} needs the package `{package}`",
        context={"path": place},
        hint=f"pip install 'dataknobs-data[{extra}]'",
    )
