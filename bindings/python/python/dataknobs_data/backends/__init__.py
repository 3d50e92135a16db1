"""The backends, each with its classes; and those that programs register."""

from __future__ import annotations

from typing import Any


def _registered(name: str) -> Any:
    return None
