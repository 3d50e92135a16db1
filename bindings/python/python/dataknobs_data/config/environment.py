"""Variables of the environment in settings: the grammar of the Rust library's ``config::Environment``.

``${VAR}`` stands for the variable, ``${VAR:default}`` for it or else the text after the colon (which
may be empty, and ends at the first ``}``), ``$$`` for one dollar sign. Any other ``$`` is itself. What
a variable holds is not searched again, and stays text.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike

from ..exceptions import InvalidConfigError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    _Lookup = Callable[[str], str | None]

__all__ = ["escape", "fill", "substitute"]


def fill(text: str, lookup: _Lookup | None = None) -> str:
    """Fill in the variables of one text.

    Parameters
    ----------
    text : str
        The text.
    lookup : callable, optional
        Gives the value of a variable, or None. By default the environment of this process, where a
        variable that is not UTF-8 counts as not set.

    Raises
    ------
    InvalidConfigError
        When a variable is not set and has no default (the context names the ``variable``), or a
        ``${`` has no end or no proper name. The text is not in the error.

    Examples
    --------
    >>> fill("${USER}@${HOST:localhost} costs $$5", {"USER": "ada"}.get)
    'ada@localhost costs $5'
    """
    parts = []
    rest = text
    while True:
        before, dollar, behind = rest.partition("$")
        parts.append(before)
        if not dollar:
            return "".join(parts)
        if behind.startswith("$"):
            parts.append("$")
            rest = behind[1:]
        elif behind.startswith("{"):
            inside, closed, rest = behind[1:].partition("}")
            if not closed:
                raise InvalidConfigError("`${` without a closing `}`", hint="write `$$` for a dollar sign")
            parts.append(_variable(inside, lookup or _of_process))
        else:
            parts.append("$")
            rest = behind


def substitute(value: Any, lookup: _Lookup | None = None, *, path: tuple[str | int, ...] = ()) -> Any:
    """Fill in the variables in every text at any depth. Keys stay, and so does what is no text.

    Parameters
    ----------
    value : object
        Settings: mappings, lists, texts and other values.
    lookup : callable, optional
        As for `fill`.
    path : tuple of str or int, optional
        Where the value stands, for errors.

    Returns
    -------
    object
        A copy.

    Raises
    ------
    InvalidConfigError
        As `fill`; the context names the ``key``.

    Examples
    --------
    >>> substitute({"hosts": ["${HOST}"], "port": 5432}, lambda name: "db.example")
    {'hosts': ['db.example'], 'port': 5432}
    """
    if isinstance(value, str):
        try:
            return fill(value, lookup) if "$" in value else value
        except InvalidConfigError as error:
            if path:
                error.context["key"] = f"`{'.'.join(map(str, path))}`"
            raise
    if isinstance(value, Mapping):
        return {key: substitute(item, lookup, path=(*path, key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [substitute(item, lookup, path=(*path, index)) for index, item in enumerate(value)]
    return value


def escape(value: Any) -> Any:
    """Double every dollar sign, so that filling in variables gives the value back.

    For settings that were filled in already, on their way to where they would be again.

    Examples
    --------
    >>> escape({"password": "pa$$w${o}rd"})
    {'password': 'pa$$$$w$${o}rd'}
    """
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, PathLike):
        path = value.__fspath__()
        return path.replace("$", "$$") if isinstance(path, str) else value
    if isinstance(value, Mapping):
        return {key: escape(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [escape(item) for item in value]
    return value


def _variable(inside: str, lookup: _Lookup) -> str:
    name, colon, default = inside.partition(":")
    if not (name.isascii() and name.isidentifier()):
        raise InvalidConfigError(
            "`${…}` needs the name of a variable: letters, digits and `_`", hint="write `$$` for a dollar sign"
        )
    value = lookup(name)
    if value is not None:
        return value
    if colon:
        return default
    raise InvalidConfigError(
        "an environment variable is not set",
        context={"variable": name},
        hint=f"set it, or write `${{{name}:default}}`",
    )


def _of_process(name: str) -> str | None:
    from os import environ

    value = environ.get(name)
    if value is not None:
        try:
            value.encode()
        except UnicodeEncodeError:  # Python's stand-ins for bytes that are not UTF-8
            return None
    return value
