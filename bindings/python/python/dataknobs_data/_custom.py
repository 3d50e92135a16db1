"""Databases on backends that are written in Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from . import _native

if TYPE_CHECKING:
    from .backends._registry import Registration

__all__ = ["open_custom", "open_custom_url", "open_instance_or_class"]


def open_custom(calls: Any, registration: Registration, settings: dict[str, Any]) -> None:
    """Open a session on a backend made of its settings; those that all backends share are taken out."""
    own, shared = _apart(_native._fill_environment(settings))
    calls._open_custom(registration.name, registration.backend.from_settings(own), shared)


def open_instance_or_class(calls: Any, backend: Any, settings: dict[str, Any], caller: str) -> None:
    """Open a session on a class of backends with its settings, or on a backend that is made already."""
    from .backends._registry import registration_of
    from .backends.base import Backend

    if isinstance(backend, Backend):
        calls._open_custom(registration_of(type(backend)).name, backend, settings)
    elif isinstance(backend, type) and issubclass(backend, Backend):
        open_custom(calls, registration_of(backend), settings)
    else:
        raise TypeError(f"{caller}.create takes the name of a backend; records are created on an instance of it")


def open_custom_url(calls: Any, registration: Registration, url: str) -> None:
    """Open a session on a backend made of a URL, in whose query part the shared settings may stand too."""
    address, _, query = url.partition("?")
    settings: dict[str, Any] = dict(parse_qsl(query, keep_blank_values=True, strict_parsing=bool(query)))
    own, shared = _apart(settings)
    open_custom(calls, registration, {**registration.backend.settings_from_url(address, own), **shared})


def _apart(settings: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Take the settings that all backends share from those of one backend."""
    shared = {key: settings.pop(key) for key in _native._GENERIC_SETTINGS if key in settings}
    return settings, shared
