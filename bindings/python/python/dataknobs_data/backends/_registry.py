"""The backends that programs and installed packages add: by name and by URL scheme."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from importlib.metadata import EntryPoint

    from .base import Backend

__all__ = ["ENTRY_POINTS", "register_backend", "registered_backends"]

#: The group of entry points in which installed packages name their backends.
ENTRY_POINTS = "dataknobs_data.backends"


@dataclass(frozen=True)
class Registration:
    """A backend's class, and the name of its databases."""

    name: str
    backend: type[Backend]


_lock = Lock()
_by_name: dict[str, Registration] = {}
_entry_points: dict[str, EntryPoint] | None = None


def register_backend(
    name: str, backend: type[Backend], /, *, schemes: Iterable[str] = (), replace: bool = False
) -> None:
    """Add a backend written in Python, for ``Database.create(name, settings)`` and ``Database.open("name:…")``.

    An installed package needs no call: it names its class in the group ``dataknobs_data.backends`` of its entry
    points, under the backend's name and under each further scheme.

    Parameters
    ----------
    name : str
        Its name, in any letter case; also a URL scheme.
    backend : type
        A subclass of `Backend`. It is made by ``backend.from_settings(settings)``.
    schemes : iterable of str, optional
        Further URL schemes.
    replace : bool, default False
        Whether a backend that was registered under one of these names gives way.

    Raises
    ------
    AlreadyExistsError
        When one of the names is a built-in backend's or, without ``replace``, another backend's.
    TypeError
        When the class is not a subclass of `Backend`.

    Examples
    --------
    >>> from dataknobs_data import SyncDatabase
    >>> from dataknobs_data.backends.base import Backend
    >>> class Nothing(Backend):
    ...     def read(self, id): return None
    ...     def scan(self, request): return []
    >>> register_backend("nothing", Nothing)
    >>> SyncDatabase.create("nothing").count()
    0
    """
    from .._construction import BUILT_IN
    from ..exceptions import AlreadyExistsError
    from .base import Backend

    if not isinstance(backend, type) or not issubclass(backend, Backend):
        raise TypeError("a backend is registered by its class, a subclass of dataknobs_data.backends.base.Backend")
    names = [known.lower() for known in (name, *schemes)]
    registration = Registration(names[0], backend)
    with _lock:
        for known in names:
            taken = _by_name.get(known)
            if known in BUILT_IN or not (replace or taken is None or taken == registration):
                raise AlreadyExistsError("another backend is registered for this", context={"name": f"`{known}`"})
        _by_name.update(dict.fromkeys(names, registration))


def registered_backends() -> dict[str, type[Backend]]:
    """Give the registered backends by name and scheme, without those of packages that nobody asked for yet."""
    with _lock:
        return {name: registration.backend for name, registration in _by_name.items()}


def registered(name: str) -> Registration | None:
    """Give the backend of this name or scheme; a built-in one, or one that nobody knows, is None."""
    from .._construction import BUILT_IN

    name = name.lower()
    if name in BUILT_IN:
        return None
    found = _by_name.get(name)
    # A letter is a drive, not a scheme.
    if found is not None or len(name) < 2:
        return found
    return _of_entry_point(name)


def registration_of(backend: Any) -> Registration:
    """Give the registration of a class: the one it has, else one under its own name."""
    from .base import Backend

    if not isinstance(backend, type) or not issubclass(backend, Backend):
        raise TypeError("a database is created on a backend: by its name, or by a subclass of Backend")
    for known in _by_name.values():
        if known.backend is backend:
            return known
    return Registration(backend.__name__.lower(), backend)


def _of_entry_point(name: str) -> Registration | None:
    global _entry_points
    if _entry_points is None:
        from importlib.metadata import entry_points

        _entry_points = {point.name.lower(): point for point in entry_points(group=ENTRY_POINTS)}
    point = _entry_points.get(name)
    if point is None:
        return None
    backend = point.load()
    # Of several names for one class the first that was registered stays the backend's.
    registration = registration_of(backend)
    if registration.name not in _by_name:
        registration = Registration(name, backend)
    with _lock:
        return _by_name.setdefault(name, registration)
