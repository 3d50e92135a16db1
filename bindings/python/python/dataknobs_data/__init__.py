"""One record-based interface over many data stores."""

from ._native import __version__

__all__ = ["__version__"]
