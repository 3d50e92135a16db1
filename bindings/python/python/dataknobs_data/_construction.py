"""How a backend's name, or a URL, becomes an instance of the right database class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .exceptions import InvalidConfigError

if TYPE_CHECKING:
    from .backends.base import Backend

D_co = TypeVar("D_co", covariant=True)

#: The modules of the built-in backends, and the names of their classes.
BUILT_IN = {
    "memory": ("dataknobs_data.backends.memory", "MemoryDatabase"),
    "file": ("dataknobs_data.backends.file", "FileDatabase"),
    "postgres": ("dataknobs_data.backends.postgres", "PostgresDatabase"),
}


def settings_of(settings: Mapping[str, Any] | None, keywords: Mapping[str, Any]) -> dict[str, Any]:
    """Give settings and keywords as one dict of plain values; paths become text."""
    if settings is not None and not isinstance(settings, Mapping):
        raise TypeError(f"settings are a dict, not {type(settings).__qualname__}")
    merged: dict[str, Any] = {}
    for source in (settings or {}, keywords):
        for key, value in source.items():
            if key in merged:
                raise InvalidConfigError("a setting is given twice", context={"key": f"`{key}`"})
            merged[key] = value.__fspath__() if hasattr(value, "__fspath__") else value
    return merged


def open_backend(calls: Any, backend: str, settings: dict[str, Any]) -> None:
    """Open a session on a backend: one that was registered from Python, or a built-in one."""
    from .backends import _registered

    registration = _registered(backend)
    if registration is None:
        calls._open_backend(backend, settings)
    else:
        from ._custom import open_custom

        open_custom(calls, registration, settings)


def open_url(calls: Any, url: str) -> None:
    """Open a session on a URL or a path."""
    from .backends import _registered

    if not isinstance(url, str):
        raise TypeError(f"a URL or a path is a str or a pathlib.Path, not {type(url).__qualname__}")
    scheme, separator, _ = url.partition(":")
    registration = _registered(scheme) if separator else None
    if registration is None:
        calls._open_url(url)
    else:
        from ._custom import open_custom_url

        open_custom_url(calls, registration, url)


def class_for(owner: type[Any], backend: str) -> type[Any]:
    """Give the class of a backend's databases: ``owner`` itself, or a subclass of it."""
    own = owner._backend
    if own is not None:
        if own != backend:
            raise TypeError(f"{owner.__qualname__} holds {own} databases, not {backend}")
        return owner
    found: type[Any] | None = None
    if backend in BUILT_IN:
        from importlib import import_module

        module, name = BUILT_IN[backend]
        found = getattr(import_module(module), owner._prefix + name)
    if owner.__module__ == "dataknobs_data.database":
        return found if found is not None else owner
    # A user's own subclass of Database keeps its methods, whatever the store.
    if found is None:
        return owner
    key = (owner, backend)
    if key not in _combined:
        _combined[key] = type(owner.__name__, (owner, found), {"__module__": owner.__module__})
    return _combined[key]


_combined: dict[tuple[type[Any], str], type[Any]] = {}


class Constructor(Protocol[D_co]):
    """What ``Database.create`` is on the class."""

    def __call__(
        self, backend: str | type[Backend] | Backend, settings: Mapping[str, Any] | None = None, /, **keywords: Any
    ) -> D_co:
        """Make a database of a backend, with its settings."""
