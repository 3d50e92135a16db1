"""The backends, each with its classes; and those that programs register."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._registry import register_backend, registered_backends
from ._registry import registered as _registered

if TYPE_CHECKING:
    from .base import Backend

__all__ = ["Backend", "_registered", "register_backend", "registered_backends"]


def __getattr__(name: str) -> object:
    if name == "Backend":
        from .base import Backend

        return Backend
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
