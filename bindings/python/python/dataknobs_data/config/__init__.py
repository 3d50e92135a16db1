"""Configuration: settings in named sections, and the objects that they describe.

The files here: ``sections`` (look-up, merging, references), ``environment`` (``${VAR}``), ``files`` (JSON,
TOML, YAML), ``construct`` (class, factory, backend). The rules are those of the Rust library's
``config`` module. The published ``dataknobs_config`` package is not needed, and works too: its
``Config.build_object("xref:databases[primary]")`` builds our classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike

from ..exceptions import InvalidConfigError
from .sections import Sections, dotted, equal, merged, plain

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Config"]


class Config:
    """The settings of an application: tables inside tables, reached by dotted names.

    Load settings from sources you trust alone: ``class`` and ``factory`` name code to import and run.

    Parameters
    ----------
    *sources : mapping, str or path
        What to load, one over the other: see `load`.

    Examples
    --------
    >>> config = Config({
    ...     "databases": {
    ...         "primary": {"class": "dataknobs_data.backends.memory.MemoryDatabase", "timeout": "${LIMIT:5s}"},
    ...         "cache": {"type": "memory"},
    ...     }
    ... })
    >>> config.get("databases.primary.timeout")
    '5s'
    >>> config.build("databases.primary")
    <MemoryDatabase>
    >>> config.build("databases.primary") is config.build("databases.primary")
    True

    Any text may refer to the environment, by ``${VAR}`` and ``${VAR:default}``; ``$$`` is one dollar sign. A
    text such as ``xref:databases[primary]`` in place of a value stands for that section.
    """

    def __init__(self, *sources: Mapping[str, Any] | str | PathLike[str]) -> None:
        from threading import RLock

        self._lock = RLock()
        self._root: dict[str, Any] = {}
        self._built: dict[tuple[str | int, ...], tuple[dict[str, Any], Any]] = {}
        for source in sources:
            self.load(source)

    def load(self, source: Mapping[str, Any] | str | PathLike[str]) -> None:
        """Lay settings over those that are there: tables merge, anything else is replaced.

        Objects that were built from a section that changes are forgotten, not closed.

        Parameters
        ----------
        source : mapping, str or path
            Settings, or the path of a file of them: ``.json``, ``.toml`` (Python 3.10 needs the extra
            ``[toml]``), ``.yaml`` or ``.yml`` (needs ``[yaml]``).

        Raises
        ------
        NotFoundError, AccessRefusedError, IoError
            When the file cannot be read.
        InvalidConfigError
            When it is not of its format or holds no table, or a key is no text.
        UnsupportedError
            For another ending, or when the extra is not installed.

        Examples
        --------
        >>> config = Config({"pool": {"min_size": 1, "max_size": 4}})
        >>> config.load({"pool": {"max_size": 8}})
        >>> config.get("pool")
        {'min_size': 1, 'max_size': 8}
        """
        context = None
        settings: Any = source
        if isinstance(source, (str, PathLike)):
            from .files import read_file

            context = {"path": str(source)}
            settings = read_file(source)
            if settings is None:
                return
        if not isinstance(settings, Mapping):
            raise InvalidConfigError("settings must be a table", context=context)
        try:
            new = plain(settings)
        except InvalidConfigError as error:
            error.context.update(context or {})
            raise
        except RecursionError:
            raise InvalidConfigError("settings contain themselves", context=context) from None
        with self._lock:
            self._root = merged(self._root, new)
            for path, (raw, _) in list(self._built.items()):
                if not self._is_still(path, raw):
                    del self._built[path]

    def get(self, name: str) -> Any:
        """Give a copy of what a section holds, variables filled in and references resolved.

        Parameters
        ----------
        name : str
            A dotted name such as ``"databases.primary"``. In a list, an index from 0 or an entry's ``name``.
            A reference such as ``"xref:databases[primary]"`` does, too.

        Returns
        -------
        dict, list or scalar
            Plain data.

        Raises
        ------
        NotFoundError
            When there is no such section; the hint says which name is near, or which there are.
        InvalidConfigError
            When a variable is not set and has no default, or a reference leads nowhere or back to itself.

        Examples
        --------
        >>> config = Config({"hosts": [{"name": "a", "port": 1}, {"name": "b", "port": "${PORT:2}"}]})
        >>> config.get("hosts.1"), config.get("hosts.a.port")
        ({'name': 'b', 'port': '2'}, 1)
        >>> config.get("host")
        Traceback (most recent call last):
            ...
        dataknobs_data.exceptions.NotFoundError: not found: no such section (section: host)
          hint: did you mean `hosts`?
        """
        sections = Sections(self._root)
        return sections.resolved(*sections.find(name))

    def build(self, name: str, *, fresh: bool = False) -> Any:
        """Give the object that a section describes; the same one each time, until its settings change.

        | the section has | and the object is |
        |---|---|
        | `factory` | the factory itself: an instance where the path names a class |
        | `factory` and more | what the factory's `create`, its `build`, or calling it makes of the rest |
        | `class` | `Class.from_config(rest)`, or `Class(**rest)` where it has no `from_config` |
        | `type` or `backend` | a `Database` on that backend |

        A path is ``package.module.Class`` or ``package.module:Class``. In a list, the ``name`` of an entry is what
        it is found by and no setting.

        Parameters
        ----------
        name : str
            As for `get`.
        fresh : bool, default False
            Build a new object that is not kept, and leave the one that is kept.

        Raises
        ------
        NotFoundError
            When there is no such section.
        InvalidConfigError
            When it describes no object, what it names cannot be imported, or its settings don't fit. The
            context names ``section`` and ``key``. Other errors of a constructor pass as they are.

        Examples
        --------
        >>> config = Config({"factory": {"factory": "dataknobs_data.factory.DatabaseFactory"}})
        >>> config.build("factory").create(type="memory")
        <MemoryDatabase>
        """
        with self._lock:
            sections = Sections(self._root)
            path, value = sections.find(name)
            if not fresh and path in self._built:
                return self._built[path][1]
            if not isinstance(value, dict):
                raise InvalidConfigError("this section is not a table", context={"section": name})
            entry = sections.resolved(path, value)
            if isinstance(path[-1], int):
                entry.pop("name", None)
            from .construct import construct

            built = construct(entry, dotted(path))
            if not fresh:
                self._built[path] = (sections.resolved(path, value, str), built)
            return built

    def clear_cache(self, name: str | None = None) -> None:
        """Forget what was built, of one section or of all. The objects are not closed.

        Examples
        --------
        >>> config = Config({"cache": {"type": "memory"}})
        >>> before = config.build("cache")
        >>> config.clear_cache()
        >>> config.build("cache") is before
        False
        """
        with self._lock:
            if name is None:
                self._built.clear()
            else:
                self._built.pop(Sections(self._root).find(name)[0], None)

    def to_dict(self) -> dict[str, Any]:
        """Give a copy of all settings as they were loaded, variables and references as written.

        Examples
        --------
        >>> Config({"cache": {"type": "${STORE:memory}"}}).to_dict()
        {'cache': {'type': '${STORE:memory}'}}
        """
        copy: dict[str, Any] = plain(self._root)
        return copy

    def __repr__(self) -> str:
        # Values may be secrets.
        return f"Config({list(self._root)})"

    def __reduce__(self) -> tuple[type[Config], tuple[dict[str, Any]]]:
        return type(self), (self.to_dict(),)

    def _is_still(self, path: tuple[str | int, ...], raw: dict[str, Any]) -> bool:
        sections = Sections(self._root)
        try:
            value: Any = self._root
            for key in path:
                value = value[key]
            return equal(sections.resolved(path, value, str), raw)
        except (LookupError, TypeError, InvalidConfigError):
            return False
