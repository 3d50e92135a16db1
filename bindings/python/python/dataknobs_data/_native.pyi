"""The compiled part of the package."""

from collections.abc import Sequence

__all__ = ["__version__", "run_command"]

__version__: str

def run_command(arguments: Sequence[str]) -> int: ...
