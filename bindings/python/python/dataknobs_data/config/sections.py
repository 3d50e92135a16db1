"""Settings in named sections: copies, merging, and look-up by dotted names and references.

A name is ``databases.primary``: the keys of tables, and in lists an index from 0 or the ``name`` that
an entry has. A reference is a text such as ``xref:databases[primary]`` in place of a value, in the
form of the ``dataknobs_config`` package: it stands for what that section holds. ``xref:databases[-1]``
is the last entry of a list, ``xref:databases`` the first one (of a table: the table).
"""

from __future__ import annotations

from collections.abc import Mapping

from ..exceptions import InvalidConfigError, NotFoundError
from .environment import fill

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import Any

    _Path = tuple[str | int, ...]

__all__ = ["Sections", "dotted", "equal", "hint_for", "merged", "plain"]

_REFERENCE = "xref:"


def plain(value: Any, path: _Path = ()) -> Any:
    """Copy settings: tables become dicts and sequences lists, at any depth; other values stay themselves.

    Raises
    ------
    InvalidConfigError
        When a key is no text; the context names the ``section`` that has it.
    """
    if isinstance(value, Mapping):
        for key in value:
            if not isinstance(key, str):
                hint = "write it in quotes" if isinstance(key, (bool, int, float)) else None
                section = {"section": dotted(path)} if path else None
                raise InvalidConfigError("a key of the settings is not text", context=section, hint=hint)
        return {key: plain(item, (*path, key)) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, (*path, index)) for index, item in enumerate(value)]
    return value


def merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    """Lay settings over others: tables merge, anything else is replaced.

    Examples
    --------
    >>> merged({"pool": {"min_size": 1, "max_size": 4}}, {"pool": {"max_size": 8}})
    {'pool': {'min_size': 1, 'max_size': 8}}
    """
    result = dict(old)
    for key, value in new.items():
        before = result.get(key)
        result[key] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return result


def equal(a: Any, b: Any) -> bool:
    """Whether two plain copies say the same. Unlike ``==``, it takes neither True for 1 nor 1 for 1.0."""
    if type(a) is not type(b):
        return False
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(equal(item, b[key]) for key, item in a.items())
    if isinstance(a, list):
        return len(a) == len(b) and all(map(equal, a, b))
    return a is b or bool(a == b)


def dotted(path: _Path) -> str:
    """Give a path as a dotted name."""
    return ".".join(map(str, path))


class Sections:
    """A tree of plain settings, and the ways into it."""

    __slots__ = ("_root",)

    def __init__(self, root: dict[str, Any]) -> None:
        self._root = root

    def find(self, name: str) -> tuple[_Path, Any]:
        """Find a section by its dotted name, or by a reference.

        Returns
        -------
        path, value
            Where it really stands, references followed, and what is there.

        Raises
        ------
        NotFoundError
            With the nearest name there as a hint.
        InvalidConfigError
            For a reference that is malformed or leads back to itself.
        """
        return self._find(*self._keys(name), name, frozenset())[:2]

    def resolved(self, path: _Path, value: Any, text: Callable[[str], str] = fill) -> Any:
        """Copy a section with its references resolved, and its texts filled in by ``text``."""
        return self._resolved(path, value, text, frozenset())

    def _resolved(self, path: _Path, value: Any, text: Callable[[str], str], followed: frozenset[_Path]) -> Any:
        path, value, followed = self._follow(path, value, followed)
        if isinstance(value, dict):
            return {key: self._resolved((*path, key), item, text, followed) for key, item in value.items()}
        if isinstance(value, list):
            return [self._resolved((*path, index), item, text, followed) for index, item in enumerate(value)]
        if not isinstance(value, str):
            return value
        try:
            return text(value)
        except InvalidConfigError as error:
            error.context["key"] = f"`{dotted(path)}`"
            raise

    def _follow(self, path: _Path, value: Any, followed: frozenset[_Path]) -> tuple[_Path, Any, frozenset[_Path]]:
        """Go from a reference to what it stands for."""
        while isinstance(value, str) and value.startswith(_REFERENCE):
            if path in followed:
                raise InvalidConfigError("a reference leads back to itself", context={"section": dotted(path)})
            followed |= {path}
            try:
                path, value, followed = self._find(*self._keys(fill(value)), value, followed)
            except (InvalidConfigError, NotFoundError) as error:
                error.context.setdefault("key", f"`{dotted(path)}`")
                raise
        return path, value, followed

    def _find(
        self, keys: list[str], first: bool, name: str, followed: frozenset[_Path]
    ) -> tuple[_Path, Any, frozenset[_Path]]:
        path: _Path = ()
        value: Any = self._root
        for key in keys:
            path, value, followed = self._follow(path, value, followed)
            step = _step(value, key)
            if step is None:
                raise _missing(name, key, value)
            path, value = (*path, step), value[step]
        path, value, followed = self._follow(path, value, followed)
        if first and isinstance(value, list):
            if not value:
                raise _missing(name, "0", value)
            return self._follow((*path, 0), value[0], followed)
        return path, value, followed

    @staticmethod
    def _keys(name: str) -> tuple[list[str], bool]:
        """Give the keys that lead to a section, and whether the first entry of a list is meant."""
        if not name.startswith(_REFERENCE):
            return name.split("."), False
        section, bracket, selector = name[len(_REFERENCE) :].partition("[")
        keys = section.split(".")
        if not all(keys) or (bracket and (len(selector) < 2 or selector.find("]") != len(selector) - 1)):
            raise InvalidConfigError("a reference has the form `xref:section[name]`")
        return ([*keys, selector[:-1]], False) if bracket else (keys, True)


def hint_for(word: str, what: str, known: Iterable[str]) -> str:
    """Give a hint for an unknown word: the nearest known one, else all of them."""
    from difflib import get_close_matches

    names = list(known)
    near = get_close_matches(word, names, n=1)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"the {what} are {', '.join(f'`{name}`' for name in names)}" if names else f"there are no {what}"


def _step(value: Any, key: str) -> str | int | None:
    """Give the key or index in a table or list that is meant, if there is one."""
    if isinstance(value, dict):
        return key if key in value else None
    if isinstance(value, list):
        if key.isascii() and key.removeprefix("-").isdigit():
            index = int(key) + (len(value) if key.startswith("-") else 0)
            return index if 0 <= index < len(value) else None
        for index, entry in enumerate(value):
            if isinstance(entry, dict) and entry.get("name") == key:
                return index
    return None


def _missing(name: str, key: str, siblings: Any) -> NotFoundError:
    known: list[str] | None = None
    if isinstance(siblings, dict):
        known = list(siblings)
    elif isinstance(siblings, list):
        known = [entry["name"] for entry in siblings if isinstance(entry, dict) and isinstance(entry.get("name"), str)]
    hint = hint_for(key, "sections there", known) if known else None
    return NotFoundError("no such section", context={"section": name}, hint=hint)
